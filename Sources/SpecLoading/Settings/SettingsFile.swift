public import Model

/// A configuration file of the controller: YAML with the same rules and the same quality of findings as specs.
///
/// The caller asks for the keys it knows; whatever it asks for wrongly typed, and whatever it did not ask for, is a
/// finding. All findings are reported at once.
public final class SettingsFile {
    private(set) var findings = FindingList()
    private let path: String
    private let rootNode: YAMLNode?
    private let rootMark: SourceMark

    /// - Parameters:
    ///   - path: for the findings.
    ///   - bytes: one YAML document of at most 1 MiB.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        let stream = YAMLStream.read(path: path, bytes: bytes)
        rootNode = stream.documents.first?.root
        rootMark =
            rootNode?.mark ?? SourceMark(source: SourceText(path: path, bytes: bytes), line: 0, column: 0)
        for document in stream.documents {
            for finding in document.findings { findings.add(finding) }
        }
        if stream.documents.count > 1 {
            findings.add("several_documents", .error, "a configuration is one document", at: rootMark, "")
        }
    }

    /// All findings so far, by place. Ask after all keys have been read.
    public var diagnostics: [Diagnostic] { findings.sorted(path: path) }

    /// The top of the file; `nil` where it is empty or not a map.
    public func root(keys: [String]) -> SettingsMap? {
        guard let rootNode, !rootNode.isNull else { return nil }
        return map(rootNode, keyPath: "", keys: keys)
    }

    func map(_ node: YAMLNode, keyPath: String, keys: [String]) -> SettingsMap? {
        guard let entries = node.entries else {
            report(
                "wrong_type", "`\(keyPath)` must be a map of keys and values, not \(node.kindName)",
                node.mark, keyPath)
            return nil
        }
        var values: [String: YAMLNode] = [:]
        for entry in entries {
            if keys.contains(entry.key) {
                if !entry.value.isNull { values[entry.key] = entry.value }
                continue
            }
            let near = Suggestions.nearest(to: entry.key, among: keys).map { "; did you mean `\($0)`?" } ?? ""
            report(
                "unknown_key", "there is no key `\(Printable.text(entry.key))` here\(near)", entry.keyMark,
                keyPath.isEmpty ? entry.key : "\(keyPath).\(entry.key)")
        }
        return SettingsMap(file: self, mark: node.mark, keyPath: keyPath, values: values)
    }

    func report(_ code: String, _ message: String, _ mark: SourceMark, _ keyPath: String) {
        findings.add(code, .error, message, at: mark, keyPath)
    }
}

/// A map of a configuration file with the keys that its reader knows.
public struct SettingsMap {
    let file: SettingsFile
    let mark: SourceMark
    let keyPath: String
    let values: [String: YAMLNode]

    private func path(_ key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }

    /// Whether the key stands there with a value.
    public func has(_ key: String) -> Bool { values[key] != nil }

    /// A single value as text; a finding if it is a list or a map.
    public func text(_ key: String) -> String? {
        guard let node = values[key] else { return nil }
        guard case .scalar(let text, _) = node.content else {
            file.report(
                "wrong_type", "`\(path(key))` must be a single value, not \(node.kindName)", node.mark,
                path(key))
            return nil
        }
        return text
    }

    /// A finding where the key is missing.
    public func requiredText(_ key: String) -> String? {
        if values[key] == nil {
            file.report("missing_key", "the key `\(key)` is missing", mark, path(key))
        }
        return text(key)
    }

    /// `true` or `false`; `nil` where the key is missing.
    public func flag(_ key: String) -> Bool? {
        guard let text = text(key) else { return nil }
        guard text == "true" || text == "false" else {
            refuse(key, "must be true or false, not `\(Printable.text(text))`")
            return nil
        }
        return text == "true"
    }

    public func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            refuse(
                key,
                "must be a whole number from \(range.lowerBound) to \(range.upperBound), not `\(Printable.text(text))`"
            )
            return nil
        }
        return number
    }

    public func duration(_ key: String, from low: TimeSpan, to high: TimeSpan) -> TimeSpan? {
        guard let text = text(key) else { return nil }
        guard let span = TimeSpan(parsing: text), span >= low, span <= high else {
            refuse(
                key, "must be a duration from \(low) to \(high), such as 30s, not `\(Printable.text(text))`")
            return nil
        }
        return span
    }

    public func map(_ key: String, keys: [String]) -> SettingsMap? {
        values[key].flatMap { file.map($0, keyPath: path(key), keys: keys) }
    }

    /// A list of single values, or one of them by itself.
    public func texts(_ key: String) -> [String] {
        guard let node = values[key] else { return [] }
        guard case .sequence(let nodes) = node.content else { return text(key).map { [$0] } ?? [] }
        return nodes.enumerated().compactMap { index, item in
            guard case .scalar(let text, _) = item.content else {
                file.report(
                    "wrong_type", "`\(path(key))[\(index)]` must be a single value, not \(item.kindName)",
                    item.mark,
                    "\(path(key))[\(index)]")
                return nil
            }
            return text
        }
    }

    /// A list of maps.
    public func maps(_ key: String, keys: [String]) -> [SettingsMap] {
        guard let node = values[key] else { return [] }
        guard case .sequence(let nodes) = node.content else {
            refuse(key, "must be a list, not \(node.kindName)")
            return []
        }
        return nodes.enumerated().compactMap { index, item in
            file.map(item, keyPath: "\(path(key))[\(index)]", keys: keys)
        }
    }

    /// Reports that the value of a key cannot be used. `sentence` goes on after the key's name.
    public func refuse(_ key: String, _ sentence: String) {
        file.report("out_of_range", "`\(path(key))` \(sentence)", values[key]?.mark ?? mark, path(key))
    }
}
