import FoundationEssentials
import Model
import Testing

/// The command of a release on real containers: once, before anything changes, whatever becomes of the controller.
@Suite struct ReleaseCommandTests {
    /// Each run adds a line to a file on the app's volume.
    private func spec(_ image: String, _ script: String, timeout: String = "1m") -> SpecText {
        let command = "echo ran >> /data/runs; echo migrating $SLIPWAY_APP; \(script)"
        return SpecText(
            image: image, replicas: 2, web: ["volumes: [data:/data]"],
            top: [
                "release: {command: [sh, -c, '\(command)'], timeout: \(timeout)}",
                "volumes: {data: {shared: true}}"
            ])
    }

    private func runs(_ world: World) async throws -> Int {
        let name = try #require(try await instances(world).first?.name)
        let text = try await world.engine.docker("exec", name, "cat", "/data/runs")
        return text.split(separator: "\n").count
    }

    private func instances(_ world: World) async throws -> [Engine.Container] {
        try await world.containers("shop").filter { $0.name.contains("-web-") }
    }

    @Test func itRunsOnceBeforeAnythingChanges() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": spec("app:1", "true").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            #expect(try await runs(world) == 1)
            let before = try await instances(world)
            try await CapacityWatcher.watch(world, floor: 2, ceiling: 3) {
                try await world.repository.commit([
                    "shop.yaml": spec("app:2", "while [ ! -e /data/go ]; do sleep 0.1; done").yaml(world)
                ])
                let status = try await world.wait(for: "shop", "the command runs") {
                    $0.because.contains { $0.cause == .releaseCommand && $0.message.contains("runs") }
                }
                #expect(status.phase == "release command")
                #expect(try await instances(world) == before)
                let log = try await world.slipway("logs", "shop", "--job", "release")
                #expect(log.text.contains("migrating shop"), "\(log)")
                try await world.engine.docker("exec", before[0].name, "touch", "/data/go")
                try await world.converged("shop", on: 2)
            }
            #expect(try await runs(world) == 2)
            let log = try await world.slipway("logs", "shop", "--job", "release", "--run", "v1.1")
            #expect(log.text.contains("migrating shop"), "\(log)")
        }
    }

    @Test func oneThatFailsKeepsTheOldRelease() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": spec("app:1", "true").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await instances(world)
            try await CapacityWatcher.watch(world, floor: 2, ceiling: 2) {
                try await world.repository.commit([
                    "shop.yaml": spec("app:2", "echo no such table: users >&2; exit 3").yaml(world)
                ])
                let status = try await world.rolledBack("shop")
                let text = status.because.map(\.message).joined(separator: "\n")
                #expect(text.contains("release command exited 3"), "\(text)")
            }
            #expect(try await instances(world) == before)
            let record = try #require(try await world.history("shop").first)
            #expect(record.outcome == .rolledBack)
            #expect(record.evidence.contains { $0.contains("no such table: users") }, "\(record.evidence)")
            // It is not tried again by itself; a person can.
            try await always("it is not run again", for: .seconds(2)) {
                try await runs(world) == 2 ? nil : "it was run again"
            }
            #expect(try await world.slipway("retry", "shop").exitCode == 0)
            try await eventually("a retry runs it once more") { () -> Seen<Void> in
                let count = try await runs(world)
                return count == 3 ? .yes(()) : .notYet("\(count) runs")
            }
        }
    }

    @Test func oneThatRunsTooLongIsStopped() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": spec("app:1", "true").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit([
                "shop.yaml": spec("app:2", "exec sleep 600", timeout: "1s").yaml(world)
            ])
            let status = try await world.rolledBack("shop")
            let text = status.because.map(\.message).joined(separator: "\n")
            #expect(text.contains("did not end within its time"), "\(text)")
            #expect(
                try await world.containers("shop").allSatisfy { !$0.isRunning || $0.name.contains("-web-") })
        }
    }

    @Test func oneThatCannotBeStartedFailsItsRelease() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": spec("app:1", "true").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            var bad = SpecText(image: "app:2", replicas: 2, top: ["release: {command: [no-such-program]}"])
            bad.web = ["volumes: [data:/data]"]
            bad.top.append("volumes: {data: {shared: true}}")
            try await world.repository.commit(["shop.yaml": bad.yaml(world)])
            let status = try await world.rolledBack("shop")
            let text = status.because.map(\.message).joined(separator: "\n")
            #expect(text.contains("could not be started") && text.contains("no-such-program"), "\(text)")
        }
    }

    /// I15 for real: killed again and again around and during the command.
    @Test func aKilledControllerNeverRunsItTwice() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": spec("app:1", "true").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            var releases = 1
            for round in 0..<3 {
                try await world.repository.commit([
                    "shop.yaml": spec(round.isMultiple(of: 2) ? "app:2" : "app:1", "sleep 1").yaml(world)
                ])
                for _ in 0..<4 {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...700)))
                    try await world.daemon?.killAtOnce()
                    try await world.start(waiting: false)
                }
                releases += 1
                try await world.waitForAnswer()
                // A start that nobody knows the outcome of is looked at for 90 s.
                try await world.converged("shop", on: releases, within: .seconds(150))
                #expect(try await runs(world) == releases)
            }
        }
    }
}
