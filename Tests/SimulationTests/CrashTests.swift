import Execution
import Model
import Simulation
import Testing

@Suite struct CrashTests {
    private static func search(_ name: String) throws -> CrashSearch {
        CrashSearch(try #require(Scenarios.named(name)), checkers: Checkers.all)
    }

    private static let uncrashed = CrashSearch.Trial(crashes: [:], fate: .isLost)

    // MARK: Scenarios

    @Test(arguments: Scenarios.all.map(\.name))
    func `every story comes to its right end where nobody dies`(_ name: String) throws {
        let report = try Self.search(name).run(Self.uncrashed)
        #expect(report.breaches.map(\.sentence) == [])
        // Another store ends the controller that had the one before.
        #expect(report.crashes == (name == "old-store" ? 1 : 0))
        #expect(report.crossings > 30)
    }

    @Test(arguments: ["first-deploy", "bad-release", "single-writer"])
    func `a story comes to its right end wherever the controller is killed`(_ name: String) throws {
        let tally = try Self.search(name).run()
        #expect(tally.failures.map { "\($0.trial.crashes): \($0.breaches.map(\.sentence))" } == [])
        #expect(tally.trials > tally.boundaries)
        // Each but the first run is one kill, and each kill a boundary that was reached.
        #expect(tally.crashes == tally.trials - 1)
    }

    @Test func `a controller that is told to end is followed by one that ends the work`() throws {
        var search = try Self.search("bad-first")
        search.modes = [.term]
        let tally = search.run()
        #expect(tally.failures.map { "\($0.trial.crashes): \($0.breaches.map(\.sentence))" } == [])
        #expect(tally.trials == tally.boundaries + 1)
    }

    @Test func `a second kill strikes in the recovery from the first`() throws {
        var search = try Self.search("first-deploy")
        search.modes = [.twice]
        search.samples = 1
        let tally = search.run()
        #expect(tally.failures.map { "\($0.trial.crashes): \($0.breaches.map(\.sentence))" } == [])
        #expect(tally.crashes > tally.boundaries * 2)
    }

    @Test(arguments: ["first-deploy", "bad-release"])
    func `a story comes to its right end after each record that its store is cut at`(_ name: String) throws {
        var search = try Self.search(name)
        search.modes = [.cut]
        let whole = search.runWhole()
        let tally = search.run()
        #expect(tally.failures.map { "\($0.trial): \($0.breaches.map(\.sentence))" } == [])
        #expect(whole.records > 5)
        #expect(search.pieces(of: whole) == whole.boundaries + whole.records)
        #expect(tally.trials > search.pieces(of: whole))
    }

    @Test func `a story that only the store remembers is not cut`() throws {
        var search = try Self.search("abort")
        search.modes = [.cut]
        let whole = search.runWhole()
        #expect(search.pieces(of: whole) == whole.boundaries)
        #expect(search.strike(1, of: whole).trials == 0)
    }

    // MARK: Boundaries

    @Test func `the boundaries are those that the calls and the writes imply`() throws {
        let report = try Self.search("first-deploy").run(Self.uncrashed, keepsStory: true)
        // One image and three instances.
        #expect(report.calls == 4)
        let points = report.crossingsByPoint
        for point in [
            "before a call", "with a call on its way", "after the effect of a call",
            "after the answer of a call"
        ] { #expect(points[point] == report.calls, "\(point)") }
        // The claim, the commit that was seen, the rollout, its end, and the outcomes in between.
        #expect(points["before a commit"] == points["after a commit"])
        #expect((points["before a commit"] ?? 0) >= 5)
        #expect((points["in a fetch"] ?? 0) > 0 && (points["in a listing"] ?? 0) > 0)
        #expect(points.values.reduce(0, +) == report.crossings)
    }

    @Test func `a kill strikes before an effect, between it and its answer, and after that`() throws {
        let search = try Self.search("first-deploy")
        let count = search.run(Self.uncrashed).crossings
        var seen: Set<String> = []
        for boundary in 1...count {
            let trial = CrashSearch.Trial(crashes: [boundary: .kill], fate: .isLost)
            let story = search.run(trial, keepsStory: true).story.map { $0.dropFirst(16) }
            let kill = try #require(story.firstIndex { $0.hasPrefix("boundary \(boundary), ") })
            guard let begun = story[..<kill].last(where: { $0.hasSuffix(" begins") }),
                let point = story[kill].dropFirst(9).split(separator: ",").last?.split(separator: ":").first
            else { continue }
            let call = begun.dropLast(" begins".count)
            let acted = story.firstIndex { $0 == call + " has acted" }
            let answered = story.firstIndex { $0 == call + " is answered" }
            switch point {
            case " before a call":
                #expect(acted == nil && answered == nil)
                #expect(story[kill - 1] == begun)
            case " with a call on its way":
                // The engine does what it was asked for; nobody hears of it.
                let on = story[kill...].firstIndex { $0.hasSuffix("has acted") }
                #expect(on == kill + 2)
            case " after the effect of a call": #expect(story[kill - 1].hasSuffix(" has acted"))
            case " after the answer of a call": #expect(story[kill - 1].hasSuffix(" is answered"))
            default: continue
            }
            seen.insert(String(point))
        }
        #expect(seen.count == 4)
    }

    @Test func `a failure is told again by its command`() throws {
        let search = try Self.search("rolling")
        let trial = CrashSearch.Trial(crashes: [40: .kill], fate: .arrives)
        let (first, second) = (search.run(trial, keepsStory: true), search.run(trial, keepsStory: true))
        #expect(first.story == second.story)
        #expect(first.crashes == 1)
    }

    // MARK: Bugs that are planted

    /// Where the build puts it, seen from this file.
    private static func program(_ file: String = #filePath) -> String {
        let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(root)/.build/debug/slipway-sim"
    }

    /// Planted in a process of its own: other tests run beside this one.
    @Test(arguments: [
        ("I8-nomad-5619", "bad-release"),
        ("I9-restart", "bad-release"), ("I22-helm-controller-149", "first-deploy")
    ])
    func `a crash at every boundary finds a planted bug`(_ bug: String, _ scenario: String) throws {
        let output = try Subprocess.run(
            [Self.program(), "crashes", "--scenario", scenario, "--plant", bug], environment: [:],
            timeout: .seconds(300), outputLimitInBytes: 1 << 22)
        let words = String(decoding: output.standardError, as: UTF8.self)
        #expect(output.exitCode == 1)
        #expect(words.contains("slipway-sim crashes --scenario \(scenario) --at "))
        #expect(!words.contains(" --at 0"))
    }
}
