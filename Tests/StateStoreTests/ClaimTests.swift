import Glibc
import Model
import Ports
import StateStore
import Testing

/// One controller at a time: whoever claimed the store last can write, and nobody else.
@Suite struct ClaimTests {
    let fixtures: Fixtures
    init() throws { fixtures = try Fixtures() }

    private func batch(_ number: Int, epoch: Int64) throws -> StoreBatch {
        var batch = StoreBatch()
        batch.epoch = epoch
        batch.apps = [fixtures.shop: try fixtures.memory(number)]
        batch.intents = [fixtures.intent(Int64(number))]
        batch.events = [try fixtures.event(Int64(number))]
        return batch
    }

    /// A second store on the same file: somebody has removed the lock, which then keeps nobody out.
    private func openBeside(_ directory: String) async throws -> SQLiteStore {
        try #require(unsafe unlink(directory + "/slipway.lock") == 0)
        return try await whenFree { try await SQLiteStore(directory: directory) }
    }

    /// Tries again while something is locked: a process that another test has just begun holds all files for a moment,
    /// and a slow disk keeps a transaction open for longer than the store waits.
    private func whenFree<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                return try await body()
            } catch let error as StoreError where error.code == .locked && ContinuousClock.now < deadline {
                await Task.yield()
            }
        }
    }

    @Test func `each claim raises the epoch, over restarts too`() async throws {
        try await withTemporaryDirectory { directory in
            for epoch in Int64(1)...3 {
                let store = try await whenFree { try await SQLiteStore(directory: directory) }
                #expect(try await store.load().epoch == epoch - 1, "a look claims nothing")
                let state = try await store.claim()
                #expect(state.epoch == epoch)
                #expect(state.isNew == (epoch == 1))
                #expect(state.lastEvent == epoch - 1)
                try await store.commit(batch(Int(epoch), epoch: epoch))
                await store.close()
            }
        }
    }

    @Test func `a lower epoch is refused, and nothing of its batch is written`() async throws {
        try await withTemporaryDirectory { directory in
            let older = try await SQLiteStore(directory: directory)
            let olderEpoch = try await older.claim().epoch
            try await older.commit(batch(1, epoch: olderEpoch))
            let newer = try await openBeside(directory)
            let state = try await newer.claim()
            #expect(state.epoch == olderEpoch + 1)
            #expect(state.lastIntent == 1, "what the older one has begun is known to the newer")

            let error = await storeError { try await older.commit(try batch(2, epoch: olderEpoch)) }
            #expect(error?.code == .fenced, "\(String(describing: error))")
            let after = try await newer.load()
            #expect(after.lastEvent == 1 && after.lastIntent == 1)
            #expect(after.apps == [fixtures.shop: try fixtures.memory(1)])

            try await newer.commit(batch(2, epoch: state.epoch))
            #expect(try await older.load().lastEvent == 2)
            #expect(
                await storeError { try await older.commit(try batch(3, epoch: olderEpoch)) }?.code == .fenced)
            await older.close()
            try await newer.commit(batch(3, epoch: state.epoch))
            await newer.close()
            let last = try await whenFree { try await SQLiteStore(directory: directory) }
            #expect(try await last.load().apps == [fixtures.shop: fixtures.memory(3)])
        }
    }

    @Test func `of many claims at once each has an epoch of its own`() async throws {
        try await withTemporaryDirectory { directory in
            let stores = [try await SQLiteStore(directory: directory), try await openBeside(directory)]
            let epochs = try await withThrowingTaskGroup(of: Int64.self) { group in
                for store in stores {
                    for _ in 0..<20 { group.addTask { try await whenFree { try await store.claim().epoch } } }
                }
                var epochs: [Int64] = []
                for try await epoch in group { epochs.append(epoch) }
                return epochs
            }
            #expect(epochs.sorted() == Array(1...40))
        }
    }

    @Test func `a store whose file was replaced refuses to write and leaves the new one whole`() async throws
    {
        try await withTemporaryDirectory { directory in
            let older = try await SQLiteStore(directory: directory)
            let epoch = try await older.claim().epoch
            try await older.commit(batch(1, epoch: epoch))
            try #require(unsafe mkdir(directory + "/aside", 0o700) == 0)
            for name in ["slipway.db", "slipway.db-wal", "slipway.db-shm"] {
                try #require(unsafe rename(directory + "/" + name, directory + "/aside/" + name) == 0)
            }
            let newer = try await openBeside(directory)
            try await newer.commit(batch(7, epoch: newer.claim().epoch))
            #expect(await storeError { try await older.commit(try batch(2, epoch: epoch)) }?.code == .fenced)
            #expect(await storeError { _ = try await older.claim() }?.code == .fenced)
            await older.close()
            try await newer.commit(batch(8, epoch: 1))
            await newer.close()
            let last = try await whenFree { try await SQLiteStore(directory: directory) }
            #expect(try await last.load().lastEvent == 8)
            #expect(await last.notices.isEmpty)
        }
    }

    @Test func `a store of the first schema is brought up to date`() async throws {
        try await withTemporaryDirectory { directory in
            var store = try await SQLiteStore(directory: directory)
            try await store.commit(batch(1, epoch: 0))
            await store.close()
            let later = ["claims", "outbox", "tokens", "audit", "cron_runs"].map { "DROP TABLE \($0);" }
                .joined()
            try sql(directory, later + "PRAGMA user_version = 1")
            store = try await whenFree { try await SQLiteStore(directory: directory) }
            let state = try await store.claim()
            #expect(state.epoch == 1)
            #expect(state.apps == [fixtures.shop: try fixtures.memory(1)])
            #expect(state.openIntents == [fixtures.intent(1)])
            await store.close()
        }
    }
}
