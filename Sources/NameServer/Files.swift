internal import Glibc

/// Why the name server does not run, and what to do about it.
struct NameServerFailure: Error, Hashable {
    var message: String
    init(_ message: String) { self.message = message }

    /// With the system's reason for the call that has just failed.
    init(action: String) {
        let code = errno
        message = "cannot \(action): \(unsafe String(cString: strerror(code)))"
    }
}

enum Files {
    static func makeFolder(_ path: String) throws(NameServerFailure) {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
            throw NameServerFailure(action: "make the directory \(path)")
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw NameServerFailure(action: "look at \(path)") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw NameServerFailure("\(path) is not a directory; move it away")
        }
    }

    /// At most 64 KiB of the end of a file; `nil` where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let limit = 65_536
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Files of the kernel have no size, and are read from their beginning.
        let size = Int(lseek(descriptor, 0, SEEK_END))
        lseek(descriptor, max(0, size - limit), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let more = unsafe bytes[count...].withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if more < 0, errno == EINTR { continue }
            if more < 0 { return nil }
            if more == 0 { break }
            count += more
        }
        return Array(bytes.prefix(count))
    }

    /// Puts `bytes` into the place of `path`, with mode 0600; a crash leaves the old ones or the new ones.
    static func replace(_ path: String, with bytes: [UInt8]) throws(NameServerFailure) {
        let draft = path + ".tmp"
        _ = unsafe unlink(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw NameServerFailure(action: "write \(draft)") }
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw NameServerFailure(action: "write \(draft)") }
            sent += count
        }
        guard fsync(descriptor) == 0, unsafe rename(draft, path) == 0 else {
            throw NameServerFailure(action: "replace \(path)")
        }
    }

    /// Empties a log that has more than 1 MiB; who appends to it goes on at its beginning.
    static func bound(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_size > 1 << 20 else { return }
        _ = unsafe truncate(path, 0)
    }
}
