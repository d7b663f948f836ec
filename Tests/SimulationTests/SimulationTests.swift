import Execution
import Model
import Simulation
import Testing

@Suite struct SimulationTests {
    private static func options(_ seed: UInt64, _ faults: Set<FaultClass>) -> SimulationOptions {
        SimulationOptions(seed: seed, faults: faults, safetyPhase: .minutes(3), keepsStory: true)
    }

    @Test func `without faults nothing is injected and everything comes to rest`() {
        for seed in UInt64(1)...3 {
            let report = Simulation.run(Self.options(seed, []))
            #expect(report.faults.isEmpty)
            #expect(report.crashes == 0)
            #expect(report.calmTook != nil)
            #expect((report.rolloutsEnded[.succeeded] ?? 0) > 0)
            #expect(report.breaches.isEmpty)
        }
    }

    @Test func `a class that is off does not strike, and the others strike as before`() {
        let both = Simulation.run(Self.options(5, [.git, .image]))
        let one = Simulation.run(Self.options(5, [.git]))
        #expect(Set(one.faults.keys).isSubset(of: [.git]))
        let struck = both.occurrences.filter { $0.hasPrefix("git") }
        #expect(one.occurrences.filter { $0.hasPrefix("git") } == struck)
    }

    @Test(arguments: [
        (FaultClass.prune, "is removed from the host"), (.tag, "a tag is moved"),
        (.architecture, "no matching manifest"), (.stranger, "a stranger is called"),
        (.dns, "is not resolved"), (.partition, "no answer within"), (.descriptors, "too many open files"),
        (.cut, "another store is in its place"), (.backup, "another store is in its place")
    ])
    func `a class of faults strikes alone, and leaves its mark on the story`(
        _ fault: FaultClass, _ mark: String
    ) throws {
        var options = Self.options(1, [fault])
        options.checkers = Checkers.all
        // Not every seed has every class, and not every fault meets what it strikes.
        let marked = (UInt64(1)...60).first { seed in
            options.seed = seed
            let report = Simulation.run(options)
            #expect(Set(report.faults.keys).isSubset(of: [fault]))
            #expect(report.breaches.map(\.sentence) == [])
            return report.faults[fault] != nil && report.story.contains { $0.contains(mark) }
        }
        #expect(marked != nil)
    }

    @Test func `a killed controller has no effect any more`() {
        var options = Self.options(7, [.crash])
        options.checkers = [DeadAreSilent.self]
        var crashes = 0
        for seed in UInt64(1)...6 {
            options.seed = seed
            let report = Simulation.run(options)
            crashes += report.crashes
            #expect(report.breaches.isEmpty)
            #expect(report.calmTook != nil)
        }
        #expect(crashes > 0)
    }

    @Test func `a kill at any crossing is followed by another controller that ends the work`() throws {
        var options = SimulationOptions(
            seed: 2, faults: [], safetyPhase: .minutes(1), hasEdge: false, only: [],
            checkers: [DeadAreSilent.self])
        let crossings = Simulation.run(options).crossings
        let wanted = Simulation.run(options).rolloutsEnded[.succeeded]
        try #require(crossings > 20)
        for crossing in stride(from: 1, through: crossings, by: max(1, crossings / 25)) {
            options.crashAtCrossing = crossing
            let report = Simulation.run(options)
            #expect(report.crashes == 1)
            #expect(report.breaches.isEmpty)
            #expect(report.rolloutsEnded[.succeeded] == wanted, "killed at \(crossing)")
        }
    }

    @Test func `requests that are counted plan nothing at rest`() {
        var options = Self.options(11, [])
        options.only = []
        options.hasEdge = false
        let without = Simulation.run(options).passes
        options.hasEdge = true
        let with = Simulation.run(options).passes
        #expect(with < without * 2)
    }

    @Test func `what a rule needs to break is all that is left of a run`() throws {
        var options = SimulationOptions(
            seed: 1, faults: [.git, .image, .read], safetyPhase: .minutes(6), checkers: [TwoOfAKind.self])
        options.hasEdge = false
        while Simulation.run(options).isGood, options.seed < 40 { options.seed += 1 }
        var minimiser = try #require(Minimiser(options))
        minimiser.minimise()
        #expect(minimiser.checker == "T2")
        #expect(minimiser.report.occurrences.count == 2)
        #expect(minimiser.options.faults.isSubset(of: [.git, .image]))
        #expect(!Simulation.run(minimiser.options).isGood)
    }
}

/// No happening is of an incarnation that was killed, but for what it had asked for before.
private struct DeadAreSilent: Checker {
    static let id = "T1"
    static let rule = "a killed controller does nothing"
    private var dead: Set<Int> = []

    mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .crashed(let incarnation): dead.insert(incarnation)
        case .call(let call, .began) where dead.contains(call.incarnation):
            return ["#\(call.number) began after the kill of \(call.incarnation)"]
        case .call(let call, .answered) where dead.contains(call.incarnation):
            return ["#\(call.number) was answered after the kill of \(call.incarnation)"]
        case .stored(_, let incarnation, _) where dead.contains(incarnation):
            return ["\(incarnation) wrote after its kill"]
        default: break
        }
        return []
    }
}

/// A rule made to be broken: git trouble is never followed by trouble with the registry.
private struct TwoOfAKind: Checker {
    static let id = "T2"
    static let rule = "git and registry are never both in trouble"
    private var hasSeenGit = false

    mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        guard case .fault(let text) = happening else { return [] }
        if text.hasPrefix("git") { hasSeenGit = true }
        return hasSeenGit && text.hasPrefix("image") ? [text] : []
    }
}

/// The program itself, as people run it.
@Suite struct ProgramTests {
    /// Where the build puts it, seen from this file.
    private static func program(_ file: String = #filePath) -> String {
        let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(root)/.build/debug/slipway-sim"
    }

    private static func run(_ arguments: [String]) throws -> Subprocess.Output {
        try Subprocess.run(
            [program()] + arguments, environment: [:], timeout: .seconds(120),
            outputLimitInBytes: 1 << 26)
    }

    @Test func `the same seed tells the same story in every process`() throws {
        for seed in ["4", "9"] {
            let first = try Self.run(["replay", seed, "--minutes", "4"])
            let second = try Self.run(["replay", seed, "--minutes", "4"])
            #expect(first.standardOutput.count > 5_000)
            #expect(first.standardOutput == second.standardOutput)
            #expect(first.exitCode == second.exitCode)
        }
    }

    @Test func `wrong options end with 64`() throws {
        #expect(try Self.run(["replay"]).exitCode == 64)
        #expect(try Self.run(["run", "--faults", "gremlins"]).exitCode == 64)
        #expect(try Self.run(["--help"]).exitCode == 0)
    }
}
