import Model
import Simulation
import Testing

/// Bugs that the simulation has found, each by the run that showed it. Append only.
@Suite struct Regressions {
    /// A scenario and where its controller was ended.
    struct Crash: Sendable, CustomTestStringConvertible {
        /// What was wrong.
        var bug: String
        var scenario: String
        var crashes: [Int: Ending]
        var fate = Fate.isLost
        var testDescription: String { bug }
    }

    static let crashes = [
        Crash(
            bug:
                "a controller that had just been started took everything out of the edge until its first probe",
            scenario: "rolling-edge", crashes: [40: .kill]),
        Crash(
            bug:
                "a controller that had just been started took everything out of the edge, in the middle of a canary",
            scenario: "canary", crashes: [58: .kill]),
        Crash(
            bug:
                "a launch that SIGTERM cut off was written down as failed, and what it had made was nobody's",
            scenario: "abort", crashes: [53: .terminate], fate: .chance)
    ]

    @Test(arguments: crashes)
    func `a crash that once broke a rule breaks none`(_ crash: Crash) throws {
        let scenario = try #require(Scenarios.named(crash.scenario))
        let search = CrashSearch(scenario, checkers: Checkers.all)
        // Boundaries move when the controller makes other calls: those around it are looked at as well.
        for offset in -2...2 {
            let moved = crash.crashes.map { (max(1, $0.key + offset), $0.value) }
            let trial = CrashSearch.Trial(crashes: Dictionary(moved) { $1 }, fate: crash.fate)
            #expect(search.run(trial).breaches.map(\.sentence) == [], "\(moved)")
        }
    }
}
