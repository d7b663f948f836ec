internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import Ports

/// Files of the edge, each replaced in one step.
enum Files {
    static func makeDirectory(_ path: String, mode: mode_t = 0o700) throws(EdgeError) {
        if unsafe mkdir(path, mode) != 0, errno != EEXIST { throw failure("make the directory", path) }
        guard unsafe chmod(path, mode) == 0 else { throw failure("protect", path) }
    }

    /// Who finds a socket may write to it.
    static func openToAll(_ path: String) throws(EdgeError) {
        guard unsafe chmod(path, 0o666) == 0 else { throw failure("open", path) }
    }

    /// Puts `bytes` in place of what is at `path`.
    ///
    /// - Parameter isDurable: the content is on the disk before it takes the name, and the name before this returns.
    static func write(_ bytes: some Collection<UInt8>, to path: String, isDurable: Bool) throws(EdgeError) {
        let temporary = path + ".tmp"
        let descriptor = unsafe open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("write", temporary) }
        var isWritten = writeAll(Array(bytes), to: descriptor)
        if isWritten, isDurable { isWritten = fsync(descriptor) == 0 }
        let error = failure("write", temporary)
        close(descriptor)
        guard isWritten else { throw error }
        guard unsafe rename(temporary, path) == 0 else { throw failure("replace", path) }
        if isDurable { syncDirectory(of: path) }
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    static func move(_ from: String, to path: String) throws(EdgeError) {
        guard unsafe rename(from, path) == 0 else { throw failure("replace", path) }
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func remove(_ path: String, isDurable: Bool) throws(EdgeError) {
        if unsafe unlink(path) != 0, errno != ENOENT { throw failure("remove", path) }
        if isDurable { syncDirectory(of: path) }
    }

    /// The whole file; `nil` if it is not there.
    static func read(_ path: String, limitInBytes: Int = 256 << 20) throws(EdgeError) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limitInBytes {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer.prefix(count))
        }
        throw EdgeError(.internal, "\(path) has more than \(limitInBytes) bytes; it is not ours")
    }

    /// Names in a directory; empty if there is none.
    static func names(in directory: String) -> [String] {
        // A directory that cannot be listed shows itself when it is written to.
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    /// Brings everything of the file system to the disk: for many files at once faster than one by one.
    static func syncAll(in directory: String) throws(EdgeError) {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", directory) }
        defer { close(descriptor) }
        guard syncfs(descriptor) == 0 else { throw failure("write", directory) }
    }

    private static func syncDirectory(of path: String) {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let descriptor = unsafe open(String(path[..<end]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }

    static func failure(_ action: String, _ path: String) -> EdgeError {
        let text = unsafe String(cString: strerror(errno))
        return EdgeError(
            .internal,
            "the edge cannot \(action) \(path): \(text); check the disk, and who owns the directory")
    }
}

/// Keeps a directory for one process; the kernel gives it back when the process ends.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    init(_ layout: EdgeLayout) throws(EdgeError) {
        let descriptor = unsafe open(layout.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Files.failure("open", layout.lock) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw EdgeError(
                .refused,
                "another controller drives the edge in \(layout.root); stop it first, or give this one a "
                    + "directory of its own")
        }
        self.descriptor = descriptor
    }

    deinit {
        // Closing alone leaves the lock to a child that was forked and has not yet become another program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
