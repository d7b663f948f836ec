/// Files of `KEY=VALUE` lines.
///
/// Blank lines and lines that begin with `#` are skipped; `export` before a key is allowed. A value in single quotes
/// is taken as it stands; in double quotes `\n`, `\t`, `\r`, `\"`, `\\` and `\$` are known; one without quotes ends
/// before ` #`. No value goes over several lines.
enum DotEnv {
    struct Line {
        var key: String
        var value: String
        /// Whether `${…}` is filled in: not in single quotes.
        var isLiteral: Bool
        /// From 1.
        var line: Int
    }
    struct Problem {
        var message: String
        var line: Int
        /// From 1, in characters.
        var column: Int
    }

    static func parse(_ text: String) -> (lines: [Line], problems: [Problem]) {
        var lines: [Line] = []
        var problems: [Problem] = []
        let rows = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, row) in rows.enumerated() {
            switch parse(row: Array(row.unicodeScalars), number: index + 1) {
            case .success(nil): break
            case .success(let line?): lines.append(line)
            case .failure(let problem): problems.append(problem)
            }
        }
        return (lines, problems)
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{FEFF}"
    }

    private static func parse(row: [Unicode.Scalar], number: Int) -> Result<Line?, Problem> {
        func problem(_ message: String, at offset: Int) -> Result<Line?, Problem> {
            .failure(Problem(message: message, line: number, column: offset + 1))
        }
        var start = row.firstIndex { !isBlank($0) } ?? row.count
        guard start < row.count, row[start] != "#" else { return .success(nil) }
        if row[start...].starts(with: "export ".unicodeScalars) {
            start = row[(start + 7)...].firstIndex { !isBlank($0) } ?? row.count
        }
        guard let equals = row[start...].firstIndex(of: "=") else {
            return problem("there is no `=` in this line; write `KEY=VALUE`", at: start)
        }
        let key = string(row[start..<equals]).trimmingBlanks()
        guard Grammar.variable(key) else {
            return problem("`\(Printable.text(key))` is not a name for a variable", at: start)
        }
        let first = row[(equals + 1)...].firstIndex { !isBlank($0) } ?? row.count
        guard first < row.count else {
            return .success(Line(key: key, value: "", isLiteral: true, line: number))
        }
        guard row[first] == "\"" || row[first] == "'" else {
            let value = plain(row[first...])
            return .success(Line(key: key, value: value, isLiteral: false, line: number))
        }
        return quoted(row, from: first, key: key, number: number)
    }

    private static func plain(_ row: ArraySlice<Unicode.Scalar>) -> String {
        var end = row.startIndex
        while end < row.endIndex {
            if row[end] == "#", end > row.startIndex, isBlank(row[end - 1]) { break }
            if row[end] == "#", end == row.startIndex { break }
            end += 1
        }
        return string(row[row.startIndex..<end]).trimmingBlanks()
    }

    private static func quoted(
        _ row: [Unicode.Scalar], from first: Int, key: String, number: Int
    ) -> Result<Line?, Problem> {
        let quote = row[first]
        var value = String.UnicodeScalarView()
        var index = first + 1
        while index < row.count, row[index] != quote {
            if quote == "\"", row[index] == "\\", index + 1 < row.count {
                guard let meant = escape(row[index + 1]) else {
                    return .failure(
                        Problem(
                            message: "`\\` before this character means nothing; write `\\\\`", line: number,
                            column: index + 1))
                }
                value.append(contentsOf: meant.unicodeScalars)
                // `\${` must not be filled in later.
                if row[index + 1] == "$", index + 2 < row.count, row[index + 2] == "{" { value.append("$") }
                index += 2
            } else {
                value.append(row[index])
                index += 1
            }
        }
        guard index < row.count else {
            return .failure(
                Problem(message: "the quote is not closed in this line", line: number, column: first + 1))
        }
        let rest = row[(index + 1)...].firstIndex { !isBlank($0) }
        if let rest, row[rest] != "#" {
            return .failure(
                Problem(message: "there is text behind the closing quote", line: number, column: rest + 1))
        }
        return .success(Line(key: key, value: String(value), isLiteral: quote == "'", line: number))
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "n": "\n"
        case "t": "\t"
        case "r": "\r"
        case "\"": "\""
        case "\\": "\\"
        case "$": "$"
        default: nil
        }
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
        return String(text)
    }
}

extension DotEnv.Problem: Error {}
