import Certificates
import Model
import Ports
import Synchronization
import Testing

/// A keeper at work, with what it has said and what it has handed out.
final class Running: Sendable {
    let keeper: CertificateKeeper
    let lines = Mutex<[String]>([])
    let installed = Mutex<[CertificateFile]>([])
    /// What the edge answers to the next files; empty: it takes them.
    let refusals = Mutex<[EdgeError]>([])

    init(_ configuration: CertificateConfiguration, clock: TestClock) {
        let kept = Kept()
        keeper = CertificateKeeper(configuration: configuration, clock: clock) { line in
            kept.owner.withLock { $0?.lines.withLock { $0.append(line) } }
        }
        kept.owner.withLock { $0 = self }
    }

    /// The log's way back to its owner, which is made after it.
    private final class Kept: Sendable {
        let owner = Mutex<Running?>(nil)
    }

    func report(_ host: String) async throws -> CertificateReport {
        try #require(await keeper.report().first { $0.host == host })
    }

    func install(_ file: CertificateFile) throws(EdgeError) {
        let refusal: EdgeError? = refusals.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if let refusal { throw refusal }
        installed.withLock { $0.append(file) }
    }

    func count(_ path: String) -> Int { installed.withLock { $0.count { $0.path == path } } }
}

/// Runs a keeper for the hosts until the end of `body`.
func withKeeper<Success: Sendable>(
    _ configuration: CertificateConfiguration, clock: TestClock, want hosts: Set<String>,
    refusals: [EdgeError] = [], _ body: (Running) async throws -> Success
) async throws -> Success {
    let running = Running(configuration, clock: clock)
    running.refusals.withLock { $0 = refusals }
    await running.keeper.want(hosts)
    let task = Task {
        await running.keeper.run { (file: CertificateFile) throws(EdgeError) in try running.install(file) }
    }
    let result: Result<Success, any Error>
    do {
        result = .success(try await body(running))
    } catch {
        result = .failure(error)
        // A wait that ran out says what was waited for; the keeper's own words say why it did not come.
        Issue.record("the keeper said: \(running.lines.withLock { $0 }.joined(separator: "\n"))")
    }
    task.cancel()
    await task.value
    return try result.get()
}
