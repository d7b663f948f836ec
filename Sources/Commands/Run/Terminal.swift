internal import CLinux
internal import Crypto
internal import FoundationEssentials
internal import Glibc

/// What a person types and edits, where it is not to be seen by others.
public struct Terminal: Sendable {
    /// The value of a secret; the text is the question. `nil`: there is none, or more than `limit` bytes.
    public var ask: @Sendable (_ question: String, _ limit: Int) -> [UInt8]?
    /// Opens a file in the editor of the command line and waits for its end; gives its exit code.
    public var edit: @Sendable (_ editor: String, _ path: String) -> Int32

    public init(
        ask: @escaping @Sendable (String, Int) -> [UInt8]?,
        edit: @escaping @Sendable (String, String) -> Int32
    ) {
        self.ask = ask
        self.edit = edit
    }

    /// That of this process.
    public static let process = Terminal(
        ask: { question, limit in
            isatty(STDIN_FILENO) == 1 ? askUnseen(question, limit) : readAll(STDIN_FILENO, limit)
        }, edit: { openEditor($0, $1) })

    private static func askUnseen(_ question: String, _ limit: Int) -> [UInt8]? {
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        var unseen = settings
        unseen.c_lflag &= ~tcflag_t(ECHO)
        guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) == 0 else { return nil }
        defer {
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            put("\n")
        }
        put(question)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe Glibc.read(STDIN_FILENO, &byte, 1) == 1, byte != 10 {
            line.append(byte)
            guard line.count <= limit else { return nil }
        }
        return line.isEmpty ? nil : line
    }

    private static func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func readAll(_ descriptor: Int32, _ limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        defer { SecretBytes.clear(&buffer) }
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else { return nil }
        }
    }

    /// As git does: the editor is a line for the shell, the path an argument of it.
    private static func openEditor(_ editor: String, _ path: String) -> Int32 {
        let words = ["/bin/sh", "-c", "exec \(editor) \"$1\"", "sh", path]
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child = pid_t()
        guard unsafe posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environ) == 0 else { return 127 }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 { if errno != EINTR { return 127 } }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}

/// A folder in memory for a moment.
struct MemoryFolder: ~Copyable {
    let path: String

    /// - Parameter places: tried in their order; those that are on a disk are left out.
    init(_ places: [String]) throws(LocalFailure) {
        for place in places where unsafe slipway_is_in_memory(place) == 1 {
            var template = Array("\(place)/slipway-XXXXXX".utf8CString)
            guard unsafe mkdtemp(&template) != nil else { continue }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return
        }
        throw LocalFailure(
            "there is no folder in memory to edit in (\(places.joined(separator: ", "))); mount a tmpfs at /dev/shm"
        )
    }

    /// Whatever the editor has left there goes too. What cannot be removed is gone with the next reboot.
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], to name: String) throws(LocalFailure) -> String {
        let file = "\(path)/\(name)"
        guard
            FileManager.default.createFile(
                atPath: file, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw LocalFailure("cannot write \(file)") }
        return file
    }
}
