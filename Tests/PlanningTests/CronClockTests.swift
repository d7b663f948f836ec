import Model
import Planning
import Testing

/// What the manual says of clocks that are put forward and back; `OracleTests` compares many more.
@Suite struct CronClockTests {
    /// Central Europe: forward at 2:00 on 29 March 2026, back at 3:00 on 25 October.
    private static let berlin = ZoneRules(
        name: "Europe/Berlin", firstOffset: 3_600,
        yearly: YearlyChange(
            standardOffset: 3_600, summerOffset: 7_200,
            summerBegins: .init(day: .weekday(month: 3, week: 5, weekday: 0), second: 7_200),
            summerEnds: .init(day: .weekday(month: 10, week: 5, weekday: 0), second: 10_800)))

    private func due(_ schedule: String, _ month: Int, _ day: Int) throws -> [String] {
        let clock = CronClock(try CronSchedule(parsing: schedule), in: Self.berlin)
        let midnight = CivilDay(year: 2026, month: month, day: day).daysSince1970 * 86_400
        // 23:00 UTC in winter, 22:00 in summer is midnight there; the day ends with the first of the next one.
        let begin = midnight - Self.berlin.stretch(at: midnight).offset
        let next = midnight + 86_400
        let end = next - Self.berlin.stretch(at: next).offset
        var found: [String] = []
        var moment = WallTime(secondsSince1970: begin - 1)
        while let next = clock.next(after: moment), next.secondsSince1970 < end {
            found.append(String(next.utc.dropFirst(11).prefix(5)))
            moment = next
        }
        return found
    }

    @Test func aTimeThatIsLeftOutComesWithTheChange() throws {
        #expect(try due("30 2 * * *", 3, 29) == ["01:00"])
        #expect(try due("0,15,30 2 * * *", 3, 29) == ["01:00"], "once, not three times in one moment")
        #expect(try due("0 2-3 * * *", 3, 29) == ["01:00"])
        #expect(try due("30 1,2,3 * * *", 3, 29) == ["00:30", "01:00", "01:30"])
    }

    @Test func aTimeThatComesTwiceCountsOnce() throws {
        #expect(try due("30 2 * * *", 10, 25) == ["00:30"])
        #expect(try due("0 1-3 * * *", 10, 25) == ["23:00", "00:00", "02:00"])
    }

    @Test func everyHourGoesByTheTimeThatPasses() throws {
        #expect(try due("0 * * * *", 3, 29).count == 23)
        #expect(try due("0 * * * *", 10, 25).count == 25)
        #expect(try due("*/15 * * * *", 10, 25).count == 100)
    }

    @Test func theLatestOfManyIsFound() throws {
        let clock = CronClock(try CronSchedule(parsing: "*/5 * * * *"), in: .utc)
        func wall(_ second: Int64) -> WallTime { WallTime(secondsSince1970: second) }
        #expect(clock.latest(after: wall(0), upTo: wall(299)) == nil)
        #expect(clock.latest(after: wall(0), upTo: wall(300)) == wall(300))
        #expect(clock.latest(after: wall(300), upTo: wall(599)) == nil)
        #expect(clock.latest(after: wall(0), upTo: wall(100_000_000)) == wall(99_999_900))
        #expect(clock.latest(after: wall(600), upTo: wall(0)) == nil, "a clock that was put back")
    }

    @Test func noClockIsWrongEnoughForATrap() throws {
        for schedule in ["* * * * *", "0 3 29 2 *", "30 2 * * 0"] {
            let clock = CronClock(try CronSchedule(parsing: schedule), in: Self.berlin)
            for second in [.min, -1, 0, .max / 2, .max] as [Int64] {
                let moment = WallTime(secondsSince1970: second)
                _ = clock.next(after: moment)
                _ = clock.latest(after: WallTime(secondsSince1970: 0), upTo: moment)
                _ = clock.latest(after: moment, upTo: WallTime(secondsSince1970: .max))
            }
        }
    }
}
