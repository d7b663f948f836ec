internal import Execution
internal import FoundationEssentials
internal import GitSource
internal import Model
internal import Ports
internal import Testing

/// Whose commits are read: the table of signatures, each made by git itself with keys that were made for the test.
@Suite struct VerificationTests {
    /// People with keys, and the files that say whom to trust.
    final class Keys: Sendable {
        let folder: TemporaryFolder
        let signers: String
        let revoked: String
        let keyring: String
        var home: String { folder.path }

        init() throws {
            folder = try TemporaryFolder()
            let home = folder.path
            for name in ["anna", "old", "gone", "mallory", "early"] {
                try Self.run(
                    [
                        "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f",
                        "\(home)/\(name)"
                    ], home)
            }
            func key(_ name: String) throws -> String {
                String(decoding: try Data(contentsOf: URL(filePath: "\(home)/\(name).pub")), as: UTF8.self)
            }
            signers = try folder.write(
                "signers",
                """
                anna@example.com namespaces="git" \(try key("anna"))\
                old@example.com valid-before="20200101" \(try key("old"))\
                early@example.com valid-after="20990101" \(try key("early"))\
                gone@example.com \(try key("gone"))
                """)
            revoked = try folder.write("revoked", try key("gone"))
            for name in ["anna", "gone", "mallory", "old"] {
                // One was good for a day, years ago.
                let time = name == "old" ? ["--faked-system-time", "20200101T000000"] : []
                try Self.gpg(
                    time + [
                        "--passphrase", "", "--quick-gen-key", "\(name)@example.com", "ed25519", "sign",
                        name == "old" ? "1d" : "never"
                    ], home)
            }
            // The certificate that revokes a key is made with it; GnuPG puts a colon before its first line.
            let fingerprint = try Self.fingerprint("gone", home)
            let certificate = String(
                decoding: try Data(contentsOf: URL(filePath: "\(home)/openpgp-revocs.d/\(fingerprint).rev")),
                as: UTF8.self
            ).split(separator: "\n", omittingEmptySubsequences: false).drop { !$0.hasPrefix(":-----BEGIN") }
                .joined(separator: "\n")
            let file = try folder.write("gone.rev", String(certificate.dropFirst()))
            // What is trusted stands elsewhere: with a key that is revoked here nothing could be signed any more.
            let trusted = home + "/trusted"
            try Self.run(["/bin/mkdir", "-m", "700", trusted], home)
            let names = ["anna", "old", "gone"].map { "\($0)@example.com" }
            try Self.gpg(["--output", home + "/export.gpg", "--export"] + names, home)
            try Self.gpg(["--homedir", trusted, "--import", home + "/export.gpg"], home)
            try Self.gpg(["--homedir", trusted, "--import", file], home)
            keyring = home + "/keyring.gpg"
            try Self.gpg(["--homedir", trusted, "--output", keyring, "--export"] + names, home)
            // A key that has expired signs nothing today; it did in its time.
            _ = try folder.writeProgram(
                "sign",
                "#!/bin/sh\nexec /usr/bin/gpg --batch --pinentry-mode loopback --faked-system-time \"$SLIPWAY_TIME\" \"$@\"\n"
            )
        }

        deinit { _ = try? Self.run(["/usr/bin/gpgconf", "--kill", "all"], folder.path) }

        static func fingerprint(_ name: String, _ home: String) throws -> String {
            let lines = try gpg(["--with-colons", "--list-keys", "\(name)@example.com"], home).split(
                separator: "\n")
            let line = try #require(lines.first { $0.hasPrefix("fpr:") })
            return String(line.split(separator: ":").last ?? "")
        }

        @discardableResult
        static func gpg(_ arguments: [String], _ home: String) throws -> String {
            try run(["/usr/bin/gpg", "--batch", "--yes", "--pinentry-mode", "loopback"] + arguments, home)
        }

        @discardableResult
        static func run(_ arguments: [String], _ home: String, input: String = "") throws -> String {
            let output = try Subprocess.run(
                arguments,
                environment: [
                    "PATH": "/usr/bin:/bin", "HOME": home, "GNUPGHOME": home, "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_AUTHOR_NAME": "Anna", "GIT_AUTHOR_EMAIL": "anna@example.com",
                    "GIT_COMMITTER_NAME": "Anna", "GIT_COMMITTER_EMAIL": "anna@example.com"
                ], input: Array(input.utf8), timeout: .seconds(60))
            guard output.exitCode == 0 else {
                throw FixtureError("\(arguments): \(String(decoding: output.standardError, as: UTF8.self))")
            }
            return String(decoding: output.standardOutput, as: UTF8.self)
        }
    }

    /// How something is signed.
    enum Signing: Sendable, CustomStringConvertible {
        case no
        case ssh(String)
        case gpg(String)
        var description: String {
            switch self {
            case .no: "unsigned"
            case .ssh(let name): "ssh \(name)"
            case .gpg(let name): "gpg \(name)"
            }
        }

        func options(_ keys: Keys) -> [String] {
            switch self {
            case .no: []
            case .ssh(let name):
                [
                    "-c", "gpg.format=ssh", "-c", "user.signingkey=\(keys.home)/\(name)", "-c",
                    "commit.gpgsign=true", "-c", "tag.gpgsign=true"
                ]
            case .gpg(let name):
                [
                    "-c", "user.signingkey=\(name)@example.com", "-c", "commit.gpgsign=true", "-c",
                    "tag.gpgsign=true", "-c", "gpg.program=\(keys.home)/sign"
                ]
            }
        }
    }

    /// A work tree whose branch `main` is followed.
    struct Clone {
        let keys: Keys
        let path: String
        let remote: TestRepository

        init(_ keys: Keys) throws {
            self.keys = keys
            remote = try TestRepository()
            path = remote.folder.path + "/clone"
            try git(["clone", "-q", remote.path, path], in: nil)
        }

        @discardableResult
        func git(_ arguments: [String], in folder: String? = "", at time: String? = nil) throws -> String {
            let place = folder == nil ? [] : ["-C", path]
            let faked = time.map { ["SLIPWAY_TIME=\($0)"] } ?? ["SLIPWAY_TIME=\(Self.now)"]
            return try Keys.run(["/usr/bin/env"] + faked + ["/usr/bin/git"] + place + arguments, keys.home)
        }

        /// GnuPG refuses keys from the future; a second after all keys were made is early enough for the expired one.
        static let now = "20991231T000000"

        @discardableResult
        func commit(_ signing: Signing, _ text: String = "x", branch: String = "main") throws -> CommitID {
            try git(["checkout", "-q", "-B", branch])
            try Data(text.utf8).write(to: URL(filePath: path + "/\(text).yaml"))
            try git(["add", "-A"])
            try git(signing.options(keys) + ["commit", "-q", "-m", text], at: time(signing))
            return try head()
        }

        /// `!`: also beyond the key's own time.
        private func time(_ signing: Signing) throws -> String? {
            guard case .gpg(let name) = signing else { return nil }
            let lines = try Keys.gpg(["--with-colons", "--list-keys", "\(name)@example.com"], keys.home)
            let made = lines.split(separator: "\n").first { $0.hasPrefix("pub:") }?
                .split(separator: ":", omittingEmptySubsequences: false)
            return made.map { String($0[5]) }
        }

        func head() throws -> CommitID {
            try CommitID.from(try git(["rev-parse", "HEAD"]).split(separator: "\n").map(String.init)[0])
        }

        func push(_ arguments: [String] = []) throws {
            try git(["push", "-q", "origin", "HEAD:main"] + arguments)
        }

        func merge(_ branch: String, _ signing: Signing) throws -> CommitID {
            try git(
                signing.options(keys) + ["merge", "-q", "--no-ff", "-m", "merge \(branch)", branch],
                at: time(signing))
            return try head()
        }

        func tag(_ name: String, _ signing: Signing) throws {
            try git(signing.options(keys) + ["tag", "-a", "-m", name, name], at: time(signing))
            try git(["push", "-q", "origin", name])
        }

        func follower(_ require: SignaturePolicy.Requirement) throws -> Follower {
            try Follower(
                remote.path,
                policy: SignaturePolicy(
                    sshSigners: keys.signers, sshRevoked: keys.revoked, gpgKeyring: keys.keyring,
                    require: require))
        }
    }

    static let keys = Result { try Keys() }

    struct Row: Sendable, CustomStringConvertible {
        var signing: Signing
        /// A part of the reason; `nil`: it is read.
        var refusal: String?
        var description: String { "\(signing)" }
    }

    static let table = [
        Row(signing: .no, refusal: "is not signed"),
        Row(signing: .ssh("anna")),
        Row(signing: .ssh("mallory"), refusal: "with an SSH key that nobody trusts"),
        Row(signing: .ssh("old"), refusal: "with an SSH key that is not valid now"),
        Row(signing: .ssh("early"), refusal: "with an SSH key that is not valid now"),
        Row(signing: .ssh("gone"), refusal: "with an SSH key that was revoked"),
        Row(signing: .gpg("anna")),
        Row(signing: .gpg("mallory"), refusal: "with an OpenPGP key that nobody trusts"),
        Row(signing: .gpg("old"), refusal: "with an OpenPGP key that has expired"),
        Row(signing: .gpg("gone"), refusal: "with an OpenPGP key that was revoked")
    ]

    /// The head itself, by every kind of key; an unsigned one is refused under each requirement.
    @Test(arguments: table) func whoMaySignAHead(row: Row) async throws {
        let clone = try Clone(try Self.keys.get())
        let head = try clone.commit(row.signing)
        try clone.push()
        for requirement in [SignaturePolicy.Requirement.commit, .merge] {
            try await expect(clone, requirement, head, row.refusal)
        }
        // No tag names it, whoever has signed it.
        try await expect(clone, .tag, head, "is named by no tag")
    }

    /// A signed tag on a commit that is not signed itself.
    @Test(arguments: table) func whoMaySignATag(row: Row) async throws {
        let clone = try Clone(try Self.keys.get())
        let head = try clone.commit(.no)
        try clone.push()
        try clone.tag("v1", row.signing)
        try await expect(clone, .tag, head, row.refusal)
        try await expect(clone, .commit, head, "is not signed")
    }

    private func expect(
        _ clone: Clone, _ requirement: SignaturePolicy.Requirement, _ head: CommitID, _ refusal: String?,
        _ follower: Follower? = nil
    ) async throws {
        let follower = try follower ?? clone.follower(requirement)
        guard let refusal else {
            #expect(try await follower.fetch(branch: "main") == head)
            return
        }
        let error = try await #require(fetchError(follower))
        #expect(error.code == .unverified && error.message.contains(refusal), "\(requirement): \(error)")
        #expect(error.message.contains(head.short) || error.message.contains("by Anna"), "\(error)")
    }

    /// What a merge brings: the table of three requirements.
    @Test(
        arguments: [
            (Signing.no, Signing.ssh("anna"), "is not signed", nil),
            (.ssh("anna"), .no, "is not signed", "is not signed"),
            (.ssh("anna"), .ssh("anna"), nil, nil),
            (.ssh("mallory"), .gpg("anna"), "that nobody trusts", nil)
        ] as [(Signing, Signing, String?, String?)])
    func aMergeIsJudgedByItsRequirement(
        branch: Signing, merge: Signing, underCommit: String?, underMerge: String?
    ) async throws {
        let clone = try Clone(try Self.keys.get())
        try clone.commit(.ssh("anna"), "first")
        try clone.push()
        let followers = try [SignaturePolicy.Requirement.commit, .merge].map { ($0, try clone.follower($0)) }
        for (_, follower) in followers { _ = try await follower.fetch(branch: "main") }
        try clone.commit(branch, "work", branch: "work")
        try clone.git(["checkout", "-q", "main"])
        let head = try clone.merge("work", merge)
        try clone.push()
        try await expect(clone, .commit, head, underCommit, followers[0].1)
        try await expect(clone, .merge, head, underMerge, followers[1].1)
    }

    /// An unsigned commit below a signed head is new as well; what was there before is not looked at again.
    @Test func everyNewCommitCounts() async throws {
        let clone = try Clone(try Self.keys.get())
        try clone.commit(.no, "before")
        let first = try clone.commit(.ssh("anna"), "first")
        try clone.push()
        let follower = try clone.follower(.commit)
        #expect(try await follower.fetch(branch: "main") == first)
        try clone.commit(.no, "between")
        let head = try clone.commit(.ssh("anna"), "head")
        try clone.push()
        try await expect(clone, .commit, head, "is not signed", follower)
        // Twice refused is refused, and what was good stays readable.
        try await expect(clone, .commit, head, "is not signed", follower)
        #expect(await follower.repository.commitExists(first))
        // Put right by whoever may: a branch without it.
        try clone.git(["reset", "-q", "--hard", first.rawValue])
        let right = try clone.commit(.gpg("anna"), "right")
        try clone.push(["--force"])
        try await expect(clone, .commit, right, nil, follower)
    }

    /// A tag that names another commit, one that is no annotated tag, and one that was moved.
    @Test func onlyATagOfTheHeadCounts() async throws {
        let clone = try Clone(try Self.keys.get())
        try clone.commit(.no, "first")
        try clone.push()
        try clone.tag("v1", .ssh("anna"))
        let head = try clone.commit(.no, "second")
        try clone.push()
        try clone.git(["tag", "light"])
        try clone.git(["push", "-q", "origin", "light"])
        let follower = try clone.follower(.tag)
        try await expect(clone, .tag, head, "is named by no tag", follower)
        try clone.tag("v2", .no)
        try await expect(clone, .tag, head, "its tag v2 is not signed", follower)
        try clone.tag("v3", .gpg("anna"))
        try await expect(clone, .tag, head, nil, follower)
    }

    /// Signatures and tags that are none, and headers that were tampered with.
    @Test func whatWasChangedAfterSigningIsRefused() async throws {
        let clone = try Clone(try Self.keys.get())
        let good = try clone.commit(.ssh("anna"))
        let text = try clone.git(["cat-file", "commit", good.rawValue])
        let place = TestRepository.InPlace(path: clone.remote.path, home: clone.remote.folder.path)
        try clone.push()
        for changed in [
            text.replacing("anna@example.com", with: "eve@example.com"),
            text.replacing("gpgsig -----BEGIN SSH", with: "gpgsig -----BEGIN X509"),
            text.replacing("\n -----END", with: "\n AAAA\n -----END")
        ] {
            #expect(changed != text)
            let id = try place.object("commit", Array(changed.utf8))
            try clone.remote.git("update-ref", "refs/heads/main", id)
            let error = try await #require(fetchError(try clone.follower(.commit)))
            #expect(error.code == .unverified, "\(error)")
        }
    }
}
