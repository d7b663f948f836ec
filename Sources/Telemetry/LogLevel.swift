/// How much a log entry matters, rising.
public enum LogLevel: String, Sendable, Hashable, Comparable, CaseIterable, Codable {
    /// What a library did; for looking for a fault.
    case debug
    /// What happened in the normal course of things.
    case info
    /// A state change that people want to see.
    case notice
    /// Something that may need a person, later.
    case warning
    /// Something that needs a person.
    case error

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .notice: 2
        case .warning: 3
        case .error: 4
        }
    }
}
