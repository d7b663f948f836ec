internal import Model

/// One value on its way to be decoded.
struct Field {
    var node: YAMLNode
    /// Such as `processes.web.port`.
    var path: String
    var mark: SourceMark { node.mark }
}

/// The keys of one map, checked against the table.
struct Fields {
    let mark: SourceMark
    let path: String
    private let values: [String: Field]
    let keyMarks: [String: SourceMark]

    init(mark: SourceMark, path: String, values: [String: Field], keyMarks: [String: SourceMark]) {
        self.mark = mark
        self.path = path
        self.values = values
        self.keyMarks = keyMarks
    }

    subscript(key: String) -> Field? { values[key] }
    func has(_ key: String) -> Bool { values[key] != nil }
    /// Where the key stands, else where the map begins.
    func mark(of key: String) -> SourceMark { keyMarks[key] ?? mark }
    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    var names: [String] { keyMarks.keys.sorted() }
}

extension SpecDecoder {
    func error(_ code: String, _ message: String, at mark: SourceMark, _ path: String) {
        findings.add(code, .error, message, at: mark, path)
    }

    func warning(_ code: String, _ message: String, at mark: SourceMark, _ path: String) {
        findings.add(code, .warning, message, at: mark, path)
    }

    /// The map in `field` with the keys that the table has for `pattern`; reports all others.
    func fields(_ field: Field, _ pattern: String) -> Fields? {
        guard let entries = map(field) else { return nil }
        let known = SpecKeys.children(of: pattern) ?? []
        var values: [String: Field] = [:]
        var marks: [String: SourceMark] = [:]
        for entry in entries {
            let path = join(field.path, entry.key)
            guard known.contains(entry.key) else {
                if !entry.key.hasPrefix("x-") { reportUnknown(entry, in: pattern, among: known, path) }
                continue
            }
            marks[entry.key] = entry.keyMark
            let keyPattern = pattern.isEmpty ? entry.key : "\(pattern).\(entry.key)"
            if let sentence = NotYetSupported.sentence(for: keyPattern, named: entry.key, hasEdge: hasEdge) {
                error("not_yet_supported", sentence, at: entry.keyMark, path)
            }
            if entry.value.isNull {
                error(
                    "missing_value", "`\(entry.key)` has no value; give it one or leave the key out",
                    at: entry.keyMark, path)
            } else if case .refused = entry.value.content {
                continue
            } else {
                values[entry.key] = Field(node: entry.value, path: path)
            }
        }
        return Fields(mark: field.mark, path: field.path, values: values, keyMarks: marks)
    }

    private func reportUnknown(_ entry: YAMLEntry, in pattern: String, among known: [String], _ path: String)
    {
        // Past the bound on findings nobody reads the suggestion, and thousands of them would cost seconds.
        let ending = findings.isFull ? "" : Suggestions.ending(for: entry.key, in: pattern, among: known)
        error(
            "unknown_key", "there is no key `\(Printable.text(entry.key))` here\(ending)", at: entry.keyMark,
            path)
    }

    /// The entries of a map whose keys the author chooses.
    func map(_ field: Field) -> [YAMLEntry]? {
        guard let entries = field.node.entries else {
            wrongType(field, wanted: "a map of keys and values")
            return nil
        }
        return entries
    }

    func list(_ field: Field?, limit: Int) -> [Field]? {
        guard let field else { return nil }
        guard case .sequence(let nodes) = field.node.content else {
            wrongType(field, wanted: "a list such as `[a, b]`")
            return nil
        }
        guard nodes.count <= limit else {
            error(
                "out_of_range", "`\(field.path)` has \(nodes.count) items; at most \(limit) are allowed",
                at: field.mark, field.path)
            return nil
        }
        return nodes.enumerated().map { Field(node: $0.element, path: "\(field.path)[\($0.offset)]") }
    }

    func join(_ path: String, _ key: String) -> String {
        let name = Printable.text(key)
        return path.isEmpty ? name : "\(path).\(name)"
    }

    func wrongType(_ field: Field, wanted: String) {
        if case .refused = field.node.content { return }
        error(
            "wrong_type", "`\(field.path)` must be \(wanted), not \(field.node.kindName)", at: field.mark,
            field.path)
    }

    /// The value of a key that must be there.
    func require(_ fields: Fields, _ key: String) -> Field? {
        if let field = fields[key] { return field }
        if fields.keyMarks[key] == nil {
            let place = fields.path.isEmpty ? "" : " under `\(fields.path)`"
            error("missing_key", "the key `\(key)` is missing\(place)", at: fields.mark, fields.path(of: key))
        }
        return nil
    }
}
