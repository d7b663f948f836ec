import Model
import Ports
import StateStore
import Testing

@Suite struct CronRunTests {
    private func record(
        _ entry: String, _ number: Int64, _ outcome: CronRunRecord.Outcome = .succeeded
    ) throws
        -> CronRunRecord
    {
        CronRunRecord(
            app: try #require(AppName("shop")), entry: try #require(ProcessName(entry)), run: "run\(number)",
            scheduled: WallTime(secondsSince1970: number), isManual: false, startedAt: nil,
            endedAt: WallTime(secondsSince1970: number), outcome: outcome, exitCode: nil, tries: 1,
            passedOver: 0, message: "", release: nil, container: nil)
    }

    @Test func theNewestRunsOfEachEntryAreKept() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore(directory: directory)
            let epoch = try await store.claim().epoch
            for number in 1...30 as ClosedRange<Int64> {
                var batch = StoreBatch()
                batch.epoch = epoch
                batch.cronRuns = [try record("nightly", number)]
                if number.isMultiple(of: 10) { batch.cronRuns.append(try record("weekly", number, .failed)) }
                try await store.commit(batch)
                // A commit that is repeated adds nothing.
                try await store.commit(batch)
            }
            let shop = try #require(AppName("shop"))
            let nightly = try await store.cronRuns(app: shop, entry: ProcessName("nightly"), limit: 100)
            #expect(nightly.map(\.run) == (11...30).reversed().map { "run\($0)" })
            let all = try await store.cronRuns(app: shop, entry: nil, limit: 3)
            #expect(all.map(\.run) == ["run30", "run30", "run29"])
            #expect(try await store.cronRuns(app: shop, entry: ProcessName("weekly"), limit: 100).count == 3)
            #expect(try await store.cronRuns(app: shop, entry: nil, limit: 0).isEmpty)
            // With the app its runs go.
            var batch = StoreBatch()
            batch.epoch = epoch
            batch.forgotten = [shop]
            try await store.commit(batch)
            #expect(try await store.cronRuns(app: shop, entry: nil, limit: 100).isEmpty)
            await store.close()
        }
    }
}
