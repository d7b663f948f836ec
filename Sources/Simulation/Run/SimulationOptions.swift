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
public enum FaultClass: String, Sendable, Hashable, CaseIterable {
    case crash, event, read, call, image, app, host, store, git, edge, actor
}
