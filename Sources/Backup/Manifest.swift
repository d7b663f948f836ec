/// What is in a backup; stands in it as `manifest.json`.
struct Manifest: Codable, Hashable, Sendable {
    static let name = "manifest.json"
    static let currentVersion = 1

    struct File: Codable, Hashable, Sendable {
        /// `state/…` or `config/…`, relative to the directory that it is restored into.
        var path: String
        var sizeInBytes: Int
        /// `sha256:` and 64 hex digits.
        var sha256: String
        enum CodingKeys: String, CodingKey {
            case path, sha256
            case sizeInBytes = "size_in_bytes"
        }
    }
    var version: Int
    /// Of Slipway.
    var writtenBy: String
    /// Seconds since 1970.
    var at: Int64
    /// The configuration's name in its directory; `nil`: there was none.
    var configuration: String?
    var files: [File]

    enum CodingKeys: String, CodingKey {
        case version, at, configuration, files
        case writtenBy = "written_by"
    }

    /// Why it cannot be followed; `nil`: it can.
    var objection: String? {
        guard version == Self.currentVersion else {
            return
                "the backup has version \(version), and this Slipway knows \(Self.currentVersion); install the Slipway"
                + " \(Self.shown(writtenBy)) that wrote it"
        }
        guard files.count <= 20_000 else { return "the backup names more than 20000 files" }
        var seen: Set<String> = []
        for file in files {
            guard Self.isSafe(file.path) else {
                return "the backup names the path `\(Self.shown(file.path))`, which is refused"
            }
            guard seen.insert(file.path).inserted else { return "the backup names `\(file.path)` twice" }
            guard (0...(4 << 30)).contains(file.sizeInBytes) else {
                return "the size of `\(file.path)` makes no sense"
            }
        }
        if let configuration, !Self.isSafe("config/\(configuration)") || configuration.contains("/") {
            return "the backup names the configuration `\(Self.shown(configuration))`, which is refused"
        }
        return nil
    }

    /// Below `state` or `config`, with no part that leads elsewhere, and nothing that a terminal or a program could obey.
    static func isSafe(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "state" || parts[0] == "config", path.utf8.count <= 1_024 else {
            return false
        }
        return parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && !part.hasPrefix("-")
                && part.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"\\*?[]'\"`$".utf8.contains($0) }
        }
    }

    private static func shown(_ text: String) -> String {
        String(text.unicodeScalars.prefix(100).map { (0x20...0x7e).contains($0.value) ? Character($0) : "?" })
    }
}

/// Why a backup was not made, or not restored. Nothing secret is in it.
public struct BackupError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
