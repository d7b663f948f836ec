public import Model

/// Many cron entries over many crashes of the controller: whether a run is missed or doubled.
public enum CronStudy {
    public struct Options: Sendable {
        public var seed: UInt64
        public var entries: Int
        /// How often the controller is killed while entries are due.
        public var crashes: Int

        /// - Parameters:
        ///   - entries: 1 to 5,000.
        ///   - crashes: 0 to 500.
        public init(seed: UInt64 = 1, entries: Int = 1_000, crashes: Int = 50) {
            self.seed = seed
            self.entries = min(max(entries, 1), 5_000)
            self.crashes = min(max(crashes, 0), 500)
        }
    }

    public struct Result: Sendable {
        /// How often entries were due.
        public var due = 0
        /// Runs that were started.
        public var started = 0
        /// Runs that were started twice or more.
        public var doubled = 0
        /// Times at which an entry was due and of which the history has neither a run nor that a later one was run for it.
        public var missed = 0
        /// Times that a later one was run for, as nobody could start them.
        public var passedOver = 0
        public var outcomes: [CronRunRecord.Outcome: Int] = [:]
        public var crashes = 0
        public var simulated = TimeSpan.zero
        public var breaches: [SimulationReport.Breach] = []
        public var isGood: Bool { doubled == 0 && missed == 0 && breaches.isEmpty && due > 0 }
    }

    private static let entriesInApp = 50

    public static func run(_ options: Options) -> Result {
        var simulation = SimulationOptions(seed: options.seed, checkers: [CronChecker.self])
        let (scenario, due) = story(options)
        simulation.scenario = scenario
        let report = Simulation.run(simulation)
        var result = Result()
        result.due = due
        result.breaches = report.breaches
        result.crashes = report.crashes
        result.simulated = report.simulated
        result.started = report.cron.starts.count
        result.doubled = report.cron.starts.values.count { $0 > 1 }
        for record in report.cron.records {
            result.outcomes[record.outcome, default: 0] += 1
            result.passedOver += record.passedOver
        }
        let told = report.cron.records.count - (result.outcomes[.missed] ?? 0) + result.passedOver
        result.missed = max(0, due - told)
        return result
    }

    /// Apps with cron entries, and a controller that is killed again and again while they are due.
    private static func story(_ options: Options) -> (Scenario, due: Int) {
        var chance = Chance(seed: options.seed, concern: "cron study")
        var apps: [AppText] = []
        var due = 0
        for index in 0..<options.entries {
            if index.isMultiple(of: entriesInApp) {
                apps.append(AppText(name: "app-\(index / entriesInApp)", web: 1))
            }
            // From 22:18 to 22:47 on the day on which the simulated world begins, at 22:13:20.
            let first = 18 + chance.below(10)
            let step = chance.between(1, 10)
            let overlap = chance.pick(["forbid", "allow", "replace"]) ?? "allow"
            due += stride(from: first, through: 47, by: step).reduce(0) { count, _ in count + 1 }
            apps[apps.count - 1].cron.append(
                "{name: entry-\(index), schedule: \"\(first)-47/\(step) 22 14 11 *\", overlap: \(overlap),"
                    + " command: [bin/work, exit0]}")
        }
        // All is deployed when the first ones are due.
        var beats = [Scenarios.beat(.atOnce, after: .seconds(240), .ask(.sync, "app-0", until: .atOnce))]
        for _ in 0..<options.crashes {
            let point = chance.pick(CrashPoint.allCases) ?? .now
            let gap = TimeSpan.seconds(Int64(1_900 / max(1, options.crashes)))
            beats.append(Scenarios.beat(.atOnce, after: gap, .strike(.crash(point, again: 0))))
        }
        var scenario = Scenario(
            "cron", "Many commands are run by the clock over many crashes.", first: apps, beats, end: [])
        scenario.isOpenEnded = true
        return (scenario, due)
    }
}

/// What the simulated world has seen of cron entries.
struct CronFigures: Sendable {
    /// How often each run's container was started, by app, entry, run and try.
    var starts: [String: Int] = [:]
    var records: [CronRunRecord] = []
}
