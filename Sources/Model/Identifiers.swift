/// A string that has been checked against the grammar of one kind of name.
///
/// Each kind is its own type, so that an app's name can never be passed where a container's is wanted.
public protocol Identifier: Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    CodingKeyRepresentable
{
    /// The text as it stands in files, labels and the API.
    var rawValue: String { get }
    /// Takes `rawValue` if it is well-formed, else `nil`.
    init?(_ rawValue: String)
}

extension Identifier {
    public var description: String { rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a valid \(Self.self)"))
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public var codingKey: any CodingKey { NameKey(stringValue: rawValue) }
    public init?<T: CodingKey>(codingKey: T) { self.init(codingKey.stringValue) }
}

private struct NameKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// The grammar that apps, projects, processes and volumes share: a DNS label of 1 to 40 bytes.
///
/// Letters `a`–`z`, digits and `-`; begins with a letter, does not end with `-`. The bound leaves room for
/// the suffixes of container names below the 63 bytes of a DNS label.
public enum NameGrammar {
    public static let maximumLength = 40

    public static func accepts(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= maximumLength else {
            return false
        }
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first), last != UInt8(ascii: "-") else {
            return false
        }
        return bytes.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
    }
}

/// The name of an app: unique in the installation.
public struct AppName: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard NameGrammar.accepts(rawValue) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of a project: apps of one project share a network.
public struct ProjectName: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard NameGrammar.accepts(rawValue) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of a process of an app, such as `web` or `worker`.
public struct ProcessName: Identifier {
    public let rawValue: String
    fileprivate init(known name: String) { rawValue = name }
    public init?(_ rawValue: String) {
        guard NameGrammar.accepts(rawValue) else { return nil }
        self.rawValue = rawValue
    }
}

extension ProcessName {
    /// What stands in the place of the process in the labels and the name of a release's command.
    public static let releaseCommand = Self(known: "release")
    /// The same for the one-off runs of people.
    public static let oneOffRun = Self(known: "run")
}

/// The name of a volume inside an app.
public struct VolumeName: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard NameGrammar.accepts(rawValue) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of a source in the controller's configuration.
public struct SourceName: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard NameGrammar.accepts(rawValue) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of an installation: one controller and everything it owns.
public struct InstallationName: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard NameGrammar.accepts(rawValue) else { return nil }
        self.rawValue = rawValue
    }
}

private func isLowerHex(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

/// A git commit id: 40 lower-case hex digits.
public struct CommitID: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard rawValue.utf8.count == 40, isLowerHex(rawValue) else { return nil }
        self.rawValue = rawValue
    }
    /// The first seven digits, as people read it.
    public var short: String { String(rawValue.prefix(7)) }
}

/// A SHA-256 content digest in the form `sha256:` and 64 lower-case hex digits.
public struct ContentDigest: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        guard rawValue.hasPrefix("sha256:"), rawValue.utf8.count == 71, isLowerHex(rawValue.dropFirst(7))
        else {
            return nil
        }
        self.rawValue = rawValue
    }
    /// The first twelve hex digits, as people read it.
    public var short: String { String(rawValue.dropFirst(7).prefix(12)) }
    /// The 64 hex digits.
    public var hex: String { String(rawValue.dropFirst(7)) }
}

/// The engine's id of a container; opaque, 1 to 128 bytes of letters, digits, `_`, `.` and `-`.
public struct ContainerID: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        let bytes = rawValue.utf8
        guard (1...128).contains(bytes.count) else { return nil }
        let isPlain = bytes.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        guard isPlain else { return nil }
        self.rawValue = rawValue
    }
    public var short: String { String(rawValue.prefix(12)) }
}

/// The number of a release of one app: v1, v2, …
public struct ReleaseNumber: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let value: Int
    /// - Parameter value: at least 1; smaller values are refused.
    public init?(_ value: Int) {
        guard value >= 1 else { return nil }
        self.value = value
    }
    public static let first = ReleaseNumber(unchecked: 1)
    /// The next number; saturates at the largest integer.
    public var next: ReleaseNumber { ReleaseNumber(unchecked: value == .max ? value : value + 1) }
    public var description: String { "v\(value)" }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }

    private init(unchecked value: Int) { self.value = value }

    public init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(Int.self)
        guard let valid = ReleaseNumber(number) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a release number is at least 1"))
        }
        self = valid
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
