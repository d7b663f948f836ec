internal import Glibc
internal import Ports

/// The directory of a store, held by one process at a time.
struct StoreDirectory: ~Copyable {
    let path: String
    private let lock: Int32

    var database: String { path + "/slipway.db" }

    /// Makes the directory if need be and takes its lock, which the kernel gives back when the process ends.
    init(path: String) throws(StoreError) {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
            throw Self.failure("make the directory \(path)")
        }
        let lockPath = path + "/slipway.lock"
        let descriptor = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open \(lockPath)") }
        var isHeld = false
        defer { if !isHeld { close(descriptor) } }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw Self.failure("lock \(lockPath)") }
            let owner = Self.owner(descriptor)
            throw StoreError(
                .locked,
                "another controller\(owner.isEmpty ? "" : ", process \(owner),") uses the store in \(path); "
                    + "stop it first, or give this one a directory of its own")
        }
        // The number is for that message only: a full disk must not keep the controller from starting.
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, text, text.count, 0)
        isHeld = true
        self.path = path
        lock = descriptor
    }

    deinit {
        // Closing alone leaves the lock to a child that was forked and has not yet become another program.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// Makes the database file, for its owner only, before the library would with other rights.
    borrowing func prepareFile() throws(StoreError) {
        let descriptor = unsafe open(database, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open \(database)") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Self.failure("look at \(database)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.readOnly, "\(database) is not a regular file; move it away")
        }
        if status.st_mode & 0o077 != 0, fchmod(descriptor, 0o600) != 0 {
            throw Self.failure("protect \(database)")
        }
    }

    /// Renames a damaged database to the first free `slipway.db.corrupt-N`; returns its new path.
    borrowing func setAside() throws(StoreError) -> String {
        for number in 1...10_000 {
            let target = "\(database).corrupt-\(number)"
            guard unsafe access(target, F_OK) != 0 else { continue }
            // The log first: left beside a new database it would be taken for that one's.
            for suffix in ["-wal", "-shm", ""] where unsafe access(database + suffix, F_OK) == 0 {
                guard unsafe rename(database + suffix, target + suffix) == 0 else {
                    throw Self.failure("set \(database)\(suffix) aside")
                }
            }
            return target
        }
        throw StoreError(
            .corrupt, "\(database) is damaged, and so were many before; look into \(path) and tidy up")
    }

    private static func owner(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
        let digits = buffer.prefix(max(0, count)).prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func failure(_ action: String) -> StoreError {
        let code = errno
        let text = unsafe String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT:
            return StoreError(.diskFull, "the store cannot \(action): \(text); free space on the disk")
        case EROFS, EACCES, EPERM, ELOOP, ENOTDIR, ENOENT:
            return StoreError(
                .readOnly, "the store cannot \(action): \(text); check owner and mode of the directory")
        default:
            return StoreError(.io, "the store cannot \(action): \(text)")
        }
    }
}
