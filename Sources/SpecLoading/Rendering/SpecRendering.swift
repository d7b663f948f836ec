public import Model

/// Specs and findings as people read them.
public enum SpecRendering {
    /// The normal form as YAML. Loaded again from a file at the root of the same repository, it gives the same digest.
    public static func yaml(_ spec: AppSpec) -> String {
        YAMLWriter.text(SpecTree(spec, files: .path))
    }

    /// A finding over several lines: place and message, the line of the file, and a caret below the column. Without
    /// a line break at the end.
    public static func caret(_ diagnostic: Diagnostic) -> String {
        let head =
            "\(diagnostic.location): \(diagnostic.severity.rawValue): \(diagnostic.message) [\(diagnostic.code)]"
        guard let excerpt = diagnostic.excerpt, diagnostic.line > 0 else { return head }
        let number = "\(diagnostic.line)"
        let blank = String(repeating: " ", count: number.count)
        var lines = [head, "  \(number) | \(excerpt)"]
        let offset = diagnostic.column - 1
        if (0...excerpt.unicodeScalars.count).contains(offset) {
            // A tab of the line is a tab above the caret, so that both move alike.
            var indentation = String.UnicodeScalarView()
            for scalar in excerpt.unicodeScalars.prefix(offset) {
                indentation.append(scalar == "\t" ? "\t" : " ")
            }
            lines.append("  \(blank) | \(String(indentation))^")
        }
        return lines.joined(separator: "\n")
    }

    /// What differs, by the key paths of the spec, sorted. Values of `env` are shown, files by their digest.
    public static func changes(from old: AppSpec?, to new: AppSpec?) -> [SpecChange] {
        let before = old.map(flattened) ?? [:]
        let after = new.map(flattened) ?? [:]
        return Set(before.keys).union(after.keys).sorted().compactMap { path in
            guard before[path] != after[path] else { return nil }
            return SpecChange(
                keyPath: path, old: before[path].map { Printable.text($0, limit: 200) },
                new: after[path].map { Printable.text($0, limit: 200) })
        }
    }

    private static func flattened(_ spec: AppSpec) -> [String: String] {
        var values: [String: String] = [:]
        flatten(SpecTree(spec, files: .digest), path: "", into: &values)
        return values
    }

    private static func flatten(_ tree: SpecTree, path: String, into values: inout [String: String]) {
        switch tree {
        case .text(let text), .literal(let text): values[path] = text
        case .list(let items) where items.allSatisfy(\.isScalar):
            let words = items.map { item in
                if case .text(let text) = item {
                    return text.contains(where: { ", []\"".contains($0) }) ? "\"\(text)\"" : text
                }
                return ""
            }
            values[path] = "[\(words.joined(separator: ", "))]"
        case .list(let items):
            for (index, item) in items.enumerated() {
                flatten(item, path: "\(path)[\(index)]", into: &values)
            }
        case .map(let entries):
            if entries.isEmpty { values[path] = "{}" }
            for entry in entries {
                let key = Printable.text(entry.key, limit: 200)
                flatten(entry.value, path: path.isEmpty ? key : "\(path).\(key)", into: &values)
            }
        }
    }
}
