import FoundationEssentials
import Model
import Testing

/// What is not the release's fault is waited out; what is healthy stays.
@Suite struct WorldFaultTests {
    @Test func aRegistryThatIsDownIsWaitedFor() async throws {
        try await World.with { world in
            let registry = try await TestRegistry.start(in: world.directory + "/registry")
            do {
                for version in ["1", "2"] {
                    let address = "\(registry.address)/app:\(version)"
                    try await world.engine.docker("tag", "\(world.settings.registry)/app:\(version)", address)
                    try await world.engine.docker("push", "-q", address)
                    try await world.engine.docker("rmi", address)
                }
                try await world.repository.commit(["shop.yaml": SpecText().yaml(registry: registry.address)])
                try await world.start()
                try await world.converged("shop", on: 1)
                let before = try await world.containers("shop")
                try await registry.stop()
                // Away for longer than the rollout may go without progress: still not the release's fault.
                try await world.repository.commit([
                    "shop.yaml": SpecText(image: "app:2", deploy: ["timeout: 3s"]).yaml(
                        registry: registry.address)
                ])
                try await world.wait(for: "shop", "the registry is named") {
                    $0.because.contains { $0.cause == .imagePull }
                }
                try await always("what runs stays", for: .seconds(4)) {
                    try await world.containers("shop") == before ? nil : "something was changed"
                }
                let status = try #require(try await world.status(of: "shop"))
                #expect(status.verdict == .waiting || status.verdict == .held, "\(status.verdict)")
                try await registry.startAgain()
                try await world.converged("shop", on: 2, within: .seconds(90))
            } catch {
                try await registry.stop()
                throw error
            }
            try await registry.stop()
        }
    }

    @Test func aRollbackNeedsNoRegistryAndNoGit() async throws {
        try await World.with { world in
            let registry = try await TestRegistry.start(in: world.directory + "/registry")
            do {
                for version in ["1", "answers-500"] {
                    let address = "\(registry.address)/app:\(version)"
                    try await world.engine.docker("tag", "\(world.settings.registry)/app:\(version)", address)
                    try await world.engine.docker("push", "-q", address)
                }
                let spec = SpecText(replicas: 2, deploy: ["strategy: recreate", "timeout: 8s"])
                try await world.repository.commit(["shop.yaml": spec.yaml(registry: registry.address)])
                try await world.start()
                try await world.converged("shop", on: 1)
                var bad = spec
                bad.image = "app:answers-500"
                try await world.repository.commit(["shop.yaml": bad.yaml(registry: registry.address)])
                try await world.wait(for: "shop", "moving") { $0.rollout?.to?.value == 2 }
                try await registry.stop()
                try await Shell.succeed(["mv", world.repository.bare, world.repository.bare + ".away"])
                try await eventually("the last good release is back", within: .seconds(60)) {
                    let now = try await world.containers("shop")
                    return now.count == 2 && now.allSatisfy { $0.isRunning && $0.release == "1" }
                        ? .yes(()) : .notYet("\(now.map { "\($0.name) \($0.state)" })")
                }
                try await Shell.succeed(["mv", world.repository.bare + ".away", world.repository.bare])
                _ = try await world.rolledBack("shop")
            } catch {
                try await registry.stop()
                throw error
            }
            try await registry.stop()
        }
    }

    @Test func anEngineThatRestartsIsLivedThrough() async throws {
        let settings = try Settings.load()
        let engine = try await PrivateEngine.start(settings: settings)
        do {
            var options = World.Options()
            options.engineSocket = engine.socket
            options.wrapper = engine.enter
            try await World.with(options) { world in
                let registry = engine.registry
                try await world.repository.commit([
                    "shop.yaml": SpecText(replicas: 2).yaml(registry: registry)
                ])
                try await world.start()
                try await world.converged("shop", on: 1)
                let before = try await world.containers("shop")
                try await engine.stopDaemon()
                try await eventually("the status says that the engine is away") {
                    let status = try await world.status()
                    return status.engine.isReachable ? .notYet("reachable") : .yes(())
                }
                try await engine.startDaemon()
                try await eventually("the engine is seen again") {
                    try await world.status().engine.isReachable ? .yes(()) : .notYet("unreachable")
                }
                try await world.converged("shop", on: 1)
                let after = try await world.containers("shop")
                let why = try await world.slipway("events", "shop")
                #expect(after.map(\.name) == before.map(\.name), "\(why)")
                #expect(after.filter(\.isRunning).count == after.count)
                // And once more in the middle of a rollout: the engine's fault is not the release's.
                try await world.repository.commit([
                    "shop.yaml": SpecText(image: "app:2", replicas: 2, minHealthyTime: "2s").yaml(
                        registry: registry)
                ])
                try await world.wait(for: "shop", "moving to v2") { $0.rollout?.to?.value == 2 }
                try await engine.stopDaemon()
                try await engine.startDaemon()
                try await world.converged("shop", on: 2, within: .seconds(90))
            }
        } catch {
            try await engine.takeAway()
            throw error
        }
        try await engine.takeAway()
    }

    @Test func aGitRemoteThatIsAwayChangesNothing() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            try await Shell.succeed(["mv", world.repository.bare, world.repository.bare + ".away"])
            try await eventually("the source says so") {
                let status = try await world.status()
                return status.sources.first?.because.isEmpty == false
                    ? .yes(()) : .notYet("\(status.sources)")
            }
            // The apps are looked after all the same.
            try await world.engine.docker("kill", "\(world.prefix)shop-web-v1-1")
            try await eventually("it runs again") {
                let now = try await world.containers("shop")
                return now.count == before.count && now.allSatisfy(\.isRunning) ? .yes(()) : .notYet("\(now)")
            }
            try await Shell.succeed(["mv", world.repository.bare + ".away", world.repository.bare])
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 2)
        }
    }

    @Test func aRewrittenHistoryIsFollowed() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.git("checkout", "-q", "--orphan", "fresh")
            try await Shell.succeed(["sed", "-i", "s|app:1|app:2|", world.repository.clone + "/shop.yaml"])
            try await world.repository.git("add", "-A")
            try await world.repository.git("commit", "-q", "-m", "rewritten")
            try await world.repository.git("push", "-q", "--force", "origin", "HEAD:main")
            try await world.converged("shop", on: 2)
        }
    }
}
