internal import Model

extension SpecDecoder {
    /// Text that is not, without quotes, a number, a boolean or nothing; and without NUL.
    func text(_ field: Field?, wanted: String = "text") -> String? {
        guard let field else { return nil }
        guard case .scalar(let text, let isPlain) = field.node.content else {
            wrongType(field, wanted: wanted)
            return nil
        }
        if isPlain {
            let kind = PlainScalar.kind(of: text)
            guard kind == .text else {
                let shown = Printable.text(text)
                let name =
                    kind == .null
                    ? "nothing" : kind == .boolean ? "the boolean \(shown)" : "the number \(shown)"
                let hint = kind == .null ? "" : "; put it in quotes if it is meant as text"
                error(
                    "wrong_type", "`\(field.path)` must be \(wanted), not \(name)\(hint)", at: field.mark,
                    field.path)
                return nil
            }
        }
        guard !text.utf8.contains(0) else {
            error(
                "bad_text", "`\(field.path)` holds a NUL byte, which no process can be given; remove it",
                at: field.mark, field.path)
            return nil
        }
        return text
    }

    /// A whole number without quotes.
    func integer(_ field: Field?, in range: ClosedRange<Int>) -> Int? {
        guard let field else { return nil }
        guard case .scalar(let text, isPlain: true) = field.node.content,
            PlainScalar.kind(of: text) == .integer,
            !text.hasPrefix("0x"), !text.hasPrefix("0o")
        else {
            wrongType(field, wanted: "a whole number without quotes")
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            outOfRange(field, text, from: "\(range.lowerBound)", to: "\(range.upperBound)")
            return nil
        }
        return number
    }

    func boolean(_ field: Field?) -> Bool? {
        guard let field else { return nil }
        if case .scalar(let text, isPlain: true) = field.node.content, PlainScalar.kind(of: text) == .boolean
        {
            return text.lowercased() == "true"
        }
        wrongType(field, wanted: "`true` or `false` without quotes")
        return nil
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ field: Field?, _ type: Choice.Type
    ) -> Choice? {
        guard let field, let text = text(field, wanted: "one of \(choices(type))") else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let meant = Suggestions.nearest(to: text, among: names).map { "; did you mean `\($0)`?" } ?? ""
        error(
            "bad_choice",
            "`\(field.path)` must be one of \(choices(type)), not `\(Printable.text(text))`\(meant)",
            at: field.mark, field.path)
        return nil
    }

    private func choices<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> String {
        Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    }

    func outOfRange(_ field: Field, _ text: String, from low: String, to high: String) {
        error(
            "out_of_range", "`\(field.path)` is `\(Printable.text(text))`; it must be from \(low) to \(high)",
            at: field.mark, field.path)
    }

    /// A duration such as `1m30s` within bounds.
    func duration(_ field: Field?, from low: TimeSpan, to high: TimeSpan) -> TimeSpan? {
        guard let field else { return nil }
        guard case .scalar(let text, _) = field.node.content, !field.node.isNull else {
            wrongType(field, wanted: "a duration such as `30s`")
            return nil
        }
        switch DurationText.parse(text) {
        case .failure(let problem):
            error("bad_duration", "`\(field.path)`: \(problem.message)", at: field.mark, field.path)
            return nil
        case .success(let span):
            guard (low...high).contains(span) else {
                outOfRange(field, text, from: low.description, to: high.description)
                return nil
            }
            return span
        }
    }

    func size(_ field: Field?, from low: Int64, to high: Int64) -> Int64? {
        guard let field else { return nil }
        guard case .scalar(let text, _) = field.node.content, !field.node.isNull else {
            wrongType(field, wanted: "a size such as `256M`")
            return nil
        }
        switch SizeText.parse(text) {
        case .failure(let problem):
            error("bad_size", "`\(field.path)`: \(problem.message)", at: field.mark, field.path)
            return nil
        case .success(let size):
            guard (low...high).contains(size) else {
                outOfRange(field, text, from: SizeText.text(low), to: SizeText.text(high))
                return nil
            }
            return size
        }
    }

    /// A number of cores in billionths.
    func cpus(_ field: Field?) -> Int64? {
        guard let field else { return nil }
        guard case .scalar(let text, _) = field.node.content, !field.node.isNull else {
            wrongType(field, wanted: "a number of cores such as `0.5`")
            return nil
        }
        guard let billionths = DecimalText.parse(text, scale: 1_000_000_000) else {
            error(
                "bad_number",
                "`\(field.path)` must be a number of cores such as `0.5`, with at most 9 decimals, not"
                    + " `\(Printable.text(text))`", at: field.mark, field.path)
            return nil
        }
        guard (10_000_000...1_024_000_000_000).contains(billionths) else {
            outOfRange(field, text, from: "0.01", to: "1024")
            return nil
        }
        return billionths
    }

    /// A count without quotes, or a share such as `25%`.
    func portion(_ field: Field?) -> Portion? {
        guard let field else { return nil }
        guard case .scalar(let text, let isPlain) = field.node.content, !field.node.isNull else {
            wrongType(field, wanted: "a count such as `1` or a share such as `25%`")
            return nil
        }
        if text.hasSuffix("%") { return percent(field, in: 0...100).map { .percent($0) } }
        guard isPlain, PlainScalar.kind(of: text) == .integer else {
            error(
                "bad_number",
                "`\(field.path)` must be a count such as `1` or a share such as `25%`, not"
                    + " `\(Printable.text(text))`", at: field.mark, field.path)
            return nil
        }
        return integer(field, in: 0...1_000).map { .count($0) }
    }

    /// Whole per cent such as `25%`.
    func percent(_ field: Field?, in range: ClosedRange<Int>) -> Int? {
        guard let field else { return nil }
        guard case .scalar(let text, _) = field.node.content, text.hasSuffix("%"),
            let digits = Optional(text.dropLast()), !digits.isEmpty, digits.utf8.allSatisfy(isDigit)
        else {
            let shown: String
            if case .scalar(let text, _) = field.node.content {
                shown = "`\(Printable.text(text))`"
            } else {
                shown = field.node.kindName
            }
            error(
                "bad_number", "`\(field.path)` must be whole per cent such as `25%`, not \(shown)",
                at: field.mark, field.path)
            return nil
        }
        guard let number = Int(digits), range.contains(number) else {
            outOfRange(field, text, from: "\(range.lowerBound)%", to: "\(range.upperBound)%")
            return nil
        }
        return number
    }

    /// A list of words, at least one.
    func command(_ field: Field?) -> [String]? {
        guard let field else { return nil }
        if case .scalar(let text, _) = field.node.content, !text.isEmpty {
            error(
                "wrong_type",
                "`\(field.path)` must be a list of words such as `[bin/web, --verbose]`; for a line of shell write"
                    + " `[sh, -c, \"…\"]`", at: field.mark, field.path)
            return nil
        }
        guard let items = list(field, limit: 256) else { return nil }
        guard !items.isEmpty else {
            error(
                "out_of_range", "`\(field.path)` is empty; name the program, or leave the key out",
                at: field.mark, field.path)
            return nil
        }
        let words = items.map { text($0) }
        if words.first == .some(""), let first = items.first {
            error("bad_text", "`\(first.path)` is empty; name the program", at: first.mark, first.path)
            return nil
        }
        return words.contains(nil) ? nil : words.compactMap(\.self)
    }

    /// A name by the shared grammar.
    func name<Name: Identifier>(_ field: Field?, _ type: Name.Type) -> Name? {
        guard let field, let text = text(field, wanted: "a name") else { return nil }
        return name(text, type, at: field.mark, field.path)
    }

    func name<Name: Identifier>(
        _ text: String, _ type: Name.Type, at mark: SourceMark, _ path: String
    ) -> Name? {
        if let name = Name(text) { return name }
        error(
            "bad_name",
            "`\(Printable.text(text))` is not a name: use 1 to \(NameGrammar.maximumLength) of `a`–`z`, `0`–`9` and `-`,"
                + " with a letter first and no `-` at the end", at: mark, path)
        return nil
    }

    /// Checks text against a grammar.
    func checked(
        _ field: Field?, _ code: String, wanted: String, _ accepts: (String) -> Bool
    ) -> String? {
        guard let field, let text = text(field, wanted: wanted) else { return nil }
        guard accepts(text) else {
            error(
                code, "`\(field.path)` must be \(wanted), not `\(Printable.text(text))`", at: field.mark,
                field.path)
            return nil
        }
        return text
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
}
