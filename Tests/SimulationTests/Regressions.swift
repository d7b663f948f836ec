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

    /// A whole run, by its seed.
    struct Seed: Sendable, CustomTestStringConvertible {
        /// What was wrong.
        var bug: String
        var seed: UInt64
        /// The rules that were broken.
        var rules: Set<String>
        var hasFaults = true
        /// The classes that there were when it was found.
        var faults = Regressions.faults
        var testDescription: String { bug }
    }

    static let seeds = [
        Seed(
            bug: "an app whose removal the brake held said only how its rollout had failed", seed: 921,
            rules: ["L1"]),
        Seed(
            bug: "a store that knew nothing of what was there waited for ever, as nothing of it was alive",
            seed: 353, rules: ["L1", "I17"]),
        Seed(
            bug: "a store that was moving to an older release than what ran waited for ever", seed: 1014,
            rules: ["L1", "I17"]),
        Seed(
            bug: "a container of a lost store that the first listing left out was nobody's", seed: 1314,
            rules: ["L1", "I16"]),
        Seed(
            bug: "what was made for one release and started as another's was nobody's", seed: 344,
            rules: ["L1", "I17", "I16"]),
        Seed(
            bug: "a limit that does not come off was asked for every minute, for ever", seed: 999,
            rules: ["I10"]),
        Seed(
            bug: "an instance that was removed and could not be read served on in the plan", seed: 114,
            rules: limits),
        Seed(
            bug: "a removal that the engine did and denied left an instance to be counted on", seed: 804,
            rules: limits),
        Seed(
            bug: "a launch that the engine did and denied was not counted for the ceiling", seed: 452,
            rules: limits),
        Seed(
            bug: "a container that hung while the controller started lost its requests", seed: 277,
            rules: limits),
        Seed(
            bug: "what the last controller was about to remove was counted on by the next one", seed: 1_167,
            rules: limits),
        Seed(
            bug: "with its store lost, blue was taken for good although green had the requests", seed: 847,
            rules: limits),
        Seed(
            bug: "blue and green took from service what an overtaken canary had been given", seed: 166,
            rules: limits),
        Seed(
            bug: "a canary gave all requests to what is scaled to 0", seed: 27, rules: limits,
            hasFaults: false),
        Seed(
            bug: "a controller that had stood still took what it had not been able to ask for sick",
            seed: 1165,
            rules: limits),
        Seed(
            bug:
                "a controller that had stood still launched what it had journaled, after another had followed it",
            seed: 1434, rules: ["L1", "I16"]),
        Seed(
            bug: "with its store lost and the edge not read yet, what still had requests was removed",
            seed: 2277,
            rules: ["I5"], faults: twenty),
        Seed(
            bug: "what could not be asked while git was away was taken away once it could be", seed: 2719,
            rules: limits, faults: twenty),
        Seed(
            bug:
                "a container that ended after each start was the engine's fault, and held the deadline for ever",
            seed: 3242, rules: ["L1", "I9", "I17"], faults: twenty),
        Seed(
            bug: "a container that hung lost its requests where a backup knew it and not its app", seed: 1021,
            rules: limits, faults: twenty),
        Seed(
            bug: "the fix of a group's member was tried again and again while another was on its way back",
            seed: 2014,
            rules: ["L2"], faults: twenty),
        Seed(
            bug: "a group in which all waited for a missing image said that it made progress", seed: 3431,
            rules: ["L1"], faults: twenty)
    ]
    private static let twenty = Set(FaultClass.allCases)
    private static let limits: Set<String> = ["I1", "I2", "I21"]
    /// The classes that there were when these seeds were found. What a seed draws for them has not changed, and with
    /// others besides it would tell another story.
    fileprivate static let faults: Set<FaultClass> = [
        .crash, .event, .read, .call, .image, .app, .host, .store, .git, .edge, .actor
    ]

    @Test(arguments: seeds)
    func `a seed that once broke a rule does not break it again`(_ run: Seed) {
        let options = SimulationOptions(
            seed: run.seed, faults: run.hasFaults ? run.faults : [], checkers: Checkers.all)
        let broken = Simulation.run(options).breaches.filter { run.rules.contains($0.checker) }
        #expect(broken.map(\.sentence) == [])
    }

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
