/// A state change that people and tools can follow; never an entry or exit of a function.
public struct EventRecord: Codable, Hashable, Sendable {
    /// Rises by one with each event of the installation, over restarts.
    public var sequence: Int64
    public var at: WallTime
    public var kind: Kind
    public var app: AppName?
    public var release: ReleaseNumber?
    public var commit: CommitID?
    public var message: String
    /// Of the app; `nil`: it is about the installation, or was written before there were projects.
    public var project: ProjectName?
    /// The cron entry that it is about.
    public var entry: ProcessName?

    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case controllerStarted = "controller_started"
        case commitSeen = "commit_seen"
        case specInvalid = "spec_invalid"
        case rolloutStarted = "rollout_started"
        case stepPassed = "step_passed"
        case rolloutSucceeded = "rollout_succeeded"
        case rolloutFailed = "rollout_failed"
        case rolledBack = "rolled_back"
        case superseded
        case held
        case approved, promoted
        case paused, resumed, retried, aborted
        case rollbackRequested = "rollback_requested"
        case instanceStarted = "instance_started"
        case instanceStopped = "instance_stopped"
        case instanceRestarted = "instance_restarted"
        case instanceExited = "instance_exited"
        case instanceUnhealthy = "instance_unhealthy"
        case instanceRemoved = "instance_removed"
        case driftRepaired = "drift_repaired"
        case appRemoved = "app_removed"
        case engineLost = "engine_lost"
        case engineBack = "engine_back"
        case sourceFailed = "source_failed"
        case sourceBack = "source_back"
        case actionFailed = "action_failed"
        case storeRebuilt = "store_rebuilt"
        case reverted
        case jobStarted = "job_started"
        case releaseCommandEnded = "release_command_ended"
        /// A run of a cron entry has failed or was missed.
        case cronFailed = "cron_failed"
        /// The first run that went well after one that had failed.
        case cronRecovered = "cron_recovered"
        /// A run was not started, or was stopped, because of another one.
        case cronSkipped = "cron_skipped"
    }

    public init(
        sequence: Int64, at: WallTime, kind: Kind, app: AppName? = nil, release: ReleaseNumber? = nil,
        commit: CommitID? = nil, message: String, project: ProjectName? = nil, entry: ProcessName? = nil
    ) {
        self.entry = entry
        self.project = project
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.app = app
        self.release = release
        self.commit = commit
        self.message = message
    }
}

/// One rollout of an app, as `slipway history` shows it. Ended ones never change.
public struct RolloutRecord: Codable, Hashable, Sendable {
    public var app: AppName
    public var release: ReleaseNumber
    public var commit: CommitInfo
    public var image: String
    public var startedAt: WallTime
    /// `nil` while it is under way.
    public var endedAt: WallTime?
    public var outcome: Outcome?
    /// Exit codes, probe answers and the last lines of the log where it failed; empty where it went well.
    public var evidence: [String]
    /// Of the app then; `nil`: it was written before there were projects.
    public var project: ProjectName?

    public enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case succeeded
        case rolledBack = "rolled_back"
        case held
        case superseded, aborted
    }

    public init(
        app: AppName, release: ReleaseNumber, commit: CommitInfo, image: String, startedAt: WallTime,
        endedAt: WallTime? = nil, outcome: Outcome? = nil, evidence: [String] = [],
        project: ProjectName? = nil
    ) {
        self.project = project
        self.app = app
        self.release = release
        self.commit = commit
        self.image = image
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.evidence = evidence
    }
}

/// Where a container comes from.
public struct TraceReport: Codable, Hashable, Sendable {
    public var container: String
    public var id: ContainerID
    public var app: AppName
    public var process: ProcessName
    public var release: ReleaseNumber
    public var image: String
    public var commit: CommitInfo
    public var source: SourceName
    public var path: String
    public var outcome: RolloutRecord.Outcome?
    /// Why it ended so, where it did not go well.
    public var because: String?
    /// The pull request that brought the commit; `nil`: there is no forge, or it knows of none.
    public var pullRequest: PullRequest?
    /// Why the forge could not be asked.
    public var forgeProblem: String?
    public init(
        container: String, id: ContainerID, app: AppName, process: ProcessName, release: ReleaseNumber,
        image: String, commit: CommitInfo, source: SourceName, path: String, outcome: RolloutRecord.Outcome?,
        because: String? = nil, pullRequest: PullRequest? = nil, forgeProblem: String? = nil
    ) {
        self.because = because
        self.pullRequest = pullRequest
        self.forgeProblem = forgeProblem
        self.container = container
        self.id = id
        self.app = app
        self.process = process
        self.release = release
        self.image = image
        self.commit = commit
        self.source = source
        self.path = path
        self.outcome = outcome
    }
}

/// One difference between two specs, by key path. Values are never those of secrets.
public struct SpecChange: Codable, Hashable, Sendable {
    public var keyPath: String
    public var old: String?
    public var new: String?
    public init(keyPath: String, old: String?, new: String?) {
        self.keyPath = keyPath
        self.old = old
        self.new = new
    }
}

public struct DiffReport: Codable, Hashable, Sendable {
    public var app: AppName
    public var from: ReleaseNumber?
    public var to: ReleaseNumber?
    public var changes: [SpecChange]
    public init(app: AppName, from: ReleaseNumber?, to: ReleaseNumber?, changes: [SpecChange]) {
        self.app = app
        self.from = from
        self.to = to
        self.changes = changes
    }
}

/// What would happen to each app if a set of specs were committed now.
public struct PlanReport: Codable, Hashable, Sendable {
    public var commit: CommitID?
    public var apps: [AppPlan]
    public var diagnostics: [Diagnostic]
    /// Whether the deletion brake would hold the removals.
    public var brakeHolds: Bool
    public var containersTotal: Int

    public struct AppPlan: Codable, Hashable, Sendable {
        public enum Change: String, Codable, Hashable, Sendable {
            case none, create, update, remove, drift, invalid
        }
        public var app: AppName
        public var change: Change
        public var from: ReleaseNumber?
        public var to: ReleaseNumber?
        public var changes: [SpecChange]
        /// Sentences such as `rolling, capacity never below 3, no downtime`.
        public var notes: [String]
        public var started: Int
        public var stopped: Int
        public var kept: Int
        /// Least number of ready instances during the rollout, over all processes with replicas.
        public var lowestCapacity: Int
        public var hasDowntime: Bool
        /// What the containers would be made from; `nil` where that does not change, or was not asked.
        public var image: ImagePlan?
        /// How long the rollout takes, as simulated; `nil`: it was not simulated.
        public var seconds: Int64?
        /// Domains and host ports that are gained, lost or in conflict.
        public var claims: [ClaimPlan]?
        public init(
            app: AppName, change: Change, from: ReleaseNumber?, to: ReleaseNumber?, changes: [SpecChange],
            notes: [String], started: Int, stopped: Int, kept: Int, lowestCapacity: Int, hasDowntime: Bool,
            image: ImagePlan? = nil, seconds: Int64? = nil, claims: [ClaimPlan]? = nil
        ) {
            self.image = image
            self.seconds = seconds
            self.claims = claims
            self.app = app
            self.change = change
            self.from = from
            self.to = to
            self.changes = changes
            self.notes = notes
            self.started = started
            self.stopped = stopped
            self.kept = kept
            self.lowestCapacity = lowestCapacity
            self.hasDowntime = hasDowntime
        }
    }

    /// Of the image of one app.
    public struct ImagePlan: Codable, Hashable, Sendable {
        public var from: String?
        public var to: String
        public var digest: ContentDigest?
        /// `nil`: the registry could not be asked; `problem` says why.
        public var exists: Bool?
        /// Compressed size in bytes of what the host lacks; 0 where it is there already.
        public var pullBytes: Int64?
        public var problem: String?
        public init(
            from: String?, to: String, digest: ContentDigest? = nil, exists: Bool? = nil,
            pullBytes: Int64? = nil, problem: String? = nil
        ) {
            self.from = from
            self.to = to
            self.digest = digest
            self.exists = exists
            self.pullBytes = pullBytes
            self.problem = problem
        }
    }

    /// Something that only one app can have.
    public struct ClaimPlan: Codable, Hashable, Sendable {
        public enum Change: String, Codable, Hashable, Sendable, CaseIterable { case gained, lost, conflict }
        /// `shop.example.com/path`, or `port 8080/tcp`.
        public var claim: String
        public var change: Change
        /// Who has it, of a conflict.
        public var owner: AppName?
        public init(claim: String, change: Change, owner: AppName? = nil) {
            self.claim = claim
            self.change = change
            self.owner = owner
        }
    }

    /// Names this very plan: what would be done, from which commit to which, against what runs now.
    public var id: String?
    /// What the branch has now; `nil` for a work tree.
    public var base: CommitID?

    public init(
        commit: CommitID?, apps: [AppPlan], diagnostics: [Diagnostic], brakeHolds: Bool, containersTotal: Int,
        id: String? = nil, base: CommitID? = nil
    ) {
        self.id = id
        self.base = base
        self.commit = commit
        self.apps = apps
        self.diagnostics = diagnostics
        self.brakeHolds = brakeHolds
        self.containersTotal = containersTotal
    }
}

/// The answer to a command that changes something.
public struct CommandReport: Codable, Hashable, Sendable {
    /// What was done or will be done, one sentence.
    public var message: String
    /// The release that the command is about, for `--wait`.
    public var app: AppName?
    public var release: ReleaseNumber?
    public init(message: String, app: AppName? = nil, release: ReleaseNumber? = nil) {
        self.message = message
        self.app = app
        self.release = release
    }
}

/// A line of an instance's log.
public struct LogLine: Codable, Hashable, Sendable {
    public var instance: String
    public var process: ProcessName
    /// `stdout` or `stderr`.
    public var stream: String
    /// Without its line end; at most 16 KiB, longer ones are cut into several.
    public var text: String
    public init(instance: String, process: ProcessName, stream: String, text: String) {
        self.instance = instance
        self.process = process
        self.stream = stream
        self.text = text
    }
}
