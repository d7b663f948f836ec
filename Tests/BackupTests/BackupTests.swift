import Backup
import FoundationEssentials
import Model
import Ports
import StateStore
import Synchronization
import Testing

@Suite struct BackupTests {
    @Test func whatWasBackedUpComesBack() async throws {
        try await inDirectory { directory in
            let store = try await installation(in: directory)
            // The controller still has the store.
            let made = try backUp(directory)
            await store.close()
            // And nobody has it.
            #expect(try backUp(directory, to: "second.tar").files == made.files)
            #expect(made.files == 5)
            #expect(made.warnings.count == 1 && made.warnings[0].contains("\(directory)/outside/slack-url"))
            #expect(mode(directory + "/backup.tar") == 0o600)
            let names = try shell("tar -tf \(directory)/backup.tar")
            #expect(names.hasPrefix("manifest.json\n"))
            #expect(
                !names.contains("mirrors") && !names.contains("edge") && !names.contains("lock"), "\(names)")

            let other = directory + "/machine"
            let report = try BackupReader(directory + "/backup.tar").restore(
                stateDirectory: other + "/state", configurationDirectory: other + "/etc", overwrites: false)
            #expect(report.setAside == nil)
            #expect(report.configuration == other + "/etc/slipway.yaml")
            #expect(text(other + "/state/certificates/account.key") == "key")
            #expect(text(other + "/etc/keys/git-token") == "token-of-git\n")
            #expect(text(other + "/etc/slipway.yaml") == text(directory + "/etc/slipway.yaml"))
            for path in ["/state", "/state/certificates", "/etc", "/etc/keys"] {
                #expect(mode(other + path) == 0o700)
            }
            for path in ["/state/slipway.db", "/state/certificates/account.key", "/etc/keys/git-token"] {
                #expect(mode(other + path) == 0o600)
            }
            let restored = try await SQLiteStore(directory: other + "/state")
            #expect(
                try await restored.events(after: 0, limit: 10).map(\.message) == [
                    "event 1", "event 2", "event 3"
                ])
            await restored.close()
        }
    }

    /// What was committed when the copy ends is in it in whole transactions, however fast the controller writes.
    @Test func aBackupIsOfOneMomentWhileTheControllerWrites() async throws {
        try await inDirectory { directory in
            let store = try await installation(in: directory, events: 1)
            let isDone = Atomic(false)
            let epoch = try await store.load().epoch
            let writer = Task {
                var number: Int64 = 2
                while !isDone.load(ordering: .relaxed) {
                    var batch = StoreBatch()
                    batch.epoch = epoch
                    batch.events = [event(number), event(number + 1)]
                    try await store.commit(batch)
                    number += 2
                }
                return number
            }
            for round in 0..<5 {
                _ = try backUp(directory, to: "backup-\(round).tar")
                let state = "\(directory)/copy-\(round)"
                _ = try BackupReader("\(directory)/backup-\(round).tar").restore(
                    stateDirectory: state, configurationDirectory: nil, overwrites: false)
                let copy = try await SQLiteStore(directory: state)
                let last = try await copy.load().lastEvent
                #expect(last % 2 == 1, "a transaction of two events is there in whole")
                #expect(try await copy.events(after: 0, limit: 1_000_000).count == Int(last))
                await copy.close()
            }
            isDone.store(true, ordering: .relaxed)
            #expect(try await writer.value > 2)
            await store.close()
        }
    }

    @Test func nothingIsWrittenOverByAccident() async throws {
        try await inDirectory { directory in
            let store = try await installation(in: directory)
            _ = try backUp(directory)
            #expect(throws: BackupError.self) { try backUp(directory) }
            _ = try backUp(directory, overwrites: true)
            let reader = BackupReader(directory + "/backup.tar")
            let state = directory + "/state", etc = directory + "/etc"
            // A controller has the directory: not even by force.
            for overwrites in [false, true] {
                #expect(throws: (any Error).self) {
                    try reader.restore(
                        stateDirectory: state, configurationDirectory: etc, overwrites: overwrites)
                }
            }
            await store.close()
            let error = #expect(throws: BackupError.self) {
                try reader.restore(stateDirectory: state, configurationDirectory: etc, overwrites: false)
            }
            #expect(error?.message.contains("is not empty") == true)
            try put("changed", at: etc + "/slipway.yaml")
            let differs = #expect(throws: BackupError.self) {
                try reader.restore(
                    stateDirectory: directory + "/new", configurationDirectory: etc, overwrites: false)
            }
            #expect(differs?.message.contains("is there and differs") == true)
            #expect(text(etc + "/slipway.yaml") == "changed")
            let report = try reader.restore(
                stateDirectory: state, configurationDirectory: etc, overwrites: true)
            #expect(report.setAside == state + "/slipway.db.before-restore-1")
            #expect(text(etc + "/slipway.yaml")?.hasPrefix("state_dir") == true)
            #expect(FileManager.default.fileExists(atPath: state + "/slipway.db.before-restore-1"))
        }
    }

    @Test func withoutAStoreThereIsNoBackup() async throws {
        try await inDirectory { directory in
            let maker = BackupMaker(stateDirectory: directory, configuration: nil)
            #expect(throws: StoreError.self) {
                try maker.make(directory + "/x.tar", at: 0, overwrites: false)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left.isEmpty, "nothing is left behind")
        }
    }

    /// Unpacks the backup, runs `change` in it, and packs it again as `work/evil.tar`.
    private func repack(_ directory: String, _ change: String) throws {
        let work = directory + "/work/in"
        try shell("mkdir -p \(work) && tar -xf \(directory)/backup.tar -C \(work)")
        let isOther = change.hasPrefix("ln") || change.hasPrefix("mk")
        if isOther { try shell("rm \(work)/state/certificates/account.key") }
        try shell("cd \(work) && \(change)")
        let extra = change.contains("'../outside") ? "../outside-file" : ""
        // As ours is: no directories in it, and the manifest first.
        try shell(
            "cd \(work) && { ls manifest.json; find state config ! -type d | sort; } 2>/dev/null >../list;"
                + " tar -P --no-recursion -cf ../evil.tar -T ../list \(extra)")
    }

    @Test func whatIsPackedAgainUnchangedIsTaken() async throws {
        try await inDirectory { directory in
            let store = try await installation(in: directory)
            _ = try backUp(directory)
            await store.close()
            try repack(directory, "true")
            _ = try BackupReader(directory + "/work/evil.tar").restore(
                stateDirectory: directory + "/machine", configurationDirectory: nil, overwrites: false)
            #expect(text(directory + "/machine/certificates/account.key") == "key")
        }
    }

    /// An archive that was made or changed by somebody else. Nothing of it is written, wherever it points.
    @Test(arguments: [
        "ln -s /etc/passwd state/certificates/account.key",
        "ln state/slipway.db state/certificates/account.key",
        "mkfifo state/certificates/account.key", "mknod state/certificates/account.key c 1 3",
        "printf evil > state/certificates/account.key", "rm state/slipway.db", "printf x > state/more",
        "printf x > '../outside-file'", "printf x > state/slipway.db",
        "sed -i 's|state/certificates/account.key|state/../../outside-file|' manifest.json",
        "sed -i 's|state/certificates/account.key|/tmp/outside-file|' manifest.json",
        "sed -i 's|\"version\" : 1|\"version\" : 9|' manifest.json", "printf '{' > manifest.json",
        "rm manifest.json"
    ]) func aChangedBackupIsRefusedInWhole(change: String) async throws {
        try await inDirectory { directory in
            let store = try await installation(in: directory)
            _ = try backUp(directory)
            await store.close()
            try repack(directory, change)
            let machine = directory + "/machine"
            for checksOnly in [true, false] {
                #expect(throws: (any Error).self, "\(change)") {
                    try BackupReader(directory + "/work/evil.tar").restore(
                        stateDirectory: machine + "/state", configurationDirectory: machine + "/etc",
                        overwrites: false, checksOnly: checksOnly)
                }
            }
            let written = try shell("find \(machine) -type f ! -name slipway.lock 2>/dev/null; true")
            #expect(written.isEmpty, "\(change): \(written)")
            #expect(!FileManager.default.fileExists(atPath: directory + "/outside-file"))
        }
    }

    @Test func aDamagedFileIsRefused() async throws {
        try await inDirectory { directory in
            let store = try await installation(in: directory)
            _ = try backUp(directory)
            await store.close()
            let size = try #require(FileManager.default.contents(atPath: directory + "/backup.tar")?.count)
            for offset in stride(from: 600, to: size, by: max(512, size / 23)) {
                try shell(
                    "cd \(directory) && cp backup.tar bad.tar && printf '\\377\\377\\377\\377' | dd of=bad.tar bs=1 seek=\(offset) conv=notrunc 2>/dev/null"
                )
                let before = FileManager.default.contents(atPath: directory + "/backup.tar")
                guard FileManager.default.contents(atPath: directory + "/bad.tar") != before else { continue }
                let machine = "\(directory)/machine-\(offset)"
                do {
                    _ = try BackupReader(directory + "/bad.tar").restore(
                        stateDirectory: machine, configurationDirectory: nil, overwrites: false)
                    // Only what stands between the members, or in files that were not asked for, may be damaged.
                    #expect(text(machine + "/certificates/account.key") == "key")
                } catch {
                    #expect(
                        try shell("find \(machine) -type f ! -name slipway.lock 2>/dev/null; true").isEmpty)
                }
            }
            #expect(throws: BackupError.self) {
                try BackupReader(directory + "/none.tar").restore(
                    stateDirectory: directory + "/m", configurationDirectory: nil, overwrites: false)
            }
        }
    }
}
