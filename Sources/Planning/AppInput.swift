public import Model

/// Everything that the plan of one app depends on. The plan is a pure function of it.
public struct AppInput: Sendable {
    public var app: AppName
    public var now: Instant
    public var wall: WallTime
    public var installation: InstallationName
    public var naming: Naming
    public var desired: DesiredApp
    public var memory: AppMemory
    /// Containers of the app that are recorded as ours, sorted by name.
    public var instances: [ObservedInstance]
    public var health: [ContainerID: InstanceHealth]
    /// Containers of the app's jobs, sorted by name.
    public var jobs: [ObservedInstance]
    /// Since when this controller has seen each job run.
    public var jobsSince: [ContainerID: Instant]
    /// The last lines of jobs whose end was asked about, by their container; empty where there are none.
    public var jobLogs: [ContainerID: [String]]
    /// Containers of the app that are there and could not be read since the controller started, sorted by name.
    public var unseen: [UnseenContainer]
    /// The name under which each container was made, to see a rename by hand.
    public var recordedNames: [ContainerID: String]
    /// Actions under way. They count as done where that is the worse case: a start as live, a stop as not ready.
    public var inFlight: [Action]
    public var failures: [ActionKey: ActionFailure]
    /// `false`: the engine cannot be read now; nothing is decided on old news.
    public var isEngineCurrent: Bool
    /// Why the engine cannot be read, for people.
    public var engineProblem: String
    /// Apps of `depends_on` that are not converged.
    public var unmetDependencies: [AppName]
    /// The image of the wanted spec, once it is resolved and present, with the templates that follow from it.
    public var prepared: PreparedRelease?
    public var edge: EdgeView
    /// Address ranges of the network of the app's project: who may call it by an internal name.
    public var callers: [String]
    /// Checks of the present step that the controller runs, by their place in `deploy.analysis`.
    public var analysisRuns: [Int: AnalysisRun]
    /// The time zones of cron entries of the last good release, by name, as far as they are known.
    public var zones: [String: ZoneRules]
    /// Set by `Planner.plan(group:_:)` for apps of a release group.
    public internal(set) var group: GroupView?

    public init(
        app: AppName, now: Instant, wall: WallTime, installation: InstallationName, naming: Naming,
        desired: DesiredApp, memory: AppMemory, instances: [ObservedInstance],
        health: [ContainerID: InstanceHealth], jobs: [ObservedInstance] = [],
        jobsSince: [ContainerID: Instant] = [:], jobLogs: [ContainerID: [String]] = [:],
        unseen: [UnseenContainer] = [],
        recordedNames: [ContainerID: String] = [:],
        inFlight: [Action] = [],
        failures: [ActionKey: ActionFailure] = [:], isEngineCurrent: Bool = true, engineProblem: String = "",
        unmetDependencies: [AppName] = [], prepared: PreparedRelease? = nil, edge: EdgeView = .none,
        analysisRuns: [Int: AnalysisRun] = [:], callers: [String] = [], zones: [String: ZoneRules] = [:]
    ) {
        self.zones = zones
        self.callers = callers
        self.app = app
        self.now = now
        self.wall = wall
        self.installation = installation
        self.naming = naming
        self.desired = desired
        self.memory = memory
        self.instances = instances
        self.health = health
        self.jobs = jobs
        self.jobsSince = jobsSince
        self.jobLogs = jobLogs
        self.unseen = unseen
        self.recordedNames = recordedNames
        self.inFlight = inFlight
        self.failures = failures
        self.isEngineCurrent = isEngineCurrent
        self.engineProblem = engineProblem
        self.unmetDependencies = unmetDependencies
        self.prepared = prepared
        self.edge = edge
        self.analysisRuns = analysisRuns
    }
}

/// A container that is there for all that is known, and of which the engine has told nothing yet: it hangs.
///
/// It counts where that is the worse case: alive for the ceiling and for one writer on a volume, not ready for the
/// floor and the gate. It is not touched, and keeps the requests that it has.
public struct UnseenContainer: Hashable, Sendable {
    public var id: ContainerID
    /// The name under which it was made; it says of which process and release it is.
    public var name: String
    public init(id: ContainerID, name: String) {
        self.id = id
        self.name = name
    }
}

/// The edge as far as one app is concerned.
public enum EdgeView: Hashable, Sendable {
    /// The installation has none: requests find the instances by themselves.
    case none
    /// It cannot be read now, for the reason given; nothing that depends on it is decided.
    ///
    /// - Parameter lastRead: routes of the app as this controller has last read them; `nil`: it never has, so nobody
    ///   knows which instances get requests, whatever the specs say.
    case unreachable(String, lastRead: [ProcessName: RouteView]?)
    /// Routes of the app by process.
    case routes([ProcessName: RouteView])
}

public struct RouteView: Hashable, Sendable {
    public var observed: ObservedRoute
    /// Since when each draining target has been seen to drain.
    public var drainingSince: [ContainerID: Instant]
    public init(observed: ObservedRoute, drainingSince: [ContainerID: Instant] = [:]) {
        self.observed = observed
        self.drainingSince = drainingSince
    }
}

/// How one command or HTTP check of an analysis has gone in the present step.
public struct AnalysisRun: Hashable, Sendable {
    public var passes: Int
    /// In a row, up to now.
    public var failures: Int
    /// The last failure, for people.
    public var message: String
    public init(passes: Int = 0, failures: Int = 0, message: String = "") {
        self.passes = passes
        self.failures = failures
        self.message = message
    }
}

/// What git says of an app.
public enum DesiredApp: Hashable, Sendable {
    case spec(Candidate)
    /// Git cannot be asked, or its answer is broken: what runs stays as it is.
    case keep([Blocker], diagnostics: [Diagnostic], isInvalid: Bool)
    /// The app is gone from git, and its removal is proven and within the brake.
    case remove
    /// The app is gone from git, and its removal waits for a person.
    case heldRemoval(CommitID, message: String)
}

/// A spec as committed, before its image is resolved.
public struct Candidate: Hashable, Sendable {
    public var spec: AppSpec
    public var digest: ContentDigest
    public var origin: SpecOrigin
    /// The remote was asked since the controller started. What the mirror alone says may be of yesterday: it keeps
    /// what runs, and is no reason to begin or to give up anything.
    public var isConfirmed: Bool
    /// Why nothing of it begins yet although git wants it; `nil`: nothing stands in its way there.
    public var hold: Blocker?
    public init(
        spec: AppSpec, digest: ContentDigest, origin: SpecOrigin, isConfirmed: Bool = true,
        hold: Blocker? = nil
    ) {
        self.hold = hold
        self.spec = spec
        self.digest = digest
        self.origin = origin
        self.isConfirmed = isConfirmed
    }
}

/// A candidate whose image is resolved and present on the host.
public struct PreparedRelease: Hashable, Sendable {
    public var specDigest: ContentDigest
    public var image: ResolvedImage
    public var templates: [ProcessName: Release.Template]
    /// The number that containers of this very spec already carry, where the store has lost it.
    public var adoptedNumber: ReleaseNumber?
    public init(
        specDigest: ContentDigest, image: ResolvedImage, templates: [ProcessName: Release.Template],
        adoptedNumber: ReleaseNumber? = nil
    ) {
        self.specDigest = specDigest
        self.image = image
        self.templates = templates
        self.adoptedNumber = adoptedNumber
    }
}

/// What is to be done for one app now, and what is to be remembered and shown.
public struct AppPlan: Sendable {
    public var actions: [Action]
    public var memory: AppMemory
    /// The app is gone for good: nothing of it runs, and git does not want it.
    public var isForgotten: Bool
    /// When the app is to be planned again although nothing happens.
    public var wake: Instant?
    public var verdict: Verdict
    public var phase: String
    public var because: [Blocker]
    public var rollout: RolloutStatus?
    public var events: [PlannedEvent]
    public var newReleases: [Release]
    public var rolloutRecords: [RolloutRecord]
    /// Containers whose log tail belongs to the evidence of the rollout that fails in this plan; to be read before
    /// the actions are performed.
    public var evidenceFrom: [ContainerID]
    /// Containers of jobs whose last lines are to be read and told with `AppInput.jobLogs`.
    public var jobLogsWanted: [ContainerID]
    /// Instances that are restarted because of failed probes.
    public var livenessRestarts: [ContainerID]
    /// Checks to be run by the controller while the present step lasts.
    public var analysis: [AnalysisOrder]
    /// Runs of cron entries that are over with this plan.
    public var cronRecords: [CronRunRecord]
    /// How cron entries are doing; `nil`: they were not looked at.
    public var cron: [CronStatus]?
    var groupState: GroupState?

    init(memory: AppMemory) {
        actions = []
        self.memory = memory
        isForgotten = false
        verdict = .unknown
        phase = ""
        because = []
        events = []
        newReleases = []
        rolloutRecords = []
        evidenceFrom = []
        jobLogsWanted = []
        livenessRestarts = []
        analysis = []
        cronRecords = []
    }
}

/// A check of `deploy.analysis` that is to be run now and again against one instance of the new release.
public struct AnalysisOrder: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        /// Asked of the instance.
        case instance(HealthcheckSpec.Check)
        /// Asked of Prometheus.
        case query(String)
    }

    /// Which step of which release it belongs to; another one begins anew.
    public var release: ReleaseNumber
    public var step: Int
    /// Its place in `deploy.analysis`.
    public var index: Int
    public var container: ContainerID
    public var subject: Subject
    public var every: TimeSpan
}

/// An event without its number and time, which the shell adds.
public struct PlannedEvent: Hashable, Sendable {
    public var kind: EventRecord.Kind
    public var release: ReleaseNumber?
    public var commit: CommitID?
    public var message: String
    /// The cron entry that it is about.
    public var entry: ProcessName?
    public init(
        _ kind: EventRecord.Kind, release: ReleaseNumber? = nil, commit: CommitID? = nil, message: String,
        entry: ProcessName? = nil
    ) {
        self.entry = entry
        self.kind = kind
        self.release = release
        self.commit = commit
        self.message = message
    }
}
