internal import Model

/// The rule at the end of a zone's file, as the environment variable `TZ` has it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneText {
    var standardOffset: Int64
    /// `nil`: the offset holds all year.
    var yearly: YearlyChange?

    static func parse(_ text: String) throws(ZoneFileError) -> ZoneText {
        var scanner = Scanner(text: text, rest: Array(text.utf8.prefix(256))[...])
        try scanner.name()
        // Written the other way round: what is to be added to the local time.
        let standard = -(try scanner.time(hoursUpTo: 24))
        guard !scanner.rest.isEmpty else { return ZoneText(standardOffset: standard) }
        try scanner.name()
        var summer = standard + 3_600
        if scanner.rest.first != UInt8(ascii: ",") { summer = -(try scanner.time(hoursUpTo: 24)) }
        try scanner.expect(",")
        let begin = try scanner.date()
        try scanner.expect(",")
        let end = try scanner.date()
        guard scanner.rest.isEmpty else { throw scanner.problem }
        return ZoneText(
            standardOffset: standard,
            yearly: YearlyChange(
                standardOffset: standard, summerOffset: summer, summerBegins: begin, summerEnds: end))
    }

    private struct Scanner {
        let text: String
        var rest: ArraySlice<UInt8>

        var problem: ZoneFileError {
            ZoneFileError(message: "its rule for the years to come cannot be read")
        }

        mutating func take(_ character: Character) -> Bool {
            guard let byte = character.asciiValue, rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }

        mutating func expect(_ character: Character) throws(ZoneFileError) {
            guard take(character) else { throw problem }
        }

        /// Letters, or anything in `<` and `>`.
        mutating func name() throws(ZoneFileError) {
            if take("<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { throw problem }
                rest = rest[(end + 1)...]
                return
            }
            let letters = rest.prefix {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
            }
            guard !letters.isEmpty else { throw problem }
            rest = rest.dropFirst(letters.count)
        }

        mutating func number(_ range: ClosedRange<Int>) throws(ZoneFileError) -> Int {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...3).contains(digits.count), let number = Int(String(decoding: digits, as: UTF8.self)),
                range.contains(number)
            else { throw problem }
            rest = rest.dropFirst(digits.count)
            return number
        }

        /// `[+-]hh[:mm[:ss]]`, in seconds.
        mutating func time(hoursUpTo limit: Int) throws(ZoneFileError) -> Int64 {
            let sign: Int64 = take("-") ? -1 : 1
            if sign == 1 { _ = take("+") }
            var seconds = Int64(try number(0...limit)) * 3_600
            if take(":") {
                seconds += Int64(try number(0...59)) * 60
                if take(":") { seconds += Int64(try number(0...59)) }
            }
            return sign * seconds
        }

        mutating func date() throws(ZoneFileError) -> YearlyChange.Date {
            let day: YearlyChange.Date.Day
            if take("M") {
                let month = try number(1...12)
                try expect(".")
                let week = try number(1...5)
                try expect(".")
                day = .weekday(month: month, week: week, weekday: try number(0...6))
            } else if take("J") {
                day = .dayWithoutLeap(try number(1...365))
            } else {
                day = .day(try number(0...365))
            }
            return YearlyChange.Date(day: day, second: take("/") ? try time(hoursUpTo: 167) : 7_200)
        }
    }
}
