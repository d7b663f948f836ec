/// Writes figures in the Prometheus text format 0.0.4. For figures that are taken from elsewhere at the moment of
/// the question; those that the program keeps stand in a `MetricsRegistry`.
public struct MetricsWriter: Sendable {
    public private(set) var text = ""

    public init() {}

    /// Begins a family. All samples of a family follow each other.
    ///
    /// - Parameter kind: `counter`, `gauge`, `histogram` or `untyped`.
    public mutating func begin(_ name: String, help: String, kind: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind)\n"
    }

    public mutating func sample(
        _ name: String, _ labels: [(name: String, value: String)] = [], _ value: Double
    ) {
        text += "\(name)\(Self.labels(labels)) \(Self.number(value))\n"
    }

    public mutating func sample(
        _ name: String, _ labels: [(name: String, value: String)] = [], integer value: Int64
    ) {
        text += "\(name)\(Self.labels(labels)) \(value)\n"
    }

    mutating func histogram(_ name: String, _ labels: [(name: String, value: String)], _ histogram: Histogram)
    {
        let snapshot = histogram.snapshot
        var total: Int64 = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.counts) {
            total += count
            sample(name + "_bucket", labels + [("le", Self.number(bound))], integer: total)
        }
        sample(name + "_sum", labels, snapshot.sum)
        sample(name + "_count", labels, integer: total)
    }

    static func labels(_ labels: [(name: String, value: String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
            + "}"
    }

    /// Letters, digits, `_` and `:`, no digit first.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ":")
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
