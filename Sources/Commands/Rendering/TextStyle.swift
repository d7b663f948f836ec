/// What the place that text goes to can show.
struct TextStyle: Sendable, Hashable {
    /// `false`: plain ASCII only.
    var isUnicode: Bool
    var hasColour: Bool
    /// Columns of the terminal; `nil` where the output is not one, and no line is broken.
    var width: Int?

    /// `text` fit to be printed: no control character reaches a terminal, whatever a commit or a spec holds.
    func clean(_ text: String) -> String {
        var result = ""
        result.unicodeScalars.reserveCapacity(text.unicodeScalars.count)
        for scalar in text.unicodeScalars {
            if scalar == "\t" || scalar == "\n" {
                result += " "
            } else if Self.isDangerous(scalar) {
                continue
            } else if isUnicode || scalar.isASCII {
                result.unicodeScalars.append(scalar)
            } else {
                result += Self.ascii[scalar] ?? "?"
            }
        }
        return result
    }

    /// Controls of both sets, and what turns the direction of writing around or is not seen.
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static let ascii: [Unicode.Scalar: String] = [
        "●": "*", "⟳": "~", "✗": "x", "॥": "=", "◌": "o", "✔": "+", "·": "|", "→": "->", "…": "...", "×": "x",
        "└": "`-", "–": "-", "—": "-", "“": "\"", "”": "\"", "’": "'", "│": "|"
    ]
}

/// What a piece of text means; the style decides how that looks.
enum Tone: Sendable, Hashable {
    case plain, good, busy, bad, held, faint, strong

    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .good: "32"
        case .busy: "36"
        case .bad: "31"
        case .held: "33"
        case .faint: "2"
        case .strong: "1"
        }
    }
}

/// One line of output in pieces.
struct Line: Sendable, Hashable, ExpressibleByStringInterpolation {
    struct Span: Sendable, Hashable {
        var text: String
        var tone: Tone
    }
    var spans: [Span]

    init(_ spans: [Span] = []) { self.spans = spans }
    init(_ text: String, _ tone: Tone = .plain) { spans = [Span(text: text, tone: tone)] }
    init(stringLiteral value: String) { self.init(value) }

    static func + (left: Line, right: Line) -> Line { Line(left.spans + right.spans) }

    var isEmpty: Bool { spans.allSatisfy(\.text.isEmpty) }

    func width(_ style: TextStyle) -> Int { spans.reduce(0) { $0 + TextWidth.of(style.clean($1.text)) } }

    /// Without a line end and without trailing spaces.
    func text(_ style: TextStyle) -> String {
        var text = ""
        for span in spans {
            let clean = style.clean(span.text)
            if style.hasColour, let code = span.tone.code, !clean.isEmpty {
                text += "\u{1B}[\(code)m\(clean)\u{1B}[0m"
            } else {
                text += clean
            }
        }
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}

/// Columns that are as wide as their widest cell.
struct Table {
    var header: [String]
    var rows: [[Line]] = []

    init(_ header: [String]) { self.header = header }

    /// The last column is broken at spaces where the terminal is too narrow for it, and goes on a line of its own
    /// where it is much too narrow.
    func lines(_ style: TextStyle) -> [Line] {
        let widths = header.indices.map { column in
            ([Line(header[column])] + rows.map { column < $0.count ? $0[column] : Line() })
                .map { $0.width(style) }.max() ?? 0
        }
        let fixed = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        let room = style.width.map { $0 - fixed }
        var lines = [join(header.map { Line($0, .faint) }, widths, style)]
        for row in rows {
            guard let last = row.last, let room, last.width(style) > room, let width = style.width else {
                lines.append(join(row, widths, style))
                continue
            }
            let text = style.clean(last.spans.map(\.text).joined())
            let tone = last.spans.first?.tone ?? .plain
            let isBeside = room >= 24
            let parts = TextWidth.wrap(text, width: isBeside ? room : max(16, width - 4))
            lines.append(
                join(
                    Array(row.dropLast()) + [isBeside ? Line(parts.first ?? "", tone) : Line()], widths, style
                ))
            let indent = String(repeating: " ", count: isBeside ? fixed : 4)
            lines += parts.dropFirst(isBeside ? 1 : 0).map { Line(indent) + Line($0, tone) }
        }
        return lines
    }

    private func join(_ cells: [Line], _ widths: [Int], _ style: TextStyle) -> Line {
        var line = Line()
        for (column, cell) in cells.enumerated() {
            line = line + cell
            if column + 1 < cells.count, column < widths.count {
                line =
                    line + Line(String(repeating: " ", count: max(0, widths[column] - cell.width(style)) + 2))
            }
        }
        return line
    }
}

extension TextStyle {
    var withoutColour: TextStyle { TextStyle(isUnicode: isUnicode, hasColour: false, width: width) }
}
