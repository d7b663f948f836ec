public import Model

/// Reads YAML that was written for another tool: with anchors, aliases, merge keys, and JSON as the subset that it is.
///
/// Specs of ours are refused for any of them. What aliases expand to is bounded, so that a few lines cannot become
/// millions of values.
public enum ForeignYAML {
    /// Values after the expansion of all aliases.
    public static let valueLimit = 200_000
    static let depthLimit = 64

    /// The first document of a file.
    ///
    /// - Parameters:
    ///   - path: for findings.
    ///   - bytes: at most 1 MiB of UTF-8.
    /// - Returns: its root, `nil` where it is empty, and what of it was passed over, as warnings.
    /// - Throws: why it cannot be read, with the place.
    public static func read(path: String, bytes: [UInt8]) throws(Diagnostic) -> (ForeignNode?, [Diagnostic]) {
        guard bytes.count <= YAMLBudget.bytes else {
            throw Diagnostic(
                code: "too_large", message: "the file is larger than \(YAMLBudget.bytes >> 10) KiB",
                path: path)
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Diagnostic(code: "not_utf8", message: "the file is not UTF-8 text", path: path)
        }
        var builder = ForeignBuilder(source: SourceText(path: path, bytes: bytes))
        try builder.read(bytes)
        return (builder.root, builder.findings)
    }
}

/// Builds a tree from events with a stack of its own.
private struct ForeignBuilder {
    private(set) var root: ForeignNode?
    private(set) var findings: [Diagnostic] = []
    private let source: SourceText
    private var stack: [Frame] = []
    private var anchors: [String: Sized] = [:]
    private var count = 0
    private var documents = 0

    /// A node, and how many values and levels it has with its aliases filled in.
    private struct Sized {
        var node: ForeignNode
        var size = 1
        var depth = 1
    }

    private struct Frame {
        var isMap: Bool
        var mark: SourceMark
        var anchor: String?
        var items: [ForeignNode] = []
        var entries: [ForeignEntry] = []
        var seen: Set<String> = []
        var key: ForeignNode?
        var size = 1
        var depth = 0
    }

    init(source: SourceText) { self.source = source }

    mutating func read(_ bytes: [UInt8]) throws(Diagnostic) {
        do throws(YAMLSyntaxError) {
            var parser = try YAMLParser(bytes)
            while true {
                let event = try parser.next()
                if case .streamEnd = event.kind { return }
                if let problem = take(event) {
                    if problem.severity == .error { throw YAMLSyntaxError(found: problem) }
                    return
                }
            }
        } catch {
            throw diagnostic(error)
        }
    }

    /// - Returns: why the reading ends, if it does: an error, or a warning where the rest is passed over.
    private mutating func take(_ event: YAMLEvent) -> Diagnostic? {
        let mark = SourceMark(source: source, line: event.line, column: event.column)
        switch event.kind {
        case .streamStart, .streamEnd, .documentEnd: return nil
        case .documentStart:
            documents += 1
            guard documents > 1 else { return nil }
            let finding = finding("document", .warning, "only the first document of the file is read", mark)
            findings.append(finding)
            return finding
        case .alias: return fillIn(event.anchor ?? "", mark)
        case .scalar(let text, let isPlain, let decoration):
            noteTag(decoration, text, mark)
            let node = ForeignNode(content: .scalar(text, isPlain: isPlain && !decoration.hasTag), mark: mark)
            return add(Sized(node: node), anchor: event.anchor, mark)
        case .largeScalar:
            return finding(
                "too_large", .error, "a value is longer than \(YAMLBudget.scalarInBytes >> 10) KiB", mark)
        case .sequenceStart(let decoration), .mappingStart(let decoration):
            noteTag(decoration, "", mark)
            guard stack.count < ForeignYAML.depthLimit else { return tooDeep(mark) }
            var isMap = false
            if case .mappingStart = event.kind { isMap = true }
            stack.append(Frame(isMap: isMap, mark: mark, anchor: event.anchor))
            return nil
        case .sequenceEnd, .mappingEnd: return close()
        }
    }

    private mutating func close() -> Diagnostic? {
        guard let frame = stack.popLast() else { return nil }
        let content: ForeignNode.Content
        if frame.isMap {
            content = .map(merged(frame.entries))
        } else {
            content = .list(frame.items)
        }
        let node = ForeignNode(content: content, mark: frame.mark)
        return add(
            Sized(node: node, size: frame.size, depth: frame.depth + 1), anchor: frame.anchor, frame.mark)
    }

    private mutating func fillIn(_ name: String, _ mark: SourceMark) -> Diagnostic? {
        guard let meant = anchors[name] else {
            return finding(
                "alias", .error, "`*\(Printable.text(name))` names an anchor that does not stand before it",
                mark)
        }
        return add(meant, anchor: nil, mark)
    }

    private mutating func add(_ value: Sized, anchor: String?, _ mark: SourceMark) -> Diagnostic? {
        count += value.size
        guard count <= ForeignYAML.valueLimit else {
            return finding(
                "too_many_values", .error,
                "the file holds more than \(ForeignYAML.valueLimit) values with its aliases filled in", mark)
        }
        guard stack.count + value.depth <= ForeignYAML.depthLimit else { return tooDeep(mark) }
        if let anchor { anchors[anchor] = value }
        guard let top = stack.indices.last else {
            root = value.node
            return nil
        }
        stack[top].size += value.size
        stack[top].depth = max(stack[top].depth, value.depth)
        guard stack[top].isMap else {
            stack[top].items.append(value.node)
            return nil
        }
        guard let key = stack[top].key else {
            guard case .scalar = value.node.content else {
                return finding(
                    "bad_key", .error, "a key is a list or a map, which no tool of ours reads", mark)
            }
            stack[top].key = value.node
            return nil
        }
        stack[top].key = nil
        guard case .scalar(let text, _) = key.content else { return nil }
        if text != "<<", !stack[top].seen.insert(text).inserted, findings.count < 100 {
            findings.append(
                finding(
                    "duplicate_key", .warning,
                    "`\(Printable.text(text))` is given twice; the last one counts",
                    key.mark))
        }
        stack[top].entries.append(ForeignEntry(key: text, keyNode: key, value: value.node))
        return nil
    }

    /// The entries with `<<` replaced by what it brings in: what stands in the map itself wins, then the first base.
    private func merged(_ entries: [ForeignEntry]) -> [ForeignEntry] {
        guard entries.contains(where: { $0.key == "<<" }) else { return entries }
        var result = entries.filter { $0.key != "<<" }
        var seen = Set(result.map(\.key))
        for merge in entries where merge.key == "<<" {
            for base in merge.value.items ?? [merge.value] {
                for entry in base.entries ?? [] where seen.insert(entry.key).inserted { result.append(entry) }
            }
        }
        return result
    }

    private mutating func noteTag(_ decoration: YAMLEvent.Decoration, _ text: String, _ mark: SourceMark) {
        guard decoration.hasTag, findings.count < 100 else { return }
        findings.append(
            finding("tag", .warning, "a tag (`!name`) is passed over; the value is read as it stands", mark))
    }

    private func tooDeep(_ mark: SourceMark) -> Diagnostic {
        finding("too_deep", .error, "the nesting is deeper than \(ForeignYAML.depthLimit) levels", mark)
    }

    private func finding(
        _ code: String, _ severity: Diagnostic.Severity, _ message: String, _ mark: SourceMark
    ) -> Diagnostic {
        Diagnostic(
            code: code, severity: severity, message: message, path: source.path, line: mark.line,
            column: mark.column)
    }

    private func diagnostic(_ error: YAMLSyntaxError) -> Diagnostic {
        if let found = error.found { return found }
        let place = error.place ?? source.place(ofByte: error.byte)
        return Diagnostic(
            code: "syntax", message: "this is not well-formed YAML: \(error.message)", path: source.path,
            line: place.line, column: place.column)
    }
}

extension YAMLSyntaxError {
    fileprivate init(found: Diagnostic) {
        self.init(message: found.message, place: nil, byte: 0)
        self.found = found
    }
}
