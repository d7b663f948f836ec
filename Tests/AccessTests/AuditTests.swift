@testable import Access
import Model
import Ports
import StateStore
import Synchronization
import Testing

@Suite struct AuditTests {
    private func record(
        _ actor: String, _ result: AuditRecord.Result = .done, at: Int64 = 0, app: String? = nil,
        project: String? = nil, address: String? = nil, reason: String? = nil
    ) -> AuditRecord {
        AuditRecord(
            at: WallTime(secondsSince1970: at), actor: actor, way: .token, address: address, action: "retry",
            app: app.flatMap(AppName.init), project: project.flatMap(ProjectName.init), result: result,
            reason: reason)
    }

    @Test func whatIsAskedForIsFound() async throws {
        try await Fixture.withStore { store, _ in
            let log = AuditLog(store: store, now: { 100 })
            await log.note(record("anna", at: 10, app: "shop", project: "retail"))
            await log.note(record("bert", at: 20, app: "shop", project: "retail"))
            await log.note(record("anna", at: 30, app: "site", project: "press"))
            await log.note(record("anna", at: 40))
            func times(_ query: AuditQuery) async throws -> [Int64] {
                try await log.records(query).map(\.at.secondsSince1970)
            }
            #expect(try await times(.init()) == [40, 30, 20, 10])
            #expect(try await times(.init(app: AppName("shop"))) == [20, 10])
            #expect(try await times(.init(projects: [try Fixture.press])) == [30])
            #expect(try await times(.init(projects: [])) == [])
            #expect(
                try await times(.init(projects: [try Fixture.press, try Fixture.retail], actor: "ann")) == [
                    30, 10
                ])
            #expect(try await times(.init(since: WallTime(secondsSince1970: 30))) == [40, 30])
            #expect(try await times(.init(limit: 1)) == [40])
            #expect(try await times(.init(actor: "' OR 1 --")) == [])
            let sequences = try await log.records(.init()).map(\.sequence)
            #expect(sequences == sequences.sorted(by: >) && Set(sequences).count == 4)
        }
    }

    @Test func refusedAttemptsAreThinnedOut() async throws {
        try await Fixture.withStore { store, _ in
            let clock = TestClock()
            let log = AuditLog(store: store, now: { clock.now })
            func record(
                _ actor: String, _ result: AuditRecord.Result = .done, address: String? = nil,
                reason: String? = nil
            ) -> AuditRecord {
                self.record(actor, result, at: clock.now, address: address, reason: reason)
            }
            for _ in 0..<100 {
                await log.note(record("x", .denied, address: "192.0.2.1", reason: "token wrong"))
            }
            for _ in 0..<3 { await log.note(record("anna")) }
            let first = try await log.records(.init())
            #expect(first.count == 4)
            clock.advance(AuditLog.pause)
            await log.note(record("x", .denied, address: "192.0.2.1", reason: "token wrong"))
            #expect(try await log.records(.init(limit: 1)).first?.leftOut == 99)
            // From however many addresses.
            for number in 0..<3_000 {
                await log.note(record("x", .denied, address: "address \(number)", reason: "token wrong"))
            }
            #expect(try await log.records(.init(limit: 1_000)).count <= 5 + AuditLog.deniedLimit)
        }
    }

    @Test func oldRecordsGo() async throws {
        try await Fixture.withStore { store, _ in
            try await store.append((0..<10).map { record("x", at: Int64($0) * 86_400) })
            let now = WallTime(secondsSince1970: 10 * 86_400)
            try await store.prune(AuditKeeping(days: 5, records: 100), now: now)
            #expect(try await store.audit(.init()).map { $0.at.secondsSince1970 / 86_400 } == [9, 8, 7, 6, 5])
            try await store.prune(AuditKeeping(days: 5, records: 2), now: now)
            #expect(try await store.audit(.init()).map { $0.at.secondsSince1970 / 86_400 } == [9, 8])
            // A number is never given twice.
            let last = try await store.audit(.init(limit: 1)).first?.sequence ?? 0
            try await store.prune(
                AuditKeeping(days: 1, records: 0), now: WallTime(secondsSince1970: .max / 2))
            try await store.append([record("y", at: 0)])
            #expect(try await store.audit(.init()).first.map { $0.sequence > last } == true)
        }
    }

    /// A store that fails as often as it is told to.
    private final class Failing: AccessStore {
        let failures = Mutex(0)
        let kept = Mutex<[AuditRecord]>([])
        func tokens() async throws(StoreError) -> [TokenRecord] { [] }
        func save(_ token: TokenRecord) async throws(StoreError) {}
        func forget(_ tokens: [TokenID]) async throws(StoreError) {}
        func append(_ records: [AuditRecord]) async throws(StoreError) {
            if failures.withLock({
                $0 -= 1; return $0 >= 0
            }) {
                throw StoreError(.diskFull, "no room")
            }
            kept.withLock { $0 += records }
        }
        func audit(_ query: AuditQuery) async throws(StoreError) -> [AuditRecord] { kept.withLock { $0 } }
        func prune(_ keeping: AuditKeeping, now: WallTime) async throws(StoreError) {}
    }

    @Test func aStoreThatCannotBeWrittenToIsWaitedFor() async throws {
        let store = Failing()
        store.failures.withLock { $0 = 2 }
        let complaints = Mutex<[String]>([])
        let log = AuditLog(
            store: store, now: { 0 }, complain: { text in complaints.withLock { $0.append(text) } })
        for name in ["a", "b", "c"] { await log.note(record(name)) }
        #expect(store.kept.withLock { $0.map(\.actor) } == ["a", "b", "c"])
        #expect(complaints.withLock { $0.count } == 2)
    }
}
