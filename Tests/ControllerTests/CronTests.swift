import Controller
import Model
import Ports
import Simulation
import Testing

@Suite struct CronTests {
    private static let shop = AppName("shop").required
    private static let report = ProcessName("report").required

    private func spec(_ schedule: String, _ more: String = "") -> [String: String] {
        let entry = "cron: [{name: report, schedule: \"\(schedule)\", command: [work]\(more)}]"
        return ["shop.yaml": Workbench.spec("shop", image: "shop:1", more: entry)]
    }

    private func jobs(_ bench: Workbench) -> [ObservedInstance] {
        bench.engine.instances.filter { $0.labels.job?.kind == .cron }
    }

    private func untilRunning(_ bench: Workbench, _ count: Int = 1) async {
        for _ in 0..<400 where jobs(bench).count(where: { $0.state == .running }) < count {
            await bench.pass(.seconds(1))
        }
    }

    @Test func anEntryIsRunByTheClockAndStandsInTheHistory() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("*/5 * * * *"))
        await bench.waitForVerdict(.converged)
        let before = bench.engine.instances.filter { $0.labels.job == nil }.map(\.startStamp)
        await untilRunning(bench)
        let job = try #require(jobs(bench).first)
        #expect(job.name.hasPrefix("shop-report-2023111") && job.name.hasSuffix("Z"))
        var status = await bench.controller.status()
        #expect(status.verdict == .converged)
        #expect(status.apps.first?.cron?.first?.running.map(\.container) == [job.name])
        bench.engine.die(job.name, code: 0)
        await bench.pass(.seconds(2))
        status = await bench.controller.status()
        #expect(status.apps.first?.cron?.first?.last?.outcome == .succeeded)
        let history = try await bench.controller.cronHistory(app: Self.shop, entry: nil, limit: 10)
        #expect(history.map(\.outcome) == [.succeeded])
        #expect(history.first?.container == job.name)
        // What runs by the clock is no instance: nothing is restarted for it.
        #expect(bench.engine.instances.filter { $0.labels.job == nil }.map(\.startStamp) == before)
        await bench.stop()
    }

    @Test func aControllerThatDiesDoublesNothing() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("0 * * * *"))
        await first.waitForVerdict(.converged)
        // 22:13:20 is when this clock begins.
        await first.pass(.minutes(46))
        await untilRunning(first)
        let name = try #require(jobs(first).first?.name)
        let second = try await first.restarted(after: .seconds(90))
        await second.pass(.seconds(30))
        #expect(jobs(second).map(\.name) == [name])
        second.engine.die(name, code: 3)
        await second.pass(.seconds(2))
        let history = try await second.controller.cronHistory(app: Self.shop, entry: Self.report, limit: 10)
        #expect(history.map(\.outcome) == [.failed] && history.first?.exitCode == 3)
        await second.stop()
    }

    @Test func aPersonRunsAnEntryNow() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("0 5 * * *"))
        await bench.waitForVerdict(.converged)
        let report = try await bench.controller.runCron(app: Self.shop, entry: Self.report)
        #expect(report.message.contains("is run now, as m2023"))
        await untilRunning(bench)
        let job = try #require(jobs(bench).first)
        await #expect(throws: ControlError.self) {
            try await bench.controller.runCron(app: Self.shop, entry: Self.report)
        }
        bench.engine.die(job.name, code: 0)
        await bench.pass(.seconds(2))
        let history = try await bench.controller.cronHistory(app: Self.shop, entry: Self.report, limit: 10)
        #expect(history.map(\.isManual) == [true] && history.map(\.outcome) == [.succeeded])
        let unknown = await #expect(throws: ControlError.self) {
            try await bench.controller.runCron(app: Self.shop, entry: ProcessName("other").required)
        }
        #expect(unknown?.code == .notFound && unknown?.message.contains("it has report") == true)
        await bench.stop()
    }

    @Test func aFailingEntryIsToldOnceAndSoIsItsEnd() async throws {
        let channel = FakeChannel("ops")
        let bench = try await Workbench { $0.channels = [channel] }
        bench.repository.commit(spec("* * * * *"))
        await bench.waitForVerdict(.converged)
        for code in [1, 1, 0] {
            await untilRunning(bench)
            let job = try #require(jobs(bench).first { $0.state == .running })
            bench.engine.die(job.name, code: code)
            await bench.pass(.seconds(2))
        }
        await bench.pass(.seconds(5))
        let history = try await bench.controller.cronHistory(app: Self.shop, entry: nil, limit: 10)
        #expect(history.map(\.outcome) == [.succeeded, .failed, .failed])
        #expect(channel.notices.map(\.kind) == [.cron, .recovered])
        #expect(channel.notices.map(\.object) == ["shop/report", "shop/report"])
        #expect(channel.notices.first?.message.contains("it exited 1") == true)
        await bench.stop()
    }

    /// What is changed of an entry is a release, and restarts nothing.
    @Test func aChangedEntryRestartsNothing() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("0 5 * * *"))
        await bench.waitForVerdict(.converged)
        let before = bench.engine.instances.map { "\($0.name) \($0.startStamp)" }
        bench.repository.commit(spec("0 6 * * *", ", retries: 2"))
        await bench.waitForVerdict(.converged, release: 2)
        #expect(bench.engine.instances.map { "\($0.name) \($0.startStamp)" } == before)
        let entry = await bench.controller.status().apps.first?.cron?.first
        #expect(entry?.schedule == "0 6 * * *")
        await bench.stop()
    }
}
