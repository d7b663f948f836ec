import Controller
import Model
import Ports
import Simulation
import Synchronization
import Testing

/// Keeps notes in memory, and refuses them when told to.
final class FakeLedger: OutcomeLedger {
    struct State {
        var outcomes: [OutcomeRecord] = []
        var ledgers: [AppName: AppLedger] = [:]
        var problem: SourceError?
        var pushes = 0
        var reads = 0
    }
    let state = Mutex(State())
    /// Happens while something is being published.
    let meanwhile = Mutex<(@Sendable () async -> Void)?>(nil)

    func ledgers(
        of installation: InstallationName, apps: [AppName]
    ) throws(SourceError) -> [AppName: AppLedger] {
        let found = state.withLock { state in
            state.reads += 1
            return state.ledgers.filter { apps.contains($0.key) && $0.value.installation == installation }
        }
        return found
    }
    func outcomes(at commit: CommitID) -> [OutcomeRecord] {
        state.withLock { $0.outcomes.filter { $0.commit == commit } }
    }
    func publish(_ outcomes: [OutcomeRecord], _ ledgers: [AppLedger]) async throws(SourceError) {
        if let meanwhile = meanwhile.withLock({ $0 }) { await meanwhile() }
        let problem = state.withLock { state -> SourceError? in
            state.pushes += 1
            if let problem = state.problem { return problem }
            state.outcomes += outcomes
            for ledger in ledgers { state.ledgers[ledger.app] = ledger }
            return nil
        }
        if let problem { throw problem }
    }
    var told: [String] { state.withLock { $0.outcomes.map { "\($0.app) \($0.release) \($0.verdict)" } } }
}

/// What leaves the controller when a rollout ends, and what comes back to one that has lost its store.
@Suite struct OutcomeTests {
    private let ledger = FakeLedger()

    private func watched(_ repository: FakeRepository) -> [WatchedRepository] {
        let source = WatchedSource(
            name: Workbench.source, path: "", project: Workbench.project,
            dealings: SourceDealings(ledger: ledger, isWritable: true))
        return [
            WatchedRepository(
                repository: repository, displayName: "simulated", branch: "main", pollInterval: .seconds(30),
                sources: [source])
        ]
    }

    private func deployed(
        _ image: String, _ bench: Workbench, _ repository: FakeRepository, _ release: Int
    ) async {
        repository.commit(["shop.yaml": Workbench.spec("shop", image: image)])
        await bench.waitForVerdict(.converged, release: release)
    }

    private func told(_ bench: Workbench, _ text: String) async {
        await bench.wait("\(text) is told") { _ in ledger.told.contains(text) }
    }

    @Test func eachEndOfARolloutIsToldOnce() async throws {
        let repository = FakeRepository()
        let bench = try await Workbench(repository: repository, repositories: watched(repository))
        await deployed("app:1", bench, repository, 1)
        await told(bench, "shop v1 succeeded")
        bench.engine.setBehavior(.crashes(code: 3), forImagesContaining: "app:2")
        repository.commit([
            "shop.yaml": Workbench.spec(
                "shop", image: "app:2", more: "env: {API_TOKEN: s3ntinel-t0ken, MODE: plain}")
        ])
        await bench.waitForVerdict(.rolledBack)
        await told(bench, "shop v2 rolledBack")
        await bench.pass(.minutes(2))
        #expect(ledger.told == ["shop v1 succeeded", "shop v2 rolledBack"])
        let (outcome, known) = ledger.state.withLock { ($0.outcomes.last, $0.ledgers.values.first) }
        #expect(outcome?.because.isEmpty == false && outcome?.commit != nil)
        #expect(known?.lastGood?.number.value == 1 && known?.failed.map(\.number.value) == [2])
        #expect(known?.nextRelease.value == 3)
        #expect(await bench.controller.status().sources.first?.outcomes == .git)
        #expect(await bench.controller.status().sources.first?.deliveries == nil)
        await bench.stop()
    }

    @Test func whoIsAwayIsToldLaterAndDelaysNobody() async throws {
        let repository = FakeRepository()
        ledger.state.withLock { $0.problem = SourceError(.refused, "no notes here") }
        let bench = try await Workbench(repository: repository, repositories: watched(repository))
        await deployed("app:1", bench, repository, 1)
        await deployed("app:2", bench, repository, 2)
        await bench.wait("the status tells of it") {
            $0.sources.first?.deliveries?.first?.problem == "no notes here"
        }
        let pending = await bench.controller.status().sources.first?.deliveries?.first?.pending
        #expect(pending == 2)
        // Attempts thin out, and a restart forgets nothing.
        let before = ledger.state.withLock { $0.pushes }
        await bench.pass(.minutes(1))
        #expect(ledger.state.withLock { $0.pushes } - before < 12)
        let next = try await bench.restarted(repositories: watched(repository))
        ledger.state.withLock { $0.problem = nil }
        await told(next, "shop v2 succeeded")
        #expect(ledger.told == ["shop v1 succeeded", "shop v2 succeeded"])
        await next.stop()
    }

    @Test func aLostStoreTakesTheNotesWord() async throws {
        let repository = FakeRepository()
        let bench = try await Workbench(repository: repository, repositories: watched(repository))
        await deployed("app:1", bench, repository, 1)
        bench.engine.setBehavior(.crashes(code: 3), forImagesContaining: "app:2")
        repository.commit(["shop.yaml": Workbench.spec("shop", image: "app:2")])
        await bench.waitForVerdict(.rolledBack)
        await told(bench, "shop v2 rolledBack")
        await bench.stop()

        // Another host, where nothing of it ever ran.
        let engine = FakeEngine()
        let next = try await Workbench(
            engine: engine, repository: repository, clock: bench.clock, repositories: watched(repository))
        await next.waitForVerdict(.rolledBack)
        await next.wait("the good release is up") { status in
            status.apps.first?.processes.first?.ready == 2
        }
        let status = await next.controller.status()
        #expect(status.apps.first?.running?.number?.value == 1)
        #expect(status.apps.first?.instances.allSatisfy { $0.release.value == 1 } == true)
        #expect(next.store.outcomes.isEmpty, "nothing was rolled out")
        #expect(ledger.state.withLock { $0.reads } == 2)
        repository.commit(["shop.yaml": Workbench.spec("shop", image: "app:3")])
        await next.waitForVerdict(.converged, release: 3)
        await next.stop()
    }

    /// An app that was removed and comes back begins anew, whatever its ledger said.
    @Test func aRemovedAppLeavesNoLedger() async throws {
        let repository = FakeRepository()
        let bench = try await Workbench(repository: repository, repositories: watched(repository))
        let other = Workbench.spec("other", image: "app:1")
        repository.commit(["shop.yaml": Workbench.spec("shop", image: "app:1"), "other.yaml": other])
        await bench.waitForVerdict(.converged, of: "shop", release: 1)
        await bench.waitForVerdict(.converged, of: "other", release: 1)
        repository.commit(["other.yaml": other])
        await bench.wait("shop is gone") { $0.apps.count == 1 }
        await bench.wait("that is told") { _ in
            ledger.state.withLock { $0.ledgers.values.contains { $0.isGone == true } }
        }
        await bench.stop()
        repository.commit(["shop.yaml": Workbench.spec("shop", image: "app:2"), "other.yaml": other])
        let next = try await Workbench(
            repository: repository, clock: bench.clock, repositories: watched(repository))
        await next.waitForVerdict(.converged, of: "shop", release: 1)
        await next.stop()
    }
}
