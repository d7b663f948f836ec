public import Model

/// Which secrets an app wants, and where they are to stand; also of a spec that has errors elsewhere.
public struct SecretUse: Sendable, Hashable {
    public var app: AppName
    public var project: ProjectName
    /// In the order of the spec.
    public var names: [String]
    /// Relative to the repository's root; a later one wins.
    public var files: [String]
}

extension SpecLoader {
    /// What the documents of a file want of secrets. Nothing is opened, and nothing is said about errors.
    ///
    /// - Parameters: as those of `load`.
    public func secretUses(path: String, bytes: [UInt8], read: (String) throws -> [UInt8]) -> [SecretUse] {
        withoutActuallyEscaping(read) { read in
            YAMLStream.read(path: path, bytes: bytes).documents.compactMap { document in
                let decoder = SpecDecoder(project: project, hasEdge: hasEdge, files: FileReader(read))
                guard !document.isTruncated, let root = decoder.resolveExtends(document.root, path: path),
                    let top = decoder.fields(Field(node: root, path: ""), "")
                else { return nil }
                return decoder.secretUse(top, path: path)
            }
        }
    }
}

extension SpecDecoder {
    fileprivate func secretUse(_ top: Fields, path: String) -> SecretUse? {
        guard let app = name(top["name"], AppName.self) else { return nil }
        let wanted = wantedSecrets(top["secrets"], [])
        guard !wanted.isEmpty else { return nil }
        let named = (list(top["secrets_files"], limit: 16) ?? []).compactMap { field in
            text(field).flatMap { SpecPaths.resolve($0, from: field.mark.source.path) }
        }
        return SecretUse(
            app: app, project: name(top["project"], ProjectName.self) ?? project, names: wanted.map(\.name),
            files: named.isEmpty ? [SpecPaths.secrets(of: app, in: path)] : named)
    }
}
