/// A point on the controller's own clock: nanoseconds since the installation was first started.
///
/// It never runs backwards, not over a restart, a reboot or a change of the wall clock, so deadlines that are
/// kept in the store stay meaningful. For people, `WallTime` stands beside it.
public struct Instant: Hashable, Comparable, Sendable, Codable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = Instant(nanoseconds: 0)
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The later point; saturates instead of overflowing.
    public static func + (left: Self, span: TimeSpan) -> Instant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// The time from `right` to `left`, in whole milliseconds, negative where `left` is earlier.
    public static func - (left: Self, right: Self) -> TimeSpan {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return TimeSpan(milliseconds: (overflow ? .max : difference) / 1_000_000)
    }

    public init(from decoder: any Decoder) throws {
        nanoseconds = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanoseconds)
    }
}

/// Seconds since 1970 in UTC, for people only: no decision depends on it.
public struct WallTime: Hashable, Comparable, Sendable, Codable {
    public let secondsSince1970: Int64
    public init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }
    public static func < (left: Self, right: Self) -> Bool { left.secondsSince1970 < right.secondsSince1970 }
    public init(from decoder: any Decoder) throws {
        secondsSince1970 = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(secondsSince1970)
    }
}

/// A length of time in whole milliseconds, written as in Compose: `500ms`, `30s`, `1m30s`, `1h`.
public struct TimeSpan: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let zero = TimeSpan(milliseconds: 0)
    public static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count) }
    /// `count` seconds; saturates.
    public static func seconds(_ count: Int64) -> TimeSpan {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000)
        return TimeSpan(milliseconds: overflow ? .max : product)
    }
    /// `count` minutes; saturates.
    public static func minutes(_ count: Int64) -> TimeSpan {
        let (product, overflow) = count.multipliedReportingOverflow(by: 60_000)
        return TimeSpan(milliseconds: overflow ? .max : product)
    }

    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// In nanoseconds; saturates.
    public var nanoseconds: Int64 {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (milliseconds < 0 ? .min : .max) : product
    }
    /// In seconds, rounded up, for interfaces that know whole seconds only.
    public var wholeSecondsRoundedUp: Int64 { milliseconds / 1_000 + (milliseconds % 1_000 > 0 ? 1 : 0) }
    public var duration: Duration { .milliseconds(milliseconds) }

    /// Parses one or more of `<integer><unit>`, units `h`, `m`, `s`, `ms`, each at most once and falling.
    ///
    /// Refused with `nil`: the empty string, a missing unit, a sign, a fraction, and anything over 10 years.
    public init?(parsing text: String) {
        let units: [(name: String, milliseconds: Int64)] = [
            ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)
        ]
        var rest = text[...]
        var total: Int64 = 0
        var nextUnit = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            guard !digits.isEmpty, digits.count <= 15, let count = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unitName = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unitName.count)
            guard let unit = units[nextUnit...].firstIndex(where: { $0.name == unitName }) else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: units[unit].milliseconds)
            guard !overflow, product <= TimeSpan.maximumParsed - total else { return nil }
            total += product
            nextUnit = unit + 1
        }
        milliseconds = total
    }

    private static let maximumParsed: Int64 = 10 * 365 * 24 * 3_600_000

    /// The shortest exact form: `90s` is `1m30s`.
    public var description: String {
        guard milliseconds != 0 else { return "0s" }
        guard milliseconds > 0 else {
            return "-" + TimeSpan(milliseconds: -max(milliseconds, -.max)).description
        }
        var text = ""
        let hours = milliseconds / 3_600_000
        let minutes = milliseconds / 60_000 % 60
        let seconds = milliseconds / 1_000 % 60
        let rest = milliseconds % 1_000
        if hours > 0 { text += "\(hours)h" }
        if minutes > 0 { text += "\(minutes)m" }
        if seconds > 0 { text += "\(seconds)s" }
        if rest > 0 { text += "\(rest)ms" }
        return text
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = TimeSpan(parsing: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a duration such as 30s"))
        }
        self = value
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
