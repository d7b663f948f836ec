/// What the container of a cron entry's run is called by: `20261126T0300Z`, the time at which it was due, in UTC.
///
/// As the name holds that time, the engine itself refuses a second container for the same run.
public struct CronRunName: Hashable, Sendable {
    /// When it was due; for a run by hand, when it was asked for.
    public var scheduled: WallTime
    public var isManual: Bool
    /// Which try of the command, from 1: others are tries after failures.
    public var number: Int
    /// Which container of that try, from 1: another one is made where the one before never ran.
    public var attempt: Int

    public init(scheduled: WallTime, isManual: Bool = false, number: Int = 1, attempt: Int = 1) {
        self.scheduled = scheduled
        self.isManual = isManual
        self.number = number
        self.attempt = attempt
    }

    /// The same for all tries: `20261126T0300Z`, and by hand `m20261126T081455Z`.
    public var run: String {
        let digits = scheduled.utc.utf8.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let text = String(decoding: digits, as: UTF8.self)
        let isOnMinute = text.hasSuffix("00") && !isManual
        let time = text.dropFirst(8)
        return "\(isManual ? "m" : "")\(text.prefix(8))T\(isOnMinute ? time.prefix(4) : time)Z"
    }

    /// As the label of the container has it: `run`, and `.2.1` after it for the first container of the second try.
    public var label: String { number == 1 && attempt == 1 ? run : "\(run).\(number).\(attempt)" }

    /// Reads a label; `nil` where it is not one of these.
    public init?(_ label: String) {
        let parts = label.split(separator: ".", omittingEmptySubsequences: false)
        guard let run = parts.first, parts.count == 1 || parts.count == 3 else { return nil }
        let isManual = run.first == "m"
        let digits = run.dropFirst(isManual ? 1 : 0).utf8
            .filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            .map { Int($0 - UInt8(ascii: "0")) }
        guard digits.count == 12 || digits.count == 14 else { return nil }
        func number(_ range: Range<Int>) -> Int {
            range.reduce(0) { $1 < digits.count ? $0 * 10 + digits[$1] : $0 }
        }
        let day = CivilDay(year: Int64(number(0..<4)), month: number(4..<6), day: number(6..<8))
        let seconds = number(8..<10) * 3_600 + number(10..<12) * 60 + number(12..<14)
        self.init(
            scheduled: WallTime(secondsSince1970: day.daysSince1970 * 86_400 + Int64(seconds)),
            isManual: isManual)
        if parts.count == 3 {
            guard let tries = Int(parts[1]), let attempt = Int(parts[2]), tries >= 1, attempt >= 1
            else { return nil }
            self.number = tries
            self.attempt = attempt
        }
        // Only what we write ourselves is one of ours.
        guard self.label == label else { return nil }
    }
}
