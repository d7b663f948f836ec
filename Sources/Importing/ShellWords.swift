/// Words of a command line as a shell would split them, without running one.
enum ShellWords {
    /// `nil` where a quote is not closed.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch (quote, scalar) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case ("'", _): word = (word ?? .init()) + [scalar]
            case ("\"", "\\"):
                guard let next = scalars.next() else { return nil }
                if !"\"\\$`\n".unicodeScalars.contains(next) { word = (word ?? .init()) + [scalar] }
                word = (word ?? .init()) + [next]
            case ("\"", _): word = (word ?? .init()) + [scalar]
            case (_, "'"), (_, "\""):
                quote = scalar
                word = word ?? .init()
            case (_, "\\"):
                guard let next = scalars.next() else { return nil }
                if next != "\n" { word = (word ?? .init()) + [next] }
            case (_, " "), (_, "\t"), (_, "\n"), (_, "\r"):
                if let done = word { words.append(String(done)) }
                word = nil
            default: word = (word ?? .init()) + [scalar]
            }
        }
        guard quote == nil else { return nil }
        if let done = word { words.append(String(done)) }
        return words
    }

    /// Whether a line does more than to run one program: variables, pipes, lists, redirections, globs, assignments.
    static func needsShell(_ text: String) -> Bool {
        var isSingleQuoted = false
        for scalar in text.unicodeScalars {
            if scalar == "'" { isSingleQuoted.toggle() }
            if !isSingleQuoted, "$`|&;<>(){}*?[]~#\n".unicodeScalars.contains(scalar) { return true }
        }
        let first = text.split(separator: " ").first ?? ""
        return first.contains("=")
            || ["cd", "export", "source", ".", "exec", "if", "while", "for"].contains(first)
    }

    /// The command for a line: its words, or a shell with it where it needs one.
    static func command(_ line: String) -> [String] {
        if !needsShell(line), let words = split(line), !words.isEmpty { return words }
        // `exec`, so that the program gets the signals; only where the line is a single command.
        let isSingle = !line.unicodeScalars.contains { "|&;\n(){}".unicodeScalars.contains($0) }
        let startsPlain = !(line.split(separator: " ").first ?? "").contains("=") && !line.hasPrefix("exec ")
        return ["sh", "-c", isSingle && startsPlain ? "exec \(line)" : line]
    }
}
