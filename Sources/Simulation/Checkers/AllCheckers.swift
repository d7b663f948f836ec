/// All rules that runs of the simulated world are held to.
public enum Checkers {
    public static var all: [any Checker.Type] {
        [
            FloorChecker.self, CeilingChecker.self, PromotionChecker.self, BakeChecker.self,
            TrafficChecker.self,
            LastGoodChecker.self, RollbackChecker.self, QuarantineChecker.self, BoundedChecker.self,
            IdleChecker.self, DeletionChecker.self, VolumeChecker.self, StrangerChecker.self,
            ActorChecker.self, CommandChecker.self, CronChecker.self,
            OrphanChecker.self, LevelChecker.self, IsolationChecker.self, OriginChecker.self,
            SupersedeChecker.self, LockChecker.self, ClockChecker.self, SilenceChecker.self,
            HonestyChecker.self,
            TogetherChecker.self, ConvergenceChecker.self, StabilityChecker.self
        ]
    }

    /// Promises that are held to elsewhere than in the simulated world, and where.
    public static let elsewhere: [(id: String, rule: String, place: String)] = [
        (
            "I19", "The same inputs give the same plan.",
            "Tests/PlanningTests/World.swift plans each step twice and compares"
        )
    ]
}
