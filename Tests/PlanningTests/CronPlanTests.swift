import Model
import Planning
import Testing

@Suite struct CronPlanTests {
    private static func entry(
        _ name: String, _ schedule: String, _ change: (inout CronSpec) -> Void = { _ in }
    ) -> CronSpec { CronBench.entry(name, schedule, change) }

    @Test func aRunStartsWhenItIsDueAndIsWrittenDown() throws {
        var bench = CronBench([Self.entry("report", "*/5 * * * *")])
        bench.behaviors["report"] = (20, [0])
        bench.run(seconds: 299)
        #expect(bench.starts.isEmpty)
        #expect(bench.status?.next == WallTime(secondsSince1970: 1_795_651_500))
        bench.run(seconds: 1)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0005Z"])
        #expect(bench.running == ["shop-report-20261126T0005Z"])
        #expect(bench.status?.running.map(\.run) == ["20261126T0005Z"])
        bench.run(seconds: 21)
        let record = try #require(bench.records.first)
        #expect(record.outcome == .succeeded && record.exitCode == 0 && record.tries == 1)
        #expect(record.startedAt?.secondsSince1970 == 1_795_651_500)
        #expect(record.container == "shop-report-20261126T0005Z")
        #expect(record.release?.value == 1)
        #expect(bench.status?.last == record && bench.status?.running == [])
        #expect(bench.events.isEmpty, "what goes well is in the history")
    }

    /// The container is that of a process with another command, and in nobody's way.
    @Test func aRunBorrowsFromItsProcess() throws {
        var bench = CronBench([Self.entry("report", "* * * * *")])
        bench.run(seconds: 59)
        bench.pass()
        bench.decide()
        guard case .createJob(let order)? = bench.plan?.actions.first else {
            Issue.record("nothing is made: \(bench.plan?.actions ?? [])")
            return
        }
        #expect(order.template.command == ["work"])
        #expect(
            order.template.env["SLIPWAY_RUN"] == "20261126T0001Z" && order.template.env["SLIPWAY_TRY"] == "1")
        #expect(order.template.restart == .never && order.template.aliases.isEmpty)
        #expect(order.labels.job == JobLabel(kind: .cron, run: "20261126T0001Z", timeoutInSeconds: 3_600))
        #expect(order.labels.process.rawValue == "report")
        // In the very transaction of the intent, the time is remembered.
        let entry = try #require(bench.plan?.memory.cron?[ProcessName("report").require])
        #expect(entry.considered.secondsSince1970 == 1_795_651_260 && entry.runs.count == 1)
    }

    @Test func aRunThatOverlapsIsSkipped() {
        var bench = CronBench([Self.entry("report", "* * * * *")])
        bench.behaviors["report"] = (150, [0])
        bench.run(seconds: 240)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0001Z", "shop-report-20261126T0004Z"])
        #expect(
            bench.outcomes == [
                "20261126T0002Z skipped", "20261126T0003Z skipped", "20261126T0001Z succeeded"
            ])
        #expect(bench.events.map(\.kind) == [.cronSkipped, .cronSkipped])
        #expect(bench.events.first?.entry?.rawValue == "report")
    }

    @Test func runsMayOverlapUpToTen() {
        var bench = CronBench([Self.entry("report", "* * * * *") { $0.overlap = .allow }])
        bench.behaviors["report"] = (10_000, [0])
        bench.run(seconds: 720)
        #expect(bench.running.count == 10)
        #expect(bench.outcomes == ["20261126T0011Z skipped", "20261126T0012Z skipped"])
    }

    @Test func aRunTakesThePlaceOfTheOneBefore() {
        var bench = CronBench([Self.entry("report", "* * * * *") { $0.overlap = .replace }])
        bench.behaviors["report"] = (1_000, [0])
        bench.run(seconds: 62)
        #expect(bench.running == ["shop-report-20261126T0001Z"])
        // What is stopped takes its time: the next one waits for it.
        bench.pass(seconds: 58)
        bench.decide()
        #expect(bench.plan?.actions.map(\.kind) == [.stop])
        bench.settle()
        #expect(bench.running == ["shop-report-20261126T0002Z"])
        #expect(bench.outcomes == ["20261126T0001Z stopped"])
    }

    @Test func aRunThatTakesTooLongIsStoppedAndHasFailed() {
        var bench = CronBench([Self.entry("report", "0 * * * *") { $0.timeout = .seconds(30) }])
        bench.behaviors["report"] = (1_000, [0])
        bench.run(seconds: 3_600 + 29)
        #expect(bench.running.count == 1)
        bench.run(seconds: 2)
        #expect(bench.running.isEmpty)
        #expect(bench.outcomes == ["20261126T0100Z timed_out"])
        #expect(bench.events.map(\.kind) == [.cronFailed])
    }

    @Test func aRunIsTriedAgainWithPausesThatGrow() throws {
        var bench = CronBench([Self.entry("report", "0 * * * *") { $0.retries = 2 }])
        bench.behaviors["report"] = (1, [3, 4, 5, 0])
        bench.run(seconds: 3_600 + 100)
        #expect(
            bench.starts.map(\.name) == [
                "shop-report-20261126T0100Z", "shop-report-20261126T0100Z.2.1",
                "shop-report-20261126T0100Z.3.1"
            ])
        let pauses = zip(bench.starts, bench.starts.dropFirst()).map { $1.at - $0.at }
        #expect(pauses[0] >= 6 && pauses[1] > pauses[0])
        let record = try #require(bench.records.first)
        #expect(record.outcome == .failed && record.exitCode == 5 && record.tries == 3)
        #expect(bench.events.map(\.message) == ["report 20261126T0100Z failed at the 3. try: it exited 5"])
        // The next one goes well, and that is told.
        bench.run(seconds: 3_600)
        #expect(bench.events.map(\.kind) == [.cronFailed, .cronRecovered])
    }

    // MARK: Missed runs

    /// The controller is away: nothing is planned.
    private func away(_ seconds: Int64, _ bench: inout CronBench) {
        bench.pass(seconds: seconds)
        bench.settle()
    }

    @Test func ofManyMissedRunsTheLatestIsRun() throws {
        var bench = CronBench([Self.entry("report", "*/5 * * * *")])
        bench.run(seconds: 1)
        away(3_700, &bench)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0100Z"])
        bench.run(seconds: 5)
        let record = try #require(bench.records.first)
        #expect(record.outcome == .succeeded && record.passedOver == 11)
        #expect(bench.starts.count == 1)
    }

    @Test func aRunThatIsTooLateIsMissed() throws {
        var bench = CronBench([Self.entry("report", "0 0 * * *")])
        bench.run(seconds: 1)
        away(86_400 + 599, &bench)
        #expect(bench.starts.count == 1, "within ten minutes")
        away(86_400 + 2, &bench)
        #expect(bench.starts.count == 1)
        #expect(bench.outcomes == ["20261127T0000Z succeeded", "20261128T0000Z missed"])
        #expect(bench.events.map(\.kind) == [.cronFailed])
        bench.run(seconds: 100)
        #expect(bench.records.count == 2, "it is told once")
    }

    @Test func withoutAWindowALateRunIsMissedAndAPunctualOneIsNot() {
        var bench = CronBench([Self.entry("report", "0 0 * * *") { $0.missedRunWindow = .zero }])
        bench.run(seconds: 1)
        away(86_400 + 58, &bench)
        #expect(bench.starts.count == 1, "within its minute it is on time")
        away(86_400 + 61, &bench)
        #expect(bench.outcomes.last == "20261128T0000Z missed")
    }

    @Test func aNewEntryOrScheduleIsDueFromNowOn() {
        var bench = CronBench([Self.entry("report", "0 0 * * *")])
        bench.settle()
        #expect(bench.starts.isEmpty, "midnight was when it came")
        bench.run(seconds: 30)
        bench.deploy([Self.entry("report", "* * * * *")], number: 2)
        bench.run(seconds: 10)
        #expect(bench.starts.isEmpty)
        bench.run(seconds: 20)
        #expect(bench.starts.count == 1)
        // The new schedule names a time that has passed.
        bench.deploy([Self.entry("report", "0 * * * *")], number: 3)
        bench.run(seconds: 60)
        #expect(bench.starts.count == 1)
    }

    // MARK: Clocks that jump

    @Test func aClockThatIsPutBackDoublesNothing() {
        var bench = CronBench([Self.entry("report", "*/5 * * * *")])
        bench.run(seconds: 301)
        bench.wall -= 200
        bench.run(seconds: 300)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0005Z"])
        bench.run(seconds: 210)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0005Z", "shop-report-20261126T0010Z"])
    }

    @Test func aClockThatWasWrongByYearsIsNotWaitedFor() {
        var bench = CronBench([Self.entry("report", "*/5 * * * *")])
        bench.wall += 1_000_000_000
        bench.run(seconds: 301)
        #expect(bench.starts.count == 1)
        bench.wall -= 1_000_000_000
        bench.run(seconds: 300)
        #expect(bench.starts.count == 2)
    }

    @Test func aClockThatIsPutForwardCountsAsTimeAway() {
        var bench = CronBench([Self.entry("report", "0 * * * *")])
        bench.run(seconds: 10)
        bench.wall += 2 * 3_600 + 30 * 60
        bench.run(seconds: 2)
        #expect(bench.outcomes == ["20261126T0200Z missed"])
        #expect(bench.records.first?.passedOver == 1)
    }

    // MARK: Crashes and lost stores

    @Test func aStoreThatIsLostDoublesNothing() throws {
        var bench = CronBench([Self.entry("report", "*/5 * * * *")])
        bench.behaviors["report"] = (50, [0])
        bench.run(seconds: 320)
        #expect(bench.running.count == 1)
        bench.memory.cron = nil
        bench.run(seconds: 200)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0005Z"])
        #expect(bench.outcomes == ["20261126T0005Z succeeded"], "it is watched to its end")
        // One that is lost while its last run is over.
        bench.memory.cron = nil
        bench.run(seconds: 70)
        #expect(bench.starts.count == 1)
        bench.run(seconds: 20)
        #expect(bench.starts.map(\.name).last == "shop-report-20261126T0010Z")
    }

    /// Yesterday's store has the first try under way, whose container is gone, while the second one runs.
    @Test func aStoreThatIsSomeTriesBehindGoesOnFromTheNewest() throws {
        var bench = CronBench([Self.entry("report", "*/5 * * * *") { $0.retries = 2 }])
        bench.behaviors["report"] = (5, [1, 1, 1])
        bench.run(seconds: 303)
        try #require(bench.running.count == 1)
        let old = bench.memory.cron
        bench.behaviors["report"] = (60, [1, 1, 1])
        bench.run(seconds: 25)
        try #require(bench.starts.map(\.name).last == "shop-report-20261126T0005Z.2.1")
        bench.jobs = bench.jobs.filter { $0.value.name.hasSuffix(".2.1") }
        bench.memory.cron = old
        bench.run(seconds: 150)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0005Z", "shop-report-20261126T0005Z.2.1"])
        #expect(bench.outcomes == ["20261126T0005Z failed"], "what was tried before is not known")
    }

    /// A controller that dies at any point, and the engine that has done all, some or nothing of what it was asked.
    @Test(arguments: 0..<30)
    func nothingIsDoubledOrMissedOverCrashes(_ seed: UInt64) {
        var chance = SplitMix(state: seed)
        var bench = CronBench([
            Self.entry("a", "* * * * *") {
                $0.overlap = .allow
                $0.missedRunWindow = .minutes(60)
            },
            Self.entry("b", "*/2 * * * *") { $0.missedRunWindow = .minutes(60) },
            Self.entry("c", "*/3 * * * *") { $0.missedRunWindow = .minutes(60) }
        ])
        bench.behaviors = ["a": (20, [0]), "b": (5, [0]), "c": (1, [0])]
        bench.settle()
        while bench.wall < 1_795_651_200 + 1_800 {
            bench.pass(seconds: Int64(chance.next() % 20) + 1)
            bench.decide()
            for action in bench.plan?.actions ?? [] {
                // Done, not done, or done later by a call of a process that is dead already.
                switch chance.next() % 10 {
                case 0: continue
                case 1: bench.inFlight.append(action)
                default: bench.perform(action)
                }
            }
            if chance.next() % 3 == 0 {
                for action in bench.inFlight where chance.next() % 2 == 0 { bench.perform(action) }
                bench.inFlight = []
            }
        }
        bench.inFlight = []
        // The last of them have their time: a start of which nobody knows is waited for.
        for _ in 0..<150 {
            bench.pass(seconds: 1)
            bench.settle()
        }
        let names = bench.starts.map(\.name)
        var runs: [String: Int] = [:]
        for name in names { runs[String(name.split(separator: ".")[0]), default: 0] += 1 }
        #expect(runs.allSatisfy { $0.value == 1 }, "\(runs.filter { $0.value != 1 })")
        // Each minute has a run or a record that says why not.
        let begun = Set(bench.starts.compactMap { $0.name.split(separator: "-").last.map(String.init) })
        let told = Set(bench.records.filter { $0.entry.rawValue == "a" }.map(\.run))
        #expect(!begun.isEmpty && told.count >= 28, "\(told.count)")
        let odd = bench.records.filter { $0.outcome == .missed || $0.outcome == .lost }
        #expect(odd.isEmpty, "\(odd.map { "\($0.entry) \($0.run) \($0.outcome)" })")
    }

    // MARK: What stays and what goes

    @Test func containersOfTheLastRunsAreKept() {
        var bench = CronBench([Self.entry("report", "* * * * *")])
        bench.behaviors["report"] = (1, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
        bench.run(seconds: 610)
        #expect(bench.starts.count == 10)
        #expect(
            bench.jobs.values.map(\.name).sorted().map { String($0.suffix(5)) } == [
                "0005Z", "0006Z", "0007Z", "0008Z", "0009Z", "0010Z"
            ])
    }

    @Test func anEntryThatIsGoneEndsWithItsRun() {
        var bench = CronBench([Self.entry("report", "* * * * *"), Self.entry("other", "0 5 * * *")])
        bench.behaviors["report"] = (100, [0])
        bench.run(seconds: 70)
        bench.deploy([Self.entry("other", "0 5 * * *")], number: 2)
        bench.run(seconds: 30)
        #expect(bench.running.count == 1, "what runs goes on to its end")
        bench.run(seconds: 100)
        #expect(bench.outcomes == ["20261126T0001Z succeeded"])
        #expect(bench.starts.count == 1 && bench.jobs.isEmpty)
        #expect(bench.memory.cron?.keys.map(\.rawValue) == ["other"])
        bench.deploy([], number: 3)
        bench.run(seconds: 2)
        #expect(bench.memory.cron == nil)
    }

    @Test func aRunWaitsForTheCommandOfARelease() throws {
        var bench = CronBench([Self.entry("report", "* * * * *")])
        let target = try #require(bench.memory.lastGood)
        var rollout = Rollout(
            target: target, startedAt: bench.now, startedAtWall: WallTime(secondsSince1970: 0))
        rollout.command = JobRun(phase: .running(since: bench.now))
        bench.memory.rollout = rollout
        bench.memory.isPaused = true
        bench.run(seconds: 100)
        #expect(bench.starts.isEmpty)
        bench.memory.rollout = nil
        bench.run(seconds: 1)
        #expect(bench.starts.map(\.name) == ["shop-report-20261126T0001Z"], "paused or not")
    }

    @Test func nothingStartsOfAnAppThatIsRemoved() {
        var bench = CronBench([Self.entry("report", "* * * * *")])
        bench.behaviors["report"] = (100, [0])
        bench.run(seconds: 70)
        bench.desired = .remove
        bench.run(seconds: 3)
        #expect(bench.jobs.isEmpty && bench.plan?.isForgotten == true)
        bench.run(seconds: 100)
        #expect(bench.starts.count == 1)
    }

    @Test func aZoneThatIsNotKnownIsSaid() {
        var bench = CronBench([Self.entry("report", "* * * * *") { $0.timezone = "Europe/Berlin" }])
        bench.run(seconds: 200)
        #expect(bench.starts.isEmpty)
        #expect(bench.status?.problem?.contains("Europe/Berlin") == true && bench.status?.next == nil)
    }

    @Test func nothingIsWrittenWhileNothingIsDue() {
        var bench = CronBench([Self.entry("report", "0 * * * *")])
        bench.run(seconds: 5)
        let memory = bench.memory
        bench.run(seconds: 1_000)
        #expect(bench.memory == memory)
    }
}
