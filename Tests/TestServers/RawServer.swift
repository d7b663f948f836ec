internal import Execution
internal import Glibc
public import Synchronization

/// A server that answers exactly what it is told to, however wrong. One thread per connection.
public final class RawServer: Sendable {
    /// One accepted connection; closed when the handler returns.
    public final class Connection: Sendable {
        private let descriptor: Int32
        private let server: RawServer

        fileprivate init(descriptor: Int32, server: RawServer) {
            self.descriptor = descriptor
            self.server = server
        }

        deinit { Glibc.close(descriptor) }

        /// Waits for the next request, head and body; `nil` when the client has gone.
        public func request() -> String? {
            var text = ""
            while true {
                if let end = text.firstRange(of: "\r\n\r\n") {
                    let length =
                        text[..<end.lowerBound].split(separator: "\r\n").compactMap { line -> Int? in
                            guard line.lowercased().hasPrefix("content-length:") else { return nil }
                            return Int(line.dropFirst(15).filter(\.isNumber))
                        }.first ?? 0
                    if text[end.upperBound...].utf8.count >= length {
                        server.requests.withLock { $0.append(text) }
                        return text
                    }
                }
                guard let more = receive() else { return nil }
                text += more
            }
        }

        /// What comes next, as text; `nil` when the client has gone.
        public func receive() -> String? { receiveBytes().map { String(decoding: $0, as: UTF8.self) } }

        /// What comes next; `nil` when the client has gone.
        public func receiveBytes() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer.prefix(count)) : nil
        }

        /// `false` when the client has gone.
        @discardableResult
        public func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes[sent...].withUnsafeBytes {
                    unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
                server.sentInBytes.withLock { $0 += count }
            }
            return true
        }

        @discardableResult
        public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        public func answer(_ body: String, status: String = "200 OK", headers: String = "") {
            send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        /// Hangs up; a handler that goes on notices it.
        public func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

        /// A server that is slow.
        public func pause(milliseconds: UInt32) { _ = poll(nil, 0, Int32(clamping: milliseconds)) }

        /// Says nothing until the client hangs up.
        public func waitForClose() {
            while receive() != nil {}
            server.hangUps.withLock { $0 += 1 }
        }
    }

    public struct Failure: Error {
        public var call: String
        public var code: Int32
    }

    /// Heads and bodies, in the order of arrival.
    public let requests = Mutex<[String]>([])
    public let sentInBytes = Mutex(0)
    public let hangUps = Mutex(0)
    public let connections = Mutex(0)
    public let port: Int
    private let listener: Int32

    /// Listens on a free port of `address`, or at `path`.
    public init(
        address text: String = "127.0.0.1", path: String? = nil,
        _ handler: @escaping @Sendable (Connection) -> Void
    ) throws {
        let family = path == nil ? AF_INET : AF_UNIX
        let listening = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if let path {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) {
                unsafe $0.copyBytes(from: path.utf8.prefix(107))
            }
            try Self.bind(listening, &address)
            port = 0
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            unsafe inet_pton(AF_INET, text, &address.sin_addr)
            try Self.bind(listening, &address)
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = unsafe withUnsafeMutableBytes(of: &address) { bytes in
                unsafe getsockname(listening, bytes.bindMemory(to: sockaddr.self).baseAddress, &size)
            }
            port = Int(UInt16(bigEndian: address.sin_port))
        }
        guard listen(listening, 512) == 0 else { throw Failure(call: "listen", code: errno) }
        listener = listening
        Thread.start(name: "raw-server") { [weak self] in
            // Closed by the one who accepts on it: closed by another, its number could be the next server's by the
            // time of the next call here, which would take that server's connections and drop them.
            defer { close(listening) }
            while true {
                let descriptor = accept(listening, nil, nil)
                guard descriptor >= 0, let self else {
                    if descriptor >= 0 { close(descriptor) }
                    return
                }
                self.connections.withLock { $0 += 1 }
                let connection = Connection(descriptor: descriptor, server: self)
                Thread.start(name: "raw-connection") { handler(connection) }
            }
        }
    }

    /// Returns when somebody has connected.
    ///
    /// - Throws: `NoConnection` after 15 s without anybody, `CancellationError`.
    public func waitForConnection() async throws {
        let deadline = ContinuousClock.now + .seconds(15)
        while connections.withLock({ $0 }) == 0 {
            guard ContinuousClock.now < deadline else { throw NoConnection() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    public struct NoConnection: Error {}

    /// No more connections are taken; the handlers end with theirs.
    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    public var url: String { "http://127.0.0.1:\(port)" }

    private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) throws {
        let code = unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe Glibc.bind(
                descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress,
                socklen_t(MemoryLayout<Address>.size))
        }
        guard code == 0 else { throw Failure(call: "bind", code: errno) }
    }
}

/// A value that threads share.
public final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    public init(_ value: Value) { state = Mutex(value) }
    public var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
