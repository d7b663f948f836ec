internal import Execution
internal import FoundationEssentials
internal import GitSource
internal import Model

/// A repository that git itself makes, with ways to put into it what git would not.
final class TestRepository: Sendable {
    let folder: TemporaryFolder
    let path: String

    init(named name: String = "config.git", in folder: TemporaryFolder? = nil) throws {
        self.folder = try folder ?? TemporaryFolder()
        path = self.folder.path + "/" + name
        try Self.git(["init", "-q", "--bare", "-b", "main", path], home: self.folder.path)
    }

    @discardableResult
    func git(_ arguments: String..., input: [UInt8] = []) throws -> String {
        try Self.git(["-C", path] + arguments, home: folder.path, input: input)
    }

    @discardableResult
    static func git(_ arguments: [String], home: String, input: [UInt8] = []) throws -> String {
        let output = try Subprocess.run(
            ["/usr/bin/git"] + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Anna",
                "GIT_AUTHOR_EMAIL": "anna@example.com", "GIT_COMMITTER_NAME": "Anna",
                "GIT_COMMITTER_EMAIL": "anna@example.com"
            ], input: input, timeout: .seconds(60))
        guard output.exitCode == 0 else {
            throw FixtureError("git \(arguments): \(String(decoding: output.standardError, as: UTF8.self))")
        }
        var text = String(decoding: output.standardOutput, as: UTF8.self)
        while text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// One entry of a tree, byte for byte.
    struct Entry {
        var mode: String
        var name: [UInt8]
        var id: String
        init(_ mode: String, _ name: String, _ id: String) { self.init(mode, Array(name.utf8), id) }
        init(_ mode: String, _ name: [UInt8], _ id: String) {
            self.mode = mode
            self.name = name
            self.id = id
        }
    }

    /// Writes objects into any repository as they are given, without git's own checks.
    struct InPlace {
        var path: String
        var home: String

        func blob(_ content: String) throws -> String {
            try TestRepository.git(
                ["-C", path, "hash-object", "-w", "--stdin"], home: home, input: Array(content.utf8))
        }

        func tree(_ entries: [Entry]) throws -> String {
            var bytes: [UInt8] = []
            for entry in entries.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
                bytes += Array("\(entry.mode) ".utf8) + entry.name + [0]
                let digits = Array(entry.id)
                for index in stride(from: 0, to: digits.count, by: 2) {
                    bytes.append(UInt8(String(digits[index...index + 1]), radix: 16) ?? 0)
                }
            }
            return try object("tree", bytes)
        }

        func object(_ type: String, _ bytes: [UInt8]) throws -> String {
            try TestRepository.git(
                ["-C", path, "hash-object", "-w", "-t", type, "--literally", "--stdin"], home: home,
                input: bytes)
        }

        func commit(tree: String) throws -> CommitID {
            let text =
                "tree \(tree)\nauthor A <a@b> 1700000000 +0000\n"
                + "committer A <a@b> 1700000000 +0000\n\nchange\n"
            return try CommitID.from(try object("commit", Array(text.utf8)))
        }
    }

    /// Puts exactly `files` into a new commit on `branch`.
    @discardableResult
    func push(
        _ files: [String: String], branch: String = "main", message: String = "change", isForced: Bool = false
    )
        throws -> CommitID
    {
        var stream = "feature done\n"
        let hasParent = !isForced && (try? git("rev-parse", "--verify", "-q", "refs/heads/\(branch)")) != nil
        if isForced { try git("update-ref", "-d", "refs/heads/\(branch)") }
        stream += "commit refs/heads/\(branch)\nauthor Anna <anna@example.com> 1700000000 +0100\n"
        stream +=
            "committer Anna <anna@example.com> 1700000000 +0100\ndata \(message.utf8.count)\n\(message)\n"
        if hasParent { stream += "from refs/heads/\(branch)^0\n" }
        stream += "deleteall\n"
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            stream += "M 100644 inline \(path)\ndata \(content.utf8.count)\n\(content)\n"
        }
        stream += "done\n"
        try git("fast-import", "--quiet", "--force", input: Array(stream.utf8))
        return try CommitID.from(try git("rev-parse", "refs/heads/\(branch)"))
    }
}

extension CommitID {
    static func from(_ text: String) throws -> CommitID {
        guard let id = CommitID(text) else { throw FixtureError("not a commit id: \(text)") }
        return id
    }
}

/// The program under test, where the build has put it: beside the test bundle.
enum BuiltProgram {
    static func path(_ name: String) throws -> String {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path.count > 1 {
            let candidate = folder.path + "/.build/debug/" + name
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        throw FixtureError("\(name) is not built")
    }
}

/// A repository of ours that follows `url`, with a state folder of its own.
struct Follower {
    let folder: TemporaryFolder
    let repository: GitRepository

    init(
        _ url: String, credentials: GitCredentials = .none, pushCredentials: GitCredentials? = nil,
        limits: GitLimits = GitLimits(),
        helper: String? = nil, policy: SignaturePolicy? = nil,
        authority: String? = nil, in folder: TemporaryFolder? = nil
    ) throws {
        Signals.ignoreBrokenPipes()
        self.folder = try folder ?? TemporaryFolder()
        let configuration = GitRepositoryConfiguration(
            url: url, mirrorDirectory: self.folder.path + "/mirrors",
            fetchHelper: try helper ?? BuiltProgram.path("slipway-fetch"), credentials: credentials,
            pushCredentials: pushCredentials, limits: limits,
            allowsLocal: true, certificateAuthorityFile: authority,
            verification: policy.map { ["main": $0] } ?? [:])
        repository = try GitRepository(
            configuration: configuration, pool: BlockingPool(name: "git", threads: 2))
    }

    /// A fetch that keeps the state folder until its end.
    func fetch(branch: String) async throws -> CommitID {
        let folder = folder
        defer { withExtendedLifetime(folder) {} }
        return try await repository.fetch(branch: branch)
    }
}
