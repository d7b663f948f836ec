public import Model

/// A value in a YAML file of another tool, with the place it stands at.
///
/// Aliases are filled in, and merge keys are merged. The depth is bounded by `ForeignYAML`, so code may recurse over it.
public struct ForeignNode: Sendable {
    /// What the value is.
    public enum Content: Sendable {
        /// `isPlain`: without quotes, so that `8080` is a number and `true` a boolean.
        case scalar(String, isPlain: Bool)
        case list([ForeignNode])
        case map([ForeignEntry])
    }
    public var content: Content
    let mark: SourceMark

    init(content: Content, mark: SourceMark) {
        self.content = content
        self.mark = mark
    }

    /// From 1.
    public var line: Int { mark.line }

    /// Nothing is written, or `null` or `~`.
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return PlainScalar.kind(of: text) == .null
    }

    /// The text of a single value, numbers and booleans as they are written; `nil` for nothing, lists and maps.
    public var text: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// `true` or `false`, with or without quotes, as older YAML has them as well; `nil` for anything else.
    public var flag: Bool? {
        switch text?.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    public var items: [ForeignNode]? {
        guard case .list(let items) = content else { return nil }
        return items
    }

    public var entries: [ForeignEntry]? {
        guard case .map(let entries) = content else { return nil }
        return entries
    }

    /// The value of a key of a map; of keys given twice the last one.
    public subscript(key: String) -> ForeignNode? { entries?.last { $0.key == key }?.value }

    /// A finding about this value.
    ///
    /// - Parameter showsLine: whether the line of the file may be shown; `false` where a secret may stand in it.
    public func finding(
        _ code: String, _ severity: Diagnostic.Severity, _ message: String, keyPath: String = "",
        showsLine: Bool = true
    ) -> Diagnostic {
        Diagnostic(
            code: code, severity: severity, message: message, path: mark.source.path, line: mark.line,
            column: mark.column, keyPath: keyPath,
            excerpt: showsLine ? mark.source.excerpt(line: mark.line) : nil)
    }
}

/// A key of a map and its value.
public struct ForeignEntry: Sendable {
    public let key: String
    /// The key itself as a value, for findings about it.
    public let keyNode: ForeignNode
    public var value: ForeignNode

    init(key: String, keyNode: ForeignNode, value: ForeignNode) {
        self.key = key
        self.keyNode = keyNode
        self.value = value
    }
}
