internal import Model

/// Ends the controller at every boundary of a scenario, each in a run of its own, and looks whether the story comes to
/// its right end all the same.
///
/// The boundaries are those of the run without a crash: before and after each write of the journal; before each call
/// on the engine and on the edge, with the call on its way, after its effect and after its answer; and before each
/// fetch and each listing. Between two of them the controller changes nothing outside itself.
public struct CrashSearch: Sendable {
    /// How the controller ends.
    public enum Mode: String, Sendable, CaseIterable {
        /// SIGKILL at each boundary; where requests were on their way, once with them lost and once not.
        case kill
        /// SIGTERM at each boundary.
        case term
        /// SIGKILL at each boundary, and again at some boundaries of the recovery.
        case twice
        /// SIGKILL at each boundary, and a store that comes back without its last record; and SIGKILL at the end, with a
        /// store that comes back cut after each of its records. Not where a person has asked for something that only
        /// the store remembers; where a release fails, the rules are what is looked at, and not the end.
        case cut
    }

    /// One run.
    public struct Trial: Sendable, Hashable {
        /// How the controller ends, by boundary; empty for the run without a crash.
        public var crashes: [Int: Ending]
        public var fate: Fate
        /// So many of the last records of the store are lost with it.
        public var lostRecords: Int
        public init(crashes: [Int: Ending], fate: Fate, lostRecords: Int = 0) {
            self.crashes = crashes
            self.fate = fate
            self.lostRecords = lostRecords
        }
    }

    public struct Failure: Sendable {
        public var trial: Trial
        public var breaches: [SimulationReport.Breach]
    }

    /// What all runs of a scenario came to.
    public struct Tally: Sendable {
        public var scenario: String
        public var boundaries = 0
        /// The same by where they are.
        public var boundariesByPoint: [String: Int] = [:]
        /// What the store has taken when the story is over.
        public var records = 0
        public var trials = 0
        public var crashes = 0
        public var simulatedMilliseconds: Int64 = 0
        public var failures: [Failure] = []
        public init(scenario: String) { self.scenario = scenario }

        /// Takes in what other runs of the same scenario came to.
        public mutating func add(_ other: Self) {
            trials += other.trials
            crashes += other.crashes
            simulatedMilliseconds += other.simulatedMilliseconds
            failures += other.failures
        }
    }

    public var scenario: Scenario
    public var seed: UInt64
    public var modes: Set<Mode>
    /// How many second boundaries are tried for each first one with `twice`.
    public var samples: Int
    public var checkers: [any Checker.Type]

    public init(
        _ scenario: Scenario, seed: UInt64 = 1, modes: Set<Mode> = [.kill], samples: Int = 2,
        checkers: [any Checker.Type] = []
    ) {
        self.scenario = scenario
        self.seed = seed
        self.modes = modes
        self.samples = samples
        self.checkers = checkers
    }

    /// Runs the story once.
    public func run(_ trial: Trial, keepsStory: Bool = false) -> SimulationReport {
        var options = SimulationOptions(seed: seed, faults: [], keepsStory: keepsStory, checkers: checkers)
        options.scenario = scenario
        options.crashes = trial.crashes
        options.fate = trial.fate
        options.lostRecords = trial.lostRecords
        return Simulation.run(options)
    }

    /// Runs all of it.
    ///
    /// - Parameter limit: ends early once so many runs have failed.
    public func run(stoppingAfter limit: Int = .max) -> Tally {
        var tally = runWhole()
        guard tally.failures.isEmpty, tally.boundaries > 0 else { return tally }
        for piece in 1...pieces(of: tally) where tally.failures.count < limit {
            tally.add(strike(piece, of: tally))
        }
        return tally
    }

    /// How many pieces there are to try, given the run without a crash; they know nothing of each other.
    public func pieces(of whole: Tally) -> Int { whole.boundaries + (cuts ? whole.records : 0) }

    /// Tries one of the pieces, counted from 1.
    public func strike(_ piece: Int, of whole: Tally) -> Tally {
        guard piece > whole.boundaries else { return strike(at: piece) }
        var tally = Tally(scenario: scenario.name)
        cut(losing: piece - whole.boundaries, at: whole.boundaries, &tally)
        return tally
    }

    private var cuts: Bool { modes.contains(.cut) && scenario.isOfGitAlone }

    private func cut(losing lost: Int, at boundary: Int, _ tally: inout Tally) {
        let trial = Trial(crashes: [boundary: .kill], fate: .isLost, lostRecords: lost)
        let report = attempt(trial, &tally)
        guard report.orphanedRequests > 0 else { return }
        _ = attempt(Trial(crashes: [boundary: .kill], fate: .arrives, lostRecords: lost), &tally)
    }

    /// Runs the story without a crash, which tells what boundaries there are.
    public func runWhole() -> Tally {
        var tally = Tally(scenario: scenario.name)
        let whole = attempt(Trial(crashes: [:], fate: .isLost), &tally)
        tally.boundaries = whole.crossings
        tally.records = whole.records
        tally.boundariesByPoint = whole.crossingsByPoint
        return tally
    }

    /// Runs all that there is to try at one boundary, counted from 1.
    private func strike(at boundary: Int) -> Tally {
        var tally = Tally(scenario: scenario.name)
        strike(at: boundary, &tally)
        return tally
    }

    private func strike(at boundary: Int, _ tally: inout Tally) {
        var later = 0
        if modes.contains(.kill) || modes.contains(.twice) {
            let report = attempt(Trial(crashes: [boundary: .kill], fate: .isLost), &tally)
            later = report.crossings - boundary
            if report.orphanedRequests > 0 {
                _ = attempt(Trial(crashes: [boundary: .kill], fate: .arrives), &tally)
            }
        }
        if modes.contains(.term) {
            _ = attempt(Trial(crashes: [boundary: .terminate], fate: .chance), &tally)
        }
        if cuts { cut(losing: 1, at: boundary, &tally) }
        guard modes.contains(.twice), later > 0 else { return }
        for second in seconds(after: boundary, among: later) {
            _ = attempt(Trial(crashes: [boundary: .kill, second: .kill], fate: .chance), &tally)
        }
    }

    /// Boundaries of the recovery, evenly spread; another first boundary begins elsewhere, so that together they meet
    /// all of them.
    private func seconds(after boundary: Int, among later: Int) -> [Int] {
        let count = min(samples, later)
        let gap = later / max(1, count)
        let first = boundary % max(1, gap)
        return (0..<count).map { boundary + 1 + (first + $0 * gap) % later }
    }

    private func attempt(_ trial: Trial, _ tally: inout Tally) -> SimulationReport {
        let report = run(trial)
        tally.trials += 1
        tally.crashes += report.crashes
        tally.simulatedMilliseconds += report.simulated.milliseconds
        if !report.isGood { tally.failures.append(Failure(trial: trial, breaches: report.breaches)) }
        return report
    }
}
