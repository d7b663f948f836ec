import Controller
import Model
import Ports
import Simulation
import Testing

/// What the engine does not tell, or not in time: the worse case counts until it is seen.
@Suite struct ControllerUncertaintyTests {
    private func spec(_ version: String) -> [String: String] {
        let text = Workbench.spec("shop", image: "shop:\(version)", replicas: 3)
        return [
            "shop.yaml": text.replacing(
                "timeout: 1m}", with: "timeout: 5m, max_surge: 1, max_unavailable: 0}")
        ]
    }

    private func running() async throws -> Workbench {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        return bench
    }

    @Test func `a container that hangs while the controller starts is not launched again`() async throws {
        let first = try await running()
        first.engine.setHanging(["shop-web-v1-2"])
        let launches = first.engine.calls(.launch)
        let second = try await first.restarted()
        await second.pass(.seconds(30))
        #expect(second.engine.calls(.launch) == launches)
        let because = await second.controller.status().apps.first?.because ?? []
        #expect(because.contains { $0.object == "shop-web-v1-2" && $0.cause == .engine })
        second.engine.setHanging([])
        await second.waitForVerdict(.converged)
        #expect(second.engine.calls(.launch) == launches)
        await second.stop()
    }

    @Test func `the number of a container that hangs is not given again by a store that was lost`()
        async throws
    {
        let first = try await running()
        first.engine.setHanging(Set(first.engine.instances.map(\.name)))
        first.repository.commit(spec("2"))
        let second = try await first.restarted(store: MemoryStore())
        await second.pass(.seconds(30))
        second.engine.setHanging([])
        await second.waitForVerdict(.converged, release: 2)
        #expect(Set(second.engine.instances.map(\.labels.release.value)) == [2])
        await second.stop()
    }

    @Test func `what was taken away counts as going until it is seen to be gone`() async throws {
        let bench = try await running()
        let engine = bench.engine
        engine.observeCalls { kind in if kind == .remove { engine.refuseInspections(true) } }
        bench.repository.commit(spec("2"))
        await bench.wait("one is removed") { _ in engine.calls(.remove) > 0 }
        await bench.pass(.seconds(30))
        #expect(engine.instances.count >= 3)
        engine.observeCalls(nil)
        engine.refuseInspections(false)
        await bench.waitForVerdict(.converged, release: 2)
        await bench.stop()
    }

    @Test func `what the last run was about to stop is not counted on`() async throws {
        let first = try await running()
        await first.stop()
        var batch = StoreBatch()
        let state = try first.store.claim()
        batch.epoch = state.epoch
        batch.intents = [
            Intent(
                sequence: state.lastIntent + 1, app: AppName("shop").required, action: .remove,
                object: "shop-web-v1-1", at: WallTime(secondsSince1970: 0))
        ]
        try first.store.commit(batch)
        let removals = first.engine.calls(.remove)
        first.repository.commit(spec("2"))
        let second = try await first.restarted()
        await second.pass(.seconds(20))
        #expect(second.engine.instances.contains { $0.name == "shop-web-v2-1" })
        #expect(second.engine.calls(.remove) == removals)
        await second.waitForVerdict(.converged, release: 2)
        await second.stop()
    }

    /// The launch was under way when the first controller died, and the second one died without having seen the engine.
    @Test func `what an unfinished launch has made is ours for whoever sees it first`() async throws {
        let first = try await running()
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.converged, release: 2)
        await first.stop()
        var orphan = try #require(first.engine.instances.first)
        orphan.id = ContainerID("orphan").required
        orphan.name = "shop-web-v1-9"
        orphan.labels.release = .first
        orphan.labels.template = ContentDigest("sha256:" + String(repeating: "d", count: 64)).required
        first.engine.plant(orphan, network: .init(name: "slipway-retail", project: Workbench.project))
        var batch = StoreBatch()
        let state = try first.store.claim()
        batch.epoch = state.epoch
        batch.intents = [
            Intent(
                sequence: state.lastIntent + 1, app: AppName("shop").required, action: .launch,
                object: orphan.name, at: WallTime(secondsSince1970: 0))
        ]
        try first.store.commit(batch)
        first.engine.setDown(true)
        let second = try await first.restarted()
        await second.pass(.seconds(5))
        #expect(try second.store.load().openIntents.map(\.object) == [orphan.name])
        first.engine.setDown(false)
        let third = try await second.restarted()
        await third.wait("it is gone") { _ in third.engine.instance(orphan.id) == nil }
        #expect(try third.store.load().openIntents.isEmpty)
        await third.stop()
    }

    @Test func `a step that nobody has watched is held anew`() async throws {
        func file(_ version: String) -> [String: String] {
            [
                "shop.yaml": """
                name: shop
                image: registry.example.com/shop:\(version)
                processes:
                  web: {port: 8080, replicas: 0}
                  worker: {replicas: 4}
                deploy: {strategy: canary, steps: [25%, 100%], bake: 60s, min_healthy_time: 0s, timeout: 5m}
                """
            ]
        }
        let first = try await Workbench()
        first.repository.commit(file("1"))
        await first.waitForVerdict(.converged)
        first.repository.commit(file("2"))
        await first.wait("the step bakes") { $0.apps.first?.rollout?.nextInSeconds ?? 60 < 20 }
        let second = try await first.restarted(after: .minutes(2))
        await second.pass(.seconds(40))
        #expect(await second.controller.status().apps.first?.rollout?.step == 1)
        await second.waitForVerdict(.converged, release: 2)
        await second.stop()
    }

    @Test func `time without a controller stays uncounted when its successor ends before it has planned`()
        async throws
    {
        let first = try await running()
        first.repository.commit(spec("2"))
        await first.wait("a rollout is under way") { $0.apps.first?.rollout != nil }
        first.engine.setDown(true)
        let second = try await first.restarted(after: .minutes(30))
        await second.pass(.seconds(1))
        let third = try await second.restarted()
        third.engine.setDown(false)
        await third.waitForVerdict(.converged, release: 2)
        #expect(third.store.outcomes == [.succeeded, .succeeded])
        await third.stop()
    }
}
