public import Model

/// The text of a file of secrets, changed a value at a time: what is not changed keeps its lines, comments too.
///
/// For whom the values are stands in comments `# recipient: age1…` at its head, because a value itself does not tell.
public struct SecretsText: Sendable {
    private static let mark = "# recipient: "
    private var lines: [String]
    /// Names with their lines, from 0, in the order of the file.
    private var blocks: [(name: String, lines: Range<Int>)]
    public let path: String

    /// A file without secrets.
    public init(path: String) {
        self.path = path
        lines = []
        blocks = []
    }

    /// - Throws: a finding where the file is not one, is of SOPS, or has several values in one line.
    public init(path: String, bytes: [UInt8]) throws(Diagnostic) {
        let file = SecretsFile.read(path: path, bytes: bytes)
        if let finding = file.findings.first { throw finding }
        guard !file.isSOPS else {
            throw Diagnostic(
                code: "sops_file", message: "the file is of SOPS; change it with `sops`", path: path, line: 1,
                column: 1)
        }
        self.path = path
        var text = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .map { String($0.last == "\r" ? $0.dropLast() : $0) }
        if text.last?.isEmpty == true { text.removeLast() }
        lines = text
        blocks = []
        for (index, entry) in file.entries.enumerated() {
            let next = index + 1 < file.entries.count ? file.entries[index + 1].line - 1 : text.count
            guard entry.column == 1, entry.line - 1 < next, next <= text.count else {
                throw Diagnostic(
                    code: "bad_secrets_file", message: "each name must begin a line of its own", path: path,
                    line: entry.line, column: entry.column)
            }
            var end = next
            while end > entry.line, Self.isBetween(text[end - 1]) { end -= 1 }
            blocks.append((entry.name, entry.line - 1..<end))
        }
    }

    private static func isBetween(_ line: String) -> Bool {
        line.hasPrefix("#") || line.allSatisfy { $0 == " " || $0 == "\t" }
    }

    public var names: [String] { blocks.map(\.name) }

    /// Those that the comments name, as they stand there.
    public var recipients: [String] {
        lines.filter { $0.hasPrefix(Self.mark) }.map { String($0.dropFirst(Self.mark.count)) }
    }

    public var bytes: [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

    public mutating func setRecipients(_ recipients: [String]) {
        guard recipients != self.recipients else { return }
        for index in lines.indices.reversed() where lines[index].hasPrefix(Self.mark) {
            replace(index..<index + 1, [])
        }
        replace(0..<0, recipients.map { Self.mark + $0 })
    }

    /// Sets a value, at the end where the name is new.
    ///
    /// - Parameter armored: an armored file of age.
    public mutating func set(_ name: String, to armored: String) {
        let new = ["\(name): |"] + armored.split(separator: "\n").map { "  \($0)" }
        if let block = blocks.firstIndex(where: { $0.name == name }) {
            replace(blocks[block].lines, new)
            blocks[block].lines = blocks[block].lines.lowerBound..<blocks[block].lines.lowerBound + new.count
        } else {
            blocks.append((name, lines.count..<lines.count + new.count))
            lines += new
        }
    }

    public mutating func remove(_ name: String) {
        guard let block = blocks.firstIndex(where: { $0.name == name }) else { return }
        let range = blocks.remove(at: block).lines
        replace(range, [])
    }

    private mutating func replace(_ range: Range<Int>, _ new: [String]) {
        lines.replaceSubrange(range, with: new)
        let shift = new.count - range.count
        for index in blocks.indices where blocks[index].lines.lowerBound >= range.upperBound {
            let old = blocks[index].lines
            blocks[index].lines = old.lowerBound + shift..<old.upperBound + shift
        }
    }
}

/// Values in clear, for the moment in which a person edits them.
public enum PlainSecrets {
    /// A map from names to values, in YAML.
    public static func text(_ values: [(name: String, value: String)]) -> String {
        YAMLWriter.text(.map(values.map { (key: $0.name, value: .text($0.value)) }))
    }

    /// - Returns: names and values in their order, or where the text is not such a map. No finding quotes it.
    public static func read(_ bytes: [UInt8]) -> Result<[(name: String, value: String)], Diagnostic> {
        func wrong(
            _ message: String, _ line: Int, _ column: Int
        ) -> Result<[(name: String, value: String)], Diagnostic> {
            .failure(Diagnostic(code: "bad_secrets", message: message, path: "", line: line, column: column))
        }
        let documents = YAMLStream.read(path: "", bytes: bytes).documents.filter {
            !($0.root.isNull && $0.findings.isEmpty)
        }
        guard let document = documents.first else { return .success([]) }
        if let finding = documents.flatMap(\.findings).first {
            return wrong("this cannot be read as YAML (\(finding.code))", finding.line, finding.column)
        }
        guard documents.count == 1, let entries = document.root.entries else {
            return wrong("this is not one map from names to values", 1, 1)
        }
        var values: [(name: String, value: String)] = []
        for entry in entries {
            guard Grammar.secret(entry.key) else {
                return wrong(
                    "a name of a secret has letters, digits and `_`, and no digit first", entry.keyMark.line,
                    entry.keyMark.column)
            }
            guard case .scalar(let text, _) = entry.value.content, !entry.value.isNull, !text.isEmpty else {
                return wrong(
                    "\(entry.key) has no value; remove its line to remove the secret", entry.keyMark.line, 1)
            }
            values.append((entry.key, text))
        }
        return .success(values)
    }
}
