/// What somebody may do in a project; each role has what the one before it has.
public enum Role: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
    /// Looks, and plans: changes nothing, and reads no logs.
    case viewer
    /// Reads logs, fetches sources, and tries releases again.
    case developer
    /// Rolls back, aborts, promotes, approves and pauses, and runs commands in containers.
    case `operator`
    /// Gives and takes tokens, and reads the audit log.
    case admin

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    /// Whether the role includes what `permission` names.
    public func allows(_ permission: Permission) -> Bool { self >= permission.leastRole }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .developer: 1
        case .operator: 2
        case .admin: 3
        }
    }
}

/// One kind of thing that can be asked of the controller.
public enum Permission: String, Codable, Hashable, Sendable, CaseIterable {
    /// Status, history, releases, events, where a container comes from.
    case look
    /// What a commit or a work tree would do.
    case plan
    /// The lines that an app writes.
    case logs
    /// Fetch now, try again.
    case deploy
    /// Roll back, abort, promote, approve, pause, resume, and run commands in containers, which can read secrets.
    case operate
    /// Tokens and the audit log.
    case administer

    /// The least role that includes it.
    public var leastRole: Role {
        switch self {
        case .look, .plan: .viewer
        case .logs, .deploy: .developer
        case .operate: .operator
        case .administer: .admin
        }
    }
}

/// A role in one project, or in all of them.
public struct Grant: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    public var role: Role
    /// `nil`: in every project, and for the installation as a whole.
    public var project: ProjectName?

    public init(_ role: Role, in project: ProjectName? = nil) {
        self.role = role
        self.project = project
    }

    /// `operator:retail`, or `viewer` alone for all projects.
    public init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let role = Role(rawValue: String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(role)
            return
        }
        guard let project = ProjectName(String(parts[1])) else { return nil }
        self.init(role, in: project)
    }

    public var description: String { project.map { "\(role.rawValue):\($0)" } ?? role.rawValue }

    public static func < (left: Self, right: Self) -> Bool {
        (left.project?.rawValue ?? "", left.role) < (right.project?.rawValue ?? "", right.role)
    }
}
