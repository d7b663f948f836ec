import Execution
import Glibc
import Model
import Ports
import StateStore
import Testing

@Suite struct DamageTests {
    let fixtures: Fixtures
    init() throws { fixtures = try Fixtures() }

    /// A batch whose parts belong together: event, intent and memory carry the same number.
    private func batch(_ number: Int) throws -> StoreBatch {
        var batch = StoreBatch()
        batch.apps = [fixtures.shop: try fixtures.memory(number)]
        batch.events = [try fixtures.event(Int64(number))]
        batch.intents = [fixtures.intent(Int64(number))]
        return batch
    }

    /// Copies the files of a store under way, as a power cut would leave them.
    private func snapshot(commits: Int, _ directory: String) async throws -> (database: [UInt8], log: [UInt8])
    {
        let store = try await SQLiteStore(directory: directory)
        for number in 1...commits { try await store.commit(batch(number)) }
        let files = (try read(directory + "/slipway.db"), try read(directory + "/slipway.db-wal"))
        await store.close()
        return files
    }

    @Test func aLogCutAnywhereGivesAPrefixOfTheCommits() async throws {
        try await withTemporaryDirectory { directory in
            let files = try await snapshot(commits: 8, directory + "/original")
            try #require(files.log.count > 30_000)
            var last: Int64 = 0
            var seen: Set<Int64> = []
            var cut = 0
            while cut <= files.log.count {
                let copy = directory + "/cut-\(cut)"
                try #require(unsafe mkdir(copy, 0o700) == 0)
                try write(files.database, to: copy + "/slipway.db")
                try write(files.log.prefix(cut), to: copy + "/slipway.db-wal")
                let store = try await SQLiteStore(directory: copy)
                let state = try await store.load()
                #expect(state.lastEvent == state.lastIntent, "cut at \(cut)")
                #expect(state.openIntents.count == Int(state.lastIntent), "cut at \(cut)")
                #expect(state.lastEvent >= last, "a longer log holds no less")
                if state.lastEvent > 0 {
                    #expect(state.apps == [fixtures.shop: try fixtures.memory(Int(state.lastEvent))])
                }
                #expect(await store.notices.isEmpty)
                try await store.commit(batch(Int(state.lastEvent) + 1))
                #expect(try await store.load().lastEvent == state.lastEvent + 1)
                await store.close()
                last = state.lastEvent
                seen.insert(last)
                try run("/bin/rm", "-rf", copy)
                cut += cut == files.log.count ? 1 : min(1_499, files.log.count - cut)
            }
            #expect(last == 8)
            #expect(seen.count >= 8, "the cuts met every commit")
        }
    }

    @Test func aFileThatIsNoDatabaseIsSetAside() async throws {
        try await withTemporaryDirectory { directory in
            for round in 1...2 {
                try write(
                    Array("this is not a database, but long enough to be looked at ".utf8),
                    to: directory + "/slipway.db")
                let store = try await SQLiteStore(directory: directory)
                #expect(try await store.load().isNew)
                #expect(await store.notices.count == 1)
                #expect(await store.notices.first?.contains("slipway.db.corrupt-\(round)") == true)
                #expect(exists(directory + "/slipway.db.corrupt-\(round)"))
                try await store.commit(batch(1))
                await store.close()
            }
        }
    }

    @Test func damageAnywhereIsFoundOrHarmless() async throws {
        try await withTemporaryDirectory { directory in
            let original = directory + "/original"
            _ = try await snapshot(commits: 40, original)
            let sound = try read(original + "/slipway.db")
            var rebuilt = 0
            for round in 0..<60 {
                let copy = directory + "/copy-\(round)"
                try #require(unsafe mkdir(copy, 0o700) == 0)
                var bytes = sound
                // Every page in turn, most of it overwritten with bytes that look like nothing.
                let page = round * 4_096 % bytes.count
                for offset in page..<min(page + 2_000 + round, bytes.count) {
                    bytes[offset] = UInt8(truncatingIfNeeded: offset * 31 + round)
                }
                try write(bytes, to: copy + "/slipway.db")
                let store = try await SQLiteStore(directory: copy)
                let state = try await store.load()
                if state.isNew {
                    rebuilt += 1
                    #expect(try read(copy + "/slipway.db.corrupt-1") == bytes)
                }
                try await store.commit(batch(100))
                await store.close()
            }
            #expect(rebuilt > 10)
        }
    }

    @Test func anEmptyFileIsANewStore() async throws {
        try await withTemporaryDirectory { directory in
            try write([], to: directory + "/slipway.db")
            let store = try await SQLiteStore(directory: directory)
            #expect(try await store.load().isNew)
            #expect(await store.notices.isEmpty)
        }
    }

    @Test func aNewerSchemaIsRefusedAndUntouched() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await snapshot(commits: 1, directory)
            try sql(directory, "PRAGMA user_version = 97")
            let before = try read(directory + "/slipway.db")
            let error = await storeError { _ = try await SQLiteStore(directory: directory) }
            #expect(error?.code == .newerSchema)
            #expect(error?.message.contains("97") == true)
            #expect(error?.message.contains("knows 5 ") == true)
            #expect(try read(directory + "/slipway.db") == before)
            try sql(directory, "PRAGMA user_version = 5")
            #expect(try await SQLiteStore(directory: directory).load().lastEvent == 1)
        }
    }

    @Test func theDatabaseOfAnotherProgramIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            try sql(
                directory,
                "PRAGMA application_id = 5; CREATE TABLE precious (a); INSERT INTO precious VALUES (1)")
            let error = await storeError { _ = try await SQLiteStore(directory: directory) }
            #expect(error?.code == .internal)
            #expect(!exists(directory + "/slipway.db.corrupt-1"))
        }
    }

    @Test func aBadRowCostsOnlyItself() async throws {
        try await withTemporaryDirectory { directory in
            var store = try await SQLiteStore(directory: directory)
            var batch = try batch(1)
            batch.apps[fixtures.catalog] = try fixtures.memory(5)
            batch.clock = ClockReading(now: .zero, boot: "b", sinceBoot: 0)
            batch.releases = [try fixtures.release(1)]
            batch.events.append(try fixtures.event(2))
            batch.rollouts = [try fixtures.rollout(1, at: 1)]
            try await store.commit(batch)
            await store.close()
            let notJSON = "CAST('{}],[{secret' AS BLOB)"
            try sql(directory, "UPDATE apps SET json = \(notJSON) WHERE name = 'shop'")
            try sql(
                directory,
                "INSERT INTO apps VALUES ('Not A Name', (SELECT json FROM apps WHERE name = 'catalog'))")
            try sql(directory, "UPDATE events SET json = x'00ff' WHERE sequence = 1")
            try sql(
                directory,
                "UPDATE clock SET json = x''; UPDATE releases SET json = x'5b'; UPDATE intents SET json = x'31'"
            )
            store = try await SQLiteStore(directory: directory)
            let state = try await store.load()
            #expect(!state.isNew)
            #expect(state.apps == [fixtures.catalog: try fixtures.memory(5)])
            #expect(state.clock == nil && state.openIntents.isEmpty && state.lastIntent == 1)
            #expect(try await store.events(after: 0, limit: 10) == [fixtures.event(2)])
            #expect(try await store.release(app: fixtures.shop, number: fixtures.number(1)) == nil)
            let notices = await store.notices
            #expect(notices.count == 6, "\(notices)")
            #expect(notices.contains { $0.contains("app shop") })
            #expect(!notices.contains { $0.contains("secret") })
            // The row is whole again with the next commit.
            try await store.commit(self.batch(3))
            #expect(try await store.load().apps[fixtures.shop] == fixtures.memory(3))
        }
    }

    @Test func aFullDiskFailsACommitAndNoMore() async throws {
        try #require(getuid() == 0, "mounting a small file system takes root; run the tests as root")
        try await withTemporaryDirectory { directory in
            try run("/bin/mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "slipway-test", directory)
            defer { _ = try? run("/bin/umount", directory) }  // The directory's removal would tell.
            let store = try await SQLiteStore(directory: directory)
            try await store.commit(batch(1))
            // Another program takes what is left.
            let hog = directory + "/hog"
            let fill = ["/bin/dd", "if=/dev/zero", "of=\(hog)", "bs=4096"]
            // Ends with the full disk, so with an error.
            let output = try Subprocess.run(fill, environment: [:], timeout: .seconds(30))
            try #require(output.exitCode == 1)
            var large = try batch(2)
            large.events += try (3...2_000).map { try fixtures.event(Int64($0)) }
            let error = await storeError { try await store.commit(large) }
            #expect(error?.code == .diskFull, "\(String(describing: error))")
            #expect(error?.message.contains("free space") == true)
            #expect(try await store.load().lastEvent == 1, "nothing of it is there")
            #expect(try await store.load().apps == [fixtures.shop: fixtures.memory(1)])
            try run("/bin/rm", hog)
            try await store.commit(batch(2))
            #expect(try await store.load().lastEvent == 2)
            await store.close()
            let again = try await SQLiteStore(directory: directory)
            #expect(try await again.load().lastEvent == 2)
            await again.close()
        }
    }

    @Test func aReadOnlyDirectoryIsRefused() async throws {
        try #require(getuid() == 0, "mounting a read-only file system takes root; run the tests as root")
        try await withTemporaryDirectory { directory in
            try run("/bin/mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "slipway-test", directory)
            defer { _ = try? run("/bin/umount", directory) }
            let empty = await storeErrorWhenReadOnly(directory)
            #expect(empty?.code == .readOnly)
            try run("/bin/mount", "-o", "remount,rw", directory)
            _ = try await snapshot(commits: 1, directory)
            let filled = await storeErrorWhenReadOnly(directory)
            #expect(filled?.code == .readOnly)
            #expect(filled?.message.contains("check owner and mode") == true)
        }
    }

    private func storeErrorWhenReadOnly(_ directory: String) async -> StoreError? {
        await storeError {
            try run("/bin/mount", "-o", "remount,ro", directory)
            _ = try await SQLiteStore(directory: directory)
        }
    }

    @Test func hostileFilesAreRefused() async throws {
        try await withTemporaryDirectory { directory in
            try write(Array("keep".utf8), to: directory + "/target")
            try run("/bin/ln", "-s", directory + "/target", directory + "/slipway.db")
            let error = await storeError { _ = try await SQLiteStore(directory: directory) }
            #expect(error?.code == .readOnly)
            #expect(try read(directory + "/target") == Array("keep".utf8))
            #expect(
                await storeError { _ = try await SQLiteStore(directory: "/nowhere/at/all") }?.code
                    == .readOnly)
            #expect(await storeError { _ = try await SQLiteStore(directory: directory + "/target") } != nil)
        }
    }
}
