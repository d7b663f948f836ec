import Age
import Crypto
import FoundationEssentials

/// A project's key, and files of secrets that are encrypted to it. What it has made is taken away with it.
struct SecretKit {
    let directory: String
    let identity: AgeIdentity
    /// Lines of the controller's configuration.
    var configuration: [String] {
        [
            "secrets:", "  directory: \(directory)/values", "  identities: [\(directory)/key.txt]",
            "  fingerprint_key_file: \(directory)/fingerprint.key"
        ]
    }

    static func with(_ body: (SecretKit) async throws -> Void) async throws {
        // As a user's /run: not every machine that runs tests has it on a tmpfs.
        let directory = "/dev/shm/slipway-e2e-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let kit = SecretKit(directory: directory, identity: .make())
        try kit.write([kit.identity])
        do {
            try await body(kit)
        } catch {
            try? FileManager.default.removeItem(atPath: directory)
            throw error
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    /// The controller's keys, from its next start on.
    func write(_ identities: [AgeIdentity]) throws {
        var lines: [UInt8] = []
        for identity in identities { identity.secretText().withBytes { lines += $0 + [10] } }
        let made = FileManager.default.createFile(
            atPath: "\(directory)/key.txt", contents: Data(lines), attributes: [.posixPermissions: 0o600])
        if !made { throw Expired(what: "a key file", last: directory) }
    }

    /// A file `APP.secrets.yaml`.
    func file(_ values: [String: String], to recipient: AgeRecipient? = nil) throws -> String {
        var text = "# secrets\n"
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            let armored = AgeArmor.encode(
                try AgeFile.encrypt(Array(value.utf8), to: [recipient ?? identity.recipient]))
            text += "\(name): |\n"
            text += armored.split(separator: "\n").map { "  \($0)\n" }.joined()
        }
        return text
    }

    /// The files with values that are there now, relative to their folder.
    func placed() async throws -> [String] {
        try await Shell.succeed(["find", "\(directory)/values", "-type", "f"]).lines.sorted()
    }
}
