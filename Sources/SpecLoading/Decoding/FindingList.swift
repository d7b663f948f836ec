internal import Model

/// The findings about one document. Bounded, so that a hostile file cannot fill the memory with them.
struct FindingList {
    static let limit = 100
    private(set) var all: [Diagnostic] = []
    private(set) var dropped = 0

    var hasErrors: Bool { dropped > 0 || all.contains { $0.severity == .error } }

    var isFull: Bool { all.count >= FindingList.limit }

    mutating func add(_ finding: Diagnostic) {
        guard all.count < FindingList.limit else {
            if finding.severity == .error { dropped += 1 }
            return
        }
        all.append(finding)
    }

    mutating func add(
        _ code: String, _ severity: Diagnostic.Severity = .error, _ message: String, at mark: SourceMark,
        _ keyPath: String
    ) {
        guard all.count < FindingList.limit else {
            if severity == .error { dropped += 1 }
            return
        }
        add(
            Diagnostic(
                code: code, severity: severity, message: message, path: mark.source.path, line: mark.line,
                column: mark.column, keyPath: keyPath, excerpt: mark.source.excerpt(line: mark.line)))
    }

    /// All findings by place: those of `path` first, then those of other files; with a word about dropped ones.
    func sorted(path: String) -> [Diagnostic] {
        var result = all.enumerated().sorted { left, right in
            let a = left.element
            let b = right.element
            return (a.path == path ? 0 : 1, a.path, a.line, a.column, left.offset)
                < (b.path == path ? 0 : 1, b.path, b.line, b.column, right.offset)
        }.map(\.element)
        if dropped > 0 {
            result.append(
                Diagnostic(code: "too_many_errors", message: "there are \(dropped) more errors", path: path))
        }
        return result
    }
}
