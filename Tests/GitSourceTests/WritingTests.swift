internal import Execution
internal import FoundationEssentials
internal import GitSource
internal import Model
internal import Ports
internal import Testing

/// What is written back into the repository: never over anybody's newer work.
@Suite struct WritingTests {
    struct Place {
        let remote: TestRepository
        let follower: Follower
        let good: CommitID
        let failed: CommitID
    }

    /// A repository where `shop` went wrong with its second commit, as it is followed over HTTP or from this machine.
    private func place(isLocal: Bool, server: inout HTTPGitServer?) async throws -> Place {
        let remote = try TestRepository()
        let good = try remote.push(["apps/shop.yaml": "1", "apps/shop.env": "A=1", "mail.yaml": "m"])
        let failed = try remote.push(["apps/shop.yaml": "2", "apps/shop.env": "A=2", "mail.yaml": "m"])
        let made = try HTTPGitServer(root: remote.folder.path)
        server = made
        let token = GitCredentials.token(username: "anna", GitSecret(HTTPGitServer.token))
        let follower =
            isLocal
            ? try Follower(remote.path, pushCredentials: GitCredentials.none)
            : try Follower(made.address + "/private/config.git", credentials: token, pushCredentials: token)
        _ = try await follower.fetch(branch: "main")
        return Place(remote: remote, follower: follower, good: good, failed: failed)
    }

    private func order(
        _ place: Place, _ way: RevertOrder.Way, at time: Int64 = 1_700_000_100
    ) throws -> RevertOrder {
        RevertOrder(
            way: way, source: try #require(SourceName("main")), app: try #require(AppName("shop")),
            branch: "main",
            failed: try #require(ReleaseNumber(2)), failedCommit: place.failed, path: "apps/shop.yaml",
            good: try #require(ReleaseNumber(1)), goodCommit: place.good, goodPath: "apps/shop.yaml",
            dependencies: ["apps/shop.env", "apps/none.env"], subject: "Revert shop to v1: web exited 1",
            body: "    shop-web-v2-1: exit code 1", at: WallTime(secondsSince1970: time))
    }

    @Test(arguments: [true, false]) func aRevertIsPushedOnce(isLocal: Bool) async throws {
        var server: HTTPGitServer?
        let place = try await place(isLocal: isLocal, server: &server)
        let result = try await place.follower.repository.revert(try order(place, .commit))
        let head = try CommitID.from(try place.remote.git("rev-parse", "main"))
        #expect(result == .pushed(head, branch: "main"))
        #expect(try place.remote.git("show", "main:apps/shop.yaml") == "1")
        #expect(try place.remote.git("show", "main:apps/shop.env") == "A=1")
        #expect(try place.remote.git("show", "main:mail.yaml") == "m")
        #expect(try place.remote.git("rev-parse", "main^") == place.failed.rawValue)
        let log = try place.remote.git("log", "-1", "--format=%an|%s|%b", "main")
        #expect(log.hasPrefix("Slipway|Revert shop to v1: web exited 1|    shop-web-v2-1: exit code 1"))
        #expect(try await place.follower.repository.revert(try order(place, .commit)) == .nothingToDo)
        #expect(try place.remote.git("rev-parse", "main") == head.rawValue)
        withExtendedLifetime(server) {}
    }

    /// Somebody has pushed since: what is not about the app is built upon, what is stays.
    @Test(arguments: [true, false]) func whoeverWasFasterIsNotOverwritten(isLocal: Bool) async throws {
        var server: HTTPGitServer?
        let place = try await place(isLocal: isLocal, server: &server)
        let other = try place.remote.push(["apps/shop.yaml": "2", "apps/shop.env": "A=3", "mail.yaml": "M"])
        _ = try await place.follower.repository.revert(try order(place, .commit))
        #expect(try place.remote.git("rev-parse", "main^") == other.rawValue)
        #expect(try place.remote.git("show", "main:mail.yaml") == "M")
        #expect(try place.remote.git("show", "main:apps/shop.env") == "A=3", "changed since by somebody")
        let fixed = try place.remote.push(["apps/shop.yaml": "3", "mail.yaml": "M"])
        let result = try await place.follower.repository.revert(try order(place, .commit))
        guard case .overtaken(let reason) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("apps/shop.yaml was changed since \(place.failed.short)"))
        #expect(try place.remote.git("rev-parse", "main") == fixed.rawValue)
        withExtendedLifetime(server) {}
    }

    /// Pushes of others land while ours is on its way: it is made again on top of each.
    @Test(arguments: [true, false]) func lostRacesAreRunAgain(isLocal: Bool) async throws {
        var server: HTTPGitServer?
        let place = try await place(isLocal: isLocal, server: &server)
        let (remote, follower) = (place.remote, place.follower)
        let order = try order(place, .commit)
        try await withThrowingTaskGroup { group in
            group.addTask {
                for round in 0..<8 {
                    // As a push: refused where the branch has moved.
                    let clone = remote.folder.path + "/clone-\(round)"
                    try TestRepository.git(["clone", "-q", remote.path, clone], home: remote.folder.path)
                    try Data("\(round)".utf8).write(to: URL(filePath: clone + "/other-\(round)"))
                    try TestRepository.git(["-C", clone, "add", "-A"], home: remote.folder.path)
                    try TestRepository.git(
                        ["-C", clone, "commit", "-q", "-m", "other"], home: remote.folder.path)
                    _ = try? TestRepository.git(["-C", clone, "push", "-q"], home: remote.folder.path)
                }
            }
            group.addTask { _ = try await follower.repository.revert(order) }
            try await group.waitForAll()
        }
        #expect(try remote.git("show", "main:apps/shop.yaml") == "1")
        #expect(
            try remote.git("log", "--format=%an", "main").split(separator: "\n").count { $0 == "Slipway" }
                == 1)
        let ancestors = try remote.git("rev-list", "main").split(separator: "\n")
        #expect(ancestors.contains { $0 == place.failed.rawValue })
        withExtendedLifetime(server) {}
    }

    /// A lock that a killed writer has left is not ours to remove; the person is told which one it is.
    @Test func aLockThatStaysIsNamed() async throws {
        var server: HTTPGitServer?
        let place = try await place(isLocal: true, server: &server)
        let lock = place.remote.path + "/refs/heads/main.lock"
        try Data().write(to: URL(filePath: lock))
        let error = await #expect(throws: SourceError.self) {
            try await place.follower.repository.revert(try order(place, .commit))
        }
        #expect(error?.message.contains("refs/heads/main.lock stands there; remove it") == true)
        #expect(FileManager.default.fileExists(atPath: lock))
        try FileManager.default.removeItem(atPath: lock)
        _ = try await place.follower.repository.revert(try order(place, .commit))
        #expect(try place.remote.git("show", "main:apps/shop.yaml") == "1")
    }

    @Test(arguments: [true, false]) func aProposalIsRenewedAndOthersWorkOnItStays(isLocal: Bool) async throws
    {
        var server: HTTPGitServer?
        let place = try await place(isLocal: isLocal, server: &server)
        let branch = "slipway/revert-shop"
        guard
            case .pushed(let first, branch) = try await place.follower.repository.revert(
                try order(place, .pullRequest))
        else {
            Issue.record("not pushed")
            return
        }
        #expect(try place.remote.git("rev-parse", "main") == place.failed.rawValue)
        #expect(try place.remote.git("show", "\(branch):apps/shop.yaml") == "1")
        // The same once more is there already; with other words, or on another head, it takes the old one's place.
        #expect(
            try await place.follower.repository.revert(try order(place, .pullRequest))
                == .pushed(first, branch: branch))
        let moved = try place.remote.push(["apps/shop.yaml": "2", "apps/shop.env": "A=2", "mail.yaml": "M"])
        _ = try await place.follower.repository.revert(try order(place, .pullRequest))
        #expect(try place.remote.git("rev-parse", "\(branch)^") == moved.rawValue)
        // Anna has pushed something to it: hers now.
        let annas = try place.remote.push(["apps/shop.yaml": "1b"], branch: branch)
        let result = try await place.follower.repository.revert(
            try order(place, .pullRequest, at: 1_700_000_200))
        guard case .overtaken = result else {
            Issue.record("\(result)")
            return
        }
        #expect(try place.remote.git("rev-parse", branch) == annas.rawValue)
        withExtendedLifetime(server) {}
    }

    /// The merge of a pull request, as if it were made now.
    @Test func aProposalIsMergedInThought() async throws {
        var server: HTTPGitServer?
        let place = try await place(isLocal: false, server: &server)
        let (remote, repository) = (place.remote, place.follower.repository)
        try remote.git("update-ref", "refs/heads/work", place.failed.rawValue)
        let work = try remote.push(
            ["apps/shop.yaml": "2", "apps/shop.env": "A=2", "mail.yaml": "m", "new.yaml": "n"], branch: "work"
        )
        try remote.git("update-ref", "refs/pull/7/head", work.rawValue)
        let base = try remote.push(["apps/shop.yaml": "2", "apps/shop.env": "A=2", "mail.yaml": "M"])
        let first = try await repository.proposal("refs/pull/7/head", into: "main")
        #expect(first.base == base && first.head == work)
        let changes = try await repository.changes(from: base, to: first.merged, under: "")
        #expect(changes.changed == ["new.yaml"] && changes.removed.isEmpty)
        #expect(try await repository.proposal("refs/pull/7/head", into: "main") == first, "always the same")

        try remote.git("update-ref", "refs/pull/8/head", place.good.rawValue)
        _ = try await repository.proposal("refs/pull/8/head", into: "main")
        try remote.push(["apps/shop.yaml": "conflict", "mail.yaml": "X"], branch: "work")
        let conflict = try remote.git("rev-parse", "work")
        try remote.git("update-ref", "refs/pull/9/head", conflict)
        try remote.push(["apps/shop.yaml": "other", "mail.yaml": "Y"])
        for reference in [
            "refs/pull/9/head", "refs/pull/10/head", "--upload-pack=x", "refs/../x", "refs/heads/a b"
        ] {
            let error = await #expect(throws: SourceError.self) {
                try await repository.proposal(reference, into: "main")
            }
            #expect(error?.code == .refused, "\(reference): \(error as Any)")
        }
        withExtendedLifetime(server) {}
    }
}
