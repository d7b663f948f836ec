/// When a cron entry is due, as the five fields of a crontab say it: which minutes of which days, by the clock on the
/// wall. What a clock that is put forward or back makes of it is `CronClock`'s business.
public struct CronSchedule: Hashable, Sendable {
    /// Bit `n` is set for the number `n`.
    let minutes: UInt64
    let hours: UInt64
    let daysOfMonth: UInt64
    let months: UInt64
    /// Bits 0 (Sunday) to 6.
    let daysOfWeek: UInt64
    /// Both fields of days name some: a day that either of them names is due, as in every crontab.
    let isEitherDay: Bool
    /// The hour is `*`: it is due by the time that goes by, and not at certain times of the day.
    public let isEveryHour: Bool

    init(
        minutes: UInt64, hours: UInt64, daysOfMonth: UInt64, months: UInt64, daysOfWeek: UInt64,
        isEitherDay: Bool, isEveryHour: Bool
    ) {
        self.minutes = minutes
        self.hours = hours
        self.daysOfMonth = daysOfMonth
        self.months = months
        self.daysOfWeek = daysOfWeek
        self.isEitherDay = isEitherDay
        self.isEveryHour = isEveryHour
    }

    /// The first minute from `minute` on that is named, both counted in minutes of a clock on the wall that is never
    /// put forward or back, from 1970 on. `nil`: none within twelve years.
    public func next(from minute: Int64) -> Int64? {
        let minute = min(max(minute, -500_000_000_000), 500_000_000_000)
        let first = minute >= 0 ? minute / 1_440 : (minute - 1_439) / 1_440
        var day = CivilDay(daysSince1970: first)
        var earliest = Int(minute - first * 1_440)
        let last = first + 12 * 366
        while day.daysSince1970 <= last {
            if !contains(months, day.month) {
                day = day.nextMonth
            } else if names(day), let time = time(from: earliest) {
                return day.daysSince1970 * 1_440 + Int64(time)
            } else {
                day = CivilDay(daysSince1970: day.daysSince1970 + 1)
            }
            earliest = 0
        }
        return nil
    }

    /// Whether the fields of days name `day`, whose month they name.
    private func names(_ day: CivilDay) -> Bool {
        let byMonth = contains(daysOfMonth, day.day)
        let byWeek = contains(daysOfWeek, day.weekday)
        return isEitherDay ? byMonth || byWeek : byMonth && byWeek
    }

    /// The first minute of a day, from `earliest` on.
    private func time(from earliest: Int) -> Int? {
        for hour in earliest / 60..<24 where contains(hours, hour) {
            let begin = hour == earliest / 60 ? earliest % 60 : 0
            let rest = minutes >> UInt64(begin)
            if rest != 0 { return hour * 60 + begin + rest.trailingZeroBitCount }
        }
        return nil
    }

    private func contains(_ set: UInt64, _ number: Int) -> Bool { set >> UInt64(number) & 1 == 1 }
}
