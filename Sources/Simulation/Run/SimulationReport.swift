public import Model

/// What came of one simulation.
public struct SimulationReport: Sendable {
    public var seed: UInt64
    public var breaches: [Breach] = []
    public var simulated = TimeSpan.zero
    /// How long it took to come to rest after the faults; `nil`: it did not.
    public var calmTook: TimeSpan?
    public var rolloutsStarted = 0
    public var rolloutsEnded: [RolloutRecord.Outcome: Int] = [:]
    public var passes: Int64 = 0
    public var crashes = 0
    public var calls = 0
    /// How often each class struck.
    public var faults: [FaultClass: Int] = [:]
    /// Ids of what took place, in order: faults, commits and requests of people.
    public var occurrences: [String] = []
    /// What the store has taken.
    public var records = 0
    /// Points at which `crashAtCrossing` can kill.
    public var crossings = 0
    /// The same by where they are, such as `before a commit`.
    public var crossingsByPoint: [String: Int] = [:]
    /// Requests that were on their way when their controller died.
    public var orphanedRequests = 0
    /// How a scenario has ended, in the words of `Outline`.
    public var outline: [String] = []
    /// Differs where two runs differ in anything that happened.
    public var fingerprint: UInt64 = 0
    public var story: [String] = []
    /// Of a scenario with an open end.
    var cron = CronFigures()

    public init(seed: UInt64) { self.seed = seed }

    public var isGood: Bool { breaches.isEmpty }

    /// A rule that was broken.
    public struct Breach: Sendable, Hashable {
        public var checker: String
        public var rule: String
        public var at: Instant
        public var message: String

        /// `I1 at 00:01:02.000000: …`.
        public var sentence: String { "\(checker) at \(SimulationTime.text(at)): \(message) — \(rule)" }
    }
}
