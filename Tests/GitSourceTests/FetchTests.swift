internal import Execution
internal import FoundationEssentials
internal import GitSource
internal import Model
internal import Ports
internal import Testing

@Suite struct FetchTests {
    @Test func firstFetchAndChangeAreSeen() async throws {
        let remote = try TestRepository()
        let first = try remote.push(
            ["apps/a.yaml": "a", "apps/b.yaml": "b", "README": "x"], message: "first\n\nbody")
        let follower = try Follower("file://" + remote.path)
        #expect(await follower.repository.commitExists(first) == false)
        #expect(try await follower.repository.fetch(branch: "main") == first)
        #expect(await follower.repository.commitExists(first))
        let all = try await follower.repository.changes(from: nil, to: first, under: "apps")
        #expect(all.changed == ["apps/a.yaml", "apps/b.yaml"] && all.isComplete && all.refused.isEmpty)

        let second = try remote.push(["apps/a.yaml": "A", "apps/c.yaml": "c", "README": "y"])
        #expect(try await follower.repository.fetch(branch: "main") == second)
        let changes = try await follower.repository.changes(from: first, to: second, under: "apps/")
        #expect(changes.changed == ["apps/a.yaml", "apps/c.yaml"])
        #expect(changes.removed == ["apps/b.yaml"] && !changes.isComplete)

        let snapshot = try await follower.repository.snapshot(at: first)
        #expect(snapshot.commit.subject == "first" && snapshot.commit.author == "Anna")
        #expect(snapshot.commit.time.secondsSince1970 == 1_700_000_000)
        #expect(try snapshot.read("apps/b.yaml", maximumSizeInBytes: 1) == Array("b".utf8))
    }

    @Test func forcePushIsFollowedAndOldCommitsStayReadable() async throws {
        let remote = try TestRepository()
        let first = try remote.push(["a.yaml": "1"])
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        let second = try remote.push(["a.yaml": "2", "b.yaml": "2"], isForced: true)
        #expect(try await follower.repository.fetch(branch: "main") == second)
        #expect(await follower.repository.commitExists(first))
        // Back to a commit whose objects are here already.
        try remote.git("update-ref", "refs/heads/main", first.rawValue)
        #expect(try await follower.repository.fetch(branch: "main") == first)
    }

    @Test func missingBranchAndEmptyRepositoryAreErrors() async throws {
        let remote = try TestRepository()
        let follower = try Follower(remote.path)
        var error = try await #require(fetchError(follower))
        #expect(error.code == .branchGone && error.message.contains("is empty"))

        try remote.push(["a.yaml": "1"])
        _ = try await follower.repository.fetch(branch: "main")
        try remote.push(["a.yaml": "1"], branch: "other")
        try remote.git("update-ref", "-d", "refs/heads/main")
        error = try await #require(fetchError(follower))
        #expect(error.code == .branchGone && error.message.contains("main"))

        error = try await #require(fetchError(try Follower(remote.path + "-none")))
        #expect(error.code == .notFound)
    }

    /// As files, `a` and `a/b` could not follow each other.
    @Test func branchesThatShadowEachOtherAreFetched() async throws {
        let remote = try TestRepository()
        let first = try remote.push(["a.yaml": "1"], branch: "a")
        let follower = try Follower(remote.path)
        #expect(try await follower.repository.fetch(branch: "a") == first)
        try remote.git("update-ref", "-d", "refs/heads/a")
        let second = try remote.push(["a.yaml": "2"], branch: "a/b")
        #expect(try await follower.repository.fetch(branch: "a/b") == second)
    }

    @Test func fetchesOfOneRepositoryAtOnceAllSucceed() async throws {
        let remote = try TestRepository()
        var heads: [String: CommitID] = [:]
        for number in 0..<4 {
            heads["b\(number)"] = try remote.push(["a.yaml": "\(number)"], branch: "b\(number)")
        }
        let follower = try Follower(remote.path)
        let fetched = try await withThrowingTaskGroup(of: (String, CommitID).self) { group in
            for branch in Array(heads.keys) + Array(heads.keys) {
                group.addTask { (branch, try await follower.repository.fetch(branch: branch)) }
            }
            return try await group.reduce(into: [String: CommitID]()) { $0[$1.0] = $1.1 }
        }
        #expect(fetched == heads)
    }

    @Test func tooLargeTransferIsRefused() async throws {
        let remote = try TestRepository()
        let noise = (0..<400_000).map { _ in String(UInt8.random(in: 0...255), radix: 16) }.joined()
        try remote.push(["a.yaml": noise])
        let follower = try Follower(remote.path, limits: GitLimits(repositorySizeInBytes: 100_000))
        let error = try await #require(fetchError(follower))
        #expect(error.code == .tooLarge)
    }

    @Test(arguments: ["objects", "pack", "HEAD", "reference"])
    func damagedMirrorIsMadeAnew(part: String) async throws {
        let remote = try TestRepository()
        let first = try remote.push(["a.yaml": "1", "b/c.yaml": "2"])
        let folder = try TemporaryFolder()
        let mirror: String
        do {
            let follower = try Follower(remote.path, in: folder)
            _ = try await follower.repository.fetch(branch: "main")
            mirror = follower.repository.mirrorPath
        }
        try damage(part, of: mirror)
        let follower = try Follower(remote.path, in: folder)
        // A first read may show the damage; what it must not do is to answer that nothing is there.
        do throws(SourceError) {
            let snapshot = try await follower.repository.snapshot(at: first)
            _ = try snapshot.read("b/c.yaml", maximumSizeInBytes: 10)
        } catch {
            #expect(error.code == .corrupt || error.code == .notFound)
        }
        #expect(try await follower.repository.fetch(branch: "main") == first)
        let changes = try await follower.repository.changes(from: nil, to: first, under: "")
        #expect(changes.changed == ["a.yaml", "b/c.yaml"])
        let snapshot = try await follower.repository.snapshot(at: first)
        #expect(try snapshot.read("b/c.yaml", maximumSizeInBytes: 10) == Array("2".utf8))
    }

    private func damage(_ part: String, of mirror: String) throws {
        let files = FileManager.default
        switch part {
        case "objects":
            for name in try files.contentsOfDirectory(atPath: mirror + "/objects/pack") {
                try files.removeItem(atPath: mirror + "/objects/pack/" + name)
            }
        case "pack":
            for name in try files.contentsOfDirectory(atPath: mirror + "/objects/pack")
            where name.hasSuffix(".pack") {
                let path = mirror + "/objects/pack/" + name
                try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
                var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
                for index in 12..<bytes.count { bytes[index] ^= 0x55 }
                try Data(bytes).write(to: URL(filePath: path))
            }
        case "HEAD": try Data("nonsense".utf8).write(to: URL(filePath: mirror + "/HEAD"))
        default: try Data("nonsense".utf8).write(to: URL(filePath: mirror + "/refs/slipway/main"))
        }
    }

    @Test func killedHelperIsAnErrorAndLeavesNoLock() async throws {
        let remote = try TestRepository()
        let first = try remote.push(["a.yaml": "1"])
        let folder = try TemporaryFolder()
        let good = try Follower(remote.path, in: folder)
        _ = try await good.repository.fetch(branch: "main")
        let mirror = good.repository.mirrorPath
        let script = try folder.writeProgram(
            "dying",
            """
            #!/bin/sh
            echo x > \(mirror)/objects/pack/pack_git2_x
            echo x > \(mirror)/refs/slipway/main.lock
            kill -9 $$

            """
        )
        let bad = try Follower(remote.path, helper: script, in: folder)
        let error = try await #require(fetchError(bad))
        #expect(error.message.contains("ended with 137"), "\(error)")
        #expect(await bad.repository.commitExists(first))

        let second = try remote.push(["a.yaml": "2"])
        #expect(try await good.repository.fetch(branch: "main") == second)
        let left = try FileManager.default.contentsOfDirectory(atPath: mirror + "/objects/pack")
        #expect(left.allSatisfy { $0.hasSuffix(".pack") || $0.hasSuffix(".idx") })
    }

    @Test func missingHelperIsAnError() async throws {
        let remote = try TestRepository()
        try remote.push(["a.yaml": "1"])
        let error = try await #require(
            fetchError(try Follower(remote.path, helper: "/nonexistent/slipway-fetch")))
        #expect(error.code == .internal)
    }

    @Test func mirrorIsReadableToItsOwnerOnly() async throws {
        let remote = try TestRepository()
        try remote.push(["a.yaml": "1"])
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        let attributes = try FileManager.default.attributesOfItem(atPath: follower.repository.mirrorPath)
        #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o077 } == 0)
    }
}

/// The error of a fetch that must fail.
func fetchError(_ follower: Follower, branch: String = "main") async -> SourceError? {
    do {
        _ = try await follower.repository.fetch(branch: branch)
        return nil
    } catch {
        return error
    }
}
