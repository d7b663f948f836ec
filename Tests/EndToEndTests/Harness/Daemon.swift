import Execution
import FoundationEssentials
import Glibc
import Synchronization

/// A `slipwayd` of its own process, as an operator runs it.
final class Daemon: Sendable {
    let arguments: [String]
    let directory: String
    private let processID: pid_t

    /// Starts it; its output goes to `directory/slipwayd.log`, after what earlier ones left there.
    init(_ arguments: [String], directory: String) async throws {
        self.arguments = arguments
        self.directory = directory
        let pidFile = "\(directory)/slipwayd.\(UInt32.random(in: 0 ... .max)).pid"
        let log = directory + "/slipwayd.log"
        let command =
            [
                "/bin/sh", "-c",
                #"echo $$ >"$0.new" && mv "$0.new" "$0" && log=$1 && shift && exec "$@" >>"$log" 2>&1"#
            ]
            + [pidFile, log] + arguments
        let ended = Ended()
        Thread.start(name: "slipwayd") {
            let output = try? Subprocess.run(
                command, environment: Shell.environment, timeout: .seconds(1_800))
            ended.code.withLock { $0 = output?.exitCode ?? -1 }
        }
        self.ended = ended
        processID = try await eventually(
            "the process id of slipwayd", within: .seconds(10), every: .milliseconds(5)
        ) {
            let text = (try? String(contentsOfFile: pidFile, encoding: .utf8))?.trimmed ?? ""
            return pid_t(text).map { .yes($0) } ?? .notYet("\(pidFile) is not there")
        }
    }

    /// Shared with the thread that waits for the process, which may outlive the daemon's value.
    private final class Ended: Sendable { let code = Mutex<Int32?>(nil) }
    private let ended: Ended

    /// `nil` while it runs; 128 plus the signal if one ended it.
    var endedWith: Int32? { ended.code.withLock { $0 } }

    var log: String { (try? String(contentsOfFile: directory + "/slipwayd.log", encoding: .utf8)) ?? "" }

    func signal(_ number: Int32) {
        guard endedWith == nil else { return }
        kill(processID, number)
    }

    /// SIGKILL, as a power cut or the kernel's memory killer would.
    func killAtOnce() async throws {
        signal(SIGKILL)
        try await waitForEnd()
    }

    /// SIGTERM, as a service manager sends it.
    @discardableResult
    func terminate() async throws -> Int32 {
        signal(SIGTERM)
        return try await waitForEnd()
    }

    @discardableResult
    func waitForEnd(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await eventually("the end of slipwayd", within: limit, every: .milliseconds(20)) {
            endedWith.map { .yes($0) } ?? .notYet("it runs")
        }
    }
}
