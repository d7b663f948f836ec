internal import Model

/// What it takes to ask one thing of the API.
enum AccessRule: Sendable, Hashable {
    /// Nothing: the answer says no more than yes or no.
    case open
    /// To have shown who one is.
    case known
    /// The permission in the project of the app in the address.
    case app(Permission)
    /// The permission in some project: what it is about is looked at, or the answer is narrowed, by `ScopedSurface`.
    case somewhere(Permission)
    /// The permission in all projects, as the answer tells of all.
    case everywhere(Permission)
}

extension Route.Operation {
    /// Without a default: an operation that is added and has no rule does not compile.
    var rule: AccessRule {
        switch self {
        case .health, .readiness: .open
        case .whoami: .known
        case .status, .watch, .history, .events, .trace: .somewhere(.look)
        case .appStatus, .appHistory, .diff, .runs, .cronHistory: .app(.look)
        case .plan, .planFiles: .somewhere(.plan)
        case .logs: .app(.logs)
        case .sync: .somewhere(.deploy)
        case .retry: .app(.deploy)
        case .approve: .somewhere(.operate)
        case .rollback, .abort, .promote, .pause, .resume, .execute, .run, .cronRun: .app(.operate)
        case .metrics: .everywhere(.look)
        case .testNotices: .everywhere(.operate)
        case .tokens, .createToken, .revokeToken, .audit: .somewhere(.administer)
        }
    }

    /// Whether it is written into the audit log where it was allowed. What was denied always is.
    var isAudited: Bool {
        switch self {
        case .sync, .retry, .rollback, .abort, .promote, .pause, .resume, .approve, .cronRun, .createToken,
            .revokeToken, .testNotices, .execute, .run:
            true
        case .status, .appStatus, .history, .appHistory, .diff, .plan, .planFiles, .trace, .logs,
            .cronHistory, .events, .watch, .metrics, .health, .readiness, .whoami, .tokens, .audit, .runs:
            false
        }
    }
}

extension AccessRule {
    var permission: Permission? {
        switch self {
        case .open, .known: nil
        case .app(let permission), .somewhere(let permission), .everywhere(let permission): permission
        }
    }
}
