/// Who asked for what, and what came of it. Never a secret.
public struct AuditRecord: Codable, Hashable, Sendable {
    public enum Result: String, Codable, Hashable, Sendable, CaseIterable {
        /// It was done.
        case done
        /// It was allowed, and could not be done.
        case failed
        /// Whoever asked may not, or did not show who they are.
        case denied
    }

    /// Rises with each record and is never given twice.
    public var sequence: Int64
    public var at: WallTime
    public var actor: String
    public var way: Caller.Way
    /// The peer's address without its port; `nil` over the Unix socket.
    public var address: String?
    /// The operation of the API, such as `rollback`.
    public var action: String
    public var app: AppName?
    public var project: ProjectName?
    /// What else it was about: a commit, a container, a source, a token's id.
    public var object: String?
    public var result: Result
    /// Why it was not done; `nil` where it was.
    public var reason: String?
    /// How many more of the kind were refused since the last record of it and are left out.
    public var leftOut: Int?

    public init(
        sequence: Int64 = 0, at: WallTime, actor: String, way: Caller.Way, address: String? = nil,
        action: String, app: AppName? = nil, project: ProjectName? = nil, object: String? = nil,
        result: Result, reason: String? = nil, leftOut: Int? = nil
    ) {
        self.sequence = sequence
        self.at = at
        self.actor = actor
        self.way = way
        self.address = address
        self.action = action
        self.app = app
        self.project = project
        self.object = object
        self.result = result
        self.reason = reason
        self.leftOut = leftOut
    }
}

/// Which records of the audit log are asked for; what is `nil` leaves none out.
public struct AuditQuery: Hashable, Sendable {
    public var app: AppName?
    /// Records of these projects only; records without a project belong to none.
    public var projects: Set<ProjectName>?
    /// A part of the actor's name.
    public var actor: String?
    public var since: WallTime?
    /// Newest first, at most so many.
    public var limit: Int
    public init(
        app: AppName? = nil, projects: Set<ProjectName>? = nil, actor: String? = nil,
        since: WallTime? = nil, limit: Int = 100
    ) {
        self.app = app
        self.projects = projects
        self.actor = actor
        self.since = since
        self.limit = limit
    }
}

/// How much of the audit log is kept: a record goes when it is too old, or when there are too many after it.
public struct AuditKeeping: Hashable, Sendable {
    public var days: Int64
    public var records: Int64
    public init(days: Int64 = 400, records: Int64 = 100_000) {
        self.days = days
        self.records = records
    }
}
