@testable import Controller
import Model
import Planning
import Ports
import Simulation
import Synchronization
import Telemetry
import Testing

/// What a plan tells beyond the specs, and what is asked of the rehearsal for it.
@Suite struct PlanTests {
    private func controller(
        _ repository: FakeRepository, _ engine: FakeEngine, _ store: MemoryStore, _ clock: ManualClock,
        _ rehearse: @escaping RolloutRehearsal
    ) -> Controller {
        Controller(
            configuration: ControllerConfiguration(
                installation: InstallationName("test").required, naming: Naming(prefix: ""),
                repositories: [Workbench.watched(repository, [("main", "")])], rehearse: rehearse),
            engine: engine, store: store, prober: FakeProber(engine: engine), clock: clock, logger: .disabled)
    }

    @Test func theRolloutsOfWhatChangesAreRehearsed() async throws {
        let (repository, engine, store, clock) = (
            FakeRepository(), FakeEngine(), MemoryStore(), ManualClock()
        )
        let asked = Mutex<[(base: [String], head: [String])]>([])
        let shop = AppName("shop").required
        let controller = controller(repository, engine, store, clock) { base, head, _, _ in
            asked.withLock { $0.append((base?.paths ?? [], head.paths)) }
            return [
                shop: RehearsedRollout(
                    seconds: 240, lowestCapacity: 1, downtimes: ["web is down for 2 s: one writer"])
            ]
        }
        let state = try store.claim()
        let loop = Task { await controller.run(from: state) }
        var files = [
            "shop.yaml": Workbench.spec("shop", image: "app:1", more: "depends_on: [base]"),
            "base.yaml": Workbench.spec("base", image: "app:1"),
            "other.yaml": Workbench.spec("other", image: "app:1")
        ]
        repository.commit(files)
        for _ in 0..<2_000 where await controller.status().verdict != .converged {
            clock.advance(by: .milliseconds(100))
            for _ in 0..<20 { await Task.yield() }
        }
        #expect(await controller.status().verdict == .converged)
        files["shop.yaml"] = Workbench.spec("shop", image: "app:2", more: "depends_on: [base]")
        let plan = try await controller.plan(
            files: files.map { PlanFile(path: $0.key, content: $0.value) }, source: nil)
        let app = try #require(plan.apps.first { $0.app == shop })
        #expect(app.seconds == 240 && app.lowestCapacity == 1 && app.hasDowntime)
        #expect(app.notes.contains("web is down for 2 s: one writer"))
        // What it waits for comes along, and nothing else.
        #expect(asked.withLock { $0.map(\.base) } == [["base.yaml", "shop.yaml"]])
        #expect(asked.withLock { $0.map(\.head) } == [["base.yaml", "shop.yaml"]])
        #expect(plan.id?.count == 12)
        // The same files against the same state are the same plan; other files are another.
        let again = try await controller.plan(
            files: files.map { PlanFile(path: $0.key, content: $0.value) }, source: nil)
        #expect(again.id == plan.id)
        files["other.yaml"] = Workbench.spec("other", image: "app:2")
        let other = try await controller.plan(
            files: files.map { PlanFile(path: $0.key, content: $0.value) }, source: nil)
        #expect(other.id != plan.id)
        await controller.stop()
        clock.advance(by: .seconds(1))
        await loop.value
    }
}
