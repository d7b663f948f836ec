public import Model

/// What came of reading a file of another tool.
public struct Import: Sendable {
    /// One spec per app, by name.
    public var apps: [ImportedApp] = []
    /// Files that the specs name, with their paths beside the specs.
    public var files: [ImportedFile] = []
    /// What has no counterpart or differs, in the order of the file; then what our own loader says of the result.
    ///
    /// An error is something to be done before the app can work as it did; a warning something to know.
    public var findings: [Diagnostic] = []

    public init() {}

    /// Whether there is something that a person has to do.
    public var hasWork: Bool { findings.contains { $0.severity == .error } }
}

/// A spec that was written.
public struct ImportedApp: Sendable, Hashable {
    public var name: String
    /// `NAME.yaml`.
    public var path: String
    /// The whole file.
    public var text: String
}

/// A file that goes beside the specs.
public struct ImportedFile: Sendable, Hashable {
    /// Relative to the specs; below the app's name.
    public var path: String
    public var bytes: [UInt8]
}

/// How files beside the imported one are read; paths are relative to its directory. The description of what is thrown
/// is shown.
public typealias FileReading = (_ path: String) throws -> [UInt8]
