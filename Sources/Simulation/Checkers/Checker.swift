public import Model
public import Ports

/// A rule that is looked at after everything that happens in the simulated world.
///
/// It sees the truth of the world, not what the controller believes.
public protocol Checker: SendableMetatype {
    /// Of `docs/guarantees.md`, such as `I1`.
    static var id: String { get }
    /// What is promised, in one sentence.
    static var rule: String { get }
    init()
    /// - Returns: one sentence for each breach.
    mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String]
}

/// One thing that happened.
public enum Happening: Sendable {
    /// A call of the controller on the engine, seen at each of its stages.
    case call(EngineCall, CallStage)
    /// A call of the controller on the edge.
    case routed(Action, CallStage)
    /// The store took the batch (`nil`) or refused it.
    case stored(StoreBatch, incarnation: Int, error: StoreError?)
    /// Somebody pushed: the complete content of the branch from now on.
    case pushed(CommitID)
    /// A person or a program asked the controller for something, such as `abort shop`.
    case asked(String)
    /// A fault of the world was switched on or off, or struck, such as `registry down`.
    case fault(String)
    /// An app's own life: `shop-web-v2-1 exited 137`.
    case life(ContainerID, String)
    case crashed(incarnation: Int)
    case started(incarnation: Int)
    /// Time has gone on; nothing else has happened.
    case tick
    /// All faults are over; from now on the liveness rules count.
    case calm
    /// The run is over.
    case ended
}

public struct EngineCall: Sendable {
    /// From 1, in the order in which the calls began.
    public var number: Int
    public var incarnation: Int
    public var action: Action
}

public enum CallStage: Sendable {
    /// The controller has called; nothing has been done.
    case began
    /// The effect has just taken place.
    case acted
    /// The controller has its answer, good or bad.
    case answered(EngineError?)
}

/// The world as it really is.
public struct WorldTruth: Sendable {
    public struct Instance: Sendable {
        public var observed: ObservedInstance
        /// It would pass its health check now.
        public var isHealthy: Bool
        /// Since when it has run and been healthy without a break.
        public var healthySince: Instant?
        /// When its process was last started, by whomever.
        public var startedAt: Instant
        /// `false`: somebody else made it; copied labels count for nothing.
        public var isOurs: Bool
        /// The name that it was made under, where that is known.
        public var madeAs: String? = nil
        public var isReady: Bool { isHealthy && observed.state == .running }
    }

    public var now: Instant
    public var instances: [ContainerID: Instance]
    /// Containers of jobs: they end by themselves and get no requests.
    public var jobs: [ContainerID: Instance] = [:]
    /// Every instance that has changed, in the order of the changes since the run began, so that what follows all of
    /// them need not look at all after each thing that happens. `nil`: nobody keeps count, and all may have changed.
    public var changes: [ContainerID]?
    public var volumes: Set<String>
    /// What the edge really does.
    public var routes: [RouteKey: ObservedRoute]
    /// What is stored, as `load` would give it.
    public var stored: StoredState
    /// The history in the store, oldest first.
    public var rollouts: [RolloutRecord]
    /// Specs of the head of git that load, by app, with the commit.
    public var head: CommitID?
    public var wanted: [AppName: AppSpec]
    /// Apps of which the head of git has a spec that does not load: neither wanted nor gone.
    public var broken: Set<AppName> = []
    /// Whether images of that reference are good: what a release made of them deserves.
    public var goodImages: Set<String>
    /// Calls on the engine that have begun and are not answered.
    public var inFlight: [EngineCall]
    /// The incarnations of the controller that are alive; a stopped one counts until it is killed.
    public var incarnations: Set<Int>
    /// What was not on record when a store took the place of another, and what that one could not account for.
    public var orphans: Set<ContainerID> = []
    /// What the controller says now; `nil` while none runs.
    public var status: InstallationStatus?
    /// Rises with each reading of `status`; 0: nobody keeps count.
    public var statusNumber = 0
    /// `true`: no fault is active.
    public var isCalm: Bool

    /// The container is there and really ready.
    func isReady(_ id: ContainerID) -> Bool { instances[id]?.isReady ?? false }
}
