public import Model

/// When a schedule is due in a time zone, as points in time.
///
/// A schedule whose hour is `*` goes by the time that passes: it is due in each minute whose local time it names, so
/// an hour that clocks show twice has its runs twice, and one that they leave out has none. Any other schedule names
/// times of the day, and each is due once a day: one that clocks leave out is due at the moment of the change, one that
/// they show twice at the first time.
public struct CronClock: Hashable, Sendable {
    public let schedule: CronSchedule
    public let zone: ZoneRules

    public init(_ schedule: CronSchedule, in zone: ZoneRules) {
        self.schedule = schedule
        self.zone = zone
    }

    /// The next point in time after `moment`; `nil`: none in the twelve years to come.
    public func next(after moment: WallTime) -> WallTime? {
        let second = Self.bounded(moment)
        return (schedule.isEveryHour ? nextByElapsedTime(after: second) : nextByTimeOfDay(after: second))
            .map { WallTime(secondsSince1970: $0) }
    }

    /// The last point in time that is after `low` and not after `high`; `nil`: there is none.
    public func latest(after low: WallTime, upTo high: WallTime) -> WallTime? {
        let high = WallTime(secondsSince1970: Self.bounded(high))
        guard low < high, var latest = next(after: low), latest <= high else { return nil }
        // There is one after `begin`, and none after `end`: halves what lies between until both meet.
        var begin = latest.secondsSince1970
        var end = high.secondsSince1970
        while begin < end {
            let middle = begin + (end - begin) / 2
            if let found = next(after: WallTime(secondsSince1970: middle)), found <= high {
                latest = found
                begin = found.secondsSince1970
            } else {
                end = middle
            }
        }
        return latest
    }

    /// Outside of these 30,000 years nobody's clock is right, and nothing overflows within them.
    private static func bounded(_ moment: WallTime) -> Int64 {
        min(max(moment.secondsSince1970, 0), 1_000_000_000_000)
    }

    private func nextByElapsedTime(after second: Int64) -> Int64? {
        var from = second + 1
        // More changes of clocks than the twelve years that `CronSchedule.next` looks ahead can have.
        for _ in 0..<64 {
            let stretch = zone.stretch(at: from)
            let local = Self.minuteRoundedUp(from + stretch.offset)
            guard let minute = schedule.next(from: local) else { return nil }
            let found = minute * 60 - stretch.offset
            if found < stretch.end { return found }
            from = stretch.end
        }
        return nil
    }

    private func nextByTimeOfDay(after second: Int64) -> Int64? {
        // What clocks showed before this has been, as moments never go back where local times go forward.
        let local = second + zone.stretch(at: second).offset
        var minute = local >= 0 ? local / 60 : (local - 59) / 60
        while let named = schedule.next(from: minute) {
            let found = moment(of: named * 60)
            if found > second { return found }
            minute = named + 1
        }
        return nil
    }

    /// The first moment at which clocks show `local`, or the change of clocks that leaves it out.
    private func moment(of local: Int64) -> Int64 {
        // No offset is larger than this: the moment lies in this stretch or a later one.
        var stretch = zone.stretch(at: local - 26 * 3_600)
        while true {
            let found = max(local - stretch.offset, stretch.start)
            if found < stretch.end { return found }
            stretch = zone.stretch(at: stretch.end)
        }
    }

    private static func minuteRoundedUp(_ second: Int64) -> Int64 {
        second >= 0 ? (second + 59) / 60 : second / 60
    }
}
