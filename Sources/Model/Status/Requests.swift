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
    /// A commit's full id, or at least its first seven digits; or an app's name.
    public var what: String
    public init(what: String) { self.what = what }

    /// Whether `text` may stand for a commit: 7 to 40 hex digits in lower case.
    public static func isCommit(_ text: String) -> Bool {
        (7...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// The body of `POST /v1/apps/{app}/promote`; may be left out.
public struct PromotionRequest: Sendable, Hashable, Codable {
    /// `true`: the waits of all steps to come end as well.
    public var full: Bool?
    public init(full: Bool? = nil) { self.full = full }
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
