import FoundationEssentials
import HTTPClient
import Model
import Testing

/// The command line against a real controller.
@Suite struct CommandTests {
    private func twoReleases(_ world: World) async throws {
        try await world.repository.commit(["shop.yaml": SpecText().yaml(world)], message: "shop: 1")
        try await world.start()
        try await world.converged("shop", on: 1)
        try await world.repository.commit(
            ["shop.yaml": SpecText(image: "app:2").yaml(world)], message: "shop: 2")
        try await world.converged("shop", on: 2)
    }

    @Test func rollback() async throws {
        try await World.with { world in
            try await twoReleases(world)
            let output = try await world.slipway("rollback", "shop")
            #expect(output.exitCode == 0, "\(output)")
            let status = try await world.wait(for: "shop", "v1 again") {
                $0.running?.number?.value == 1 && $0.rollout == nil
            }
            #expect(status.verdict == .held)
            #expect(status.because.contains { $0.cause == .pinned })
            try await eventually("only v1 runs") {
                let now = try await world.containers("shop")
                return now.map(\.release) == ["1"] ? .yes(()) : .notYet("\(now.map(\.name))")
            }
            // A new spec ends it.
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:3").yaml(world)])
            try await world.wait(for: "shop", "v3 runs") {
                $0.verdict == .converged && $0.running?.image.contains("app:3") == true
            }
        }
    }

    @Test func rollbackToANumberAndRetry() async throws {
        try await World.with { world in
            try await twoReleases(world)
            #expect(try await world.slipway("rollback", "shop", "v7").exitCode != 0)
            #expect(try await world.slipway("rollback", "shop", "v1").exitCode == 0)
            try await world.wait(for: "shop", "v1 again") {
                $0.running?.number?.value == 1 && $0.rollout == nil
            }
            #expect(try await world.slipway("retry", "shop").exitCode == 0)
            try await world.wait(for: "shop", "what git wants again") {
                $0.verdict == .converged && $0.running?.image.contains("app:2") == true
            }
        }
    }

    @Test func pauseAndResume() async throws {
        try await World.with { world in
            try await twoReleases(world)
            #expect(try await world.slipway("pause", "shop").exitCode == 0)
            let commit = try await world.repository.commit(["shop.yaml": SpecText(image: "app:3").yaml(world)]
            )
            try await world.read(commit)
            try await always("a paused app is not deployed", for: .seconds(2)) {
                try await world.containers("shop").map(\.release) == ["2"] ? nil : "it was"
            }
            let status = try #require(try await world.status(of: "shop"))
            #expect(status.isPaused)
            #expect(status.because.contains { $0.cause == .paused && $0.command?.contains("resume") == true })
            #expect(try await world.slipway("resume", "shop").exitCode == 0)
            try await world.converged("shop", on: 3)
        }
    }

    @Test func abort() async throws {
        try await World.with { world in
            try await twoReleases(world)
            let before = try await world.containers("shop")
            try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:3", deploy: ["timeout: 60s"], minHealthyTime: "30s").yaml(
                    world)
            ])
            try await world.wait(for: "shop", "moving to v3") { $0.rollout?.to?.value == 3 }
            #expect(try await world.slipway("abort", "shop").exitCode == 0)
            try await eventually("v2 alone, untouched") {
                let now = try await world.containers("shop")
                return now == before ? .yes(()) : .notYet("\(now.map(\.name))")
            }
            let status = try #require(try await world.status(of: "shop"))
            #expect(status.verdict != .converged, "an abort is no success")
            #expect(try await world.history("shop").first?.outcome == .aborted)
        }
    }

    @Test func retryOfAQuarantinedRelease() async throws {
        try await World.with { world in
            try await twoReleases(world)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:answers-500").yaml(world)])
            _ = try await world.rolledBack("shop")
            #expect(try await world.slipway("retry", "shop").exitCode == 0)
            try await eventually("it was tried again, and failed again") {
                let outcomes = try await world.history("shop").map(\.outcome)
                return outcomes.prefix(2) == [.rolledBack, .rolledBack] ? .yes(()) : .notYet("\(outcomes)")
            }
            _ = try await world.rolledBack("shop")
        }
    }

    @Test func reports() async throws {
        try await World.with { world in
            try await twoReleases(world)
            let name = "\(world.prefix)shop-web-v2-1"

            let logs = try await world.slipway("logs", "shop")
            #expect(logs.exitCode == 0 && logs.text.contains("version 2 starts"), "\(logs)")

            let trace = try await world.slipway("trace", name, "-o", "json")
            let report = try WireCoding.decode(TraceReport.self, from: Array(trace.text.utf8))
            #expect(report.release.value == 2)
            #expect(report.commit.subject == "shop: 2")
            #expect(report.path == "shop.yaml")
            #expect(try await world.slipway("trace", "no-such-container").exitCode != 0)

            let events = try await world.slipway("events")
            #expect(events.exitCode == 0 && events.text.contains("v2"), "\(events)")

            let history = try await world.history("shop")
            #expect(history.map(\.release.value) == [2, 1])
            #expect(history.allSatisfy { $0.outcome == .succeeded })

            let difference = try await world.slipway("diff", "shop", "v1", "v2")
            #expect(difference.text.contains("app:1") && difference.text.contains("app:2"), "\(difference)")

            let why = try await world.slipway("why", "shop")
            #expect(why.exitCode == 0 && !why.text.isEmpty, "\(why)")

            #expect(try await world.slipway("plan").exitCode == 0)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:3").yaml(world)])
            let usage = try await world.slipway("no-such-command")
            #expect(usage.exitCode == 64)
            let unknown = try await world.slipway("status", "no-such-app")
            #expect(unknown.exitCode != 0)
        }
    }

    @Test func planBeforeACommitIsRead() async throws {
        try await World.with(World.Options(arguments: ["--poll", "1h"])) { world in
            try await twoReleasesBySync(world)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            let plan = try await world.slipway("plan")
            #expect(plan.exitCode == 2, "\(plan)")
            #expect(plan.text.contains("shop"))
            #expect(try await world.containers("shop").map(\.release) == ["1"])
            #expect(try await world.slipway("sync").exitCode == 0)
            try await world.converged("shop", on: 2)
        }
    }

    private func twoReleasesBySync(_ world: World) async throws {
        try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
        try await world.start()
        try await world.converged("shop", on: 1)
    }

    @Test func aWatchEndsWithTheRollout() async throws {
        try await World.with { world in
            try await twoReleases(world)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:3").yaml(world)])
            try await world.wait(for: "shop", "moving") {
                $0.rollout != nil || $0.running?.number?.value == 3
            }
            #expect(try await world.slipway("status", "shop", "--watch").exitCode == 0)
            #expect(try await world.status(of: "shop")?.running?.number?.value == 3)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:answers-500").yaml(world)])
            try await world.wait(for: "shop", "moving") { $0.verdict != .converged }
            let watch = try await world.slipway("status", "shop", "--watch")
            #expect(watch.exitCode == 2, "\(watch)")
        }
    }

    @Test func theAPIOverTCPNeedsItsToken() async throws {
        let port = Int.random(in: 20_000..<30_000)
        let file = "/tmp/slipway-token-\(port)"
        try Data("a-token-of-the-tests-0123456789\n".utf8).write(to: URL(filePath: file))
        try await Shell.succeed(["chmod", "600", file])
        try await World.with(
            World.Options(arguments: ["--listen", "127.0.0.1:\(port)", "--token-file", file])
        ) { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let client = HTTPClient()
            let url = "http://127.0.0.1:\(port)/v1/status"
            let stranger = try await client.send(HTTPRequest(url: url))
            #expect(stranger.status == 401)
            let liar = try await client.send(
                HTTPRequest(url: url, headers: [("Authorization", "Bearer wrong")]))
            #expect(liar.status == 401)
            let friend = try await client.send(
                HTTPRequest(url: url, headers: [("Authorization", "Bearer a-token-of-the-tests-0123456789")]))
            #expect(friend.status == 200)
            let status = try WireCoding.decode(InstallationStatus.self, from: friend.body)
            #expect(status.apps.map(\.name.rawValue) == ["shop"])
            #expect(!world.log.contains("a-token-of-the-tests"))
        }
        try FileManager.default.removeItem(atPath: file)
    }

    @Test(arguments: [["--no-such-option"], ["--poll", "-3s"], ["--listen", "127.0.0.1:0"]])
    func wrongOptionsAreRefused(_ arguments: [String]) async throws {
        let settings = try Settings.load()
        let output = try await Shell.run([settings.programs + "/slipwayd"] + arguments, timeout: .seconds(10))
        #expect(output.exitCode == 64, "\(output)")
        #expect(!output.errors.isEmpty)
    }

    @Test func helpAndVersion() async throws {
        let settings = try Settings.load()
        for program in ["slipwayd", "slipway"] {
            let version = try await Shell.run(
                [settings.programs + "/" + program, program == "slipway" ? "version" : "--version"])
            #expect(version.exitCode == 0 && version.text.contains(Build.version), "\(version)")
            let help = try await Shell.run([settings.programs + "/" + program, "--help"])
            #expect(help.exitCode == 0 && help.text.contains("--socket"), "\(help)")
        }
    }
}
