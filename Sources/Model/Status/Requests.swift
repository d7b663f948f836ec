/// One file of a work tree.
public struct PlanFile: Sendable, Hashable, Codable {
    /// Relative to the repository's root.
    public var path: String
    public var content: String
    public init(path: String, content: String) {
        self.path = path
        self.content = content
    }
}

/// The body of `POST /v1/plan`.
public struct PlanRequest: Sendable, Hashable, Codable {
    public var files: [PlanFile]
    /// The source whose files these would be; the only one if `nil`.
    public var source: SourceName?
    public init(files: [PlanFile], source: SourceName? = nil) {
        self.files = files
        self.source = source
    }
}

/// The body of `POST /v1/sync`; may be left out.
public struct SyncRequest: Sendable, Hashable, Codable {
    /// All sources if `nil`.
    public var source: SourceName?
    public init(source: SourceName? = nil) { self.source = source }
}

/// The body of `POST /v1/apps/{app}/rollback`; may be left out.
public struct RollbackRequest: Sendable, Hashable, Codable {
    /// The last good release before the wanted one if `nil`.
    public var release: ReleaseNumber?
    public init(release: ReleaseNumber? = nil) { self.release = release }
}

/// The body of `POST /v1/approvals`.
public struct ApprovalRequest: Sendable, Hashable, Codable {
    /// The full id, or at least its first seven digits.
    public var commit: String
    public init(commit: String) { self.commit = commit }
}

/// The one shape of every answer that is not a success.
public struct ErrorReport: Sendable, Hashable, Codable, Error {
    public struct Body: Sendable, Hashable, Codable {
        /// A closed word for tools, such as `not_found`.
        public var code: String
        /// What failed and what to do about it.
        public var message: String
        public init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }
    public var error: Body
    public init(code: String, message: String) { error = Body(code: code, message: message) }
}
