internal import Glibc
internal import Ports

/// HAProxy's socket: one connection for each call. Blocks: not for the cooperative pool.
struct RuntimeSocket: Sendable {
    let path: String
    /// The longest silence.
    var timeoutInMilliseconds: Int64 = 2_000
    /// For the whole call, however much it says.
    var limitInMilliseconds: Int64 = 15_000

    /// Sends one line, perhaps several commands with `;` between, and reads the answer to its end.
    func call(_ command: String) throws(EdgeError) -> [UInt8] {
        let descriptor = try connect()
        defer { close(descriptor) }
        let end = Self.now() + limitInMilliseconds
        var request = Array(command.utf8)
        if request.last != 10 { request.append(10) }
        try send(request, to: descriptor, until: end)
        // The master keeps a connection open until it is told that nothing follows.
        shutdown(descriptor, Int32(SHUT_WR))
        return try receive(descriptor, until: end)
    }

    /// The same as text.
    func text(_ command: String) throws(EdgeError) -> String {
        String(decoding: try call(command), as: UTF8.self)
    }

    private func connect() throws(EdgeError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | SocketFlag.closeOnExec, 0)
        guard descriptor >= 0 else { throw failure(.internal, "cannot make a socket: \(Self.errorText())") }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var address = UnixAddress(path)
        // A Unix socket connects at once or not at all; `EAGAIN` says that too many wait there already.
        guard address.connect(descriptor) == 0 else {
            let code = errno
            let text = Self.errorText()
            close(descriptor)
            throw failure(code == EAGAIN ? .timeout : .unreachable, "cannot be reached: \(text)")
        }
        return descriptor
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32, until end: Int64) throws(EdgeError) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(descriptor, POLLOUT, until: end)
            } else if errno != EINTR {
                throw failure(.unreachable, "hung up: \(Self.errorText())")
            }
        }
    }

    private func receive(_ descriptor: Int32, until end: Int64) throws(EdgeError) -> [UInt8] {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while answer.count < 512 << 20 {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                unsafe buffer.withUnsafeBufferPointer { unsafe answer.append(contentsOf: $0.prefix(count)) }
            } else if count == 0 {
                return answer
            } else if errno == EAGAIN {
                try wait(descriptor, POLLIN, until: end)
            } else if errno != EINTR {
                throw failure(.unreachable, "hung up: \(Self.errorText())")
            }
        }
        throw failure(.internal, "does not stop talking")
    }

    private func wait(_ descriptor: Int32, _ events: Int32, until end: Int64) throws(EdgeError) {
        let left = min(timeoutInMilliseconds, end - Self.now())
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard left > 0, unsafe poll(&polled, 1, Int32(clamping: left)) != 0 else {
            throw failure(
                .timeout, "does not answer; if that stays so, look at the load of the machine, and restart it"
            )
        }
    }

    private func failure(_ code: EdgeError.Code, _ message: String) -> EdgeError {
        EdgeError(code, "the edge's proxy (\(path)) \(message)")
    }

    private static func errorText() -> String { unsafe String(cString: strerror(errno)) }

    private static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

enum SocketFlag {
    static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
}

/// The address of a Unix socket.
struct UnixAddress {
    private var address = sockaddr_un()

    /// - Parameter path: at most 107 bytes; what is longer is cut, and finds nothing.
    init(_ path: String) {
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8.prefix(107))
        }
    }

    mutating func connect(_ descriptor: Int32) -> Int32 {
        unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe Glibc.connect(
                descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress,
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }

    mutating func bind(_ descriptor: Int32) -> Int32 {
        unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe Glibc.bind(
                descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress,
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
