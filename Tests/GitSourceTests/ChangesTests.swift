internal import GitSource
internal import Model
internal import Ports
internal import Testing

@Suite struct ChangesTests {
    /// The files of a commit are the files of any other one plus the changes between the two.
    @Test func changesLeadFromAnyCommitToAnyOther() async throws {
        let remote = try TestRepository()
        var random = SplitMix(state: 20_240_611)
        var commits: [CommitID] = []
        for _ in 0..<24 {
            var files: [String: String] = ["apps/keep.yaml": "k"]
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                let depth = Int.random(in: 0...3, using: &random)
                let folders = (0..<depth).map { _ in "d\(Int.random(in: 0...2, using: &random))" }
                let name =
                    Bool.random(using: &random) ? "d\(Int.random(in: 0...2, using: &random))" : "f.yaml"
                let path = (["apps"] + folders + [name]).joined(separator: "/")
                // A file cannot also be a folder.
                let isClash = files.keys.contains { $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
                if !isClash { files[path] = "\(Int.random(in: 0...2, using: &random))" }
            }
            commits.append(try remote.push(files))
        }
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        var complete: [CommitID: Set<String>] = [:]
        for commit in commits {
            let all = try await follower.repository.changes(from: nil, to: commit, under: "apps")
            #expect(all.isComplete && all.removed.isEmpty)
            complete[commit] = Set(all.changed)
            let listed = try remote.git("ls-tree", "-r", "--name-only", commit.rawValue).split(
                separator: "\n"
            ).map(String.init)
            #expect(all.changed == listed.sorted())
        }
        for old in commits {
            for new in commits {
                let changes = try await follower.repository.changes(from: old, to: new, under: "apps")
                let before = try #require(complete[old]), after = try #require(complete[new])
                #expect(before.subtracting(changes.removed).union(changes.changed) == after)
                #expect(before.isSuperset(of: changes.removed) && after.isDisjoint(with: changes.removed))
                #expect(old != new || changes.changed.isEmpty)
            }
        }
        // Content counts, too: what is not named as changed is the same file.
        for (old, new) in zip(commits, commits.dropFirst()) {
            let changes = try await follower.repository.changes(from: old, to: new, under: "apps")
            let named = try remote.git(
                "diff-tree", "-r", "--no-renames", "--name-only", "--diff-filter=AMT", old.rawValue,
                new.rawValue)
            #expect(changes.changed == named.split(separator: "\n").map(String.init).sorted())
        }
    }

    @Test func refusedEntriesAreNamedInEachComparison() async throws {
        let remote = try TestRepository()
        let place = TestRepository.InPlace(path: remote.path, home: remote.folder.path)
        let one = try place.blob("1"), two = try place.blob("2")
        func commit(_ content: String, _ link: Bool) throws -> CommitID {
            let quiet = try place.tree(
                [.init("100644", "x.yaml", one)] + (link ? [.init("120000", "link.yaml", one)] : []))
            return try place.commit(
                tree: try place.tree([.init("40000", "quiet", quiet), .init("100644", "a.yaml", content)]))
        }
        let first = try commit(one, true), second = try commit(two, true), third = try commit(two, false)
        for commit in [first, second, third] {
            try remote.git("update-ref", "refs/heads/\(commit.short)", commit.rawValue)
        }
        let follower = try Follower(remote.path)
        for commit in [first, second, third] { _ = try await follower.repository.fetch(branch: commit.short) }

        var changes = try await follower.repository.changes(from: first, to: second, under: "")
        #expect(changes.changed == ["a.yaml"] && changes.refused.map(\.path) == ["quiet/link.yaml"])
        // Also when the unchanged folder has been seen before.
        changes = try await follower.repository.changes(from: first, to: second, under: "")
        #expect(changes.changed == ["a.yaml"] && changes.refused.map(\.path) == ["quiet/link.yaml"])
        changes = try await follower.repository.changes(from: second, to: third, under: "")
        #expect(changes.changed.isEmpty && changes.removed.isEmpty && changes.refused.isEmpty)
        changes = try await follower.repository.changes(from: third, to: first, under: "quiet")
        #expect(changes.changed.isEmpty && changes.refused.map(\.path) == ["quiet/link.yaml"])
    }

    /// A file that becomes a link is gone as a file and named as refused.
    @Test func fileThatBecomesALinkIsBothGoneAndRefused() async throws {
        let remote = try TestRepository()
        let place = TestRepository.InPlace(path: remote.path, home: remote.folder.path)
        let blob = try place.blob("1")
        let first = try place.commit(tree: try place.tree([.init("100644", "a.yaml", blob)]))
        let second = try place.commit(tree: try place.tree([.init("120000", "a.yaml", blob)]))
        try remote.git("update-ref", "refs/heads/one", first.rawValue)
        try remote.git("update-ref", "refs/heads/two", second.rawValue)
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "one")
        _ = try await follower.repository.fetch(branch: "two")
        var changes = try await follower.repository.changes(from: first, to: second, under: "")
        #expect(changes.removed == ["a.yaml"] && changes.refused.map(\.path) == ["a.yaml"])
        changes = try await follower.repository.changes(from: second, to: first, under: "")
        #expect(changes.changed == ["a.yaml"] && changes.refused.isEmpty)
    }

    @Test func missingFolderIsAnErrorNotAnEmptyList() async throws {
        let remote = try TestRepository()
        let first = try remote.push(["apps/a.yaml": "1"]), second = try remote.push(["other/a.yaml": "1"])
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        for old in [nil, first] {
            await #expect {
                _ = try await follower.repository.changes(from: old, to: second, under: "apps")
            } throws: {
                ($0 as? SourceError)?.code == .notFound
            }
        }
        // Where only the old commit lacks it, everything is new.
        let back = try await follower.repository.changes(from: second, to: first, under: "apps")
        #expect(back.changed == ["apps/a.yaml"])
    }

    @Test func unknownOldCommitMeansAFullList() async throws {
        let remote = try TestRepository()
        let head = try remote.push(["a.yaml": "1"])
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        let unknown = try CommitID.from(String(repeating: "d", count: 40))
        let changes = try await follower.repository.changes(from: unknown, to: head, under: "")
        #expect(changes.changed == ["a.yaml"] && changes.isComplete)
        // The id of a blob is no commit's.
        let blob = try CommitID.from(try remote.git("rev-parse", "main:a.yaml"))
        #expect(await follower.repository.commitExists(blob) == false)
        await #expect(throws: SourceError.self) { _ = try await follower.repository.snapshot(at: blob) }
        await #expect(throws: SourceError.self) {
            _ = try await follower.repository.changes(from: nil, to: unknown, under: "")
        }
    }

    @Test func tooManyEntriesAreRefused() async throws {
        let remote = try TestRepository()
        var files: [String: String] = [:]
        for number in 0..<50 { files["d\(number % 5)/\(number).yaml"] = "x" }
        let first = try remote.push(files)
        files["one.yaml"] = "x"
        let second = try remote.push(files)
        let follower = try Follower(remote.path, limits: GitLimits(entriesInTree: 55))
        _ = try await follower.repository.fetch(branch: "main")
        #expect(try await follower.repository.changes(from: nil, to: first, under: "").changed.count == 50)
        // The bound holds for what a comparison skips, too.
        await #expect {
            _ = try await follower.repository.changes(from: first, to: second, under: "")
        } throws: {
            ($0 as? SourceError)?.code == .tooLarge
        }
    }

    @Test func foreignTextOfACommitIsMadeFitToShow() async throws {
        let remote = try TestRepository()
        let head = try remote.push(["a.yaml": "1"], message: "\n\nred \u{1b}[31m\u{202e}x\tend\nsecond line")
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        let commit = try await follower.repository.snapshot(at: head).commit
        #expect(commit.subject == "red  [31m x end")
    }

    /// Ten thousand files of one folder: a read must not look at all of the others each time.
    @Test(.timeLimit(.minutes(1))) func largeFoldersAreReadInFull() async throws {
        let remote = try TestRepository()
        var files: [String: String] = [:]
        for number in 0..<10_000 { files["apps/f\(number).yaml"] = "\(number)" }
        let head = try remote.push(files)
        files["apps/f77.yaml"] = "changed"
        let next = try remote.push(files)
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        let all = try await follower.repository.changes(from: nil, to: head, under: "apps")
        let snapshot = try await follower.repository.snapshot(at: head)
        var size = 0
        for path in all.changed { size += try snapshot.read(path, maximumSizeInBytes: 10).count }
        #expect(all.changed.count == 10_000 && size == 38_890)
        let changes = try await follower.repository.changes(from: head, to: next, under: "apps")
        #expect(changes.changed == ["apps/f77.yaml"])
    }

    /// A snapshot is read from many threads at once.
    @Test func snapshotsAreReadFromManyTasks() async throws {
        let remote = try TestRepository()
        var files: [String: String] = [:]
        for number in 0..<40 { files["f\(number).yaml"] = "content \(number)" }
        let head = try remote.push(files)
        let follower = try Follower(remote.path)
        _ = try await follower.repository.fetch(branch: "main")
        let snapshot = try await follower.repository.snapshot(at: head)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<400 {
                group.addTask {
                    let bytes = try snapshot.read("f\(number % 40).yaml", maximumSizeInBytes: 100)
                    return bytes == Array("content \(number % 40)".utf8)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}

/// A small generator with a seed, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
