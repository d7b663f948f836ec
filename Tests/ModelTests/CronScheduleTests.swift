import Model
import Testing

@Suite struct CronScheduleTests {
    @Test(arguments: [
        "* * * * *", "*/5 0-23/2 1,15 jan-mar,DEC mon-fri", "0 3 * * 7", "0 3 * * fri-sun", "0\t3  * * 0",
        "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually", "59 23 31 12 0",
        "0 0 29 2 *", "0 0 29 2 1", "0 0 */31 * 3", "00 003 * * *"
    ])
    func aScheduleIsTaken(_ text: String) throws {
        let schedule = try CronSchedule(parsing: text)
        #expect(schedule.next(from: 0) != nil || text.hasPrefix("0 0 29 2"))
    }

    @Test(arguments: [
        ("", "0 fields instead of five"), ("* * * *", "4 fields"), ("* * * * * *", "6 fields"),
        ("60 * * * *", "the minute: `60` is not from 0 to 59"), ("* 24 * * *", "the hour: `24`"),
        ("* * 0 * *", "the day of month: `0` is not from 1 to 31"), ("* * * 13 *", "the month: `13`"),
        ("* * * * 8", "the day of week: `8` is not from 0 to 7"),
        ("5/10 * * * *", "has a step without a range; write `5-59/10`"),
        ("*/0 * * * *", "a step that is not from 1 to 59"), ("*/ * * * *", "a step that"),
        ("1,,2 * * * *", "an empty place in its list"), ("5-1 * * * *", "ends before it begins"),
        ("* * * * sat-mon", "two ranges"), ("* * * Xmas *", "a name such as `feb`"),
        ("-1 * * * *", "is not `*`, a number"), ("1- * * * *", "is not `*`, a number"),
        ("0 0 30 2 *", "would never be due"), ("0 0 31 4,6,9,11 *", "would never be due"),
        ("@reboot", "does not live on one machine"), ("@every 5m", "stands alone"),
        ("@fortnightly", "the words are"),
        ("daily", "1 field instead"), ("* * * * \u{0661}", "is not `*`"), ("1e3 * * * *", "is not `*`")
    ])
    func whatIsWrongIsSaid(_ text: String, _ part: String) {
        let error = #expect(throws: CronScheduleError.self) { try CronSchedule(parsing: text) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func longTextsAreRefusedAtOnce() {
        for text in [
            String(repeating: "1,", count: 100_000), String(repeating: "* ", count: 1_000_000),
            "\(String(repeating: "9", count: 100)) * * * *"
        ] {
            #expect(throws: CronScheduleError.self) { try CronSchedule(parsing: text) }
        }
    }

    /// Days by the count since 1970, against the calendar counted one by one.
    @Test func daysAreThoseOfTheCalendar() {
        var (year, month, day): (Int64, Int, Int) = (1968, 1, 1)
        for count in Int64(-731)..<60_000 {
            let civil = CivilDay(daysSince1970: count)
            let isRight =
                civil.year == year && civil.month == month && civil.day == day
                && CivilDay(year: year, month: month, day: day).daysSince1970 == count
                && civil.weekday == Int((count + 4 + 7_000) % 7)
            guard isRight else {
                Issue.record("\(year)-\(month)-\(day) is not \(civil)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
    }

    /// Each field by itself: the minutes that it names, and no other.
    @Test func aFieldNamesItsNumbers() throws {
        let schedule = try CronSchedule(parsing: "3-9/3,50 * * * *")
        var minutes: [Int64] = []
        var from: Int64 = 0
        while let next = schedule.next(from: from), next < 120 {
            minutes.append(next)
            from = next + 1
        }
        #expect(minutes == [3, 6, 9, 50, 63, 66, 69, 110])
    }
}
