public import Model

/// What a simulation is to do. Equal options give the same story, byte for byte, on any machine.
public struct SimulationOptions: Sendable {
    public var seed: UInt64
    /// Classes that may strike; a seed draws which of them do, and how often.
    public var faults: Set<FaultClass>
    /// Simulated time with faults, before the calm.
    public var safetyPhase: TimeSpan
    /// `nil`: the seed decides.
    public var hasEdge: Bool?
    /// Only these occurrences take place, by their ids such as `crash3`; `nil`: all of them.
    public var only: Set<String>?
    /// Kills the controller at this crossing, counted from 1: before and after each call and each write.
    public var crashAtCrossing: Int?
    /// Plays this story instead of one that the seed draws.
    public var scenario: Scenario?
    /// How the controller ends at which crossings.
    public var crashes: [Int: Ending] = [:]
    public var fate = Fate.chance
    /// The store comes back without so many of its last records after each of `crashes`.
    public var lostRecords = 0
    /// Keeps every line of what happens, for people; costs time and memory.
    public var keepsStory: Bool
    public var checkers: [any Checker.Type]

    /// Enough for a dozen commits, and short enough for thousands of seeds in the time that CI has.
    public static let defaultSafetyPhase = TimeSpan.minutes(8)
    /// The longest time to come to rest once all faults are over. The slowest way that specs of the workload can take
    /// is a back-off of 5 min for git, a rollout that runs into its deadline of 4 min in each of its steps, the way
    /// back, and restarts with a back-off of 5 min; twice over where apps wait for each other.
    public static let calmLimit = TimeSpan.minutes(40)
    /// Nothing is done and decided for so long: at rest. Longer than any back-off.
    public static let restTime = TimeSpan.minutes(6)
    /// The same where the controller says of every app that nothing more is to come.
    public static let settledRestTime = TimeSpan.seconds(100)

    public init(
        seed: UInt64, faults: Set<FaultClass> = Set(FaultClass.allCases),
        safetyPhase: TimeSpan = Self.defaultSafetyPhase, hasEdge: Bool? = nil, only: Set<String>? = nil,
        crashAtCrossing: Int? = nil, keepsStory: Bool = false, checkers: [any Checker.Type] = []
    ) {
        self.seed = seed
        self.faults = faults
        self.safetyPhase = safetyPhase
        self.hasEdge = hasEdge
        self.only = only
        self.crashAtCrossing = crashAtCrossing
        self.keepsStory = keepsStory
        self.checkers = checkers
    }
}

/// How a controller ends.
public enum Ending: String, Sendable, CaseIterable {
    case kill = "SIGKILL"
    case terminate = "SIGTERM"
}

/// What becomes of requests that are on their way to the engine when the controller that sent them dies.
public enum Fate: String, Sendable, CaseIterable {
    case chance
    case arrives
    case isLost = "lost"
}

/// The classes of faults, by what they strike.
///
/// Append only: what a seed draws for a class depends on the classes before it.
public enum FaultClass: String, Sendable, Hashable, CaseIterable {
    case crash, event, read, call, image, app, host, store, git, edge, actor
    /// Images that no container uses are removed from the host by hand.
    case prune
    /// A tag names another digest than before.
    case tag
    /// The registry has an image for another kind of machine only.
    case architecture
    /// A container of somebody else has a name that is needed.
    case stranger
    /// Names of the registry, of git, or of both are not resolved.
    case dns
    /// The controller and the engine, the registry or the instances do not reach each other.
    case partition
    /// The controller or the engine has no file descriptor left.
    case descriptors
    /// The store comes back without its last records.
    case cut
    /// The store of yesterday is put back.
    case backup

    /// What happens to everybody. The others are rarer, so that a run is not all faults.
    var isCommon: Bool {
        switch self {
        case .crash, .event, .read, .call, .image, .app, .host, .store, .git, .edge, .actor: true
        case .prune, .tag, .architecture, .stranger, .dns, .partition, .descriptors, .cut, .backup: false
        }
    }
}
