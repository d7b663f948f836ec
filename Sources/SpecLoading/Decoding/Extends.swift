internal import Model

/// Merges a document over the bases that it names.
extension SpecDecoder {
    static let longestChain = 8

    /// The document with all its bases below it; `nil` where one of them could not be had.
    func resolveExtends(_ root: YAMLNode, path: String) -> YAMLNode? {
        var layers = [root]
        var chain = [path]
        while let layer = layers.last, let reference = layer["extends"] {
            guard let base = base(Field(node: reference, path: "extends"), chain: &chain) else { return nil }
            layers.append(base)
        }
        guard layers.count > 1 else { return root }
        var merged = YAMLNode(content: .mapping([]), mark: root.mark)
        for layer in layers.reversed() { merged = merge(layer, over: merged, path: "") }
        return merged
    }

    private func base(_ reference: Field, chain: inout [String]) -> YAMLNode? {
        guard let relative = text(reference, wanted: "a path relative to this file"), let from = chain.last
        else { return nil }
        guard let path = SpecPaths.resolve(relative, from: from) else {
            error(
                "bad_path",
                "`extends` must be a path to a file of this repository, relative to this file, not"
                    + " `\(Printable.text(relative))`", at: reference.mark, reference.path)
            return nil
        }
        guard !chain.contains(path) else {
            let cycle = (chain + [path]).map { "`\(Printable.text($0, limit: 120))`" }.joined(
                separator: " → ")
            error(
                "extends_cycle", "`extends` leads in a circle: \(cycle)", at: reference.mark, reference.path)
            return nil
        }
        guard chain.count < SpecDecoder.longestChain else {
            error(
                "extends_too_long", "`extends` leads over more than \(SpecDecoder.longestChain) files",
                at: reference.mark, reference.path)
            return nil
        }
        chain.append(path)
        switch files.content(of: path, atMost: YAMLBudget.bytes) {
        case .problem(let problem):
            error("unreadable_file", problem, at: reference.mark, reference.path)
            return nil
        case .content(let bytes): return document(of: path, bytes: bytes, for: reference)
        }
    }

    private func document(of path: String, bytes: [UInt8], for reference: Field) -> YAMLNode? {
        let documents = YAMLStream.read(path: path, bytes: bytes).documents
        for document in documents { document.findings.forEach { findings.add($0) } }
        guard !documents.contains(where: \.isTruncated) else { return nil }
        guard documents.count == 1, let root = documents.first?.root, root.entries != nil else {
            error(
                "bad_base",
                "`\(Printable.text(path, limit: 200))` must hold exactly one document, a map of keys and values",
                at: reference.mark, reference.path)
            return nil
        }
        return root
    }

    /// `over` wins: maps are merged deeply, all else is replaced, and `null` removes a key.
    private func merge(_ over: YAMLNode, over base: YAMLNode, path: String) -> YAMLNode {
        guard let upper = over.entries, let lower = base.entries else { return over }
        var entries: [YAMLEntry] = []
        var indices: [String: Int] = [:]
        for entry in lower where !(path.isEmpty && SpecDecoder.staysBehind(entry.key)) {
            indices[entry.key] = entries.count
            entries.append(entry)
        }
        var removed: Set<String> = []
        for entry in upper {
            if entry.value.isNull {
                noteRemoval(entry, isThere: indices[entry.key] != nil, isBase: lower.isEmpty, path: path)
                if indices[entry.key] != nil || !lower.isEmpty {
                    removed.insert(entry.key)
                    continue
                }
            }
            let below = indices[entry.key].map { entries[$0].value }
            let empty = YAMLNode(content: .mapping([]), mark: entry.value.mark)
            let merged = YAMLEntry(
                key: entry.key, keyMark: entry.keyMark,
                value: merge(
                    entry.value, over: below?.entries == nil ? empty : below ?? empty,
                    path: join(path, entry.key)))
            if let index = indices[entry.key] {
                entries[index] = merged
            } else {
                indices[entry.key] = entries.count
                entries.append(merged)
            }
        }
        return YAMLNode(content: .mapping(entries.filter { !removed.contains($0.key) }), mark: over.mark)
    }

    private func noteRemoval(_ entry: YAMLEntry, isThere: Bool, isBase: Bool, path: String) {
        guard !isThere, !isBase else { return }
        warning(
            "nothing_to_remove", "`\(Printable.text(entry.key))` is removed here, but no base has it",
            at: entry.keyMark, join(path, entry.key))
    }

    /// Keys that speak of the file they stand in, not of the app.
    private static func staysBehind(_ key: String) -> Bool { key == "extends" || key.hasPrefix("x-") }
}
