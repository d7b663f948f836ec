/// One JSON object a line, keys `time`, `level`, `message`, then the metadata.
public struct JSONLogHandler: LogHandler {
    private let write: @Sendable (String) -> Void

    /// - Parameter write: gets each line with its line end; lines must not be mixed.
    public init(write: @escaping @Sendable (String) -> Void) { self.write = write }

    public func log(_ entry: LogEntry) { write(Self.line(entry)) }

    /// The line with its line end. Whatever the values hold, it is one line and valid JSON.
    static func line(_ entry: LogEntry) -> String {
        var line =
            "{\"time\":\"\(timestamp(entry.secondsSince1970))\",\"level\":\"\(entry.level.rawValue)\",\"message\":"
        append(entry.message, to: &line)
        for (key, value) in entry.metadata {
            line += ","
            // Twice the same key would make the object ambiguous.
            append(["time", "level", "message"].contains(key) ? "metadata." + key : key, to: &line)
            line += ":"
            switch value {
            case .text(let text): append(text, to: &line)
            case .integer(let number): line += "\(number)"
            case .boolean(let flag): line += "\(flag)"
            }
        }
        return line + "}\n"
    }

    private static func append(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            // Line separators end a line for some readers; control characters drive terminals.
            case "\u{0}"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
                let hex = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }
}
