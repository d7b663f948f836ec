/// One line for people: time, level, message, then the metadata as `key=value`.
public struct HumanLogHandler: LogHandler {
    private let usesColor: Bool
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - usesColor: `true` only where the output is a terminal.
    ///   - write: gets each line with its line end; lines must not be mixed.
    public init(usesColor: Bool, write: @escaping @Sendable (String) -> Void) {
        self.usesColor = usesColor
        self.write = write
    }

    public func log(_ entry: LogEntry) { write(line(entry)) }

    func line(_ entry: LogEntry) -> String {
        let name = entry.level.rawValue
        let padding = String(repeating: " ", count: max(0, 7 - name.count))
        var line =
            "\(timestamp(entry.secondsSince1970)) \(colored(name, entry.level))\(padding) "
            + Self.printable(entry.message)
        for (key, value) in entry.metadata {
            line += " \(Self.printable(key))=\(Self.quoted(value.description))"
        }
        return line + "\n"
    }

    private func colored(_ text: String, _ level: LogLevel) -> String {
        guard usesColor else { return text }
        let code =
            switch level {
            case .debug: "2"
            case .info: "0"
            case .notice: "36"
            case .warning: "33"
            case .error: "31"
            }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" || $0 == "\\" }
        let printable = printable(text)
        guard !isPlain || printable != text else { return text }
        var result = "\""
        for character in printable {
            if character == "\"" { result += "\\" }
            result.append(character)
        }
        return result + "\""
    }

    /// Nothing in a value may move the cursor or begin a line of its own.
    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\u{0}"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{202a}"..."\u{202e}",
                "\u{2066}"..."\u{2069}":
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
