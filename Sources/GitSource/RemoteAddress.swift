public import Ports

/// The address of a repository, checked. No part of it ever reaches a shell, an option list or a host in a
/// form that means something else there.
public struct RemoteAddress: Sendable, Hashable {
    public enum Transport: String, Sendable, Hashable { case https, http, ssh, local }

    public let transport: Transport
    /// What is given to the library: the URL, the scp-like form, or for `local` an absolute path.
    public let text: String
    /// Lower case; empty for `local`.
    public let host: String
    public let port: Int?
    /// From the URL; only with `ssh`.
    public let user: String?
    public let path: String

    /// - Throws: `SourceError` with `invalidConfiguration`, naming what is wrong with `text` and what is
    /// accepted.
    public init(_ text: String, allowsLocal: Bool) throws(SourceError) {
        if let problem = Self.problem(inCharactersOf: text) { throw Self.refusal(of: text, problem) }
        if text.hasPrefix("/") || text.hasPrefix("file://") {
            guard allowsLocal else {
                throw Self.refusal(
                    of: text,
                    "repositories on this machine are not allowed here; start slipwayd with --repo for that")
            }
            try self.init(local: text)
        } else if let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") {
            try self.init(url: text, scheme: String(text[..<colon]), rest: text[colon...].dropFirst(3))
        } else {
            try self.init(scp: text)
        }
    }

    private init(local text: String) throws(SourceError) {
        let path = text.hasPrefix("file://") ? String(text.dropFirst(7)) : text
        guard path.hasPrefix("/") else {
            throw Self.refusal(of: text, "file:// takes an absolute path and no host")
        }
        guard !path.contains("%") else { throw Self.refusal(of: text, "a local path is written without %") }
        transport = .local
        self.text = path
        host = ""
        port = nil
        user = nil
        self.path = path
    }

    private init(url text: String, scheme: String, rest: Substring) throws(SourceError) {
        guard let transport = Transport(rawValue: scheme.lowercased()), transport != .local else {
            throw Self.refusal(of: text, "the scheme is not one of https, http, ssh")
        }
        guard let slash = rest.firstIndex(of: "/") else {
            throw Self.refusal(of: text, "it has no path after the host")
        }
        var authority = rest[..<slash]
        var user: String?
        if let at = authority.lastIndex(of: "@") {
            guard transport == .ssh else {
                throw Self.refusal(of: text, "user and password do not belong into a URL; use a token file")
            }
            user = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number)
            else {
                throw Self.refusal(of: text, "the port is not a number from 1 to 65535")
            }
            port = number
            authority = authority[..<colon]
        }
        if transport == .ssh, text.contains("%") { throw Self.refusal(of: text, "SSH takes no %-codes") }
        try Self.check(user: user, host: authority, path: rest[slash...], of: text)
        self.transport = transport
        self.text = text
        host = authority.lowercased()
        self.port = port
        self.user = user
        path = String(rest[slash...])
    }

    private init(scp text: String) throws(SourceError) {
        guard let colon = text.firstIndex(of: ":"), !text[colon...].hasPrefix("::"),
            let at = text.firstIndex(of: "@"),
            at < colon
        else {
            throw Self.refusal(of: text, "it is neither a URL nor of the form user@host:path")
        }
        guard !text.contains("%") else { throw Self.refusal(of: text, "SSH takes no %-codes") }
        let host = text[text.index(after: at)..<colon]
        let path = text[text.index(after: colon)...]
        try Self.check(user: String(text[..<at]), host: host, path: path, of: text)
        transport = .ssh
        self.text = text
        self.host = host.lowercased()
        port = nil
        user = String(text[..<at])
        self.path = String(path)
    }

    /// Whether `host` is this machine, so that nobody reads along without TLS.
    var isLoopback: Bool { host == "localhost" || host == "127.0.0.1" || host == "[::1]" }

    /// The name under which OpenSSH's known_hosts lists the host.
    var knownHostsName: String {
        guard let port, port != 22 else { return host }
        return "[\(host)]:\(port)"
    }

    // MARK: - Checks

    private static func check(
        user: String?, host: Substring, path: Substring, of text: String
    ) throws(SourceError) {
        if let user {
            guard !user.isEmpty, !user.hasPrefix("-"), user.utf8.allSatisfy(isPlain) else {
                throw refusal(of: text, "the user name has characters other than letters, digits and . _ -")
            }
        }
        let isAddress = host.hasPrefix("[") && host.hasSuffix("]")
        let name = isAddress ? host.dropFirst().dropLast() : host
        let isWellFormed =
            !name.isEmpty && name.utf8.count <= 253 && !name.hasPrefix("-")
            && name.utf8.allSatisfy { isAddress ? isHex($0) || $0 == UInt8(ascii: ":") : isPlain($0) }
        guard isWellFormed else {
            throw refusal(of: text, "the host is neither a name nor an address")
        }
        guard path.utf8.count > (path.hasPrefix("/") ? 1 : 0), !path.hasPrefix("-"), !path.hasPrefix("/-")
        else {
            throw refusal(of: text, "the path is empty or starts with -")
        }
    }

    /// Why a character of `text`, written plainly or percent-encoded, is not accepted.
    private static func problem(inCharactersOf text: String) -> String? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return "it is empty" }
        guard bytes.count <= 2_048 else { return "it is longer than 2048 bytes" }
        guard bytes[0] != UInt8(ascii: "-") else { return "it starts with -, as an option does" }
        var index = 0
        while index < bytes.count {
            var byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = hexValue(bytes[index + 1]),
                    let low = hexValue(bytes[index + 2])
                else { return "it has a % that two hex digits do not follow" }
                byte = high << 4 | low
                if byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "/") {
                    return "it hides a control character, a slash or a % behind a %-code"
                }
                index += 2
                // Forges have names with spaces, and %20 is how they are written.
                if byte == 0x20 { byte = UInt8(ascii: "_") }
            } else if byte >= 0x80 {
                return "it has characters outside ASCII; write them as %-codes"
            }
            if byte < 0x80, !isPlain(byte), !allowedMarks.contains(byte) {
                return byte < 0x21 || byte == 0x7f
                    ? "it has a space or a control character"
                    : "it has the character \(Unicode.Scalar(byte)), which no repository's address needs"
            }
            index += 1
        }
        return text.contains("/../") || text.hasSuffix("/..") ? "it has .. in its path" : nil
    }

    private static let allowedMarks = Set("-._~/+@:,=%[]".utf8)

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool { hexValue(byte) != nil }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        default: nil
        }
    }

    /// The text is shown without what stands before `@`, since a password may.
    private static func refusal(of text: String, _ problem: String) -> SourceError {
        var shown = Text.printable(text, limit: 200)
        if let at = shown.lastIndex(of: "@"), shown.contains("://") { shown = "…" + shown[at...] }
        return SourceError(
            .invalidConfiguration, "The repository address \"\(shown)\" is refused: \(problem).")
    }
}
