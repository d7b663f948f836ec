public import Model
public import Secrets

/// Reads specs: bytes of a file in, apps in normal form or findings with their places out.
///
/// Nothing that the bytes hold leads to a trap, to unbounded memory or to deep recursion.
public struct SpecLoader: Sendable {
    /// The project of apps whose spec names none.
    public let project: ProjectName
    /// Whether the installation has an edge; without one, keys that need it are refused.
    public let hasEdge: Bool
    /// What the configuration lets the specs do; `nil`: whatever a spec can say.
    public let rules: SourceRules?
    /// What opens secrets; `nil`: only their form is looked at, and their fingerprints change with every encryption.
    public let keyring: SecretKeyring?
    /// The time zones that there are; `nil`: any well-formed name is taken for one.
    public let zones: ZoneNames?

    /// - Parameters:
    ///   - project: the source's default project.
    ///   - hasEdge: whether the controller that is to act on the specs drives an edge.
    ///   - rules: of the source.
    ///   - keyring: the controller's keys, or `nil` where there are none.
    ///   - zones: of the machine that is to act on the specs, or `nil` where they are not known.
    public init(
        project: ProjectName, hasEdge: Bool = false, rules: SourceRules? = nil, keyring: SecretKeyring? = nil,
        zones: ZoneNames? = nil
    ) {
        self.zones = zones
        self.rules = rules
        self.keyring = keyring
        self.project = project
        self.hasEdge = hasEdge
    }

    /// Loads all documents of one file.
    ///
    /// - Parameters:
    ///   - path: relative to the repository's root.
    ///   - read: gives the bytes of a path relative to the repository's root; the description of what it throws
    ///     is shown to the author of the spec.
    public func load(path: String, bytes: [UInt8], read: (String) throws -> [UInt8]) -> LoadedFile {
        withoutActuallyEscaping(read) { read in
            let files = FileReader(read)
            var file = LoadedFile(path: path)
            for document in YAMLStream.read(path: path, bytes: bytes).documents {
                load(document, files: files, into: &file)
            }
            file.dependencies = files.paths.sorted()
            return file
        }
    }

    private func load(_ document: YAMLStream.Document, files: FileReader, into file: inout LoadedFile) {
        guard !isEmpty(document), !isBase(document) else { return }
        let decoder = SpecDecoder(
            project: project, hasEdge: hasEdge, files: files, rules: rules, keyring: keyring,
            zones: zones)
        for finding in document.findings { decoder.findings.add(finding) }
        var merged = document.root
        var spec: AppSpec?
        if !document.isTruncated {
            if let resolved = decoder.resolveExtends(document.root, path: file.path) {
                merged = resolved
                spec = decoder.app(resolved, path: file.path)
            }
        }
        if spec == nil, !decoder.findings.hasErrors {
            decoder.error("unreadable_spec", "this cannot be read as an app spec", at: document.root.mark, "")
        }
        let findings = decoder.findings.sorted(path: file.path)
        file.diagnostics += findings
        let line = document.root.mark.line
        if let spec, !decoder.findings.hasErrors {
            file.specs.append(
                LoadedSpec(
                    spec: spec, digest: CanonicalDigest.of(spec), path: file.path, line: line,
                    diagnostics: findings))
        } else {
            file.broken.append(
                BrokenSpec(name: name(of: merged), path: file.path, line: line, diagnostics: findings))
        }
    }

    private func isEmpty(_ document: YAMLStream.Document) -> Bool {
        document.root.isNull && document.findings.isEmpty
    }

    private func isBase(_ document: YAMLStream.Document) -> Bool {
        guard let mark = document.root["x-base"], document.findings.isEmpty, !document.isTruncated else {
            return false
        }
        guard case .scalar(let text, isPlain: true) = mark.content else { return false }
        return PlainScalar.kind(of: text) == .boolean && text.lowercased() == "true"
    }

    private func name(of root: YAMLNode) -> AppName? {
        guard case .scalar(let text, _)? = root["name"]?.content else { return nil }
        return AppName(text)
    }
}
