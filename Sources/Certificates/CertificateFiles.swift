internal import Glibc

/// The few things done to files: bounded reading, replacing in one step, listing.
enum CertificateFiles {
    static let limitInBytes = 256 << 10
    static let namesPerFolder = 100_000

    static func makeFolder(_ path: String) throws(CertificateFailure) {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("make the directory \(path)") }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw failure("look at \(path)") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw CertificateFailure(.machine, "\(path) is not a directory; move it away")
        }
        if status.st_mode & 0o077 != 0, unsafe chmod(path, 0o700) != 0 { throw failure("protect \(path)") }
    }

    /// The bytes of a regular file of at most 256 KiB.
    ///
    /// - Parameter isSecret: `true` refuses a file that others than its owner can read or write.
    static func read(_ path: String, isSecret: Bool = false) throws(CertificateFailure) -> [UInt8] {
        // A pipe of that name must not hold up the keeper.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure("read \(path)") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("look at \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CertificateFailure(.machine, "\(path) is not a regular file")
        }
        if isSecret {
            guard status.st_mode & 0o077 == 0 else {
                throw CertificateFailure(
                    .machine, "\(path) holds secrets and can be read by others: chmod 600 \(path)")
            }
            guard status.st_uid == 0 || status.st_uid == geteuid() else {
                throw CertificateFailure(
                    .machine, "\(path) belongs to another user: chown it to the controller's user")
            }
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limitInBytes {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read \(path)") }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        throw CertificateFailure(.machine, "\(path) has more than 256 KiB")
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Puts `bytes` into the place of `path`, with mode 0600; a crash leaves the old ones or the new ones.
    static func replace(_ path: String, with bytes: [UInt8]) throws(CertificateFailure) {
        let draft = path + ".tmp"
        _ = unsafe unlink(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("write \(draft)") }
        var isDone = false
        defer {
            close(descriptor)
            if !isDone { _ = unsafe unlink(draft) }
        }
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write \(draft)") }
            sent += count
        }
        guard fsync(descriptor) == 0 else { throw failure("write \(draft)") }
        guard unsafe rename(draft, path) == 0 else { throw failure("replace \(path)") }
        isDone = true
        let folder = unsafe open(parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        // Where the disk does not take this, the worst after a power cut is the file of before.
        _ = fsync(folder)
        close(folder)
    }

    static func remove(_ path: String) { _ = unsafe unlink(path) }

    /// Moves a directory out of the way, to the first free `PATH.refused-N`; after a hundred it stays.
    static func setAside(_ path: String) {
        for number in 1...100 where unsafe rename(path, "\(path).refused-\(number)") == 0 || errno == ENOENT {
            return
        }
    }

    /// Names in a directory, sorted, without those that begin with a dot.
    static func names(in path: String) throws(CertificateFailure) -> [String] {
        guard let folder = unsafe opendir(path) else { throw failure("list \(path)") }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
            guard names.count <= namesPerFolder else {
                throw CertificateFailure(.machine, "\(path) has more than \(namesPerFolder) files")
            }
        }
        return names.sorted()
    }

    static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    private static func failure(_ action: String) -> CertificateFailure {
        let code = errno
        return CertificateFailure(.machine, "cannot \(action): \(unsafe String(cString: strerror(code)))")
    }
}
