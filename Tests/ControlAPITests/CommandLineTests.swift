import FoundationEssentials
import HTTPServer
import Model
import Ports
import Synchronization
import Testing

/// The command line as the program runs it, against the real API.
@Suite struct CommandLineTests {
    @Test func looking() async throws {
        try await Running.with(try Samples.script()) { running in
            let status = await running.slipway("status")
            #expect(status.code == 1)
            #expect(status.output.hasPrefix("⟳ 1 of 1 app in progress"), "\(status.output)")
            let json = await running.slipway("status", "-o", "json")
            let decoded = try WireCoding.decode(InstallationStatus.self, from: Array(json.output.utf8))
            #expect(decoded == (try Samples.installation()))
            for (arguments, shows) in [
                (["status", "shop"], "shop  ⟳ rolling"),
                (["why", "shop"], "1. image pull: the registry is busy"),
                (["history"], "✗ rolled back"), (["diff", "shop", "v41", "42"], "~ image: shop:1 → shop:2"),
                (["trace", "shop-web-v42-1"], "release  v42"), (["logs", "shop"], "shop-web-v42-1 │ one\n"),
                (["events"], "shop v42 rollout started"), (["plan"], "1 app changes"),
                (["status", "-o", "yaml"], "version: 1\n"),
                (["history", "-o", "json"], "\"outcome\" : \"rolled_back\"")
            ] {
                let result = await run(running, arguments)
                #expect(result.output.contains(shows), "\(arguments): \(result.output)\(result.errors)")
                #expect(result.errors.isEmpty)
            }
            #expect(await running.slipway("plan").code == 2)
        }
    }

    private func run(
        _ running: Running, _ arguments: [String]
    ) async -> (code: Int32, output: String, errors: String) {
        switch arguments.count {
        case 1: await running.slipway(arguments[0])
        case 2: await running.slipway(arguments[0], arguments[1])
        case 3: await running.slipway(arguments[0], arguments[1], arguments[2])
        default: await running.slipway(arguments[0], arguments[1], arguments[2], arguments[3])
        }
    }

    @Test func exitCodesFollowTheVerdict() async throws {
        try await Running.with(try Samples.script()) { running in
            for verdict in Verdict.allCases {
                let state = try Samples.installation(try Samples.app(verdict, isMoving: false))
                running.surface.change { $0.status = state }
                #expect(await running.slipway("status").code == verdict.exitCode)
                #expect(await running.slipway("status", "shop").code == verdict.exitCode)
            }
        }
    }

    @Test func aTestNoticeSaysOfEachChannelHowItEnded() async throws {
        try await Running.with(try Samples.script()) { running in
            let result = await running.slipway("notices", "test")
            #expect(result.code == 2)
            #expect(result.output == "✔ ops: taken\n✗ pager: pager.example.com answered 500\n", "\(result)")
            #expect(await running.slipway("notices", "test", "ops").code == 2)
            #expect(running.surface.asked.suffix(2) == ["notices all", "notices ops"])
            #expect(await running.slipway("notices", "send").code == 64)
        }
    }

    @Test func refusalsAndAbsence() async throws {
        try await Running.with(try Samples.script()) { running in
            let unknown = await running.slipway("status", "nope")
            #expect(unknown.code == 5)
            #expect(unknown.errors.contains("there is no app nope"))
            #expect(unknown.output.isEmpty)
            #expect(await running.slipway("status", "UPPER").code == 64)
            let away = await running.slipway("status", "--socket", "/nonexistent/slipway.sock")
            #expect(away.code == 4)
            #expect(away.errors.contains("cannot reach the controller at /nonexistent/slipway.sock"))
            #expect(await running.slipway("plan", "--socket", "/nonexistent/slipway.sock").code == 4)
            #expect(
                await running.slipway("status", "shop", "--watch", "--socket", "/nonexistent/x").code == 4)
            #expect(await running.slipway("approve", "Shop!").code == 64)
            running.surface.change { $0.error = ControlError(.conflict, "nothing to abort") }
            #expect(await running.slipway("abort", "shop").code == 5)
            #expect(await running.slipway("plan").code == 1)
        }
    }

    @Test func whatWaitsForAPersonIsLetThrough() async throws {
        try await Running.with(try Samples.script()) { running in
            for arguments in [
                ["promote", "shop"], ["promote", "shop", "--full"], ["approve", "4F2C1E9"],
                ["approve", "shop"],
                ["approve", "facade1"]
            ] {
                #expect(await run(running, arguments).code == 0, "\(arguments)")
            }
            #expect(
                running.surface.asked == [
                    "promote shop", "promote shop in full", "approve 4f2c1e9", "approve shop",
                    "approve facade1"
                ])
            #expect(await running.slipway("approve", "0123").code == 64)
            #expect(await running.slipway("promote").code == 64)
            running.surface.change { $0.error = ControlError(.conflict, "nothing to promote") }
            #expect(await running.slipway("promote", "shop").code == 5)
        }
    }

    @Test func overTCPWithATokenFile() async throws {
        try await Running.with(try Samples.script()) { running in
            let directory = try Running.temporaryDirectory()
            defer { Running.remove(directory) }
            let file = directory + "/token"
            try Data("\(Running.token)\n".utf8).write(to: URL(filePath: file))
            let server = "http://127.0.0.1:\(running.port)"
            let answered = await running.slipway("history", "--server", server, "--token-file", file)
            #expect(answered.code == 0, "\(answered.errors)")
            let refused = await running.slipway("status", "--server", server)
            #expect(refused.code == 5)
            #expect(refused.errors.contains("--token-file"))
            let missing = await running.slipway(
                "status", "--server", server, "--token-file", directory + "/none")
            #expect(missing.code == 1)
            #expect(await running.slipway("status", "--server", "ftp://x").code == 64)
        }
    }

    /// In a pipe a watch is a line for each change, follows the rollback, and ends by itself.
    @Test func watchFollowsARollbackAndEnds() async throws {
        try await Running.with(try Samples.script()) { running in
            let rollingBack = try Samples.installation(
                try Samples.app(
                    .progressing, because: [Blocker(cause: .exited, object: "shop", message: "web exited 1")])
            )
            let ended = try Samples.installation(
                try Samples.app(
                    .rolledBack, isMoving: false,
                    because: [Blocker(cause: .rolledBack, object: "v42", message: "v42 web exited 1 ×3")]))
            let result = await running.slipway("status", "shop", "--watch") { text in
                if text.contains("the registry is busy") {
                    running.surface.change { $0.status = rollingBack }
                }
                if text.contains("web exited 1 ·") { running.surface.change { $0.status = ended } }
            }
            #expect(result.code == 2)
            #expect(result.errors.isEmpty, "\(result.errors)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 3, "\(result.output)")
            #expect(lines.last?.contains("shop ✗ rolled back v41 (not v42)") == true)
            #expect(!result.output.contains("\u{1B}"))
        }
    }

    @Test func onATerminalTheViewIsRedrawnInPlace() async throws {
        try await Running.with(try Samples.script()) { running in
            let done = try Samples.installation(
                try Samples.app(.converged, wanted: 42, running: 42, isMoving: false))
            let result = await running.slipway("status", "--watch", isTerminal: true) { text in
                if text.contains("in progress") { running.surface.change { $0.status = done } }
            }
            #expect(result.code == 0)
            #expect(result.output.contains("A\u{1B}[J"))
            #expect(result.output.contains("the app is converged"))
        }
    }

    @Test func waitFollowsWhatTheCommandSetOff() async throws {
        var script = try Samples.script()
        script.status = try Samples.installation(try Samples.app(.rolledBack, isMoving: false))
        script.afterCommand = [try Samples.installation(try Samples.app(.progressing))]
        try await Running.with(script) { running in
            let done = try Samples.installation(try Samples.app(.converged, running: 42, isMoving: false))
            let result = await running.slipway("retry", "shop", "--wait") { text in
                if text.contains("rolling") { running.surface.change { $0.status = done } }
            }
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.hasPrefix("done\n"))
            #expect(result.output.contains("● converged v42"))
        }
    }

    /// The controller is restarted in the middle of a watch: the apps go on without it, and so does the watch.
    @Test func watchOutlivesTheController() async throws {
        let directory = try Running.temporaryDirectory()
        defer { Running.remove(directory) }
        let first = try await Running.start(try Samples.script(), in: directory)
        var script = try Samples.script()
        script.status = try Samples.installation(try Samples.app(.converged, running: 42, isMoving: false))
        let later = script
        let isSeen = Mutex(false)
        async let result = first.running.slipway("status", "shop", "--watch") { _ in
            isSeen.withLock { $0 = true }
        }
        try await eventually("the first state is shown") { isSeen.withLock { $0 } }
        await first.server.stop(grace: .zero)
        let second = try await Running.start(later, in: directory)
        let ended = await result
        await second.server.stop(grace: .zero)
        #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        #expect(ended.errors.contains("lost the controller"))
        #expect(ended.output.contains("● converged v42"))
    }

    @Test func waitEndsAtItsTimeout() async throws {
        try await Running.with(try Samples.script()) { running in
            let result = await running.slipway("sync", "--wait", "--timeout", "300ms")
            #expect(result.code == 1)
            #expect(result.errors.contains("not over after 300ms"))
            #expect(await running.slipway("sync", "--timeout", "5s").code == 64)
        }
    }

    @Test func aWorkTreeIsSentWithTheFilesItNames() async throws {
        try await Running.with(try Samples.script()) { running in
            let directory = try Running.temporaryDirectory()
            defer { Running.remove(directory) }
            for (name, content) in [
                ("shop.yaml", "name: shop\nimage: x:1\nenv_files: [shop.env, gone.env]\n"),
                ("shop.env", "A=1\n"),
                ("other.txt", "is not sent")
            ] { try Data(content.utf8).write(to: URL(filePath: directory + "/" + name)) }
            let result = await running.slipway("plan", "--repo", directory, "-o", "markdown")
            #expect(result.code == 2, "\(result.errors)")
            #expect(result.output.hasPrefix("### Slipway plan"))
            #expect(running.surface.asked == ["plan files shop.env,shop.yaml"])
            #expect(await running.slipway("plan", "--repo", directory, "--head", "main").code == 64)
            #expect(await running.slipway("plan", "--repo", directory, "--base", "main").code == 64)
            #expect(await running.slipway("plan", "--base", "main", "--head", "shop-1.5").code == 2)
            #expect(running.surface.asked.last == "plan - main..shop-1.5")
        }
    }

    @Test func followedLogsEnd() async throws {
        try await Running.with(try Samples.script()) { running in
            let result = await running.slipway("logs", "shop", "-f", "--tail", "5", "--since", "1m")
            #expect(result.code == 0)
            #expect(result.output == "shop-web-v42-1 │ one\nshop-web-v42-1 │ two\n")
            #expect(running.surface.asked == ["logs shop - 5 60 true"])
            _ = await running.slipway("logs", "shop", "-f", "--job", "release", "--run", "v2.1")
            #expect(running.surface.asked.last == "logs shop job release v2.1 100 - true")
            let both = await running.slipway("logs", "shop", "--job", "release", "--process", "web")
            #expect(both.code == 64)
        }
    }

    @Test func followedEventsComeAsTheyHappen() async throws {
        try await Running.with(try Samples.script()) { running in
            let isThere = Mutex(false)
            let third = try Samples.event(3)
            let task = Task {
                await running.slipway("events", "-f", "-o", "json") { text in
                    if text.contains(#""sequence":2"#) { running.surface.emit(third) }
                    if text.contains(#""sequence":3"#) { isThere.withLock { $0 = true } }
                }
            }
            try await eventually("the third event is printed") { isThere.withLock { $0 } }
            task.cancel()
            _ = await task.value
            try await eventually("the stream is let go of") { running.surface.streamsLetGo == 1 }
        }
    }
}
