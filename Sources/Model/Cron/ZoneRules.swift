/// What the clocks of a time zone show: the offsets from UTC that it has had, and the rule for the years to come.
public struct ZoneRules: Hashable, Sendable {
    /// Clocks are put to another offset.
    public struct Transition: Hashable, Sendable {
        /// Seconds since 1970 in UTC.
        public var at: Int64
        /// Seconds to add to UTC from then on.
        public var offset: Int64
        public init(at: Int64, offset: Int64) {
            self.at = at
            self.offset = offset
        }
    }

    /// A time without a change of clocks: from `start` up to, and without, `end`.
    public struct Stretch: Hashable, Sendable {
        public var start: Int64
        public var end: Int64
        public var offset: Int64
        public init(start: Int64, end: Int64, offset: Int64) {
            self.start = start
            self.end = end
            self.offset = offset
        }
    }

    /// Such as `Europe/Berlin`.
    public let name: String
    private let firstOffset: Int64
    private let transitions: [Transition]
    private let yearly: YearlyChange?

    /// - Parameters:
    ///   - firstOffset: before the first transition, in seconds.
    ///   - transitions: in their order; those out of order are left out.
    ///   - yearly: what holds after the last transition; `nil`: its offset, for good.
    public init(
        name: String, firstOffset: Int64, transitions: [Transition] = [], yearly: YearlyChange? = nil
    ) {
        self.name = name
        self.firstOffset = firstOffset
        var ordered: [Transition] = []
        for transition in transitions where transition.at > ordered.last?.at ?? .min {
            ordered.append(transition)
        }
        self.transitions = ordered
        self.yearly = yearly
    }

    public static let utc = ZoneRules(name: "UTC", firstOffset: 0)

    /// The stretch that `second`, counted from 1970 in UTC, lies in.
    public func stretch(at second: Int64) -> Stretch {
        let after = transitions.partitioningIndex { $0.at > second }
        if after < transitions.count || yearly == nil {
            return Stretch(
                start: after == 0 ? .min : transitions[after - 1].at,
                end: after == transitions.count ? .max : transitions[after].at,
                offset: after == 0 ? firstOffset : transitions[after - 1].offset)
        }
        return tail(at: second)
    }

    /// After the last transition of the table, the rule goes on.
    private func tail(at second: Int64) -> Stretch {
        guard let yearly else { return Stretch(start: .min, end: .max, offset: firstOffset) }
        let begin = transitions.last
        let year = CivilDay(daysSince1970: second / 86_400).year
        let changes = (year - 1...year + 1).flatMap { yearly.transitions(in: $0) }
            .filter { $0.at > begin?.at ?? .min }
        let before = changes.last { $0.at <= second } ?? begin
        let next = changes.first { $0.at > second }
        return Stretch(
            start: before?.at ?? .min, end: next?.at ?? .max, offset: before?.offset ?? firstOffset)
    }
}

/// The rule by which a zone changes its clocks twice in each year.
public struct YearlyChange: Hashable, Sendable {
    /// A day of the year, and a time of that day.
    public struct Date: Hashable, Sendable {
        public enum Day: Hashable, Sendable {
            /// The `week`-th (5: the last) day of that name (0: Sunday) in the month.
            case weekday(month: Int, week: Int, weekday: Int)
            /// From 1 to 365; 29 February is not counted.
            case dayWithoutLeap(Int)
            /// From 0 to 365; 29 February is counted.
            case day(Int)
        }
        public var day: Day
        /// Seconds after the midnight that begins the day; may lie outside of it.
        public var second: Int64
        public init(day: Day, second: Int64) {
            self.day = day
            self.second = second
        }
    }

    public var standardOffset: Int64
    public var summerOffset: Int64
    /// By the clocks of the standard time.
    public var summerBegins: Date
    /// By the clocks of the summer time.
    public var summerEnds: Date

    public init(standardOffset: Int64, summerOffset: Int64, summerBegins: Date, summerEnds: Date) {
        self.standardOffset = standardOffset
        self.summerOffset = summerOffset
        self.summerBegins = summerBegins
        self.summerEnds = summerEnds
    }

    /// The two of that year, in their order.
    func transitions(in year: Int64) -> [ZoneRules.Transition] {
        let begin = ZoneRules.Transition(
            at: Self.second(of: summerBegins, in: year) - standardOffset, offset: summerOffset)
        let end = ZoneRules.Transition(
            at: Self.second(of: summerEnds, in: year) - summerOffset, offset: standardOffset)
        return begin.at < end.at ? [begin, end] : [end, begin]
    }

    private static func second(of date: Date, in year: Int64) -> Int64 {
        let first = CivilDay(year: year, month: 1, day: 1)
        let day: Int64
        switch date.day {
        case .weekday(let month, let week, let weekday):
            let first = CivilDay(year: year, month: month, day: 1)
            let offset = (weekday - first.weekday + 7) % 7 + (week - 1) * 7
            let found = first.daysSince1970 + Int64(offset)
            day = found < first.nextMonth.daysSince1970 ? found : found - 7
        case .dayWithoutLeap(let number):
            let isLeap = CivilDay(year: year, month: 2, day: 29).month == 2
            day = first.daysSince1970 + Int64(number - 1) + (isLeap && number >= 60 ? 1 : 0)
        case .day(let number):
            day = first.daysSince1970 + Int64(number)
        }
        return day * 86_400 + date.second
    }
}

extension Array {
    /// The first index whose element, as all after it, belongs to the second part.
    fileprivate func partitioningIndex(where belongsToSecond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
