internal import Model

/// The documents of a file as trees, with what was wrong about them as YAML.
struct YAMLStream {
    struct Document {
        /// For a document that broke off, what of its top level was read.
        var root: YAMLNode
        /// Findings about its form: anchors, duplicate keys and the like.
        var findings: [Diagnostic]
        /// The reading broke off inside it, so that missing keys say nothing.
        var isTruncated = false
    }
    var documents: [Document] = []

    /// Reads a whole file. A budget that is passed and a syntax error end the reading; what stood before is kept.
    static func read(path: String, bytes: [UInt8]) -> YAMLStream {
        guard bytes.count <= YAMLBudget.bytes else {
            return broken(
                path: path, code: "too_large",
                "the file is larger than \(YAMLBudget.bytes >> 10) KiB; split it into several")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            let place = firstInvalid(path: path, bytes: bytes)
            return broken(
                path: path, code: "not_utf8", "the file is not UTF-8 text; save it in that encoding",
                at: place)
        }
        var builder = YAMLTreeBuilder(source: SourceText(path: path, bytes: bytes))
        builder.read(bytes)
        return YAMLStream(documents: builder.documents)
    }

    private static func broken(
        path: String, code: String, _ message: String, at place: (line: Int, column: Int) = (0, 0)
    ) -> YAMLStream {
        let source = SourceText(path: path, bytes: [])
        let mark = SourceMark(source: source, line: place.line, column: place.column)
        let finding = Diagnostic(
            code: code, message: message, path: path, line: place.line, column: place.column)
        return YAMLStream(documents: [
            Document(root: YAMLNode(content: .refused, mark: mark), findings: [finding], isTruncated: true)
        ])
    }

    private static func firstInvalid(path: String, bytes: [UInt8]) -> (line: Int, column: Int) {
        // A replacement character that stands for invalid bytes is not in the text itself, so decoding step by
        // step finds the first one.
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var line = 1
        var column = 1
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }
}

/// Builds trees from events with a stack of its own.
struct YAMLTreeBuilder {
    private(set) var documents: [YAMLStream.Document] = []
    private let source: SourceText
    private var stack: [Frame] = []
    private var root: YAMLNode?
    private var findings: [Diagnostic] = []
    private var nodeCount = 0

    private struct Frame {
        enum Kind { case sequence, mapping }
        var kind: Kind
        var mark: SourceMark
        var items: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        var seen: [String: Int] = [:]
        var pending: (key: String, mark: SourceMark, isRefused: Bool)?
        var isExpectingKey: Bool { kind == .mapping && pending == nil }
    }

    init(source: SourceText) { self.source = source }

    mutating func read(_ bytes: [UInt8]) {
        do throws(YAMLSyntaxError) {
            var parser = try YAMLParser(bytes)
            while try step(parser.next()) {}
        } catch {
            breakOff(error)
        }
    }

    private mutating func step(_ event: YAMLEvent) -> Bool {
        let mark = SourceMark(source: source, line: event.line, column: event.column)
        switch event.kind {
        case .streamStart: return true
        case .streamEnd: return false
        case .documentStart(let hasTagDirectives):
            return startDocument(mark, hasTagDirectives: hasTagDirectives)
        case .documentEnd: endDocument(mark)
        case .alias:
            refuse(
                "alias", "aliases (`*name`) are not allowed; write the value out, or use `extends`", at: mark)
            return add(YAMLNode(content: .refused, mark: mark))
        case .scalar(let text, let isPlain, let decoration):
            let isRefused = check(decoration, at: mark)
            return add(
                YAMLNode(content: isRefused ? .refused : .scalar(text, isPlain: isPlain), mark: mark),
                text: text)
        case .largeScalar:
            let limit = YAMLBudget.scalarInBytes >> 10
            refuse(
                "too_large", "a value is longer than \(limit) KiB; put it in a file and name it in `files`",
                at: mark)
            return add(YAMLNode(content: .refused, mark: mark))
        case .sequenceStart(let decoration): return open(.sequence, decoration, at: mark)
        case .mappingStart(let decoration): return open(.mapping, decoration, at: mark)
        case .sequenceEnd, .mappingEnd: return close()
        }
        return true
    }

    private mutating func startDocument(_ mark: SourceMark, hasTagDirectives: Bool) -> Bool {
        stack = []
        root = nil
        findings = []
        guard documents.count < YAMLBudget.documents else {
            return giveUp(
                "too_many_documents", "the file has more than \(YAMLBudget.documents) documents; split it",
                at: mark)
        }
        if hasTagDirectives { refuse("tag", "%TAG directives are not allowed; remove the line", at: mark) }
        return true
    }

    private mutating func endDocument(_ mark: SourceMark) {
        guard let root else { return }
        documents.append(.init(root: root, findings: findings))
        self.root = nil
        findings = []
    }

    private mutating func open(
        _ kind: Frame.Kind, _ decoration: YAMLEvent.Decoration, at mark: SourceMark
    ) -> Bool {
        _ = check(decoration, at: mark)
        guard stack.count < YAMLBudget.depth else {
            return giveUp("too_deep", "the nesting is deeper than \(YAMLBudget.depth) levels", at: mark)
        }
        guard countNode(at: mark) else { return false }
        stack.append(Frame(kind: kind, mark: mark))
        return true
    }

    private mutating func close() -> Bool {
        guard let frame = stack.popLast() else { return true }
        let content: YAMLNode.Content =
            frame.kind == .sequence ? .sequence(frame.items) : .mapping(frame.entries)
        return place(YAMLNode(content: content, mark: frame.mark), text: nil)
    }

    private mutating func add(_ node: YAMLNode, text: String? = nil) -> Bool {
        guard countNode(at: node.mark) else { return false }
        return place(node, text: text)
    }

    /// Puts a finished node where it belongs: `text` is what it is called as a key.
    private mutating func place(_ node: YAMLNode, text: String?) -> Bool {
        guard let top = stack.indices.last else {
            root = node
            return true
        }
        guard stack[top].kind == .mapping else {
            stack[top].items.append(node)
            return true
        }
        guard let pending = stack[top].pending else {
            startEntry(node, text: text, frame: top)
            return true
        }
        stack[top].pending = nil
        if !pending.isRefused {
            stack[top].entries.append(YAMLEntry(key: pending.key, keyMark: pending.mark, value: node))
        }
        return true
    }

    private mutating func startEntry(_ node: YAMLNode, text: String?, frame: Int) {
        var isRefused = false
        if case .scalar = node.content {} else { isRefused = true }
        if text == nil {
            refuse("bad_key", "a key must be a single word, not \(node.kindName)", at: node.mark)
        } else if text == "<<", case .scalar(_, isPlain: true) = node.content {
            refuse("merge_key", "merge keys (`<<`) are not allowed; use `extends`", at: node.mark)
            isRefused = true
        } else if let text, !isRefused, let line = stack[frame].seen[text] {
            let name = Printable.text(text)
            refuse(
                "duplicate_key", "`\(name)` is given twice, first in line \(line); keep one of them",
                at: node.mark)
            isRefused = true
        } else if let text, !isRefused {
            stack[frame].seen[text] = node.mark.line
        }
        stack[frame].pending = (text ?? "", node.mark, isRefused)
    }

    private mutating func check(_ decoration: YAMLEvent.Decoration, at mark: SourceMark) -> Bool {
        if decoration.hasAnchor {
            refuse(
                "anchor", "anchors (`&name`) are not allowed; write the value out, or use `extends`", at: mark
            )
        }
        if decoration.hasTag {
            refuse("tag", "tags (`!name`) are not allowed; put text in quotes instead", at: mark)
        }
        return decoration.hasAnchor || decoration.hasTag
    }

    private mutating func countNode(at mark: SourceMark) -> Bool {
        nodeCount += 1
        guard nodeCount <= YAMLBudget.nodes else {
            return giveUp(
                "too_many_values", "the file holds more than \(YAMLBudget.nodes) values; split it", at: mark)
        }
        return true
    }

    private mutating func refuse(_ code: String, _ message: String, at mark: SourceMark) {
        guard findings.count < FindingList.limit - 1 else { return }
        findings.append(finding(code, message, at: mark))
    }

    private func finding(_ code: String, _ message: String, at mark: SourceMark) -> Diagnostic {
        Diagnostic(
            code: code, message: message, path: source.path, line: mark.line, column: mark.column,
            excerpt: source.excerpt(line: mark.line))
    }

    /// Ends the reading: the document under way becomes a broken one that holds what its top level had so far.
    private mutating func giveUp(_ code: String, _ message: String, at mark: SourceMark) -> Bool {
        findings.append(finding(code, message, at: mark))
        let top = stack.first
        let content: YAMLNode.Content = top?.kind == .mapping ? .mapping(top?.entries ?? []) : .refused
        let partial = YAMLNode(content: content, mark: top?.mark ?? mark)
        documents.append(.init(root: partial, findings: findings, isTruncated: true))
        stack = []
        root = nil
        return false
    }

    private mutating func breakOff(_ error: YAMLSyntaxError) {
        let place = error.place ?? source.place(ofByte: error.byte)
        let mark = SourceMark(source: source, line: place.line, column: place.column)
        let hint =
            source.isTab(line: place.line, column: place.column) ? "; indent with spaces, not tabs" : ""
        _ = giveUp("syntax", "this is not well-formed YAML: \(error.message)\(hint)", at: mark)
    }
}
