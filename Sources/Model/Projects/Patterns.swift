/// Host names that a project may use: one name, or with `*.` before it all names below it, at any depth.
public struct DomainPattern: Hashable, Sendable, CustomStringConvertible {
    private let host: String
    private let isBelow: Bool

    /// `nil`: neither `shop.example.com` nor `*.shop.example.com`, nor `*` alone for all.
    public init?(_ text: String) {
        isBelow = text.hasPrefix("*.")
        host = isBelow ? String(text.dropFirst(2)) : text
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d
                }
        }
        guard isName, host.utf8.count <= 253 else { return nil }
    }

    /// - Parameter domain: as in a spec; a wildcard is allowed where all that it stands for is.
    public func allows(_ domain: String) -> Bool {
        isBelow ? domain.hasSuffix(".\(host)") : domain == host
    }

    public var description: String { isBelow ? "*.\(host)" : host }
}

/// Repositories of images that a project may run: one, or with `/*` after it all below it, at any depth.
public struct ImagePattern: Hashable, Sendable, CustomStringConvertible {
    private let repository: String
    private let isBelow: Bool

    /// `nil`: neither `registry.example.com/shop` nor `registry.example.com/retail/*`. A tag or digest has no place in
    /// it. `acme/*` is `docker.io/acme/*`.
    public init?(_ text: String) {
        isBelow = text.hasSuffix("/*")
        let name = isBelow ? String(text.dropLast(2)) : text
        guard !name.isEmpty, !name.contains("*"), !name.contains("@"),
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        let first = name.prefix { $0 != "/" }
        guard isBelow else {
            guard !(name.split(separator: "/").last?.contains(":") ?? true) else { return nil }
            repository = ImageRepository.of(name)
            return
        }
        // Below an owner or a registry, so `library` is not put in between.
        repository =
            ImageRepository.isRegistry(first)
            ? ImageRepository.registry(first) + name.dropFirst(first.count) : "docker.io/\(name)"
    }

    /// - Parameter reference: as in a spec.
    public func allows(_ reference: String) -> Bool {
        let name = ImageRepository.of(reference)
        return isBelow ? name.hasPrefix("\(repository)/") : name == repository
    }

    public var description: String { isBelow ? "\(repository)/*" : repository }
}

/// Where an image comes from, in full.
public enum ImageRepository {
    /// `nginx:1.27` is `docker.io/library/nginx`; `r.example.com/a@sha256:…` is `r.example.com/a`.
    public static func of(_ reference: String) -> String {
        var rest = reference[...]
        if let at = rest.firstIndex(of: "@") { rest = rest[..<at] }
        let last = rest.lastIndex(of: "/").map { rest.index(after: $0) } ?? rest.startIndex
        if let colon = rest[last...].firstIndex(of: ":") { rest = rest[..<colon] }
        guard let slash = rest.firstIndex(of: "/") else { return "docker.io/library/\(rest)" }
        let first = rest[..<slash]
        guard isRegistry(first) else { return "docker.io/\(rest)" }
        guard registry(first) == "docker.io" else { return String(rest) }
        let path = rest[rest.index(after: slash)...]
        return path.contains("/") ? "docker.io/\(path)" : "docker.io/library/\(path)"
    }

    /// Docker Hub by its one name.
    static func registry(_ host: some StringProtocol) -> String {
        host == "index.docker.io" || host == "registry-1.docker.io" ? "docker.io" : String(host)
    }

    /// Whether the first part of a name is a registry, and not an owner on Docker Hub.
    static func isRegistry(_ part: some StringProtocol) -> Bool {
        part.contains(".") || part.contains(":") || part == "localhost"
    }
}
