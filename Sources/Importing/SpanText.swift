internal import Model

/// Durations of other tools.
enum SpanText {
    /// `1m30s`, `1.5s`, `500ms`, `10us`; without a unit, `unit` is meant, where one is given.
    static func parse(_ text: String, unit: String? = nil) -> TimeSpan? {
        if let span = TimeSpan(parsing: text) { return span }
        let scales: [String: Double] = [
            "ns": 0.000_001, "us": 0.001, "µs": 0.001, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000,
            "d": 86_400_000
        ]
        var total = 0.0
        var rest = text[...]
        guard !rest.isEmpty, rest.utf8.count <= 32 else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest.dropFirst(name.count)
            guard let value = Double(number), let scale = scales[name.isEmpty ? unit ?? "" : String(name)]
            else {
                return nil
            }
            total += value * scale
        }
        guard total.isFinite, total >= 0, total < 315_360_000_000 else { return nil }
        return .milliseconds(Int64(total.rounded()))
    }
}
