import Execution
import FoundationEssentials
import Glibc
import NameServer
import Testing

func withFolder<Success>(_ body: (String) async throws -> Success) async throws -> Success {
    var template = Array("/tmp/slipway-names-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // dnsmasq reads the file with the name servers as a user of its own.
    try #require(unsafe chmod(path, 0o711) == 0)
    defer {
        // A left-over harms no other test.
        _ = try? Subprocess.run(["/bin/rm", "-rf", path], environment: [:], timeout: .seconds(30))
    }
    return try await body(path)
}

func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }
func read(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

/// An address of this machine that no other test has.
func loopback() -> String {
    let bytes = (0..<3).map { _ in String(UInt8.random(in: 2...250)) }
    return "127." + bytes.joined(separator: ".")
}

func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !(try await condition()) {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// A name server whose supervision ends with `body`; the program itself is ended by `endsIt` only.
func supervising<Success: Sendable>(
    _ configuration: NameServerConfiguration, endsIt: Bool = true,
    _ body: (DNSMasq) async throws -> Success
) async throws -> Success {
    let server = DNSMasq(configuration: configuration) { _ in }
    let task = Task { await server.run() }
    let result: Result<Success, any Error>
    do {
        result = .success(try await body(server))
    } catch {
        result = .failure(error)
    }
    task.cancel()
    await task.value
    if endsIt { await server.stop() }
    return try result.get()
}
