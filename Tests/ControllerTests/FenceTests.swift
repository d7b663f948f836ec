import Controller
import Model
import Ports
import Simulation
import Synchronization
import Testing

/// Two controllers on one store: the one that claimed it first starts nothing any more.
@Suite struct FenceTests {
    private func spec(_ version: String, replicas: Int = 2) -> [String: String] {
        ["shop.yaml": Workbench.spec("shop", image: "shop:\(version)", replicas: replicas)]
    }

    @Test func `the older controller starts nothing after the newer has claimed`() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        let newer = try bench.store.claim()
        let calls = bench.engine.mutatingCalls
        let commits = bench.store.commits
        bench.repository.commit(spec("2"))
        for _ in 0..<600 {
            if await bench.controller.fence != nil { break }
            await bench.pass(.milliseconds(100))
        }
        #expect(await bench.controller.fence?.code == .fenced)
        await bench.ended()
        await bench.pass(.minutes(5))
        #expect(bench.engine.mutatingCalls == calls)
        #expect(bench.store.commits == commits)
        #expect(try bench.store.load().apps == newer.apps)
        await #expect(throws: ControlError.self) {
            _ = try await bench.controller.pause(app: AppName("shop").required)
        }
    }

    @Test func `two controllers on one store and engine: the newer brings it about alone`() async throws {
        let older = try await Workbench()
        older.repository.commit(spec("1"))
        await older.waitForVerdict(.converged)
        let newer = try await Workbench(
            store: older.store, engine: older.engine, repository: older.repository, clock: older.clock)
        older.repository.commit(spec("2"))
        await newer.waitForVerdict(.converged, release: 2)
        await older.ended()
        #expect(await older.controller.fence?.code == .fenced)
        #expect(await newer.controller.fence == nil)
        #expect(older.engine.instances.map(\.name) == ["shop-web-v2-1", "shop-web-v2-2"])
        #expect(older.store.outcomes == [.succeeded, .succeeded])
        await newer.stop()
    }

    @Test func `actions that wait at the turnstile are not started after the fence`() async throws {
        let bench = try await Workbench()
        bench.engine.holdLaunches(true)
        bench.repository.commit(spec("1", replicas: 10))
        await bench.wait("four launches hang") { _ in bench.engine.heldLaunches == 4 }
        #expect(try bench.store.load().openIntents.filter { $0.action == .launch }.count == 10)
        _ = try bench.store.claim()
        // Another app gives it something to write, which tells it.
        bench.repository.commit(
            spec("1", replicas: 10).merging(["other.yaml": Workbench.spec("other", image: "other:1")]) { $1 })
        for _ in 0..<600 {
            if await bench.controller.fence != nil { break }
            await bench.pass(.milliseconds(100))
        }
        bench.engine.holdLaunches(false)
        await bench.ended()
        #expect(bench.engine.calls(.launch) == 4, "what was under way has been done, and nothing else")
    }

    @Test func `what was journaled long ago is not started before the store has been asked`() async throws {
        let bench = try await Workbench()
        bench.engine.holdLaunches(true)
        bench.repository.commit(spec("1", replicas: 10))
        await bench.wait("four launches hang") { _ in bench.engine.heldLaunches == 4 }
        await bench.pass(.seconds(10))
        // Nothing tells the older one: the next that it would do is to begin what has waited at the turnstile.
        _ = try bench.store.claim()
        bench.engine.holdLaunches(false)
        await bench.ended()
        #expect(await bench.controller.fence?.code == .fenced)
        #expect(bench.engine.calls(.launch) == 4, "what was under way has been done, and nothing else")
    }

    @Test func `the network of a project is not removed after the fence`() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        let network = EngineSnapshot.OwnedNetwork(
            name: "slipway-gone", project: ProjectName("gone").required)
        let shop = try #require(bench.engine.instances.first)
        bench.engine.plant(shop, network: network)
        _ = try bench.store.claim()
        await bench.pass(.minutes(3))
        await bench.ended()
        #expect(bench.engine.networkNames.contains("slipway-gone"))
        let next = try await Workbench(
            store: bench.store, engine: bench.engine, repository: bench.repository, clock: bench.clock)
        await next.pass(.minutes(3))
        #expect(!next.engine.networkNames.contains("slipway-gone"))
        #expect(try next.store.load().openIntents.isEmpty)
        await next.stop()
    }
}
