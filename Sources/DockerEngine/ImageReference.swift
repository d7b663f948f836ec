internal import Model
internal import Ports

/// The name of an image as people write it: `[host[:port]/]path[:tag][@sha256:…]`.
struct ImageReference: Hashable, Sendable {
    /// Host and path as written, without tag and digest.
    let name: String
    /// The registry's host as written, with its port; `nil` where there is none.
    let host: String?
    let tag: String?
    let digest: ContentDigest?

    /// Takes what the engine would take; `nil` for everything else.
    init?(_ text: String) {
        guard (1...512).contains(text.utf8.count) else { return nil }
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            guard let digest = ContentDigest(String(rest[rest.index(after: at)...])) else { return nil }
            self.digest = digest
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let lastSlash = rest.lastIndex(of: "/")
        let lastPart = lastSlash.map { rest[rest.index(after: $0)...] } ?? rest
        if let colon = lastPart.firstIndex(of: ":") {
            let tag = rest[rest.index(after: colon)...]
            guard Self.isTag(tag) else { return nil }
            self.tag = String(tag)
            rest = rest[..<colon]
        } else {
            tag = nil
        }
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        if parts.count > 1, first.contains(".") || first.contains(":") || first == "localhost" {
            guard Self.isHost(first) else { return nil }
            host = String(first)
            parts.removeFirst()
        } else {
            host = nil
        }
        guard parts.allSatisfy(Self.isPathPart) else { return nil }
        // 64 hex digits alone are an image id to the engine, not a name.
        guard host != nil || parts.count > 1 || !(rest.utf8.count == 64 && rest.allSatisfy(\.isHexDigit))
        else {
            return nil
        }
        name = String(rest)
    }

    /// `name:tag`, or `name@digest` where there is one.
    var lookup: String {
        if let digest { return "\(name)@\(digest)" }
        return "\(name):\(tag ?? "latest")"
    }
    func pinned(to digest: ContentDigest) -> String { "\(name)@\(digest)" }

    /// The key of its credentials.
    var registry: String {
        switch host {
        case nil, "index.docker.io", "registry-1.docker.io": "docker.io"
        case .some(let host): host
        }
    }

    private static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return (isAlphanumeric(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }
    private static func isHost(_ text: Substring) -> Bool {
        text.utf8.count <= 255 && text.utf8.allSatisfy { isAlphanumeric($0) || ".-:[]".utf8.contains($0) }
    }
    private static func isPathPart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
            && text.utf8.allSatisfy { isLowerAlphanumeric($0) || "_.-".utf8.contains($0) }
    }
    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
