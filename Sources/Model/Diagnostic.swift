/// A finding about a spec, with the place it is about.
public struct Diagnostic: Hashable, Sendable, Codable, Error {
    public enum Severity: String, Hashable, Sendable, Codable { case error, warning }

    /// A closed word for the kind of finding, such as `unknown_key`, for tests and tools.
    public var code: String
    public var severity: Severity
    /// What is wrong and what to do about it, one sentence or two.
    public var message: String
    /// Relative to the source.
    public var path: String
    /// From 1; 0 where the finding is about the file as a whole.
    public var line: Int
    /// From 1, in characters; 0 as above.
    public var column: Int
    /// The key's path, such as `processes.web.port`; empty at the top.
    public var keyPath: String
    /// The line of the file, for the caret; `nil` where there is none.
    public var excerpt: String?

    public init(
        code: String, severity: Severity = .error, message: String, path: String, line: Int = 0,
        column: Int = 0,
        keyPath: String = "", excerpt: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.excerpt = excerpt
    }

    /// `shop.yaml:3:1`, or only the path.
    public var location: String { line > 0 ? "\(path):\(line):\(column)" : path }
}
