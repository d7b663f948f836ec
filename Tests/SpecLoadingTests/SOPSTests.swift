import Age
import Crypto
import FoundationEssentials
import Model
import Secrets
import SpecLoading
import Testing

/// Files of SOPS, written by an encoder of our own after SOPS's rules; see `encrypted`.
@Suite struct SOPSTests {
    let identity = AgeIdentity.make()

    /// One value on its way into a file: its path, how it stands there, and what the code takes in.
    struct Leaf {
        var path: [String]
        var type: String
        var text: String
        var isEncrypted = true
    }

    /// The values of a file and its code, sealed under `dataKey`.
    private func sealed(_ text: String, _ type: String, _ additional: String, _ dataKey: [UInt8]) -> String {
        let nonce = SecureRandom.bytes(32)
        let box = SealedBox.seal(
            Array(text.utf8), key: dataKey, nonce: nonce, additional: Array(additional.utf8), with: .aes256GCM
        )
        func base(_ bytes: some Sequence<UInt8>) -> String { Base64.encode(Array(bytes), isPadded: true) }
        return
            "ENC[AES256_GCM,data:\(base(box.dropLast(16))),iv:\(base(nonce)),tag:\(base(box.suffix(16))),type:\(type)]"
    }

    private func encrypted(
        _ leaves: [Leaf], onlyEncrypted: Bool = false, change: (inout String) -> Void = { _ in }
    ) throws -> String {
        let dataKey = SecureRandom.bytes(32)
        var hashed: [UInt8] = onlyEncrypted ? Array(ContentHash.sha256Bytes("sops".utf8)) : []
        var text = ""
        for leaf in leaves {
            if leaf.isEncrypted || !onlyEncrypted { hashed += Array(leaf.text.utf8) }
            var shown = leaf.type == "bool" ? leaf.text.lowercased() : leaf.text
            if leaf.isEncrypted {
                shown = sealed(leaf.text, leaf.type, leaf.path.joined(separator: ":") + ":", dataKey)
            }
            for (depth, part) in leaf.path.enumerated() where depth == 0 || leaf.path.count > 1 {
                let isLast = depth == leaf.path.count - 1
                text += String(repeating: "    ", count: depth) + "\(part):\(isLast ? " \(shown)" : "")\n"
            }
        }
        let time = "2026-05-01T10:00:00Z"
        let code = Hex.encode(ContentHash.sha512Bytes(hashed)).uppercased()
        let enc = AgeArmor.encode(try AgeFile.encrypt(dataKey, to: [identity.recipient]))
        text += "sops:\n    age:\n        - recipient: \(identity.recipient)\n          enc: |\n"
        text += enc.split(separator: "\n").map { "            \($0)\n" }.joined()
        text += "    lastmodified: \"\(time)\"\n    mac: \(sealed(code, "str", time, dataKey))\n"
        if onlyEncrypted { text += "    mac_only_encrypted: true\n" }
        text += "    unencrypted_suffix: _unencrypted\n    version: 3.9.0\n"
        change(&text)
        return text
    }

    private func load(_ secrets: String, names: String, identities: [AgeIdentity]? = nil) throws -> LoadedFile
    {
        let keyring = SecretKeyring(
            fingerprintKey: SecretBytes(SecureRandom.bytes(32)), others: identities ?? [identity])
        let loader = SpecLoader(project: try #require(ProjectName("retail")), keyring: keyring)
        let spec = "name: shop\nimage: a:1\nsecrets: [\(names)]\n"
        return loader.load(path: "shop.yaml", bytes: Array(spec.utf8)) { _ in Array(secrets.utf8) }
    }

    private func values(_ file: LoadedFile) throws -> [String: String] {
        let loaded = try #require(file.specs.first, "\(file.diagnostics.map(\.message))")
        var values: [String: String] = [:]
        for secret in loaded.spec.secrets ?? [] {
            let sealed = try #require(secret.sealed)
            values[secret.name] = try AgeFile.decrypt(Array(sealed.data), with: [identity])
                .withBytes { String(decoding: $0, as: UTF8.self) }
        }
        return values
    }

    private let leaves = [
        Leaf(path: ["PASSWORD"], type: "str", text: "hush: #1"),
        Leaf(path: ["PORT"], type: "int", text: "5432"),
        Leaf(path: ["DEBUG"], type: "bool", text: "True"), Leaf(path: ["RATE"], type: "float", text: "0.25"),
        Leaf(path: ["nested", "deep"], type: "str", text: "inside"),
        Leaf(path: ["NOTE_unencrypted"], type: "str", text: "in clear", isEncrypted: false),
        Leaf(path: ["COUNT_unencrypted"], type: "int", text: "7", isEncrypted: false),
        Leaf(path: ["FLAG_unencrypted"], type: "bool", text: "False", isEncrypted: false)
    ]

    @Test(arguments: [false, true]) func valuesAtTheTopAreRead(onlyEncrypted: Bool) throws {
        let file = try load(
            try encrypted(leaves, onlyEncrypted: onlyEncrypted), names: "PASSWORD, PORT, DEBUG, RATE")
        #expect(try values(file) == ["PASSWORD": "hush: #1", "PORT": "5432", "DEBUG": "true", "RATE": "0.25"])
    }

    @Test func whatStandsInClearOrDeeperIsNoSecret() throws {
        let file = try load(try encrypted(leaves), names: "NOTE_unencrypted, nested")
        #expect(file.diagnostics.map(\.code) == ["secret_missing", "secret_missing"])
    }

    /// Every kind of change that is not SOPS's own.
    @Test func whatWasChangedIsRefused() throws {
        let text = try encrypted(leaves)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var changed: [(String, String)] = [
            ("a value in clear", text.replacing("in clear", with: "in Clear")),
            ("a number in clear", text.replacing("_unencrypted: 7", with: "_unencrypted: 8")),
            ("a value taken out", lines.filter { !$0.hasPrefix("PORT") }.joined(separator: "\n")),
            ("a value put in", "EXTRA: x\n" + text),
            ("the order", ([lines[1], lines[0]] + lines[2...]).joined(separator: "\n")),
            ("the time", text.replacing("2026-05-01", with: "2026-05-02")),
            (
                "the way of the code",
                text.replacing("    version:", with: "    mac_only_encrypted: true\n    version:")
            ),
            ("no code", lines.filter { !$0.hasPrefix("    mac:") }.joined(separator: "\n")),
            ("moved to another name", text.replacing("PASSWORD:", with: "PASSWORT:"))
        ]
        changed.append(("nothing", text))
        for (what, secrets) in changed {
            let file = try load(secrets, names: what == "moved to another name" ? "PASSWORT" : "PASSWORD")
            #expect(
                file.diagnostics.map(\.code) == (what == "nothing" ? [] : ["secret_undecryptable"]), "\(what)"
            )
            #expect(file.diagnostics.allSatisfy { $0.line > 0 && $0.path == "shop.secrets.yaml" })
            #expect(!"\(file.diagnostics)".contains("hush"))
        }
    }

    @Test func otherKeysAreToldAsSuch() throws {
        let text = try encrypted(leaves)
        let cases = [
            (text, "encrypted to none of the 1 keys"),
            (text.replacing("    age:", with: "    pgp:"), "no recipient of age"),
            (text.replacing("    age:", with: "    key_groups: []\n    age:"), "key_groups")
        ]
        for (secrets, wanted) in cases {
            let file = try load(secrets, names: "PASSWORD", identities: [AgeIdentity.make()])
            #expect(file.diagnostics.first?.message.contains(wanted) == true, "\(file.diagnostics)")
        }
    }
}
