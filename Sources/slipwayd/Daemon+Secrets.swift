import Age
import Crypto
import Glibc
import Model
import SecretDelivery
import Secrets
import SpecLoading

extension DaemonSettings {
    /// The keys of secrets, and where values go.
    struct Secrets: Sendable {
        /// On a tmpfs.
        var directory = "/run/slipway/secrets"
        /// Default: `secrets-fingerprint.key` in the state directory.
        var fingerprintKeyFile: String?
        /// Files of identities for projects that are not named in `projects`; the first identity is the one written to.
        var identities: [String] = []
        var projects: [(name: String, identities: [String])] = []
    }
}

extension ConfigurationFile {
    static func readSecrets(_ root: SettingsMap, into settings: inout DaemonSettings) {
        let keys = ["directory", "fingerprint_key_file", "identities", "projects"]
        guard let map = root.map("secrets", keys: keys) else { return }
        var secrets = DaemonSettings.Secrets()
        secrets.directory = absolute("directory", in: map) ?? secrets.directory
        secrets.fingerprintKeyFile = absolute("fingerprint_key_file", in: map)
        secrets.identities = map.texts("identities")
        for project in map.maps("projects", keys: ["name", "identities"]) {
            guard let name = project.requiredText("name") else { continue }
            if ProjectName(name) == nil {
                project.refuse("name", "must be a name of a–z, 0–9 and -, at most 40 characters")
            }
            if secrets.projects.contains(where: { $0.name == name }) {
                project.refuse("name", "is there twice; put all identities of a project into one list")
            }
            let identities = project.texts("identities")
            if identities.isEmpty { project.refuse("identities", "needs one file at least") }
            secrets.projects.append((name, identities))
        }
        settings.secrets = secrets
    }

    private static func absolute(_ key: String, in map: SettingsMap) -> String? {
        guard let path = map.text(key) else { return nil }
        if !path.hasPrefix("/") || path.hasSuffix("/") {
            map.refuse(key, "must be an absolute path, not `\(path)`")
        }
        return path
    }
}

extension Daemon {
    /// The keys, and what brings values to containers; the latter `nil` where the configuration has no `secrets`.
    func secrets(
        _ installation: InstallationName
    ) throws(SettingsError) -> (keyring: SecretKeyring, courier: TmpfsCourier?) {
        guard let secrets = settings.secrets else {
            // With no identity nothing is ever opened, and specs with secrets are told what is missing.
            return (SecretKeyring(fingerprintKey: SecretBytes(SecureRandom.bytes(32))), nil)
        }
        let keyFile = secrets.fingerprintKeyFile ?? "\(settings.stateDirectory)/secrets-fingerprint.key"
        var identities: [ProjectName: [AgeIdentity]] = [:]
        for project in secrets.projects {
            guard let name = ProjectName(project.name) else { continue }
            identities[name] = try KeyFiles.identities(project.identities)
        }
        let others = try KeyFiles.identities(secrets.identities)
        let all = others + secrets.projects.flatMap { ProjectName($0.name).flatMap { identities[$0] } ?? [] }
        let keyring = SecretKeyring(
            fingerprintKey: try KeyFiles.fingerprintKey(keyFile, from: all.first), identities: identities,
            others: others)
        try Files.makeParent(of: secrets.directory)
        do throws(SecretError) {
            return (
                keyring,
                try TmpfsCourier(directory: secrets.directory, installation: installation, keyring: keyring)
            )
        } catch {
            throw SettingsError("secrets: \(error)")
        }
    }
}

/// Files with keys: for their owner alone, and never shown.
enum KeyFiles {
    static func identities(_ paths: [String]) throws(SettingsError) -> [AgeIdentity] {
        var identities: [AgeIdentity] = []
        for path in paths {
            var bytes = try read(path)
            defer { SecretBytes.clear(&bytes) }
            do throws(AgeError) {
                identities += try AgeIdentityFile.read(bytes)
            } catch {
                throw SettingsError("\(path): \(error.message)")
            }
        }
        return identities
    }

    /// Made at the first start from an identity, so that a state directory that is lost costs nothing while the
    /// identities are the same; and kept from then on, so that a rotation of them changes nothing. With another key
    /// every app with secrets is rolled out anew.
    static func fingerprintKey(
        _ path: String, from identity: AgeIdentity?
    ) throws(SettingsError) -> SecretBytes {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if file >= 0 {
            defer { close(file) }
            var made = identity?.derivedKey(for: "slipway-fingerprint-1") ?? SecureRandom.bytes(32)
            var line = Array((Hex.encode(made) + "\n").utf8)
            defer {
                SecretBytes.clear(&made)
                SecretBytes.clear(&line)
            }
            let isWritten = unsafe write(file, line, line.count) == line.count && fsync(file) == 0
            guard isWritten else {
                let reason = unsafe String(cString: strerror(errno))
                unsafe unlink(path)
                throw SettingsError("cannot write \(path): \(reason)")
            }
        } else if errno != EEXIST {
            throw SettingsError("cannot make \(path): \(unsafe String(cString: strerror(errno)))")
        }
        var bytes = try read(path)
        defer { SecretBytes.clear(&bytes) }
        guard let key = Hex.decode(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)),
            key.count >= 32
        else {
            throw SettingsError(
                "\(path) is no fingerprint key, which is 64 hex digits; put it back from a backup, or remove it: then"
                    + " every app with secrets is rolled out anew")
        }
        return SecretBytes(key)
    }

    private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw SettingsError("cannot read \(path): \(unsafe String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SettingsError("\(path) is not a file") }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else {
            throw SettingsError(
                "\(path) holds a key and is not for the controller's user alone: `chown root \(path)` and `chmod 600 \(path)`"
            )
        }
        return try Files.read(path, limit: 64 << 10)
    }
}
