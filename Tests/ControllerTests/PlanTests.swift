@testable import Controller
import Model
import Planning
import Ports
import Simulation
import SpecLoading
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

    /// What the branch itself changes, of all that differs from what runs.
    @Test func aPlanOfTwoRevisionsLeavesOutWhatTheFirstChangesAnyway() async throws {
        let bench = try await Workbench()
        func files(_ shop: String, _ mail: String) -> [String: String] {
            [
                "shop.yaml": Workbench.spec("shop", image: "shop:\(shop)"),
                "mail.yaml": Workbench.spec("mail", image: "mail:\(mail)")
            ]
        }
        bench.repository.commit(files("1", "1"))
        await bench.waitForVerdict(.converged, of: "shop")
        await bench.waitForVerdict(.converged, of: "mail")
        let base = try #require(bench.repository.commit(files("2", "1")))
        let head = try #require(bench.repository.commit(files("2", "2")))
        let whole = try await bench.controller.plan(source: nil, head: nil, base: nil)
        #expect(whole.apps.filter { $0.change == .update }.map(\.app.rawValue) == ["mail", "shop"])
        let plan = try await bench.controller.plan(source: nil, head: head.rawValue, base: base.rawValue)
        #expect(plan.apps.map(\.app.rawValue) == ["mail"])
        #expect(plan.base == base && plan.commit == head)
        let again = try await bench.controller.plan(source: nil, head: head.rawValue, base: head.rawValue)
        #expect(again.apps.isEmpty && again.id != plan.id)
        let gone = String(repeating: "9", count: 40)
        let error = await #expect(throws: ControlError.self) {
            try await bench.controller.plan(source: nil, head: gone, base: nil)
        }
        #expect(error?.code == .notFound && error?.message.contains("name its branch") == true)
        await bench.stop()
    }

    /// A tag that was moved between the plan and the deploy is another image than people have seen.
    @Test func aTagThatWasMovedSinceThePlanWaitsForAPerson() async throws {
        let (engine, repository) = (FakeEngine(), FakeRepository())
        let source = WatchedSource(
            name: SourceName("main").required, path: "", project: Workbench.project,
            dealings: SourceDealings(requiresPlan: true))
        let bench = try await Workbench(
            engine: engine, repository: repository,
            repositories: [
                WatchedRepository(
                    repository: repository, displayName: "simulated", branch: "main",
                    pollInterval: .seconds(30), sources: [source])
            ])
        @Sendable func files(_ tag: String) -> [String: String] {
            ["shop.yaml": Workbench.spec("shop", image: "shop:\(tag)")]
        }
        let first = try #require(repository.commit(files("1")))
        await bench.waitForVerdict(.held)
        _ = try await bench.controller.approve(first.rawValue)
        await bench.waitForVerdict(.converged)

        for (tag, isMoved) in [("2", true), ("3", false)] {
            let shop = AppName("shop").required
            let image = try engine.prepare(reference: "registry.example.com/shop:\(tag)", known: nil)
            let moved = ContentDigest("sha256:" + String(repeating: "b", count: 64)).required
            let head = try #require(repository.commit(files(tag)))
            _ = await bench.controller.settle { controller in
                guard case .spec(let now) = controller.apps[shop]?.desired else { return }
                let plan = SpecLoader(project: Workbench.project).load(
                    path: "shop.yaml", bytes: Array((files(tag)["shop.yaml"] ?? "").utf8)
                ) { _ in [] }
                let next = plan.specs.first?.digest.short ?? "none"
                controller.remember(
                    ShownPlan(
                        id: tag, pullRequest: nil, base: now.origin.commit.id, head: head,
                        changes: [shop: "\(now.digest.short) → \(next)"],
                        images: [shop: isMoved ? moved : image.digest]), of: source.name)
            }
            if isMoved {
                await bench.waitForVerdict(.held, release: 1)
                let because = await bench.controller.status().apps.first?.because ?? []
                #expect(
                    because.contains { $0.cause == .unplanned && $0.message.contains("the plan has shown") },
                    "\(because)")
                _ = try await bench.controller.approve(head.rawValue)
            }
            await bench.waitForVerdict(.converged, release: Int(tag) ?? 0)
        }
        await bench.stop()
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
