import Execution
import FoundationEssentials
import Glibc
import Testing

/// A directory of its own for a test, removed after it.
func withFolder<Success>(_ body: (String) async throws -> Success) async throws -> Success {
    var template = Array("/tmp/slipway-certificates-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = try? run("/bin/rm", "-rf", path) }  // A left-over harms no other test.
    return try await body(path)
}

@discardableResult
func run(_ arguments: String...) throws -> String {
    let output = try Subprocess.run(
        arguments, environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(60))
    let text = String(decoding: output.standardOutput + output.standardError, as: UTF8.self)
    try #require(output.exitCode == 0, "\(arguments): \(text)")
    return text
}

func read(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
    try #require(unsafe chmod(path, mode) == 0)
}

func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

func mode(_ path: String) -> mode_t {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
}

/// A key and a certificate for `hosts`, signed by itself, in `STEM.key` and `STEM.crt`.
func makePair(_ stem: String, hosts: [String], days: Int = 90) throws {
    try run(
        "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", stem + ".key", "-out", stem + ".crt", "-days", "\(days)", "-subj", "/O=Own/CN=\(hosts[0])",
        "-addext", "subjectAltName=" + hosts.map { "DNS:\($0)" }.joined(separator: ","))
}

/// The same, as one file `STEM.pem`.
func makeSingle(_ stem: String, hosts: [String], days: Int = 90) throws {
    try makePair(stem, hosts: hosts, days: days)
    try write(try read(stem + ".crt") + (try read(stem + ".key")), to: stem + ".pem")
    try run("/bin/rm", stem + ".crt", stem + ".key")
}

/// Waits for `condition`, for a minute at most.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !(try await condition()) {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(10))
    }
}
