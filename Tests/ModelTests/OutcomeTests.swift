import Model
import Testing

@Suite struct OutcomeTests {
    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00 UTC"), (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"), (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_700_000_042, "2023-11-14 22:14:02 UTC"), (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"), (253_402_300_799, "9999-12-31 23:59:59 UTC"),
            (Int64.max, "9999-12-31 23:59:59 UTC"), (Int64.min, "1970-01-01 00:00:00 UTC")
        ] as [(Int64, String)])
    func timesAsPeopleReadThem(seconds: Int64, text: String) {
        #expect(WallTime(secondsSince1970: seconds).utc == text)
    }

    private func ledger(
        next: Int, good: Int?, failed: [Int] = [], isGone: Bool? = nil
    ) throws -> AppLedger {
        func digest(_ number: Int) throws -> ContentDigest {
            try #require(ContentDigest("sha256:" + String(repeating: "0", count: 63) + "\(number)"))
        }
        let commit = try #require(CommitID(String(repeating: "a", count: 40)))
        return AppLedger(
            installation: try #require(InstallationName("main")), app: try #require(AppName("shop")),
            source: try #require(SourceName("main")), nextRelease: try #require(ReleaseNumber(next)),
            lastGood: try good.map {
                AppLedger.ProvenRelease(
                    number: try #require(ReleaseNumber($0)), commit: commit, path: "shop.yaml",
                    spec: try digest($0), image: try digest($0), isFromRegistry: true)
            },
            failed: try failed.map {
                AppLedger.FailedRelease(
                    number: try #require(ReleaseNumber($0)), spec: try digest($0), image: nil, cause: .exited,
                    because: "web exited 1")
            }, updatedAt: WallTime(secondsSince1970: 1), isGone: isGone)
    }

    @Test func whoHasGivenMoreNumbersKnowsMore() throws {
        // The same or an older one there: ours, also where a person has taken an entry out.
        let ours = try ledger(next: 4, good: 3)
        #expect(ours.merged(over: try ledger(next: 4, good: 2, failed: [3])) == ours)
        #expect(ours.merged(over: try ledger(next: 2, good: 1)) == ours)
        // A newer one there stays, with what it does not know.
        let behind = try ledger(next: 3, good: 1, failed: [2])
        let merged = behind.merged(over: try ledger(next: 5, good: 4, failed: [3]))
        #expect(merged.nextRelease.value == 5 && merged.lastGood?.number.value == 4)
        #expect(merged.failed.map(\.number.value) == [3, 2])
        // An app that was removed begins anew, whatever numbers it had.
        #expect(ours.merged(over: try ledger(next: 9, good: 8, isGone: true)) == ours)
        let gone = try ledger(next: 1, good: nil, isGone: true)
        #expect(gone.merged(over: try ledger(next: 9, good: 8)) == gone)
    }
}
