internal import Execution
internal import FoundationEssentials
internal import GitSource
internal import Glibc
internal import Model
internal import Ports
internal import Testing

/// Notes and ledgers in real repositories, pushed over every transport, read back by git itself and by another machine.
@Suite struct OutcomeTests {
    static let installation = InstallationName("production")

    static func record(
        _ app: String, _ release: Int, at commit: CommitID, _ verdict: RolloutRecord.Outcome = .succeeded,
        because: String = "", evidence: [String] = [], endedAt: Int64 = 1_700_000_042
    ) throws -> OutcomeRecord {
        OutcomeRecord(
            installation: try #require(installation), source: try #require(SourceName("main")),
            app: try #require(AppName(app)), release: try #require(ReleaseNumber(release)), commit: commit,
            path: "\(app).yaml",
            image: "registry.example.com/\(app)@sha256:" + String(repeating: "a", count: 64),
            verdict: verdict, because: because, evidence: evidence,
            startedAt: WallTime(secondsSince1970: 1_700_000_000), endedAt: WallTime(secondsSince1970: endedAt)
        )
    }

    static func ledger(
        _ app: String, next: Int, good: Int?, at commit: CommitID, failed: [Int] = []
    ) throws -> AppLedger {
        func digest(_ number: Int) throws -> ContentDigest {
            let digits = String(number, radix: 16)
            return try #require(
                ContentDigest("sha256:" + String(repeating: "0", count: 64 - digits.count) + digits))
        }
        return AppLedger(
            installation: try #require(installation), app: try #require(AppName(app)),
            source: try #require(SourceName("main")), nextRelease: try #require(ReleaseNumber(next)),
            lastGood: try good.map { number in
                AppLedger.ProvenRelease(
                    number: try #require(ReleaseNumber(number)), commit: commit, path: "\(app).yaml",
                    spec: try digest(number), image: try digest(100 + number), isFromRegistry: true)
            },
            failed: try failed.map { number in
                AppLedger.FailedRelease(
                    number: try #require(ReleaseNumber(number)), spec: try digest(number), image: nil,
                    cause: .exited, because: "web exited 1")
            }, updatedAt: WallTime(secondsSince1970: 1_700_000_042))
    }

    private static func names(_ apps: String...) throws -> [AppName] {
        try apps.map { try #require(AppName($0)) }
    }

    /// Publishes through `writer`, and looks at it with git, and with `reader`, who knows nothing else.
    private func roundTrip(_ remote: TestRepository, writer: Follower, reader: Follower) async throws {
        let installation = try #require(Self.installation)
        let first = try remote.push(["shop.yaml": "1"], message: "shop: 1")
        let second = try remote.push(["shop.yaml": "2"], message: "shop: 2")
        _ = try await writer.fetch(branch: "main")
        try await writer.repository.publish(
            [try Self.record("shop", 1, at: first)], [try Self.ledger("shop", next: 2, good: 1, at: first)])
        let failed = try Self.record(
            "shop", 2, at: second, .rolledBack, because: "web exited 1 ×3 in 12 s",
            evidence: ["shop-web-v2-1: exit code 1", "shop-web-v2-1 | no database"])
        try await writer.repository.publish(
            [failed], [try Self.ledger("shop", next: 3, good: 1, at: first, failed: [2])])

        let log = try remote.git("log", "--notes=slipway", "--format=%s%n%N", "main")
        #expect(log.contains("✓ shop v1 is deployed after 42 s\n"), "\(log)")
        #expect(
            log.contains("✗ shop v2 failed and was rolled back after 42 s: web exited 1 ×3 in 12 s"), "\(log)"
        )
        #expect(log.contains("    shop-web-v2-1 | no database"), "\(log)")
        #expect(log.contains("production · 2023-11-14 22:14:02 UTC"), "\(log)")
        #expect(try remote.git("rev-list", "--count", "refs/notes/slipway") == "2")

        _ = try await reader.fetch(branch: "main")
        #expect(try await reader.repository.outcomes(at: second) == [failed])
        let found = try await reader.repository.ledgers(
            of: installation, apps: try Self.names("shop", "mail"))
        #expect(found == [failed.app: try Self.ledger("shop", next: 3, good: 1, at: first, failed: [2])])

        // Once more is no news, and makes no commit.
        try await writer.repository.publish(
            [failed], [try Self.ledger("shop", next: 3, good: 1, at: first, failed: [2])])
        #expect(try remote.git("rev-list", "--count", "refs/notes/slipway") == "2")
    }

    @Test func notesInALocalRepository() async throws {
        let remote = try TestRepository()
        try await roundTrip(
            remote, writer: try Follower(remote.path, pushCredentials: GitCredentials.none),
            reader: try Follower(remote.path))
    }

    @Test(arguments: [true, false]) func notesOverHTTPWithBasicAuthentication(keepsAlive: Bool) async throws {
        let remote = try TestRepository()
        let server = try HTTPGitServer(root: remote.folder.path, keepsAlive: keepsAlive)
        let token = GitCredentials.token(username: "anna", GitSecret(HTTPGitServer.token))
        try await roundTrip(
            remote,
            writer: try Follower(
                server.address + "/private/config.git", credentials: token, pushCredentials: token),
            reader: try Follower(server.address + "/git/config.git"))
    }

    @Test func aTokenThatMayOnlyReadIsToldAndNothingIsLost() async throws {
        let remote = try TestRepository()
        let server = try HTTPGitServer(root: remote.folder.path)
        let head = try remote.push(["shop.yaml": "1"])
        let wrong = GitCredentials.token(username: "anna", GitSecret("wr0ng-sentinel"))
        let follower = try Follower(server.address + "/private/config.git", pushCredentials: wrong)
        let error = await #expect(throws: SourceError.self) {
            try await follower.repository.publish([try Self.record("shop", 1, at: head)], [])
        }
        #expect(error?.code == .unauthorized && error?.message.contains("wr0ng-sentinel") == false)
        let silent = await #expect(throws: SourceError.self) {
            try await Follower(remote.path).repository.publish([try Self.record("shop", 1, at: head)], [])
        }
        #expect(silent?.code == .unauthorized)
        #expect((try? remote.git("rev-parse", "-q", "--verify", "refs/notes/slipway")) == nil)
    }

    @Test(.enabled(if: geteuid() == 0, "sshd takes sign-ins of other users than its own only as root"))
    func notesOverSSH() async throws {
        let remote = try TestRepository()
        let server = try SSHServer()
        try remote.push(["a.yaml": "1"])
        let url = server.url(remote.path)
        let empty = GitCredentials.sshKey(
            path: server.key, knownHosts: try server.knownHosts(""), user: "root")
        let unknown = try await #require(fetchError(try Follower(url, credentials: empty)))
        let line = try #require(unknown.message.components(separatedBy: "add this line: ").last)
        let key = GitCredentials.sshKey(
            path: server.key, knownHosts: try server.knownHosts(line + "\n"), user: "root")
        try await roundTrip(
            remote, writer: try Follower(url, credentials: key, pushCredentials: key),
            reader: try Follower(url, credentials: key))
    }

    /// Several controllers write at once; all that each of them has written is there in the end.
    @Test(arguments: [true, false]) func writersAtOnceLoseNothing(isLocal: Bool) async throws {
        let remote = try TestRepository()
        let server = try HTTPGitServer(root: remote.folder.path)
        let head = try remote.push(["shop.yaml": "1"])
        let token = GitCredentials.token(username: "anna", GitSecret(HTTPGitServer.token))
        let url = isLocal ? remote.path : server.address + "/private/config.git"
        let writers = try (0..<3).map { _ in
            try Follower(
                url, credentials: isLocal ? .none : token,
                pushCredentials: isLocal ? GitCredentials.none : token)
        }
        try await withThrowingTaskGroup { group in
            for (index, writer) in writers.enumerated() {
                group.addTask {
                    for round in 0..<4 {
                        let app = "app-\(index)-\(round)"
                        try await writer.repository.publish(
                            [try Self.record(app, 1, at: head)],
                            [try Self.ledger(app, next: 2, good: 1, at: head)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let reader = try Follower(remote.path)
        _ = try await reader.fetch(branch: "main")
        let told = try await reader.repository.outcomes(at: head).map(\.app.rawValue)
        let expected = (0..<3).flatMap { index in (0..<4).map { "app-\(index)-\($0)" } }
        #expect(told.sorted() == expected)
        let ledgers = try await reader.repository.ledgers(
            of: try #require(Self.installation), apps: try expected.map { try #require(AppName($0)) })
        #expect(ledgers.count == 12)
    }

    /// The first of all notes is written by two at once: neither takes the other's for its own.
    @Test func theFirstNoteIsWrittenByManyAtOnce() async throws {
        for _ in 0..<5 {
            let remote = try TestRepository()
            let head = try remote.push(["shop.yaml": "1"])
            let apps = (0..<6).map { "app-\($0)" }
            try await withThrowingTaskGroup { group in
                for app in apps {
                    let writer = try Follower(remote.path, pushCredentials: GitCredentials.none)
                    group.addTask {
                        try await writer.repository.publish([try Self.record(app, 1, at: head)], [])
                    }
                }
                try await group.waitForAll()
            }
            let reader = try Follower(remote.path)
            _ = try await reader.fetch(branch: "main")
            #expect(try await reader.repository.outcomes(at: head).map(\.app.rawValue).sorted() == apps)
        }
    }

    /// People's own notes, git's other ways to split names, and a history that somebody has rewritten.
    @Test func whatOthersHaveWrittenStays() async throws {
        let remote = try TestRepository()
        let first = try remote.push(["shop.yaml": "1"])
        let second = try remote.push(["shop.yaml": "2"])
        try remote.git("notes", "--ref=slipway", "add", "-m", "Anna was here", first.rawValue)
        let writer = try Follower(remote.path, pushCredentials: GitCredentials.none)
        try await writer.repository.publish(
            [try Self.record("shop", 1, at: first)], [try Self.ledger("shop", next: 2, good: 1, at: first)])
        var note = try remote.git("notes", "--ref=slipway", "show", first.rawValue)
        #expect(note.hasPrefix("Anna was here\n✓ shop v1 is deployed"), "\(note)")

        // Git moves everything to where it likes it, and keeps the ledger.
        try remote.git(
            "notes", "--ref=slipway", "append", "-m", "slipway/2 {\"from\":\"tomorrow\"}", second.rawValue)
        try await writer.repository.publish([try Self.record("mail", 1, at: second)], [])
        note = try remote.git("notes", "--ref=slipway", "show", second.rawValue)
        #expect(note.contains("slipway/2 {\"from\":\"tomorrow\"}") && note.contains("✓ mail v1"), "\(note)")
        let reader = try Follower(remote.path)
        _ = try await reader.fetch(branch: "main")
        let app = try #require(AppName("shop"))
        let installation = try #require(Self.installation)
        #expect(try await reader.repository.ledgers(of: installation, apps: [app]).count == 1)

        // Rewritten to nothing: the next outcome begins anew, and what is missing is simply not known.
        try remote.git("update-ref", "-d", "refs/notes/slipway")
        _ = try await reader.fetch(branch: "main")
        #expect(try await reader.repository.ledgers(of: installation, apps: [app]).isEmpty)
        try await writer.repository.publish([try Self.record("mail", 2, at: second)], [])
        _ = try await reader.fetch(branch: "main")
        #expect(try await reader.repository.outcomes(at: second).map(\.release.value) == [2])
    }

    /// `git notes merge` joins two histories line by line; what comes of it is read, and written in order again.
    @Test func aMergeOfGitsOwnIsUnderstood() async throws {
        let remote = try TestRepository()
        let head = try remote.push(["shop.yaml": "1"])
        let writer = try Follower(remote.path, pushCredentials: GitCredentials.none)
        try await writer.repository.publish([try Self.record("shop", 1, at: head)], [])
        try remote.git("update-ref", "refs/notes/other", "refs/notes/slipway")
        try await writer.repository.publish([try Self.record("mail", 1, at: head)], [])
        try remote.git("update-ref", "refs/notes/ours", "refs/notes/slipway")
        try remote.git("update-ref", "refs/notes/slipway", "refs/notes/other")
        try await writer.repository.publish([try Self.record("admin", 1, at: head)], [])
        try remote.git("notes", "--ref=slipway", "merge", "-s", "cat_sort_uniq", "refs/notes/ours")
        try await writer.repository.publish([try Self.record("cron", 1, at: head)], [])
        let reader = try Follower(remote.path)
        _ = try await reader.fetch(branch: "main")
        let told = try await reader.repository.outcomes(at: head).map(\.app.rawValue)
        #expect(told.sorted() == ["admin", "cron", "mail", "shop"])
        let note = try remote.git("notes", "--ref=slipway", "show", head.rawValue)
        #expect(note.components(separatedBy: "✓ shop v1").count == 2, "\(note)")
        #expect(note.split(separator: "\n").count == 12, "\(note)")
    }

    /// What stands where a ledger or a note should stand, and is none.
    @Test(arguments: [
        "", "{}", "not JSON", "[[[[[[[[", "{\"version\":1}", "null", "slipway/1 {\"app\":null}",
        String(repeating: "[", count: 100_000)
    ])
    func hostileContentIsNoKnowledge(content: String) async throws {
        let remote = try TestRepository()
        let head = try remote.push(["shop.yaml": "1"])
        let place = TestRepository.InPlace(path: remote.path, home: remote.folder.path)
        let blob = try place.blob(content)
        let apps = try place.tree([.init("100644", "shop.json", blob)])
        let ledger = try place.tree([.init("40000", "production", apps)])
        let notes = try place.tree([
            .init("100644", head.rawValue, blob), .init("40000", "ledger", ledger),
            .init("120000", "link", blob)
        ])
        try remote.git("update-ref", "refs/notes/slipway", try place.commit(tree: notes).rawValue)
        let follower = try Follower(remote.path, pushCredentials: GitCredentials.none)
        _ = try await follower.fetch(branch: "main")
        let app = try #require(AppName("shop"))
        let installation = try #require(Self.installation)
        #expect(try await follower.repository.ledgers(of: installation, apps: [app]).isEmpty)
        #expect(try await follower.repository.outcomes(at: head).isEmpty)
        try await follower.repository.publish(
            [try Self.record("shop", 1, at: head)], [try Self.ledger("shop", next: 2, good: 1, at: head)])
        _ = try await follower.fetch(branch: "main")
        #expect(try await follower.repository.ledgers(of: installation, apps: [app]).count == 1)
        #expect(try await follower.repository.outcomes(at: head).count == 1)
    }
}
