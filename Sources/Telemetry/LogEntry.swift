/// One entry of a log: a constant message, and what it is about as values.
public struct LogEntry: Sendable, Hashable {
    /// What `Logger` was given for a clock says; seconds since 1970 in UTC.
    public var secondsSince1970: Int64
    public var level: LogLevel
    public var message: String
    /// In the order in which they are written: the logger's own, then the entry's; keys are unique.
    public var metadata: [(key: String, value: LogValue)]

    public init(
        secondsSince1970: Int64, level: LogLevel, message: String, metadata: [(key: String, value: LogValue)]
    ) {
        self.secondsSince1970 = secondsSince1970
        self.level = level
        self.message = message
        self.metadata = metadata
    }

    /// The value under `key`.
    public subscript(key: String) -> LogValue? { metadata.first { $0.key == key }?.value }

    public static func == (left: Self, right: Self) -> Bool {
        left.secondsSince1970 == right.secondsSince1970 && left.level == right.level
            && left.message == right.message
            && left.metadata.elementsEqual(right.metadata) { $0.key == $1.key && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(secondsSince1970)
        hasher.combine(level)
        hasher.combine(message)
        for (key, value) in metadata {
            hasher.combine(key)
            hasher.combine(value)
        }
    }
}

/// What a metadata key stands for. Never a secret.
public enum LogValue: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    case text(String)
    case integer(Int64)
    case boolean(Bool)

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(_ value: some CustomStringConvertible) { self = .text(value.description) }
    public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }

    public var description: String {
        switch self {
        case .text(let text): text
        case .integer(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        }
    }
}
