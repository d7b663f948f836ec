public import Model

/// What came of reading one file.
public struct LoadedFile: Sendable, Hashable {
    /// Relative to the repository's root.
    public var path: String
    /// The documents without an error, in the order of the file.
    public var specs: [LoadedSpec]
    /// The documents with an error, in the order of the file. Every error of `diagnostics` belongs to one of them.
    public var broken: [BrokenSpec]
    /// All findings of the file, its documents and the files they name, in the order in which they were made.
    public var diagnostics: [Diagnostic]
    /// Paths that were read, or tried, through `extends`, `env_files` and `files`; sorted, relative to the
    /// repository's root. The file is to be loaded again when one of them changes.
    public var dependencies: [String]

    public init(
        path: String, specs: [LoadedSpec] = [], broken: [BrokenSpec] = [], diagnostics: [Diagnostic] = [],
        dependencies: [String] = []
    ) {
        self.path = path
        self.specs = specs
        self.broken = broken
        self.diagnostics = diagnostics
        self.dependencies = dependencies
    }

    public var hasErrors: Bool { !broken.isEmpty }
}

/// One app's spec, found good as far as one file can tell.
public struct LoadedSpec: Sendable, Hashable {
    public var spec: AppSpec
    public var digest: ContentDigest
    public var path: String
    /// Of the document's first key, from 1.
    public var line: Int
    /// Warnings only.
    public var diagnostics: [Diagnostic]

    public init(spec: AppSpec, digest: ContentDigest, path: String, line: Int, diagnostics: [Diagnostic] = [])
    {
        self.spec = spec
        self.digest = digest
        self.path = path
        self.line = line
        self.diagnostics = diagnostics
    }
}

/// A document that gave no spec.
public struct BrokenSpec: Sendable, Hashable {
    /// `nil` where the name could not be read: then the file may stand for any app that it once held, and none
    /// of those may be taken as removed.
    public var name: AppName?
    public var path: String
    public var line: Int
    /// At least one error.
    public var diagnostics: [Diagnostic]

    public init(name: AppName?, path: String, line: Int, diagnostics: [Diagnostic]) {
        self.name = name
        self.path = path
        self.line = line
        self.diagnostics = diagnostics
    }
}
