internal import Model

/// Why a value's text was refused, as a sentence.
struct ValueProblem: Error {
    var message: String
}

/// Durations as in Compose, with a sentence of its own for each way to get one wrong.
enum DurationText {
    static func parse(_ text: String) -> Result<TimeSpan, ValueProblem> {
        if let span = TimeSpan(parsing: text) { return .success(span) }
        return .failure(ValueProblem(message: problem(with: text)))
    }

    private static func problem(with text: String) -> String {
        let shown = Printable.text(text)
        let bytes = Array(text.utf8.prefix(64))
        guard let first = bytes.first else { return "it is empty; write a duration such as `30s`" }
        if first == UInt8(ascii: "-") { return "`\(shown)` is negative; a duration cannot be" }
        if first == UInt8(ascii: "+") { return "`\(shown)` has a sign; write `\(shown.dropFirst())`" }
        if bytes.allSatisfy(isDigit) { return "`\(shown)` has no unit; write `\(shown)s` for seconds" }
        if bytes.contains(UInt8(ascii: ".")) {
            return
                "`\(shown)` has a fraction; use a smaller unit, such as `1500ms` for one and a half seconds"
        }
        if isExponent(bytes) { return "`\(shown)` has an exponent; write the number out" }
        let isWellFormed = bytes.allSatisfy { isDigit($0) || "hms".utf8.contains($0) }
        if isWellFormed, isDigit(first), bytes.last.map(isDigit) == false {
            if isOrdered(bytes) { return "`\(shown)` is longer than 10 years" }
            return "`\(shown)` has its units out of order; write `h`, `m`, `s`, `ms` in this order, each once"
        }
        return
            "`\(shown)` is not a duration; write numbers with the units `h`, `m`, `s` and `ms`, such as `1m30s`"
    }

    private static func isExponent(_ bytes: [UInt8]) -> Bool {
        guard let index = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }), index > 0 else {
            return false
        }
        return isDigit(bytes[index - 1])
            && bytes[(index + 1)...].first.map { isDigit($0) || $0 == 0x2B || $0 == 0x2D } == true
    }

    private static func isOrdered(_ bytes: [UInt8]) -> Bool {
        let units = bytes.split(whereSeparator: isDigit).map { String(decoding: $0, as: UTF8.self) }
        let ranks = units.map { ["h", "m", "s", "ms"].firstIndex(of: $0) }
        guard !ranks.contains(nil) else { return false }
        return zip(ranks, ranks.dropFirst()).allSatisfy { ($0 ?? 0) < ($1 ?? 0) }
    }
}

/// Sizes as in Compose: `256M`, `1.5G`, `512kb`, `1GiB`; all in powers of 1024, whatever the case.
enum SizeText {
    private static let units: [String: Int64] = {
        var units: [String: Int64] = ["": 1, "b": 1]
        for (letter, shift) in [("k", 10), ("m", 20), ("g", 30), ("t", 40)] {
            for suffix in ["", "b", "ib"] { units[letter + suffix] = 1 << shift }
        }
        return units
    }()

    /// In bytes; a fraction of a byte is dropped.
    static func parse(_ text: String) -> Result<Int64, ValueProblem> {
        let shown = Printable.text(text)
        if text.hasPrefix("-") {
            return .failure(ValueProblem(message: "`\(shown)` is negative; a size cannot be"))
        }
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).lowercased()
        guard !number.isEmpty, let scale = units[unit] else {
            let problem = number.isEmpty ? "is not a size" : "has a unit that does not exist"
            return .failure(
                ValueProblem(message: "`\(shown)` \(problem); write a size such as `256M` or `1.5G`"))
        }
        guard let bytes = DecimalText.parse(String(number), scale: scale) else {
            return .failure(
                ValueProblem(
                    message: "`\(shown)` is too large or has too many digits; write a size such as `256M`"))
        }
        return .success(bytes)
    }

    /// The shortest exact form.
    static func text(_ bytes: Int64) -> String {
        for (letter, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes > 0 {
            if bytes % (1 << shift) == 0 { return "\(bytes >> shift)\(letter)" }
        }
        return "\(bytes)"
    }
}

/// Decimal numbers without sign and exponent.
enum DecimalText {
    /// `text` times `scale`, rounded down; `nil` where it is malformed, has more than 9 decimals or overflows.
    static func parse(_ text: String, scale: Int64) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.utf8.allSatisfy(isDigit),
            let number = Int64(whole)
        else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product }
        let decimals = parts[1]
        guard (1...9).contains(decimals.utf8.count), decimals.utf8.allSatisfy(isDigit),
            let fraction = Int64(decimals)
        else { return nil }
        var power: Int64 = 1
        for _ in 0..<decimals.utf8.count { power *= 10 }
        // fraction < 10^9 and scale <= 2^40, so the product may pass 2^63: computed in full width.
        let wide = fraction.multipliedFullWidth(by: scale)
        let part = power.dividingFullWidth(wide).quotient
        let (sum, sumOverflow) = product.addingReportingOverflow(part)
        return sumOverflow ? nil : sum
    }

    /// The shortest text for billionths: `500000000` is `0.5`.
    static func text(billionths: Int64) -> String {
        let whole = billionths / 1_000_000_000
        var rest = billionths % 1_000_000_000
        guard rest > 0 else { return "\(whole)" }
        var digits = ""
        for _ in 0..<9 {
            rest *= 10
            digits += "\(rest / 1_000_000_000)"
            rest %= 1_000_000_000
        }
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
