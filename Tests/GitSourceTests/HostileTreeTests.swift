internal import FoundationEssentials
internal import GitSource
internal import Model
internal import Ports
internal import Testing

/// One entry that somebody with push rights can put beside an honest file.
struct HostileEntry: Sendable, CustomTestStringConvertible {
    enum Target: Sendable { case link(String), file, folder, module }
    var mode: String
    var name: [UInt8]
    var target: Target
    var testDescription: String { "\(mode) \(String(decoding: name, as: UTF8.self).debugDescription)" }

    init(_ mode: String, _ name: [UInt8], _ target: Target) {
        self.mode = mode
        self.name = name
        self.target = target
    }

    static let names: [[UInt8]] =
        [
            ".", "..", ".git", ".GIT", ".Git", ".git.", ".git ", ".git. .", ".git::$INDEX_ALLOCATION",
            ".git:x", "git~1",
            "GIT~1", "git~23", ".g\u{200c}it", "\u{200b}.git", ".gi\u{200d}t", "a\u{202e}lmay.b",
            "a\u{feff}.yaml",
            "a\u{2066}b.yaml", "-", "-rf", "--upload-pack=x", "-oProxyCommand=x.yaml", "a\nb.yaml",
            "a\rb.yaml",
            "a\tb.yaml", "a\u{1}.yaml", "a\u{1b}[31m.yaml", "a\u{7f}.yaml", "a\u{85}.yaml", "a\u{2028}.yaml",
            "a\\b.yaml", "..\\x.yaml", "a/b.yaml", "../x.yaml", "/etc/passwd", "a/../../x.yaml", "./a.yaml",
            "a/",
            String(repeating: "n", count: 256)
        ].map { Array($0.utf8) } + [
            [0xff], [0xc0, 0x80], [0xc0, 0xaf, 0x2e], [0xed, 0xa0, 0x80], [0xe2, 0x82],
            [0x61, 0xf8, 0x2e, 0x79]
        ]

    static let all: [HostileEntry] =
        names.map { HostileEntry("100644", $0, .file) }
        + ["..", ".git", ".GIT", "-x", "a\nb", "a/b", "..\\"].map {
            HostileEntry("40000", Array($0.utf8), .folder)
        }
        + [
            "/etc/passwd", "../../../../etc/passwd", "good.yaml", "apps", ".", "..", "/proc/self/environ", "",
            "/dev/zero", "//etc//shadow"
        ].enumerated().map { HostileEntry("120000", Array("link\($0.offset).yaml".utf8), .link($0.element)) }
        + ["shop.env", "folder", "a.yml"].map { HostileEntry("120000", Array($0.utf8), .link("/etc")) }
        + ["module", "module.yaml"].map { HostileEntry("160000", Array($0.utf8), .module) }
        + ["0", "644", "60000", "10644", "140000", "170000", "104644", "107777", "177777"].map {
            HostileEntry($0, Array("mode\($0).yaml".utf8), .file)
        }
}

@Suite struct HostileTreeTests {
    /// A follower whose mirror one can write into with git, which is what a hostile server could do as well.
    private struct Ground {
        let remote: TestRepository
        let follower: Follower
        let mirror: TestRepository.InPlace
        let good: String

        init() async throws {
            remote = try TestRepository()
            try remote.push(["good.yaml": "good"])
            follower = try Follower(remote.path)
            _ = try await follower.repository.fetch(branch: "main")
            mirror = TestRepository.InPlace(path: follower.repository.mirrorPath, home: remote.folder.path)
            good = try mirror.blob("good")
        }

        func target(_ target: HostileEntry.Target) throws -> String {
            switch target {
            case .file: good
            case .link(let text): try mirror.blob(text)
            case .module: String(repeating: "a", count: 40)
            case .folder: try mirror.tree([.init("100644", "inner.yaml", good)])
            }
        }
    }

    @Test func tableIsLargeEnough() { #expect(HostileEntry.all.count >= 60) }

    @Test func hostileEntriesAreRefusedAndOthersGoOn() async throws {
        let ground = try await Ground()
        for entry in HostileEntry.all {
            let tree = try ground.mirror.tree([
                .init("100644", "good.yaml", ground.good),
                .init(entry.mode, entry.name, try ground.target(entry.target))
            ])
            for path in ["", "apps/deep"] {
                let root =
                    path.isEmpty
                    ? tree
                    : try ground.mirror.tree([
                        .init("40000", "apps", try ground.mirror.tree([.init("40000", "deep", tree)]))
                    ])
                let commit = try ground.mirror.commit(tree: root)
                let changes = try await ground.follower.repository.changes(from: nil, to: commit, under: path)
                let prefix = path.isEmpty ? "" : path + "/"
                #expect(changes.changed == [prefix + "good.yaml"], "\(entry.testDescription)")
                #expect(changes.refused.count == 1, "\(entry.testDescription)")
                let shown = changes.refused.first?.path ?? ""
                #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })

                let snapshot = try await ground.follower.repository.snapshot(at: commit)
                #expect(try snapshot.read(prefix + "good.yaml", maximumSizeInBytes: 10) == Array("good".utf8))
                let name = prefix + String(decoding: entry.name, as: UTF8.self)
                for attempt in [name, name + "/inner.yaml", name + "/passwd"] {
                    #expect(
                        readError(snapshot, attempt) == .refused || readError(snapshot, attempt) == .notFound)
                }
            }
        }
    }

    @Test func pathsThatLeaveTheRootAreRefused() async throws {
        let ground = try await Ground()
        let commit = try ground.mirror.commit(
            tree: try ground.mirror.tree([.init("100644", "good.yaml", ground.good)]))
        let snapshot = try await ground.follower.repository.snapshot(at: commit)
        for path in [
            "../good.yaml", "/good.yaml", "/etc/passwd", "a/../good.yaml", "./good.yaml", "good.yaml//x",
            "\0", "a\0b",
            "good.yaml\n", "-", ".git/config", "", String(repeating: "a/", count: 600)
        ] {
            let code = readError(snapshot, path)
            #expect(code == .refused || code == .notFound, "\(path.debugDescription)")
            await #expect(throws: SourceError.self, "\(path.debugDescription)") {
                if path.isEmpty { throw SourceError(.refused, "the root is a fine place to look under") }
                _ = try await ground.follower.repository.changes(from: nil, to: commit, under: path)
            }
        }
    }

    @Test func severalEntriesOfOneNameAreRefusedAll() async throws {
        let ground = try await Ground()
        let link = try ground.mirror.blob("/etc/passwd")
        for second in [("120000", link), ("100644", link), ("40000", try ground.target(.folder))] {
            let tree = try ground.mirror.tree([
                .init("100644", "a.yaml", ground.good), .init(second.0, "a.yaml", second.1),
                .init("100644", "good.yaml", ground.good)
            ])
            let commit = try ground.mirror.commit(tree: tree)
            let changes = try await ground.follower.repository.changes(from: nil, to: commit, under: "")
            #expect(changes.changed == ["good.yaml"] && changes.refused.map(\.path) == ["a.yaml", "a.yaml"])
            let snapshot = try await ground.follower.repository.snapshot(at: commit)
            #expect(readError(snapshot, "a.yaml") == .refused)
        }
    }

    @Test func treesThatMakeNoSenseAreRefusedNotFatal() async throws {
        let ground = try await Ground()
        let nonsense: [[UInt8]] = [
            Array("100644".utf8), Array("100644 a".utf8), Array("100644 a\0short".utf8),
            Array("xyz a\0".utf8) + [UInt8](repeating: 1, count: 20),
            Array("100644 \0".utf8) + [UInt8](repeating: 1, count: 20), [UInt8](repeating: 0, count: 64),
            Array("99999999999999999999 a\0".utf8) + [UInt8](repeating: 1, count: 20)
        ]
        for bytes in nonsense {
            let bad = try ground.mirror.object("tree", bytes)
            let tree = try ground.mirror.tree([
                .init("40000", "bad", bad), .init("100644", "good.yaml", ground.good),
                .init("40000", "notree", ground.good)
            ])
            let commit = try ground.mirror.commit(tree: tree)
            let changes = try await ground.follower.repository.changes(from: nil, to: commit, under: "")
            #expect(changes.changed == ["good.yaml"], "\(bytes)")
            #expect(changes.refused.map(\.path) == ["bad", "notree"], "\(bytes)")
            let snapshot = try await ground.follower.repository.snapshot(at: commit)
            #expect(readError(snapshot, "bad/a") == .refused)
        }
    }

    @Test func fileEntryThatPointsAtAFolderIsRefusedOnRead() async throws {
        let ground = try await Ground()
        let inner = try ground.target(.folder)
        let commit = try ground.mirror.commit(
            tree: try ground.mirror.tree([.init("100644", "a.yaml", inner)]))
        let snapshot = try await ground.follower.repository.snapshot(at: commit)
        #expect(readError(snapshot, "a.yaml") == .refused)
    }

    @Test func missingObjectIsDamageAndNoEmptyAnswer() async throws {
        let ground = try await Ground()
        let nothing = String(repeating: "b", count: 40)
        let commit = try ground.mirror.commit(
            tree: try ground.mirror.tree([
                .init("100644", "a.yaml", nothing), .init("40000", "apps", String(repeating: "c", count: 40))
            ]))
        let snapshot = try await ground.follower.repository.snapshot(at: commit)
        #expect(readError(snapshot, "a.yaml") == .corrupt)
        await #expect(throws: SourceError.self) {
            _ = try await ground.follower.repository.changes(from: nil, to: commit, under: "apps")
        }
    }

    @Test func deepAndMultiplyingTreesAreBounded() async throws {
        let ground = try await Ground()
        var tree = try ground.target(.folder)
        for _ in 0..<200 { tree = try ground.mirror.tree([.init("40000", "d", tree)]) }
        var commit = try ground.mirror.commit(tree: tree)
        let deep = try await ground.follower.repository.changes(from: nil, to: commit, under: "")
        #expect(deep.changed.isEmpty && deep.refused.count == 1)
        #expect(deep.refused.first?.reason.contains("deep") == true)

        // Ten times itself at each of twelve levels, without one file.
        var bomb = try ground.mirror.tree([])
        for _ in 0..<12 {
            bomb = try ground.mirror.tree((0..<10).map { TestRepository.Entry("40000", "d\($0)", bomb) })
        }
        commit = try ground.mirror.commit(tree: bomb)
        await #expect {
            _ = try await ground.follower.repository.changes(from: nil, to: commit, under: "")
        } throws: {
            ($0 as? SourceError)?.code == .tooLarge
        }
    }

    @Test func largeFilesAreRefusedBeforeTheyAreLoaded() async throws {
        let ground = try await Ground()
        let large = try ground.mirror.blob(String(repeating: "x", count: 1_001))
        let commit = try ground.mirror.commit(
            tree: try ground.mirror.tree([.init("100644", "a.yaml", large)]))
        let snapshot = try await ground.follower.repository.snapshot(at: commit)
        #expect(readError(snapshot, "a.yaml", limit: 1_000) == .tooLarge)
        #expect(try snapshot.read("a.yaml", maximumSizeInBytes: 1_001).count == 1_001)
    }

    /// The whole way: a hostile tree comes over the wire, and the honest file beside it is read.
    @Test func hostileTreeIsFetched() async throws {
        let remote = try TestRepository()
        let place = TestRepository.InPlace(path: remote.path, home: remote.folder.path)
        let good = try place.blob("good"), link = try place.blob("/etc/passwd")
        let tree = try place.tree([
            .init("100644", "good.yaml", good), .init("120000", "a.yaml", link),
            .init("100644", "b\n.yaml", good),
            .init("100644", "-x.yaml", good)
        ])
        let commit = try place.commit(tree: tree)
        try remote.git("update-ref", "refs/heads/main", commit.rawValue)
        let follower = try Follower(remote.path)
        #expect(try await follower.repository.fetch(branch: "main") == commit)
        let changes = try await follower.repository.changes(from: nil, to: commit, under: "")
        #expect(
            changes.changed == ["good.yaml"]
                && changes.refused.map(\.path) == ["-x.yaml", "a.yaml", "b\\x0a.yaml"])
    }

    private func readError(
        _ snapshot: any TreeSnapshot, _ path: String, limit: Int = 100
    ) -> SourceError.Code? {
        do throws(SourceError) {
            _ = try snapshot.read(path, maximumSizeInBytes: limit)
            return nil
        } catch {
            return error.code
        }
    }
}
