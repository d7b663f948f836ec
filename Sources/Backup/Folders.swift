internal import FoundationEssentials
internal import Glibc

/// Files as they are on disk: no link is followed, and what is made is for its owner only.
enum Folders {
    enum Kind { case regular, directory, other }

    static func kind(_ path: String) -> Kind? {
        var information = stat()
        guard unsafe lstat(path, &information) == 0 else { return nil }
        switch information.st_mode & S_IFMT {
        case S_IFREG: return .regular
        case S_IFDIR: return .directory
        default: return .other
        }
    }

    static func read(_ path: String, limit: Int = Archive.memberLimitInBytes) throws(BackupError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("read \(path)") }
        defer { close(descriptor) }
        var information = stat()
        guard unsafe fstat(descriptor, &information) == 0 else { throw failure("read \(path)") }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw BackupError("\(path) is not a regular file")
        }
        guard information.st_size <= limit else { throw BackupError("\(path) is larger than \(limit) bytes") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(information.st_size))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read \(path)") }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else { throw BackupError("\(path) is larger than \(limit) bytes") }
        }
    }

    /// Puts a whole file at `path`, mode 0600, durable, or leaves what was there.
    static func write(_ bytes: [UInt8], to path: String) throws(BackupError) {
        let partial = "\(path).partial-\(getpid())"
        unsafe unlink(partial)
        let descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("write \(path)") }
        var isOpen = true
        defer {
            if isOpen {
                close(descriptor)
                unsafe unlink(partial)
            }
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write \(path)") }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failure("write \(path)") }
        guard unsafe rename(partial, path) == 0 else { throw failure("write \(path)") }
        isOpen = false
        close(descriptor)
    }

    /// Makes a file of the same file system durable and its owner's alone, and puts it at `target`; returns its size.
    static func move(_ path: String, to target: String) throws(BackupError) -> Int {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw failure("read \(path)") }
        defer { close(descriptor) }
        var information = stat()
        guard unsafe fstat(descriptor, &information) == 0, fchmod(descriptor, 0o600) == 0,
            fsync(descriptor) == 0,
            unsafe rename(path, target) == 0
        else { throw failure("write \(target)") }
        return Int(information.st_size)
    }

    /// Makes a directory, mode 0700, and those above it. A link in its place is refused.
    static func make(_ path: String) throws(BackupError) {
        switch kind(path) {
        case .directory: return
        case .regular, .other: throw BackupError("\(path) is in the way: it is not a directory")
        case nil: break
        }
        let parent = self.parent(of: path)
        if parent != path, parent != "/" { try make(parent) }
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw failure("make the directory \(path)")
        }
    }

    static func parent(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }

    /// Regular files below `folder`, relative to it and sorted; `leaves` says what is passed over.
    static func files(
        below folder: String, leaves: (String) -> Bool = { _ in false }
    ) throws(BackupError) -> [String] {
        var found: [String] = []
        var open = [""]
        while let below = open.popLast() {
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(
                    atPath: below.isEmpty ? folder : "\(folder)/\(below)")
            } catch {
                throw BackupError("cannot list \(folder)/\(below)")
            }
            for name in names {
                let path = below.isEmpty ? name : "\(below)/\(name)"
                guard !leaves(path) else { continue }
                switch kind("\(folder)/\(path)") {
                case .regular: found.append(path)
                case .directory: open.append(path)
                // Links and sockets are made anew by whoever needs them.
                case .other, nil: continue
                }
                guard found.count <= 20_000 else {
                    throw BackupError("there are more than 20000 files below \(folder)")
                }
            }
        }
        return found.sorted()
    }

    /// Makes an empty directory beside `path`, for its owner only, and removes it after `body`.
    static func withStage<Value>(beside path: String, _ body: (String) throws -> Value) throws -> Value {
        var template = Array("\(parent(of: path))/.slipway-backup-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw failure("make a directory beside \(path)") }
        let stage = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // What stays behind is in a directory that only its owner may enter.
        defer { try? FileManager.default.removeItem(atPath: stage) }
        return try body(stage)
    }

    static func failure(_ action: String) -> BackupError {
        BackupError("cannot \(action): \(unsafe String(cString: strerror(errno)))")
    }
}
