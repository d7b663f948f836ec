import Age
import Crypto
import FoundationEssentials
import Model
import Secrets
import SpecLoading
import Testing

/// Secrets of specs: from what is committed to what a release holds.
@Suite struct SecretsTests {
    let identity = AgeIdentity.make()
    let fingerprintKey = SecretBytes(SecureRandom.bytes(32))
    var keyring: SecretKeyring { SecretKeyring(fingerprintKey: fingerprintKey, others: [identity]) }

    static let shop = "name: shop\nimage: a:1\n"

    private func armored(_ value: String, to recipient: AgeRecipient? = nil) throws -> String {
        AgeArmor.encode(try AgeFile.encrypt(Array(value.utf8), to: [recipient ?? identity.recipient]))
    }

    private func file(_ values: [(String, String)], to recipient: AgeRecipient? = nil) throws -> String {
        try values.map { name, value in
            "\(name): |\n"
                + (try armored(value, to: recipient)).split(separator: "\n").map { "  \($0)\n" }.joined()
        }.joined()
    }

    private func load(
        _ spec: String, _ files: [String: String], keyring: SecretKeyring?
    ) throws -> LoadedFile {
        struct Missing: Error, CustomStringConvertible { var description: String { "there is no such file" } }
        let loader = SpecLoader(project: try #require(ProjectName("retail")), keyring: keyring)
        return loader.load(path: "apps/shop.yaml", bytes: Array(spec.utf8)) { path in
            guard let text = files[path] else { throw Missing() }
            return Array(text.utf8)
        }
    }

    private func opened(_ loaded: LoadedSpec, _ name: String) throws -> String {
        let secret = try #require(loaded.spec.secrets?.first { $0.name == name })
        return try keyring.open(secret, app: loaded.spec.name, project: loaded.spec.project)
            .withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func whatIsCommittedBecomesPartOfTheRelease() throws {
        let spec =
            Self.shop + "secrets: [B, {name: A, env: true}, {name: C, env: OTHER}, {name: D, env: false}]\n"
        let secrets = try file([("A", "1"), ("B", "two\n"), ("C", "3"), ("D", "4"), ("UNUSED", "5")])
        let file = try load(spec, ["apps/shop.secrets.yaml": secrets], keyring: keyring)
        #expect(file.diagnostics.isEmpty, "\(file.diagnostics.map(\.message))")
        #expect(file.dependencies == ["apps/shop.secrets.yaml"])
        let loaded = try #require(file.specs.first)
        #expect(loaded.spec.secrets?.map(\.name) == ["A", "B", "C", "D"])
        #expect(loaded.spec.secrets?.map(\.variable) == ["A", nil, "OTHER", nil])
        #expect(try opened(loaded, "B") == "two\n")
        #expect(loaded.spec.secrets?.allSatisfy { $0.fingerprint?.hasPrefix("hmac:") == true } == true)
        let yaml = SpecRendering.yaml(loaded.spec)
        let again = try load(yaml, ["apps/shop.secrets.yaml": secrets], keyring: keyring)
        #expect(again.specs.first?.digest == loaded.digest, "\(yaml)")
    }

    @Test func onlyAnotherValueIsAnotherRelease() throws {
        let spec = Self.shop + "secrets: [A]\n"
        func digest(_ value: String, _ keyring: SecretKeyring) throws -> ContentDigest {
            let loaded = try load(
                spec, ["apps/shop.secrets.yaml": try file([("A", value)])], keyring: keyring)
            return try #require(loaded.specs.first).digest
        }
        #expect(try digest("x", keyring) == digest("x", keyring))
        #expect(try digest("x", keyring) != digest("y", keyring))
        let other = SecretKeyring(fingerprintKey: SecretBytes(SecureRandom.bytes(32)), others: [identity])
        #expect(try digest("x", keyring) != digest("x", other), "the fingerprint is not keyed")
        // Templates too, and what is sealed anew is the same release.
        let first = try #require(
            try load(spec, ["apps/shop.secrets.yaml": try file([("A", "x")])], keyring: keyring).specs.first)
        let second = try #require(
            try load(spec, ["apps/shop.secrets.yaml": try file([("A", "x")])], keyring: keyring).specs.first)
        #expect(first == second)
        let plain = try #require(try load(Self.shop, [:], keyring: keyring).specs.first)
        #expect(plain.spec.secrets == nil)
    }

    @Test func equalValuesDoNotShowAsEqual() throws {
        let value = SecretBytes(Array("x".utf8))
        let shop = try #require(AppName("shop")), mail = try #require(AppName("mail"))
        let prints = [
            keyring.fingerprint(value, name: "A", app: shop),
            keyring.fingerprint(value, name: "B", app: shop),
            keyring.fingerprint(value, name: "A", app: mail)
        ]
        #expect(Set(prints).count == 3)
    }

    @Test func aChangeIsShownByFingerprints() throws {
        let spec = Self.shop + "secrets: [A, B]\n"
        func loaded(_ values: [(String, String)], _ spec: String) throws -> AppSpec {
            try #require(
                try load(spec, ["apps/shop.secrets.yaml": try file(values)], keyring: keyring).specs.first
            ).spec
        }
        let old = try loaded([("A", "sentinel-1"), ("B", "same")], spec)
        let new = try loaded(
            [("A", "sentinel-2"), ("B", "same"), ("C", "new")], Self.shop + "secrets: [A, B, C]\n")
        let changes = SpecRendering.changes(from: old, to: new)
        #expect(changes.map(\.keyPath) == ["secrets.A", "secrets.C"])
        #expect(changes[0].old?.hasPrefix("hmac:") == true && changes[0].old != changes[0].new)
        #expect(changes[1].old == nil)
        #expect(!"\(changes)".contains("sentinel"))
    }

    @Test func aReaderWithoutKeysLooksAtTheFormAlone() throws {
        let spec = Self.shop + "secrets: [A]\n"
        let secrets = try file([("A", "x")])
        let loaded = try #require(
            try load(spec, ["apps/shop.secrets.yaml": secrets], keyring: nil).specs.first)
        #expect(loaded.spec.secrets?.first?.fingerprint?.hasPrefix("sealed:") == true)
        #expect(loaded.spec.secrets?.first?.sealed == nil)
        let cut = secrets.replacing("-----END", with: "----END")
        #expect(
            try load(spec, ["apps/shop.secrets.yaml": cut], keyring: nil).diagnostics.map(\.code) == [
                "secret_undecryptable"
            ])
    }

    /// Each with its place, and none with a value, encrypted or in clear.
    @Test func whatIsWrongIsSaidWithItsPlace() throws {
        let spec = Self.shop + "secrets: [A]\n"
        let other = AgeIdentity.make().recipient
        let good = try file([("A", "sentinel")])
        let half = String(good.prefix(good.count / 2))
        let cases: [(spec: String, files: [String: String], keyring: SecretKeyring, wanted: String)] = [
            (spec, [:], keyring, "unreadable_file apps/shop.yaml:3:11"),
            (
                spec, ["apps/shop.secrets.yaml": try file([("B", "x")])], keyring,
                "secret_missing apps/shop.yaml:3:11"
            ),
            (
                spec, ["apps/shop.secrets.yaml": "A: sentinel\n"], keyring,
                "secret_in_clear apps/shop.secrets.yaml:1:4"
            ),
            (
                spec, ["apps/shop.secrets.yaml": "A: &x sentinel\n"], keyring,
                "bad_secrets_file apps/shop.secrets.yaml:1:4"
            ),
            (
                spec, ["apps/shop.secrets.yaml": "[sentinel]\n"], keyring,
                "bad_secrets_file apps/shop.secrets.yaml:1:1"
            ),
            (
                spec, ["apps/shop.secrets.yaml": half], keyring,
                "secret_undecryptable apps/shop.secrets.yaml:1:1"
            ),
            (
                spec, ["apps/shop.secrets.yaml": try file([("A", "x")], to: other)], keyring,
                "secret_undecryptable apps/shop.secrets.yaml:1:1"
            ),
            (
                spec, ["apps/shop.secrets.yaml": try file([("A", "")])], keyring,
                "bad_secret apps/shop.secrets.yaml:1:1"
            ),
            (
                spec, ["apps/shop.secrets.yaml": good], SecretKeyring(fingerprintKey: fingerprintKey),
                "secret_undecryptable apps/shop.secrets.yaml:1:1"
            ),
            (
                Self.shop + "secrets: [{name: A, env: true}]\n",
                ["apps/shop.secrets.yaml": try file([("A", "a\0b")])], keyring,
                "bad_secret apps/shop.secrets.yaml:1:1"
            ),
            (
                Self.shop + "env: {A: 1}\nsecrets: [{name: A, env: true}]\n",
                ["apps/shop.secrets.yaml": good], keyring,
                "duplicate_item apps/shop.yaml:4:11"
            ),
            (
                Self.shop + "secrets: [A, A]\n", ["apps/shop.secrets.yaml": good], keyring,
                "duplicate_item apps/shop.yaml:3:14"
            ),
            (
                Self.shop + "secrets: [{name: A, env: SLIPWAY_A}]\n", ["apps/shop.secrets.yaml": good],
                keyring,
                "reserved_name apps/shop.yaml:3:26"
            ),
            (
                spec + "files: {/run/secrets/x: f}\n", ["apps/shop.secrets.yaml": good, "apps/f": ""],
                keyring,
                "hidden_by_secrets apps/shop.yaml:3:1"
            )
        ]
        for item in cases {
            let file = try load(item.spec, item.files, keyring: item.keyring)
            #expect(
                file.diagnostics.map { "\($0.code) \($0.location)" } == [item.wanted], "\(file.diagnostics)")
            #expect(file.broken.first?.name?.rawValue == "shop")
            #expect(!"\(file)".contains("sentinel") || item.files["apps/shop.secrets.yaml"] == nil, "\(file)")
        }
    }

    @Test func namedFilesWinInTheirOrder() throws {
        let spec = Self.shop + "secrets: [A, B]\nsecrets_files: [one.secrets.yaml, ../two.secrets.yaml]\n"
        let files = [
            "apps/one.secrets.yaml": try file([("A", "1"), ("B", "1")]),
            "two.secrets.yaml": try file([("B", "2")])
        ]
        let loaded = try #require(try load(spec, files, keyring: keyring).specs.first)
        #expect(try opened(loaded, "A") == "1")
        #expect(try opened(loaded, "B") == "2")
        #expect(!SpecPaths.isSpec("apps/one.secrets.yaml"))
    }

    @Test func eachProjectHasItsKeys() throws {
        let retail = try #require(ProjectName("retail")), other = try #require(ProjectName("other"))
        let new = AgeIdentity.make()
        let keyring = SecretKeyring(
            fingerprintKey: fingerprintKey, identities: [retail: [new, identity], other: [new]])
        let files = ["apps/shop.secrets.yaml": try file([("A", "x")])]
        let spec = Self.shop + "secrets: [A]\n"
        let loaded = try #require(try load(spec, files, keyring: keyring).specs.first)
        // The old key reads, the new one is written to.
        let sealed = try #require(loaded.spec.secrets?.first?.sealed)
        #expect(throws: AgeError.self) { try AgeFile.decrypt(Array(sealed.data), with: [identity]) }
        _ = try AgeFile.decrypt(Array(sealed.data), with: [new])
        let foreign = try load(spec + "project: other\n", files, keyring: keyring)
        #expect(foreign.diagnostics.map(\.code) == ["secret_undecryptable"])
    }
}
