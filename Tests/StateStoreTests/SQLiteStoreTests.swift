import Glibc
import Model
import Ports
import StateStore
import Testing

@Suite struct SQLiteStoreTests {
    let fixtures: Fixtures
    init() throws { fixtures = try Fixtures() }

    @Test func aNewStoreIsEmptyAndPrivate() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/store"
            let store = try await SQLiteStore(directory: path)
            let state = try await store.load()
            #expect(state.isNew)
            #expect(state.clock == nil && state.apps.isEmpty && state.sources.isEmpty && state.owned.isEmpty)
            #expect(state.openIntents.isEmpty && state.lastIntent == 0 && state.lastEvent == 0)
            #expect(mode(path) == 0o700)
            for name in ["slipway.db", "slipway.db-wal", "slipway.db-shm", "slipway.lock"] {
                #expect(mode(path + "/" + name) == 0o600, "\(name)")
            }
            #expect(await store.notices.isEmpty)
            await store.close()
            #expect(await storeError { _ = try await store.load() } != nil)
        }
    }

    @Test func everythingComesBack() async throws {
        try await withTemporaryDirectory { directory in
            let clock = ClockReading(now: Instant(nanoseconds: .max), boot: "boot", sinceBoot: -1)
            let owned = OwnedContainer(
                id: try fixtures.container("abc"), name: "shop-web-v7-1", app: fixtures.shop)
            let source = SourceMemory(commit: fixtures.commit, approvedRemovals: fixtures.commit.id)
            var batch = StoreBatch()
            batch.clock = clock
            batch.apps = [fixtures.shop: try fixtures.fullMemory(), fixtures.catalog: try fixtures.memory(1)]
            batch.releases = try [7, 8].map { try fixtures.release($0) }
            batch.sources = [fixtures.main: source]
            batch.owned = [owned]
            batch.intents = [fixtures.intent(1), fixtures.intent(2)]
            batch.outcomes = [IntentOutcome(sequence: 1, result: .succeeded, message: "")]
            batch.events = try (1...3).map { try fixtures.event($0) }
            batch.rollouts = [
                try fixtures.rollout(7, at: 10, outcome: .succeeded), try fixtures.rollout(8, at: 20)
            ]

            var store = try await SQLiteStore(directory: directory)
            try await store.commit(batch)
            await store.close()
            store = try await SQLiteStore(directory: directory)
            let state = try await store.load()
            #expect(!state.isNew)
            #expect(state.clock == clock)
            #expect(state.apps == batch.apps)
            #expect(state.sources == batch.sources)
            #expect(state.owned == [owned.id: owned])
            #expect(state.openIntents == [fixtures.intent(2)])
            #expect(state.lastIntent == 2 && state.lastEvent == 3)
            #expect(
                try await store.release(app: fixtures.shop, number: fixtures.number(8)) == fixtures.release(8)
            )
            #expect(try await store.release(app: fixtures.shop, number: fixtures.number(9)) == nil)
            #expect(try await store.rollouts(app: fixtures.shop, limit: 10) == batch.rollouts.reversed())
            #expect(try await store.rollouts(app: nil, limit: 1) == [batch.rollouts[1]])
            #expect(try await store.rollouts(app: fixtures.catalog, limit: 10).isEmpty)
            #expect(try await store.events(after: 1, limit: 1) == [fixtures.event(2)])
            #expect(try await store.events(after: 3, limit: -1).isEmpty)
            #expect(await store.notices.isEmpty)
        }
    }

    @Test func thingsAreReplacedAndRemoved() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore(directory: directory)
            let owned = OwnedContainer(id: try fixtures.container("abc"), name: "x", app: fixtures.shop)
            var first = StoreBatch()
            first.apps = [fixtures.shop: try fixtures.memory(1), fixtures.catalog: try fixtures.memory(1)]
            first.releases = [try fixtures.release(1), try fixtures.release(2)]
            first.owned = [owned]
            first.rollouts = [try fixtures.rollout(1, at: 10)]
            first.intents = [fixtures.intent(1)]
            try await store.commit(first)
            var second = StoreBatch()
            second.apps = [fixtures.catalog: try fixtures.memory(2)]
            second.forgotten = [fixtures.shop]
            second.prunedReleases = [.init(app: fixtures.shop, number: try fixtures.number(1))]
            second.disowned = [owned.id]
            second.rollouts = [try fixtures.rollout(1, at: 10, outcome: .superseded)]
            second.outcomes = [
                IntentOutcome(sequence: 1, result: .failed, message: "no"),
                IntentOutcome(sequence: 99, result: .failed, message: "never begun")
            ]
            // A commit whose success was not seen is repeated; it must come out the same.
            for _ in 0..<2 { try await store.commit(second) }
            let state = try await store.load()
            #expect(state.apps == second.apps)
            #expect(state.owned.isEmpty && state.openIntents.isEmpty && state.lastIntent == 1)
            #expect(try await store.release(app: fixtures.shop, number: fixtures.number(1)) == nil)
            #expect(try await store.release(app: fixtures.shop, number: fixtures.number(2)) != nil)
            #expect(try await store.rollouts(app: nil, limit: 10) == second.rollouts)
        }
    }

    @Test func historiesAreBounded() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore(directory: directory)
            var open = StoreBatch()
            open.intents = [fixtures.intent(1)]
            try await store.commit(open)
            for part in 0..<60 {
                var batch = StoreBatch()
                let numbers = (part * 200 + 2)..<(part * 200 + 202)
                batch.events = try numbers.map { try fixtures.event(Int64($0)) }
                batch.intents = numbers.map { fixtures.intent(Int64($0)) }
                batch.outcomes = numbers.map {
                    IntentOutcome(sequence: Int64($0), result: .succeeded, message: "")
                }
                batch.rollouts = try (0..<10).map { try fixtures.rollout(1, at: Int64(part * 10 + $0)) }
                try await store.commit(batch)
            }
            let events = try await store.events(after: 0, limit: .max)
            #expect((10_000...10_400).contains(events.count), "\(events.count)")
            #expect(events.last?.sequence == 12_001)
            #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
            #expect(try await store.rollouts(app: nil, limit: .max).count == 500)
            let state = try await store.load()
            #expect(state.openIntents == [fixtures.intent(1)], "an open intent is never pruned")
            #expect(state.lastIntent == 12_001)
            await store.close()
            let count = try run("/usr/bin/sqlite3", directory + "/slipway.db", "SELECT count(*) FROM intents")
            let intents = try #require(Int(count.filter(\.isNumber)))
            #expect((2_001...2_402).contains(intents), "\(intents)")
        }
    }

    @Test func manyAppsLoadQuickly() async throws {
        try await withTemporaryDirectory { directory in
            var store = try await SQLiteStore(directory: directory)
            var batch = StoreBatch()
            for number in 0..<10_000 {
                let name = try fixtures.app("app-\(number)")
                batch.apps[name] = try fixtures.memory(1, app: name)
            }
            try await store.commit(batch)
            await store.close()
            let began = ContinuousClock.now
            store = try await SQLiteStore(directory: directory)
            let opened = ContinuousClock.now
            let state = try await store.load()
            let took = ContinuousClock.now - opened
            print("10,000 apps: opened in \(opened - began), loaded in \(took)")
            #expect(state.apps == batch.apps)
            // Unoptimised and beside other tests; a release build needs a fraction.
            #expect(took < .seconds(20))
        }
    }

    @Test func twoOwnersAreRefused() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore(directory: directory)
            let error = await storeError { _ = try await SQLiteStore(directory: directory) }
            #expect(error?.code == .locked)
            #expect(error?.message.contains("process \(getpid())") == true)
            try await store.commit(
                {
                    var batch = StoreBatch(); batch.events = [try fixtures.event(1)]; return batch
                }())
            await store.close()
            let next = try await SQLiteStore(directory: directory)
            #expect(try await next.load().lastEvent == 1)
        }
    }

    /// A child that was forked and has not become another program yet has every file of this process.
    @Test func aClosedStoreIsFreeWhateverAChildHolds() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore(directory: directory)
            let lock = try #require(Self.descriptor(of: directory + "/slipway.lock"))
            let held = dup(lock)
            defer { close(held) }
            await store.close()
            let next = try await SQLiteStore(directory: directory)
            await next.close()
        }
    }

    /// The number under which this process has the file open.
    private static func descriptor(of path: String) -> Int32? {
        (0..<Int32(1_024)).first { number in
            var buffer = [CChar](repeating: 0, count: 4_096)
            let count = unsafe readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
            return count > 0
                && String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) == path
        }
    }

    @Test func commitsInParallelAllLand() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore(directory: directory)
            let batches = try (1...100).map { number in
                var batch = StoreBatch()
                batch.events = [try fixtures.event(Int64(number))]
                return batch
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for batch in batches { group.addTask { try await store.commit(batch) } }
                try await group.waitForAll()
            }
            #expect(try await store.events(after: 0, limit: 1_000).map(\.sequence) == Array(1...100))
        }
    }

    /// What is told outside stays until it has arrived, and only the newest word of a key is kept.
    @Test func theOutboxKeepsWhatHasNotArrived() async throws {
        try await withTemporaryDirectory { directory in
            let main = try #require(SourceName("main"))
            func item(_ key: String, _ sequence: Int64) throws -> OutboxItem {
                OutboxItem(
                    key: key, sequence: sequence, lane: .init(.forge, main),
                    content: .planComment(PlanComment(pullRequest: Int(sequence), body: "plan")),
                    at: WallTime(secondsSince1970: 1))
            }
            let store = try await SQLiteStore(directory: directory)
            let epoch = try await store.claim().epoch
            var first = StoreBatch()
            first.epoch = epoch
            // The last one is older than what stands there: somebody began with it and was overtaken.
            first.outbox = [try item("a", 1), try item("b", 2), try item("a", 3), try item("a", 1)]
            try await store.commit(first)
            #expect(try await store.load().outbox == [try item("b", 2), try item("a", 3)])
            // The older word of a key has arrived; the newer one has not.
            var second = StoreBatch()
            second.epoch = epoch
            second.arrived = ["a": 1, "b": 2, "c": 9]
            try await store.commit(second)
            #expect(try await store.load().outbox == [try item("a", 3)])
            await store.close()
        }
    }
}
