import Execution
import Glibc
import HTTPServer
import Synchronization
import Testing

/// A server on a free port, stopped at the end of `body`.
func withServer<Success>(
    _ change: (inout HTTPServerConfiguration) -> Void = { _ in }, handler: @escaping HTTPHandler,
    _ body: (Int) async throws -> Success
) async throws -> Success {
    var configuration = HTTPServerConfiguration(tcp: .init(host: "127.0.0.1", port: 0))
    change(&configuration)
    let server = try HTTPServer.start(configuration, handler: handler)
    do {
        let result = try await body(try #require(server.tcpPort))
        await server.stop(grace: .zero)
        return result
    } catch {
        await server.stop(grace: .zero)
        throw error
    }
}

/// A directory of its own for a test, removed after it.
func withTemporaryDirectory<Success>(_ body: (String) async throws -> Success) async throws -> Success {
    var template = Array("/tmp/slipway-http-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        // A left-over harms no other test.
        _ = try? Subprocess.run(["/bin/rm", "-rf", path], environment: [:], timeout: .seconds(10))
    }
    return try await body(path)
}

/// Waits until `condition` holds; an issue after ten seconds.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A count that tasks share.
final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func add(_ amount: Int = 1) { state.withLock { $0 += amount } }
}

/// Threads for blocking calls of the tests.
let testPool = BlockingPool(name: "http-tests", threads: 64)

/// A connection that sends exactly what it is told to, however wrong.
final class RawConnection: Sendable {
    struct Failure: Error { var call: String, code: Int32 }

    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        try connect(&address)
    }

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8.prefix(107))
        }
        try connect(&address)
    }

    deinit { close(descriptor) }

    private func connect<Address>(_ address: inout Address) throws {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let code = unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe Glibc.connect(
                descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress,
                socklen_t(MemoryLayout<Address>.size))
        }
        guard code == 0 else { throw Failure(call: "connect", code: errno) }
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(call: "send", code: errno) }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Up to `limit` bytes; empty at the end. Throws after ten seconds without data.
    func receive(limit: Int = 65_536) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(descriptor, &buffer, limit, 0)
        if count < 0, errno == ECONNRESET { return [] }
        guard count >= 0 else { throw Failure(call: "recv", code: errno) }
        return Array(buffer.prefix(count))
    }

    /// Reads until `text` has come, or the end.
    func receive(until text: String) throws -> String {
        var received = ""
        while !received.contains(text) {
            let bytes = try receive()
            if bytes.isEmpty { break }
            received += String(decoding: bytes, as: UTF8.self)
        }
        return received
    }

    func receiveAll() throws -> String {
        var received: [UInt8] = []
        while true {
            let bytes = try receive()
            if bytes.isEmpty { return String(decoding: received, as: UTF8.self) }
            received += bytes
        }
    }
}

/// Sends `request` on a connection of its own and reads until the server closes it.
func exchange(port: Int, _ request: String) async throws -> String {
    try await exchange(port: port, Array(request.utf8))
}

func exchange(port: Int, _ request: [UInt8]) async throws -> String {
    let result = await testPool.run { () -> Result<String, any Error> in
        Result {
            let connection = try RawConnection(port: port)
            try connection.send(request)
            return try connection.receiveAll()
        }
    }
    return try result.get()
}

/// Runs a blocking step on a thread for it.
func blocking<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
    try await testPool.run { Result { try body() } }.get()
}

func get(_ path: String, _ headers: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(headers)\r\n"
}
