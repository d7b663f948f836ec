import Glibc

/// The few files that the controller reads at start.
enum Files {
    static func read(_ path: String, limit: Int = 1 << 20) throws(SettingsError) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else {
            throw SettingsError("cannot read \(path): \(unsafe String(cString: strerror(errno)))")
        }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = unsafe fread(&bytes, 1, limit + 1, file)
        guard count <= limit else { throw SettingsError("\(path) is larger than \(limit) bytes") }
        return Array(bytes.prefix(count))
    }

    /// The first line of a file, for tokens and passwords. It must not be readable by everybody.
    static func secret(_ path: String) throws(SettingsError) -> String {
        let text = String(decoding: try read(path, limit: 64 << 10), as: UTF8.self)
        let line = String(text.prefix { !$0.isNewline })
        guard !line.isEmpty else { throw SettingsError("\(path) is empty") }
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & 0o007 != 0 {
            throw SettingsError("\(path) may be read by everybody; `chmod 600 \(path)`")
        }
        return line
    }

    /// The program that fetches: beside this one, or where the installer puts it.
    static func fetchHelper() throws(SettingsError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        for candidate in ["\(folder)/slipway-fetch", "\(folder)/../libexec/slipway/slipway-fetch"] {
            if unsafe access(candidate, X_OK) == 0 { return candidate }
        }
        throw SettingsError("slipway-fetch is not beside \(own); install it there")
    }

    /// Text to standard error, in one write, so that lines of several threads do not mix.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }

    /// Makes the folder of a socket, mode 0755.
    static func makeParent(of path: String) throws(SettingsError) {
        let folder = path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        guard path.hasPrefix("/"), !folder.isEmpty else { return }
        guard unsafe mkdir(folder, 0o755) == 0 || errno == EEXIST else {
            throw SettingsError("cannot make \(folder): \(unsafe String(cString: strerror(errno)))")
        }
    }
}
