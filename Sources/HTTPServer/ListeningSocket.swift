internal import Glibc

/// A bound socket that listens, with its file if it has one. Closed with this value at the latest.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// The port of a TCP socket.
    let port: Int?
    private let path: String?
    /// Which file is ours to remove: another server may have put its own there since.
    private let file: FileIdentity?

    private struct FileIdentity: Equatable {
        var device: UInt64
        var inode: UInt64
    }

    deinit {
        if let path, let file, Self.identity(of: path) == file { _ = unsafe unlink(path) }
        close(descriptor)
    }

    /// Refuses connections from now on; the descriptor stays valid.
    borrowing func refuse() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    // MARK: In the file system

    init(unix listener: HTTPServerConfiguration.UnixListener) throws(HTTPServerError) {
        let path = listener.path
        guard path.hasPrefix("/"), path.utf8.count <= 107, !path.utf8.contains(0) else {
            throw HTTPServerError(
                .invalidConfiguration,
                "cannot listen at \(path): the path of a socket is absolute and at most 107 bytes")
        }
        try Self.removeStale(path)
        let descriptor = try Self.makeSocket(AF_UNIX)
        var isDone = false
        defer { if !isDone { close(descriptor) } }
        // Nobody may connect before mode and group are right, so the file is made with no rights at all.
        let mask = umask(0o777)
        let code = unsafe Self.withAddress(path) { unsafe bind(descriptor, $0, $1) }
        let reason = errno
        umask(mask)
        guard code == 0 else {
            throw HTTPServerError(
                reason == EADDRINUSE ? .addressInUse : .cannotListen,
                "cannot listen at \(path): \(systemText(reason)); check that the directory exists and is writable"
            )
        }
        let identity = Self.identity(of: path)
        do throws(HTTPServerError) {
            if let group = listener.group, unsafe chown(path, uid_t.max, group) != 0 {
                throw Self.failure("give \(path) to group \(group)")
            }
            guard unsafe chmod(path, mode_t(listener.mode & 0o777)) == 0 else {
                throw Self.failure("set the mode of \(path)")
            }
            guard listen(descriptor, 128) == 0 else { throw Self.failure("listen at \(path)") }
        } catch {
            _ = unsafe unlink(path)
            throw error
        }
        isDone = true
        self.descriptor = descriptor
        port = nil
        self.path = path
        file = identity
    }

    /// Removes a socket that a dead server left; anything else stays.
    private static func removeStale(_ path: String) throws(HTTPServerError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw HTTPServerError(
                .invalidConfiguration,
                "cannot listen at \(path): a file that is no socket is there; move it away")
        }
        let probe = try makeSocket(AF_UNIX)
        defer { close(probe) }
        let code = unsafe withAddress(path) { unsafe connect(probe, $0, $1) }
        // EAGAIN: somebody listens there but is too busy to take one more.
        guard code != 0, errno == ECONNREFUSED else {
            throw HTTPServerError(
                .addressInUse, "cannot listen at \(path): another process listens there; stop it first")
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw failure("remove the stale socket \(path)")
        }
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8.prefix(107))
        }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func identity(of path: String) -> FileIdentity? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    // MARK: On the network

    init(tcp listener: HTTPServerConfiguration.TCPListener) throws(HTTPServerError) {
        guard (0...65_535).contains(listener.port), !listener.host.isEmpty, !listener.host.utf8.contains(0)
        else {
            throw HTTPServerError(
                .invalidConfiguration,
                "cannot listen at \(listener.host):\(listener.port): give a host and a port from 0 to 65535")
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(listener.host, "\(listener.port)", &hints, &found)
        guard code == 0, let address = unsafe found else {
            throw HTTPServerError(
                .cannotListen,
                "cannot listen at \(listener.host): \(unsafe String(cString: gai_strerror(code))); check the name"
            )
        }
        defer { unsafe freeaddrinfo(address) }
        let descriptor = try Self.makeSocket(unsafe address.pointee.ai_family)
        var isDone = false
        defer { if !isDone { close(descriptor) } }
        var yes: Int32 = 1
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0,
            listen(descriptor, 128) == 0, let port = Self.port(of: descriptor)
        else {
            let reason = errno
            throw HTTPServerError(
                reason == EADDRINUSE ? .addressInUse : .cannotListen,
                "cannot listen at \(listener.host):\(listener.port): \(systemText(reason))")
        }
        isDone = true
        self.descriptor = descriptor
        self.port = port
        path = nil
        file = nil
    }

    private static func port(of descriptor: Int32) -> Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else { return nil }
        // The port stands at the same place in both kinds of address.
        return unsafe withUnsafeBytes(of: &address) { unsafe Int($0[2]) << 8 | Int($0[3]) }
    }

    private static func makeSocket(_ family: Int32) throws(HTTPServerError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw failure("make a socket") }
        return descriptor
    }

    private static func failure(_ action: String) -> HTTPServerError {
        HTTPServerError(.cannotListen, "cannot \(action): \(systemText(errno))")
    }
}
