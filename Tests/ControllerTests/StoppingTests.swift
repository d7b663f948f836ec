import Controller
import Model
import Ports
import Simulation
import Synchronization
import Testing

/// A store whose commits wait at a gate.
private final class GatedStore: Store {
    private let inner: MemoryStore
    private let isClosed = Mutex(false)
    private let isHeld = Mutex(false)
    init(_ inner: MemoryStore) { self.inner = inner }

    func close(gate: Bool) { isClosed.withLock { $0 = gate } }
    /// Whether a commit waits.
    var holds: Bool { isHeld.withLock { $0 } }

    func claim() async throws(StoreError) -> StoredState { try inner.claim() }
    func load() async throws(StoreError) -> StoredState { try inner.load() }
    func commit(_ batch: StoreBatch) async throws(StoreError) {
        while isClosed.withLock({ $0 }) {
            isHeld.withLock { $0 = true }
            await Task.yield()
        }
        isHeld.withLock { $0 = false }
        try inner.commit(batch)
    }
    func release(app: AppName, number: ReleaseNumber) async throws(StoreError) -> Release? {
        try inner.release(app: app, number: number)
    }
    func rollouts(app: AppName?, limit: Int) async throws(StoreError) -> [RolloutRecord] {
        try inner.rollouts(app: app, limit: limit)
    }
    func cronRuns(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(StoreError) -> [CronRunRecord] {
        try inner.cronRuns(app: app, entry: entry, limit: limit)
    }
    func events(after sequence: Int64, limit: Int) async throws(StoreError) -> [EventRecord] {
        try inner.events(after: sequence, limit: limit)
    }
    func close() async {}
}

@Suite struct StoppingTests {
    /// Whoever brings things outside asks for a pass; one that ends with the controller is not waited for.
    @Test func aDeliveryThatWaitsForAPassDoesNotHoldUpTheEnd() async throws {
        let (repository, clock, engine) = (FakeRepository(), ManualClock(), FakeEngine())
        let store = GatedStore(MemoryStore())
        let ledger = FakeLedger()
        let source = WatchedSource(
            name: Workbench.source, path: "", project: Workbench.project,
            dealings: SourceDealings(ledger: ledger, isWritable: true))
        let controller = Workbench.make(
            engine, store, repository, clock,
            [
                WatchedRepository(
                    repository: repository, displayName: "simulated", branch: "main",
                    pollInterval: .seconds(30), sources: [source])
            ])
        let state = try await store.claim()
        let loop = Task { await controller.run(from: state) }
        func turn() async {
            clock.advance(by: .milliseconds(100))
            for _ in 0..<20 { await Task.yield() }
        }
        let shop = AppName("shop").required
        // A pass is on its way, and stands at the gate, while the delivery has something to note.
        let pause = Mutex<Task<Void, Never>?>(nil)
        ledger.meanwhile.withLock {
            $0 = {
                store.close(gate: true)
                pause.withLock { $0 = Task { _ = try? await controller.pause(app: shop) } }
                while !store.holds { await Task.yield() }
            }
        }
        repository.commit(["shop.yaml": Workbench.spec("shop", image: "app:1")])
        for _ in 0..<3_000 where ledger.told.isEmpty { await turn() }
        #expect(store.holds && !ledger.told.isEmpty)
        for _ in 0..<50 { await Task.yield() }
        await controller.stop()
        store.close(gate: false)
        clock.advance(by: .seconds(1))
        // Without an end this test would never be over.
        await loop.value
        await pause.withLock { $0 }?.value
    }
}
