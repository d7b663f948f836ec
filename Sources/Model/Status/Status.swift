/// The one status model: CLI, API and metrics are renderings of it. Versioned; keys are snake case in JSON.
public struct InstallationStatus: Codable, Hashable, Sendable {
    public static let currentVersion = 1
    public var version: Int
    public var installation: InstallationName
    public var verdict: Verdict
    /// When the status was taken.
    public var at: WallTime
    public var sources: [SourceStatus]
    public var apps: [AppStatus]
    public var engine: EngineStatus
    /// `nil`: the installation has none.
    public var edge: EdgeStatus?
    /// Blockers of the installation as a whole: the store, the engine, objects that are not ours.
    public var because: [Blocker]
    /// Channels of notices that something waits for or that cannot be reached; `nil`: none.
    public var notices: [DeliveryStatus]?

    public init(
        installation: InstallationName, verdict: Verdict, at: WallTime, sources: [SourceStatus],
        apps: [AppStatus],
        engine: EngineStatus, edge: EdgeStatus? = nil, because: [Blocker]
    ) {
        version = Self.currentVersion
        self.installation = installation
        self.verdict = verdict
        self.at = at
        self.sources = sources
        self.apps = apps
        self.engine = engine
        self.edge = edge
        self.because = because
    }
}

/// How an app, or the installation, is doing.
public enum Verdict: String, Codable, Hashable, Sendable, CaseIterable {
    case converged, progressing, waiting
    case rolledBack = "rolled_back"
    case held, invalid, unplaceable, unknown
    /// The wanted release is the proven one, and not all of its instances are ready just now.
    case degraded

    /// The verdict to look at first; `converged` where there is none.
    public static func worst(of verdicts: some Collection<Verdict>) -> Verdict {
        let order: [Verdict] = [
            .held, .invalid, .rolledBack, .unplaceable, .degraded, .unknown, .waiting, .progressing
        ]
        return order.first(where: verdicts.contains) ?? .converged
    }

    /// The exit code of `slipway status`: 0 converged, 1 in progress, 2 degraded or rolled back, 3 held for a person.
    public var exitCode: Int32 {
        switch self {
        case .converged: 0
        case .progressing, .waiting: 1
        case .rolledBack, .invalid, .unplaceable, .unknown, .degraded: 2
        case .held: 3
        }
    }
}

public struct EngineStatus: Codable, Hashable, Sendable {
    public var isReachable: Bool
    public var name: String
    public var version: String
    public var apiVersion: String
    /// When the last full listing was finished; `nil` before the first.
    public var listedAt: WallTime?
    public init(isReachable: Bool, name: String, version: String, apiVersion: String, listedAt: WallTime?) {
        self.isReachable = isReachable
        self.name = name
        self.version = version
        self.apiVersion = apiVersion
        self.listedAt = listedAt
    }
}

public struct SourceStatus: Codable, Hashable, Sendable {
    public var name: SourceName
    /// The repository without credentials.
    public var repository: String
    public var branch: String
    public var path: String
    /// The commit that was read last; `nil` before the first fetch.
    public var commit: CommitInfo?
    /// When the last good fetch was finished.
    public var fetchedAt: WallTime?
    /// Files that did not load, with every finding.
    public var diagnostics: [Diagnostic]
    public var because: [Blocker]
    /// Where outcomes of deploys are kept, beside the store.
    public var outcomes: OutcomeKeeping?
    /// What is on its way to git and to the forge; none where all has arrived.
    public var deliveries: [DeliveryStatus]?
    /// The project that its apps are in, unless their specs name another one that it may use.
    public var project: ProjectName?
    public init(
        name: SourceName, repository: String, branch: String, path: String, commit: CommitInfo?,
        fetchedAt: WallTime?, diagnostics: [Diagnostic], because: [Blocker],
        outcomes: OutcomeKeeping? = nil, deliveries: [DeliveryStatus]? = nil, project: ProjectName? = nil
    ) {
        self.project = project
        self.outcomes = outcomes
        self.deliveries = deliveries
        self.name = name
        self.repository = repository
        self.branch = branch
        self.path = path
        self.commit = commit
        self.fetchedAt = fetchedAt
        self.diagnostics = diagnostics
        self.because = because
    }
}

public enum OutcomeKeeping: String, Codable, Hashable, Sendable, CaseIterable {
    /// Notes are pushed to the source's repository.
    case git
    /// The source has no credentials to push with.
    case store
}

/// Something outside that is told what happened: it never holds up a deploy.
public struct DeliveryStatus: Codable, Hashable, Sendable {
    /// `notes`, `revert`, or the kind of the forge; for notices the channel's name.
    public var to: String
    /// How much waits to be told.
    public var pending: Int
    /// Why the last attempt failed; `nil`: it did not.
    public var problem: String?
    public var nextAttemptInSeconds: Int64?
    public init(to: String, pending: Int, problem: String? = nil, nextAttemptInSeconds: Int64? = nil) {
        self.to = to
        self.pending = pending
        self.problem = problem
        self.nextAttemptInSeconds = nextAttemptInSeconds
    }
}

public struct AppStatus: Codable, Hashable, Sendable {
    public var name: AppName
    public var project: ProjectName
    public var source: SourceName?
    /// Relative to the repository's root.
    public var path: String?
    public var verdict: Verdict
    /// A word or two beyond the verdict, such as `rolling`, `preparing`, `removing`; empty at rest.
    public var phase: String
    /// What git wants; `nil` while an app is being removed or its spec is broken and never ran.
    public var wanted: ReleaseStatus?
    /// What is proven to run: the last good release.
    public var running: ReleaseStatus?
    public var processes: [ProcessStatus]
    public var instances: [InstanceStatus]
    public var rollout: RolloutStatus?
    /// Seconds that the verdict has stood.
    public var sinceSeconds: Int64
    /// Never empty where wanted is not running, or the verdict is not `converged`.
    public var because: [Blocker]
    public var diagnostics: [Diagnostic]
    public var isPaused: Bool
    /// What the edge measures; `nil`: it sends the app no requests.
    public var traffic: [TrafficStatus]?
    /// Commands that are run by the clock; `nil`: it has none.
    public var cron: [CronStatus]?

    public init(
        name: AppName, project: ProjectName, source: SourceName?, path: String?, verdict: Verdict,
        phase: String,
        wanted: ReleaseStatus?, running: ReleaseStatus?, processes: [ProcessStatus],
        instances: [InstanceStatus],
        rollout: RolloutStatus?, sinceSeconds: Int64, because: [Blocker], diagnostics: [Diagnostic],
        isPaused: Bool, traffic: [TrafficStatus]? = nil, cron: [CronStatus]? = nil
    ) {
        self.cron = cron
        self.name = name
        self.project = project
        self.source = source
        self.path = path
        self.verdict = verdict
        self.phase = phase
        self.wanted = wanted
        self.running = running
        self.processes = processes
        self.instances = instances
        self.rollout = rollout
        self.sinceSeconds = sinceSeconds
        self.because = because
        self.diagnostics = diagnostics
        self.isPaused = isPaused
        self.traffic = traffic
    }
}

public struct ReleaseStatus: Codable, Hashable, Sendable {
    /// `nil` while the image is not resolved yet.
    public var number: ReleaseNumber?
    public var commit: CommitInfo
    public var image: String
    public var digest: ContentDigest?
    public var specDigest: ContentDigest
    public init(
        number: ReleaseNumber?, commit: CommitInfo, image: String, digest: ContentDigest?,
        specDigest: ContentDigest
    ) {
        self.number = number
        self.commit = commit
        self.image = image
        self.digest = digest
        self.specDigest = specDigest
    }
}

public struct ProcessStatus: Codable, Hashable, Sendable {
    public var name: ProcessName
    public var want: Int
    /// Live instances of any release.
    public var have: Int
    /// Of these, proven ready.
    public var ready: Int
    public init(name: ProcessName, want: Int, have: Int, ready: Int) {
        self.name = name
        self.want = want
        self.have = have
        self.ready = ready
    }
}

public struct InstanceStatus: Codable, Hashable, Sendable {
    public var id: ContainerID
    public var name: String
    public var process: ProcessName
    public var release: ReleaseNumber
    /// `created running paused restarting exited removing dead`.
    public var state: String
    /// `unknown starting ready unhealthy`.
    public var health: String
    public var healthSinceSeconds: Int64
    public var restarts: Int
    public var address: String?
    /// The last failed probe or exit, empty if none.
    public var message: String
    public init(
        id: ContainerID, name: String, process: ProcessName, release: ReleaseNumber, state: String,
        health: String,
        healthSinceSeconds: Int64, restarts: Int, address: String?, message: String
    ) {
        self.id = id
        self.name = name
        self.process = process
        self.release = release
        self.state = state
        self.health = health
        self.healthSinceSeconds = healthSinceSeconds
        self.restarts = restarts
        self.address = address
        self.message = message
    }
}

public struct RolloutStatus: Codable, Hashable, Sendable {
    public var strategy: DeployStrategy
    public var from: ReleaseNumber?
    public var to: ReleaseNumber?
    /// From 1.
    public var step: Int
    public var steps: Int
    /// Share of the wanted instances that are of the new release and proven, in per cent.
    public var provenPercent: Int
    /// Seconds until the rollout fails for want of progress; `nil` while the clock is stopped.
    public var deadlineInSeconds: Int64?
    /// The share of requests that the step gives the new release, in per cent.
    public var weightPercent: Int?
    public var weightKind: WeightKind?
    /// The next step's share and when it is due, while the present one bakes.
    public var nextInSeconds: Int64?

    public enum WeightKind: String, Codable, Hashable, Sendable, CaseIterable {
        /// The edge splits the requests so.
        case traffic
        /// There is no edge: the share of instances is all there is.
        case instances
    }

    public init(
        strategy: DeployStrategy, from: ReleaseNumber?, to: ReleaseNumber?, step: Int, steps: Int,
        provenPercent: Int, deadlineInSeconds: Int64?, weightPercent: Int? = nil,
        weightKind: WeightKind? = nil,
        nextInSeconds: Int64? = nil
    ) {
        self.weightPercent = weightPercent
        self.weightKind = weightKind
        self.nextInSeconds = nextInSeconds
        self.strategy = strategy
        self.from = from
        self.to = to
        self.step = step
        self.steps = steps
        self.provenPercent = provenPercent
        self.deadlineInSeconds = deadlineInSeconds
    }
}

/// One link of the chain that says why something is not as wanted.
public struct Blocker: Codable, Hashable, Sendable {
    public var cause: Cause
    /// What it is about: an app, a container, a file, an image.
    public var object: String
    /// One sentence for people.
    public var message: String
    public var sinceSeconds: Int64?
    public var nextAttemptInSeconds: Int64?
    /// The command that unblocks, if there is one.
    public var command: String?

    public enum Cause: String, Codable, Hashable, Sendable, CaseIterable {
        case specInvalid = "spec_invalid"
        case notYetSupported = "not_yet_supported"
        case dependency, paused, approval, aborted, group, evidence, edge, certificate, analysis, irreversible
        case deletionBrake = "deletion_brake"
        case treeIncomplete = "tree_incomplete"
        case nameTaken = "name_taken"
        case preparing
        case imagePull = "image_pull"
        case starting
        case bake
        case probeFailed = "probe_failed"
        case exited
        case outOfMemory = "out_of_memory"
        case deadline
        case rolledBack = "rolled_back"
        case quarantined
        case noLastGood = "no_last_good"
        case rollbackOff = "rollback_off"
        case pinned
        case removing
        case engine, store, source
        case foreignObject = "foreign_object"
        case drift
        case policy
        case stuck
        /// The newest commit is not signed by anybody who may sign.
        case unverified
        /// What would happen differs from what was shown before the merge.
        case unplanned
        /// The command that a release runs before anything changes.
        case releaseCommand = "release_command"
    }

    public init(
        cause: Cause, object: String, message: String, sinceSeconds: Int64? = nil,
        nextAttemptInSeconds: Int64? = nil, command: String? = nil
    ) {
        self.cause = cause
        self.object = object
        self.message = message
        self.sinceSeconds = sinceSeconds
        self.nextAttemptInSeconds = nextAttemptInSeconds
        self.command = command
    }
}
