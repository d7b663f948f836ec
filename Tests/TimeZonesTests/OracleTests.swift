import Execution
import Model
import Planning
import Testing
import TimeZones

/// What `CronClock` says, against a program that looks at every minute through Python's own time zones.
@Suite struct OracleTests {
    /// Weeks in which clocks change, or are about to.
    private static let zones: [(name: String, days: [(Int64, Int, Int)])] = [
        ("Europe/Berlin", [(2026, 3, 29), (2026, 10, 25), (2041, 3, 31), (2041, 10, 27)]),
        ("America/New_York", [(2026, 3, 8), (2026, 11, 1), (2040, 3, 11)]),
        ("America/Sao_Paulo", [(2018, 2, 18), (2018, 11, 4)]),
        ("Australia/Lord_Howe", [(2026, 4, 5), (2026, 10, 4), (2039, 4, 3)]),
        ("Africa/Casablanca", [(2026, 2, 15), (2026, 3, 22)]),
        ("Europe/Dublin", [(2026, 3, 29), (2045, 10, 29)]),
        ("Pacific/Apia", [(2011, 12, 30)]),
        ("Asia/Kathmandu", [(2026, 6, 1)]),
        ("America/Nuuk", [(2026, 3, 29), (2050, 3, 27)]),
        ("Asia/Gaza", [(2026, 3, 28), (2026, 10, 24)]),
        ("America/Caracas", [(2016, 5, 1)]),
        ("UTC", [(2026, 12, 31)])
    ]
    private static let schedules = [
        "*/15 * * * *", "7 * * * *", "30 2 * * *", "0,30 0-3 * * *", "0 */2 * * *", "* 1-2 * * *",
        "15 0 * * 0", "0 3 29,30 * 1", "45 23 */2 * *", "59 1 * 3-4,10-11 *"
    ]

    private struct Case {
        var zone: String
        var start: Int64
        var until: Int64
        var schedule: String
        var line: String { "\(zone);\(start);\(until);\(schedule)\n" }
    }

    private static var cases: [Case] {
        zones.flatMap { zone in
            zone.days.flatMap { year, month, day in
                let second = CivilDay(year: year, month: month, day: day).daysSince1970 * 86_400
                return schedules.map {
                    Case(
                        zone: zone.name, start: second - 2 * 86_400, until: second + 3 * 86_400, schedule: $0)
                }
            }
        }
    }

    @Test func everyMinuteAgrees() throws {
        let cases = Self.cases
        let folder = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        let output = try Subprocess.run(
            ["/usr/bin/python3", "\(folder)/Oracle/due.py"], environment: ["LC_ALL": "C.UTF-8"],
            input: cases.flatMap { Array($0.line.utf8) }, timeout: .seconds(300), outputLimitInBytes: 64 << 20
        )
        try #require(output.exitCode == 0, "\(String(decoding: output.standardError, as: UTF8.self))")
        let lines = String(decoding: output.standardOutput, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        try #require(lines.count == cases.count + 1)
        let system = SystemZones()
        var total = 0
        for (item, line) in zip(cases, lines) {
            let expected = line.split(separator: " ").compactMap { Int64($0) }
            let clock = CronClock(
                try CronSchedule(parsing: item.schedule), in: try system.rules(of: item.zone))
            let actual = Self.due(clock, after: item.start, upTo: item.until)
            #expect(actual == expected, "\(item.line)")
            Self.checkLatest(clock, expected, item.start, item.until)
            total += expected.count
        }
        #expect(total > 5_000)
    }

    private static func due(_ clock: CronClock, after start: Int64, upTo until: Int64) -> [Int64] {
        var found: [Int64] = []
        var moment = WallTime(secondsSince1970: start)
        while let next = clock.next(after: moment), next.secondsSince1970 <= until {
            found.append(next.secondsSince1970)
            moment = next
        }
        return found
    }

    /// The way back finds what the way forward does.
    private static func checkLatest(
        _ clock: CronClock, _ expected: [Int64], _ start: Int64, _ until: Int64
    ) {
        for second in stride(from: start + 1, through: until, by: 9_973) {
            let latest = clock.latest(
                after: WallTime(secondsSince1970: start), upTo: WallTime(secondsSince1970: second))
            #expect(latest?.secondsSince1970 == expected.last { $0 <= second })
        }
    }
}
