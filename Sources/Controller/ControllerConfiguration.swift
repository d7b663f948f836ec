public import Model
public import Planning
public import Ports
public import Secrets

/// What one controller watches and how.
public struct ControllerConfiguration: Sendable {
    public var installation: InstallationName
    public var naming: Naming
    public var brake: DeletionBrake
    /// How often the engine is listed in full, events or not.
    public var relistInterval: TimeSpan
    public var repositories: [WatchedRepository]
    /// Runs everything that the controller starts by itself, its reading of specs as well; `nil` for the runtime's
    /// threads. `Controller.run` is to be called with the same preference.
    public var taskExecutor: (any TaskExecutor)?
    /// Plays rollouts through for plans; `nil`: plans estimate.
    public var rehearse: RolloutRehearsal?
    /// Who is told of changes of state.
    public var channels: [any NoticeChannel] = []
    /// Notices in an hour and channel; what is above is told in one. At least 1.
    public var noticeLimit = 30
    /// What projects may do.
    public var projects: ProjectPolicy
    /// What opens the secrets of specs; `nil`: their form is looked at, and they are given to nobody.
    public var secretKeyring: SecretKeyring?
    /// What brings secrets to containers.
    public var secretCourier: (any SecretCourier)?
    /// What knows when clocks are put forward and back, for what is run by the clock.
    public var zones: any ZoneSource = UTCOnly()

    public init(
        installation: InstallationName, naming: Naming, brake: DeletionBrake = DeletionBrake(),
        relistInterval: TimeSpan = .seconds(60), repositories: [WatchedRepository],
        taskExecutor: (any TaskExecutor)? = nil, rehearse: RolloutRehearsal? = nil,
        projects: ProjectPolicy = ProjectPolicy(),
        secretKeyring: SecretKeyring? = nil, secretCourier: (any SecretCourier)? = nil
    ) {
        self.projects = projects
        self.secretKeyring = secretKeyring
        self.secretCourier = secretCourier
        self.rehearse = rehearse
        self.installation = installation
        self.naming = naming
        self.brake = brake
        self.relistInterval = relistInterval
        self.repositories = repositories
        self.taskExecutor = taskExecutor
    }
}

/// Plays through what happens when specs change: blocking and pure.
///
/// Files are those of the apps that change, with what they wait for; `base` is `nil` where nothing runs before.
public typealias RolloutRehearsal =
    @Sendable (
        _ base: RehearsedFiles?, _ head: RehearsedFiles, _ path: String, _ project: ProjectName
    ) -> [AppName: RehearsedRollout]

public struct RehearsedFiles: Sendable {
    public var snapshot: any TreeSnapshot
    public var paths: [String]
    public init(snapshot: any TreeSnapshot, paths: [String]) {
        self.snapshot = snapshot
        self.paths = paths
    }
}

public struct RehearsedRollout: Sendable, Hashable {
    /// `nil`: it does not come to an end by itself.
    public var seconds: Int64?
    /// The least number of ready instances on the way, over all processes.
    public var lowestCapacity: Int
    /// Why there is a downtime; empty without one.
    public var downtimes: [String]
    public init(seconds: Int64?, lowestCapacity: Int, downtimes: [String]) {
        self.seconds = seconds
        self.lowestCapacity = lowestCapacity
        self.downtimes = downtimes
    }
}

/// One branch of one repository with all sources that read it: one poll serves them all.
public struct WatchedRepository: Sendable {
    public var repository: any SourceRepository
    /// Without credentials, for people.
    public var displayName: String
    public var branch: String
    /// Mean time between two polls; each is moved by up to a fifth either way.
    public var pollInterval: TimeSpan
    public var sources: [WatchedSource]

    public init(
        repository: any SourceRepository, displayName: String, branch: String, pollInterval: TimeSpan,
        sources: [WatchedSource]
    ) {
        self.repository = repository
        self.displayName = displayName
        self.branch = branch
        self.pollInterval = pollInterval
        self.sources = sources
    }
}

public struct WatchedSource: Sendable {
    public var name: SourceName
    /// Folder of the specs; empty for the whole repository.
    public var path: String
    public var project: ProjectName
    /// Further projects that its specs may name, where projects have rules.
    public var otherProjects: Set<ProjectName>
    public var dealings: SourceDealings
    public init(
        name: SourceName, path: String, project: ProjectName, otherProjects: Set<ProjectName> = [],
        dealings: SourceDealings = SourceDealings()
    ) {
        self.otherProjects = otherProjects
        self.dealings = dealings
        self.name = name
        self.path = path
        self.project = project
    }
}
