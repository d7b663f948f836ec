import FoundationEssentials
import Model
import Testing

/// Commands that are run by the clock, on a real engine.
@Suite struct CronTests {
    private func spec(_ world: World, _ entries: String...) -> [String: String] {
        let lines = ["cron:"] + entries.map { "  - {\($0)}" }
        return ["shop.yaml": SpecText(top: lines).yaml(world)]
    }

    private func history(_ world: World, _ entry: String) async throws -> [CronRunRecord] {
        let output = try await world.slipway("cron", "history", "shop", entry, "-o", "json")
        guard output.exitCode == 0 else { throw Shell.Failed(output: output) }
        return try WireCoding.decode([CronRunRecord].self, from: Array(output.text.utf8))
    }

    private func ended(
        _ world: World, _ entry: String, count: Int = 1, within limit: Duration = .seconds(60)
    ) async throws -> [CronRunRecord] {
        try await eventually("\(count) runs of \(entry) are over", within: limit) {
            let records = try await history(world, entry)
            return records.count >= count ? .yes(records) : .notYet("\(records.map(\.outcome))")
        }
    }

    @Test func aRunByHandItsLogsAndItsHistory() async throws {
        try await World.with { world in
            try await world.repository.commit(
                spec(
                    world,
                    #"name: hello, schedule: "0 5 1 1 *", command: [sh, -c, "echo hello from $SLIPWAY_PROCESS; echo run=$SLIPWAY_RUN; env | grep MARK"]"#
                ).mapValues {
                    $0.split(separator: "processes:").joined(separator: "env: {MARK: seen}\nprocesses:")
                })
            try await world.start()
            try await world.converged("shop", on: 1)
            let list = try await world.slipway("cron", "list", "shop")
            #expect(list.text.contains("hello") && list.text.contains("0 5 1 1 *"), "\(list)")
            let output = try await world.slipway("cron", "run", "shop", "hello")
            #expect(output.exitCode == 0, "\(output)")
            let record = try #require(try await ended(world, "hello").first)
            #expect(record.outcome == .succeeded && record.isManual && record.exitCode == 0)
            let logs = try await world.slipway("cron", "logs", "shop", "hello", "--run", record.run)
            #expect(
                logs.text.contains("hello from hello") && logs.text.contains("MARK=seen")
                    && logs.text.contains("run=" + record.run), "\(logs)")
            #expect(try await world.slipway("cron", "logs", "shop", "nothing").exitCode == 5)
            #expect(try await world.slipway("cron", "run", "shop", "nothing").exitCode == 5)
            #expect(try await world.slipway("cron", "run", "shop").exitCode == 64)
            // An instance was started once, and it still is the one.
            #expect(try await world.status(of: "shop")?.instances.count == 1)
        }
    }

    /// The wait for a real minute; the controller is killed in it.
    @Test func aMinuteThatIsDueIsRunOnceOverAKill() async throws {
        try await World.with { world in
            try await world.repository.commit(
                spec(
                    world,
                    #"name: tick, schedule: "* * * * *", command: [sh, -c, "echo ticks; sleep 4"], overlap: allow"#
                ))
            try await world.start()
            try await world.converged("shop", on: 1)
            let first = try await eventually("a run", within: .seconds(80)) { () -> Seen<CronStatus.Run> in
                let runs = try await world.status(of: "shop")?.cron?.first?.running ?? []
                return runs.first { $0.startedAt != nil }.map { .yes($0) } ?? .notYet("\(runs)")
            }
            try await world.daemon?.killAtOnce()
            try await world.start()
            let record = try #require(try await ended(world, "tick").last)
            #expect(record.run == first.run && record.outcome == .succeeded && record.tries == 1)
            let names = try await world.containers("shop").map(\.name).filter { $0.contains(first.run) }
            #expect(names == [world.prefix + "shop-tick-" + first.run])
        }
    }

    @Test func overlapTimeoutAndRetries() async throws {
        try await World.with { world in
            try await world.repository.commit(
                spec(
                    world, #"name: long, schedule: "0 5 1 1 *", command: [sleep, "600"], timeout: 3s"#,
                    #"name: bad, schedule: "0 5 1 1 *", command: [sh, -c, "echo broken; exit 7"], retries: 1"#,
                    #"name: turn, schedule: "0 5 1 1 *", command: [sleep, "600"], overlap: replace"#))
            try await world.start()
            try await world.converged("shop", on: 1)
            for entry in ["long", "bad", "turn"] {
                #expect(try await world.slipway("cron", "run", "shop", entry).exitCode == 0)
            }
            let refused = try await world.slipway("cron", "run", "shop", "long")
            #expect(refused.exitCode == 5 && "\(refused)".contains("forbid"), "\(refused)")
            #expect(try await ended(world, "long").first?.outcome == .timedOut)
            let bad = try #require(try await ended(world, "bad").first)
            #expect(bad.outcome == .failed && bad.exitCode == 7 && bad.tries == 2)
            try await eventually("the first run is there") {
                let running = try await world.status(of: "shop")?.cron?.first { $0.name.rawValue == "turn" }?
                    .running
                return running?.first?.startedAt != nil ? .yes(()) : .notYet("\(String(describing: running))")
            }
            #expect(try await world.slipway("cron", "run", "shop", "turn").exitCode == 0)
            #expect(try await ended(world, "turn").first?.outcome == .stopped)
            // A release without them: nothing of them is left when what runs has come to its end.
            let status = try #require(try await world.status(of: "shop"))
            #expect(status.verdict == .converged)
        }
    }
}
