/// Why a text is no schedule, in a sentence for its author.
public struct CronScheduleError: Error, Hashable, Sendable {
    public let message: String
}

extension CronSchedule {
    /// Reads five fields (minute, hour, day of month, month, day of week), or one of the words `@hourly`, `@daily`,
    /// `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`.
    ///
    /// A field is `*` or a list of numbers and ranges; `*` and ranges may have a step. Months and days of the week may
    /// be called by the first three letters of their English names, and Sunday is 0 or 7.
    ///
    /// - Throws: what is wrong with which field; also where no day would ever be named, as with 30 February.
    public init(parsing text: String) throws(CronScheduleError) {
        guard text.utf8.count <= 256 else {
            throw CronScheduleError(message: "it has more than 256 characters")
        }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        if let word = words.first, word.hasPrefix("@") {
            self = try Self.named(word, isAlone: words.count == 1)
            return
        }
        guard words.count == CronFieldKind.all.count else {
            let count = words.count == 1 ? "1 field" : "\(words.count) fields"
            throw CronScheduleError(
                message: "it has \(count) instead of five (minute, hour, day of month, month, day of week)")
        }
        var fields: [CronField] = []
        for (word, kind) in zip(words, CronFieldKind.all) { fields.append(try CronField(word, kind)) }
        self = try Self.of(fields)
    }

    private static func of(_ fields: [CronField]) throws(CronScheduleError) -> CronSchedule {
        let schedule = CronSchedule(
            minutes: fields[0].numbers, hours: fields[1].numbers, daysOfMonth: fields[2].numbers,
            months: fields[3].numbers,
            // Sunday has two numbers.
            daysOfWeek: (fields[4].numbers | fields[4].numbers >> 7) & 0x7f,
            isEitherDay: !fields[2].beginsWithStar && !fields[4].beginsWithStar,
            isEveryHour: fields[1].isStar)
        // A 29 February that is to be a certain day of the week comes within 40 years, everything else within twelve.
        for decade in 0..<4 where schedule.next(from: Int64(decade) * 10 * 365 * 1_440) != nil {
            return schedule
        }
        throw CronScheduleError(
            message: "none of its months has a day that it names, so it would never be due")
    }

    private static func named(
        _ word: String, isAlone: Bool
    ) throws(CronScheduleError) -> CronSchedule {
        guard isAlone else {
            throw CronScheduleError(message: "`\(CronField.shown(word))` stands alone, without other fields")
        }
        let fields: String
        switch word {
        case "@hourly": fields = "0 * * * *"
        case "@daily", "@midnight": fields = "0 0 * * *"
        case "@weekly": fields = "0 0 * * 0"
        case "@monthly": fields = "0 0 1 * *"
        case "@yearly", "@annually": fields = "0 0 1 1 *"
        case "@reboot":
            throw CronScheduleError(
                message:
                    "`@reboot` is not known, as an app does not live on one machine; use a process, or a time"
            )
        default:
            throw CronScheduleError(
                message:
                    "`\(CronField.shown(word))` is not known; the words are `@hourly`, `@daily`, `@weekly`,"
                    + " `@monthly` and `@yearly`")
        }
        return try CronSchedule(parsing: fields)
    }
}

/// What one of the five fields is about.
struct CronFieldKind {
    let name: String
    let range: ClosedRange<Int>
    /// Names of the numbers, the first of them for `firstNamed`.
    let names: [String]
    let firstNamed: Int

    static let all = [
        CronFieldKind(name: "minute", range: 0...59, names: [], firstNamed: 0),
        CronFieldKind(name: "hour", range: 0...23, names: [], firstNamed: 0),
        CronFieldKind(name: "day of month", range: 1...31, names: [], firstNamed: 0),
        CronFieldKind(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
            firstNamed: 1),
        CronFieldKind(
            name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
            firstNamed: 0)
    ]
}

/// One of the five fields.
struct CronField {
    /// Bit `n` is set for the number `n`.
    private(set) var numbers: UInt64 = 0
    let beginsWithStar: Bool
    let isStar: Bool
    private let kind: CronFieldKind

    init(_ text: String, _ kind: CronFieldKind) throws(CronScheduleError) {
        self.kind = kind
        beginsWithStar = text.hasPrefix("*")
        isStar = text == "*"
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            try add(String(item))
        }
    }

    static func shown(_ text: String) -> String {
        String(text.unicodeScalars.prefix(40).map { $0.value > 32 && $0.value < 127 ? Character($0) : "?" })
    }

    private mutating func add(_ item: String) throws(CronScheduleError) {
        guard !item.isEmpty else { throw problem("has an empty place in its list") }
        let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let range = try range(parts[0])
        var step = 1
        if parts.count == 2 {
            guard parts[0].contains("*") || parts[0].contains("-") else {
                throw problem(
                    "`\(Self.shown(item))` has a step without a range; write"
                        + " `\(Self.shown(parts[0]))-\(kind.range.upperBound)/\(Self.shown(parts[1]))`")
            }
            guard let number = Self.digits(parts[1]), number >= 1, number <= kind.range.upperBound else {
                throw problem(
                    "`\(Self.shown(item))` has a step that is not from 1 to \(kind.range.upperBound)")
            }
            step = number
        }
        for number in stride(from: range.lowerBound, through: range.upperBound, by: step) {
            numbers |= 1 << UInt64(number)
        }
    }

    private func range(_ text: String) throws(CronScheduleError) -> ClosedRange<Int> {
        // 7 is Sunday once more.
        if text == "*" { return kind.range.upperBound == 7 ? 0...6 : kind.range }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let low = try number(ends[0], in: text)
        guard ends.count == 2 else { return low...low }
        var high = try number(ends[1], in: text)
        if ends[1].lowercased() == "sun", low > 0 { high = 7 }
        guard low <= high else {
            throw problem(
                "`\(Self.shown(text))` ends before it begins; write it as two ranges with a comma between them"
            )
        }
        return low...high
    }

    private func number(_ text: String, in item: String) throws(CronScheduleError) -> Int {
        let word = text.lowercased()
        if let index = kind.names.firstIndex(of: word) { return index + kind.firstNamed }
        guard let number = Self.digits(text) else {
            let names = kind.names.isEmpty ? "" : " or a name such as `\(kind.names[1])`"
            throw problem("`\(Self.shown(item))` is not `*`, a number\(names), or a range such as `1-5`")
        }
        guard kind.range.contains(number) else {
            throw problem(
                "`\(Self.shown(text))` is not from \(kind.range.lowerBound) to \(kind.range.upperBound)")
        }
        return number
    }

    private static func digits(_ text: String) -> Int? {
        guard (1...4).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }

    private func problem(_ sentence: String) -> CronScheduleError {
        CronScheduleError(message: "the \(kind.name): \(sentence)")
    }
}
