/// A day of the Gregorian calendar, counted from 1 January 1970. Total for every count within a million years.
public struct CivilDay: Hashable, Sendable {
    public let daysSince1970: Int64
    public let year: Int64
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// The day that lies so many days after 1 January 1970; counts beyond 365 million days are cut to that.
    public init(daysSince1970: Int64) {
        let days = min(max(daysSince1970, -365_000_000), 365_000_000)
        // Counted in eras of 400 years that begin on 1 March of the year 0, so that a leap day ends a year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        self.daysSince1970 = days
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// - Parameters:
    ///   - year: cut to a million years around 0.
    ///   - month: 1 to 12; others are cut to these.
    ///   - day: counted from 1; one past the month's end is a day of the next month.
    public init(year: Int64, month: Int, day: Int) {
        let year = min(max(year, -990_000), 990_000) - (month <= 2 ? 1 : 0)
        let month = Int64(min(max(month, 1), 12))
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + Int64(min(max(day, 1), 366)) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(daysSince1970: era * 146_097 + dayOfEra - 719_468)
    }

    /// 0 for Sunday to 6 for Saturday; 1 January 1970 was a Thursday.
    public var weekday: Int { Int(((daysSince1970 + 4) % 7 + 7) % 7) }

    /// The first day of the next month.
    public var nextMonth: CivilDay {
        month == 12
            ? CivilDay(year: year + 1, month: 1, day: 1) : CivilDay(year: year, month: month + 1, day: 1)
    }
}
