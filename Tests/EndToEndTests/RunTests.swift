import FoundationEssentials
import Model
import Testing

/// `slipway run`: one-off runs with the real program, controller and engine.
@Suite struct RunTests {
    private func run(_ world: World, _ arguments: [String], input: String = "") async throws -> Shell.Output {
        try await Shell.run(
            [world.settings.programs + "/slipway", "--socket", world.socket, "run"] + arguments, input: input)
    }

    private func started(_ world: World) async throws {
        try await world.repository.commit([
            "shop.yaml": SpecText(
                env: ["GREETING": "hello"], web: ["volumes: [\"data:/data\"]"], top: ["volumes: {data: {}}"]
            ).yaml(world)
        ])
        try await world.start()
        try await world.converged("shop", on: 1)
    }

    private func runs(_ world: World) async throws -> [Engine.Container] {
        try await world.containers("shop").filter { $0.name.contains("-run-") }
    }

    private func nothingIsLeft(_ world: World) async throws {
        try await eventually("its container is removed", within: .seconds(20)) {
            let left = try await runs(world)
            return left.isEmpty ? .yes(()) : .notYet("\(left.map(\.name))")
        }
    }

    @Test func outputInputAndCodes() async throws {
        try await World.with { world in
            try await started(world)
            let before = try await world.containers("shop").map(\.name)
            // What it writes at once is there, and it has the app's environment and volumes.
            let both = try await run(
                world,
                ["shop", "--", "sh", "-c", "echo $GREETING; echo oh >&2; echo kept > /data/word; exit 9"])
            #expect(both.exitCode == 9 && both.text == "hello\n" && both.errors == "oh\n", "\(both)")
            let input = String(repeating: "0123456789abcdef\n", count: 40_000)
            let echoed = try await run(
                world, ["shop", "-i", "--", "sh", "-c", "cat; cat /data/word"], input: input)
            #expect(
                echoed.exitCode == 0 && echoed.text == input + "kept\n", "\(echoed.exitCode) \(echoed.errors)"
            )
            let missing = try await run(world, ["shop/web", "--", "no-such-program"])
            #expect([126, 127].contains(missing.exitCode), "\(missing)")
            #expect(missing.text.isEmpty && missing.errors.contains("no-such-program"), "\(missing)")
            let late = try await run(world, ["shop", "--timeout", "1s", "--", "sleep", "60"])
            #expect(late.exitCode == 124 && late.errors.contains("within its time"), "\(late)")
            for (arguments, says) in [
                (["nope", "true"], "no app nope"), (["shop/worker", "true"], "no process worker")
            ] {
                let refused = try await run(world, arguments)
                #expect(refused.exitCode == 125 && refused.errors.contains(says), "\(refused)")
            }
            try await nothingIsLeft(world)
            // The app is as it was.
            #expect(try await world.containers("shop").map(\.name) == before)
            #expect(try await world.status(of: "shop")?.verdict == .converged)
            let audit = try await world.slipway("audit", "--app", "shop", "-o", "json")
            #expect(
                audit.text.contains("\"action\" : \"run\"") && !audit.text.contains("GREETING"), "\(audit)")
        }
    }

    @Test func aShellOnATerminal() async throws {
        try await World.with { world in
            try await started(world)
            let shell = try await OnATerminal.slipway(
                world,
                #"""
                [["expect", "# "], ["type", "stty size; echo be''gun\r"], ["expect", "30 100"], ["expect", "begun"],
                 ["expect", "# "], ["size", 70, 20], ["type", "sleep 1; stty size\r"], ["expect", "20 70"],
                 ["expect", "# "], ["type", "exit 4\r"]]
                """#, ["run", "shop", "--", "sh"])
            #expect(shell.exitCode == 4 && shell.text.hasSuffix("\nSAME\n"), "\(shell)")
            try await nothingIsLeft(world)
        }
    }

    /// A client that is killed, and a controller that is, leave no run behind.
    @Test func whoIsGoneEndsIt() async throws {
        try await World.with { world in
            try await started(world)
            func begin() async throws -> String {
                try await Shell.succeed([
                    "sh", "-c", "\"$@\" >/dev/null 2>&1 & echo $!", "sh",
                    world.settings.programs + "/slipway", "run",
                    "shop", "--socket", world.socket, "--", "sh", "-c",
                    "trap 'exit 1' TERM; while :; do sleep 0.1; done"
                ])
            }
            func isThere() async throws {
                try await eventually("it runs", within: .seconds(20)) {
                    let now = try await runs(world)
                    return now.count == 1 && now[0].state == "running" ? .yes(()) : .notYet("\(now)")
                }
            }
            let pid = try await begin()
            try await isThere()
            try await Shell.succeed(["kill", "-9", pid])
            try await nothingIsLeft(world)

            _ = try await begin()
            try await isThere()
            try await world.daemon?.killAtOnce()
            try await world.start()
            try await nothingIsLeft(world)
            #expect(try await world.converged("shop", on: 1).instances.count == 1)
        }
    }

    @Test func itGoesOnByItself() async throws {
        try await World.with { world in
            try await started(world)
            let detached = try await run(
                world,
                [
                    "shop", "-d", "--", "sh", "-c",
                    "trap 'exit 1' TERM; while [ ! -e /data/go ]; do sleep 0.1; done; exit 4"
                ])
            #expect(detached.exitCode == 0, "\(detached)")
            let name = try #require(try await runs(world).first?.name)
            #expect(detached.text.contains(name), "\(detached)")
            // A controller that starts anew leaves it alone, and so does a new release.
            try await world.daemon?.killAtOnce()
            try await world.start()
            try await world.repository.commit([
                "shop.yaml": SpecText(
                    image: "app:2", env: ["GREETING": "hello"], web: ["volumes: [\"data:/data\"]"],
                    top: ["volumes: {data: {}}"]
                ).yaml(world)
            ])
            try await world.converged("shop", on: 2)
            #expect(try await runs(world).map(\.state) == ["running"])
            let exec = try await Shell.run([
                world.settings.programs + "/slipway", "--socket", world.socket, "exec", "shop", "touch",
                "/data/go"
            ])
            #expect(exec.exitCode == 0, "\(exec)")
            try await eventually("it has ended, and is kept", within: .seconds(20)) {
                let list = try await run(world, ["shop", "--list"])
                return list.text.contains(name) && list.text.contains("exited 4")
                    ? .yes(()) : .notYet("\(list)")
            }
            // A removal takes it along.
            try await world.repository.commit(
                ["other.yaml": SpecText(name: "other").yaml(world)], removing: ["shop.yaml"])
            try await eventually("nothing of shop is left", within: .seconds(60)) {
                let left = try await world.containers("shop")
                return left.isEmpty ? .yes(()) : .notYet("\(left.map(\.name))")
            }
        }
    }
}
