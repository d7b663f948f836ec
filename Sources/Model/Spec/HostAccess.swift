/// What a process asks of its host beyond a container of its own: nothing, unless the controller's configuration allows it
/// to the project.
public struct HostAccess: Codable, Hashable, Sendable {
    /// Linux capabilities beside the engine's default ones, sorted, such as `NET_ADMIN`.
    public var capabilities: [String]
    /// By target, sorted.
    public var paths: [HostPath]
    /// Sorted.
    public var ports: [HostPort]

    public init(capabilities: [String] = [], paths: [HostPath] = [], ports: [HostPort] = []) {
        self.capabilities = capabilities
        self.paths = paths
        self.ports = ports
    }

    public var isEmpty: Bool { capabilities.isEmpty && paths.isEmpty && ports.isEmpty }
}

/// A file or folder of the host that containers see.
public struct HostPath: Codable, Hashable, Sendable {
    public var source: String
    public var target: String
    public var isReadOnly: Bool
    public init(source: String, target: String, isReadOnly: Bool = false) {
        self.source = source
        self.target = target
        self.isReadOnly = isReadOnly
    }
}

/// A path that a project may have: exactly this one. What is below it is another, and a link may lead anywhere.
public struct HostPathRule: Hashable, Sendable, CustomStringConvertible {
    public var path: String
    /// Specs may not write there.
    public var isReadOnly: Bool

    public init(path: String, isReadOnly: Bool) {
        self.path = path
        self.isReadOnly = isReadOnly
    }

    /// Reads `/srv/media` or `/srv/media:ro`; `nil` for what is no absolute path without empty parts, dots and colons.
    public init?(_ text: String) {
        isReadOnly = text.hasSuffix(":ro")
        path = isReadOnly ? String(text.dropLast(3)) : text
        guard Self.isPath(path) else { return nil }
    }

    public var description: String { isReadOnly ? "\(path):ro" : path }

    public func allows(_ asked: HostPath) -> Bool {
        asked.source == path && (asked.isReadOnly || !isReadOnly)
    }

    /// Why nobody can have the path; `nil`: it may be allowed.
    ///
    /// - Parameter protected: folders and sockets of Slipway and of the engine.
    public func objection(protected: [String]) -> String? {
        let kernel = ["/proc", "/sys", "/dev", "/boot"]
        let found = (kernel + protected).first { other in
            path == other || path.hasPrefix("\(other)/") || other.hasPrefix(path == "/" ? "/" : "\(path)/")
        }
        return found.map { "holds, or is in, `\($0)`, which gives away the whole host" }
    }

    static func isPath(_ text: String) -> Bool {
        guard text.hasPrefix("/"), text.utf8.count <= 1_024, !text.contains(":"),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return false }
        guard text != "/" else { return true }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
}

/// Words of the kernel for what a process may do.
public enum Capability {
    /// `NET_ADMIN`: without `CAP_`, and never `ALL`.
    public static func isName(_ text: String) -> Bool {
        (3...40).contains(text.utf8.count) && text != "ALL" && !text.hasPrefix("CAP_")
            && text.utf8.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } == true
            && text.utf8.allSatisfy {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
            }
    }
}
