/// One key of the spec, as the decoder, the schema and the reference know it.
public struct SpecKey: Sendable, Hashable {
    /// Such as `processes.*.healthcheck.path`; `*` is any name, `[]` any item of a list.
    public var path: String
    public var type: SpecType
    /// What holds where the key is left out, for people; `nil` for keys that must be given or mean nothing then.
    public var defaultText: String?
    public var description: String
    /// The version that acts on it first; `later` if it is refused with `not_yet_supported`, `edge` if it is so where
    /// the controller has no edge.
    public var since: String
    public var isRequired: Bool

    init(
        _ path: String, _ type: SpecType, default defaultText: String? = nil, since: String = "0.1",
        isRequired: Bool = false, _ description: String
    ) {
        self.path = path
        self.type = type
        self.defaultText = defaultText
        self.description = description
        self.since = since
        self.isRequired = isRequired
    }

    /// The last part of the path.
    public var name: String { String(path.split(separator: ".").last ?? "") }
    /// The path of the map that the key stands in; empty for the top.
    public var parent: String {
        guard let dot = path.lastIndex(of: ".") else { return "" }
        return String(path[..<dot])
    }
}

/// The kinds of value that the spec knows.
public indirect enum SpecType: Sendable, Hashable {
    case name, image, text, boolean, duration, size, cpus
    case integer(ClosedRange<Int>)
    /// A count of instances or a share of them.
    case portion
    /// Whole per cent.
    case percent(ClosedRange<Int>)
    case choice([String])
    case relativePath, absolutePath
    case mount, host, schedule, timezone, nodeLabel, constraint, secretName, urlPath, authority, grpcService
    case passwordHash, network, token, tokenValue, capability, hostPath, hostPort
    case limit
    /// A value of `env`: text, or a number or boolean taken as its text.
    case variable
    case only(Bool)
    case list(SpecType, atLeast: Int, atMost: Int)
    /// A map with the keys that the table has below this one.
    case object
    /// A map from names of the author's; the table has the values' keys below `*`.
    case map(keys: KeyPattern, of: SpecType, atLeast: Int)
    case either([SpecType])
    case anything

    public enum KeyPattern: Sendable, Hashable { case name, variable, absolutePath, user }

    static let command = SpecType.list(.text, atLeast: 1, atMost: 256)
}
