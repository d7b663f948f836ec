internal import Model
internal import SpecLoading

/// What was found on the way. Bounded, as a file may be hostile.
struct ImportNotes {
    private(set) var all: [Diagnostic] = []
    private var seen: Set<Identity> = []
    private static let limit = 1_000

    /// What is brought in by an alias in many places is said once.
    private struct Identity: Hashable {
        var code: String
        var message: String
        var line: Int
        var column: Int
    }

    mutating func add(_ finding: Diagnostic) {
        let identity = Identity(
            code: finding.code, message: finding.message, line: finding.line, column: finding.column)
        guard all.count < Self.limit, seen.insert(identity).inserted else { return }
        var finding = finding
        // A line may hold more than what the finding is about.
        if let line = finding.excerpt, Secrets.mayHold(line) { finding.excerpt = nil }
        all.append(finding)
    }

    /// Something that a person has to do; `app` says so in the head of its file as well.
    mutating func toDo(
        _ node: ForeignNode, _ code: String, _ message: String, keyPath: String, app: inout AppDraft,
        showsLine: Bool = true
    ) {
        add(node.finding(code, .error, message, keyPath: keyPath, showsLine: showsLine))
        let line = "\(keyPath): \(message)"
        if app.toDo.count < 100, !app.toDo.contains(line) { app.toDo.append(line) }
    }

    /// Something to know.
    mutating func note(
        _ node: ForeignNode, _ code: String, _ message: String, keyPath: String, showsLine: Bool = true
    ) {
        add(node.finding(code, .warning, message, keyPath: keyPath, showsLine: showsLine))
    }
}

/// What becomes of a key that the spec does not have.
struct KeyFate {
    enum Kind {
        /// Means nothing here and is missed by nobody: nothing is said.
        case silent
        case note
        case toDo
    }
    var kind: Kind
    var message: String

    static let silent = KeyFate(kind: .silent, message: "")
    static func note(_ message: String) -> KeyFate { KeyFate(kind: .note, message: message) }
    static func toDo(_ message: String) -> KeyFate { KeyFate(kind: .toDo, message: message) }
}

/// Which variables are secrets, by what they are called and what stands in them.
enum Secrets {
    private static let words: Set<String> = [
        "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PW", "PWD", "SECRET", "SECRETS", "TOKEN", "CREDENTIAL",
        "CREDENTIALS", "DSN", "APIKEY", "SALT"
    ]

    /// - Parameter value: `nil` where it is not known.
    static func isSecret(_ name: String, value: String?) -> Bool {
        if let value {
            if hasCredentials(value) { return true }
            // `ALLOW_EMPTY_PASSWORD=yes` and the like are switches.
            if value.utf8.count < 2
                || ["true", "false", "yes", "no", "on", "off"].contains(value.lowercased())
            {
                return false
            }
        }
        let parts = name.uppercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init)
        guard let last = parts.last, last != "FILE", last != "PATH", !parts.contains("PUBLIC") else {
            return false
        }
        return parts.contains(where: words.contains) || last == "KEY"
            || (parts.contains("KEY") && last == "BASE")
    }

    /// `scheme://user:password@host`.
    private static func hasCredentials(_ value: String) -> Bool {
        guard let scheme = value.firstRange(of: "://") else { return false }
        let authority = value[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && !$0.isWhitespace }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return false
        }
        return authority.index(after: colon) < at
    }

    /// Whether a line of a file may hold a secret.
    static func mayHold(_ line: String) -> Bool {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        return hasCredentials(line) || words.contains { isSecret($0, value: nil) }
    }

    /// A name that `secrets` takes.
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x5F
        }
    }
}
