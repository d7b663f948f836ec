public import FoundationEssentials

/// One secret of an app, as a release holds it: what it is called, where it goes, and its value encrypted.
///
/// Two are equal where name, variable and fingerprint are: a value that is encrypted anew is the same value.
public struct SecretSpec: Codable, Sendable {
    /// The file below `/run/secrets` in each container, and the key in the file of secrets.
    public var name: String
    /// The environment variable that carries it as well; `nil`: none.
    public var variable: String?
    /// A keyed fingerprint of the value, or `SecretPlace.sealedPrefix` and a digest of the ciphertext where the
    /// reader had no key. `nil` only while a spec is decoded.
    public var fingerprint: String?
    /// The value, encrypted to the project's key; `nil` where the reader had none.
    public var sealed: SealedSecret?

    public init(
        name: String, variable: String? = nil, fingerprint: String? = nil, sealed: SealedSecret? = nil
    ) {
        self.name = name
        self.variable = variable
        self.fingerprint = fingerprint
        self.sealed = sealed
    }

    /// Without the ciphertext, as digests take it.
    public var withoutSealing: SecretSpec {
        SecretSpec(name: name, variable: variable, fingerprint: fingerprint)
    }
}

extension SecretSpec: Hashable {
    public static func == (left: SecretSpec, right: SecretSpec) -> Bool {
        left.name == right.name && left.variable == right.variable && left.fingerprint == right.fingerprint
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(variable)
        hasher.combine(fingerprint)
    }
}

/// The value of a secret as a file of age, encrypted to a key of its project.
public struct SealedSecret: Codable, Hashable, Sendable, CustomStringConvertible {
    public var data: Data
    public init(_ data: Data) { self.data = data }
    public init(from decoder: any Decoder) throws {
        data = try decoder.singleValueContainer().decode(Data.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(data)
    }
    public var description: String { "<sealed, \(data.count) bytes>" }
}

/// Where secrets are in a container, and how their fingerprints look.
public enum SecretPlace {
    /// The folder in each container that has the secrets as files.
    public static let folder = "/run/secrets"
    /// What fingerprints under the installation's key begin with.
    public static let fingerprintPrefix = "hmac:"
    /// What stands for a fingerprint where the reader had no key: a digest of the ciphertext, which changes with
    /// every encryption.
    public static let sealedPrefix = "sealed:"
    /// The most that one secret may have.
    public static let valueLimitInBytes = 40 << 10

    /// Whether a path in the container is the folder or lies in it.
    public static func contains(_ path: String) -> Bool { path == folder || path.hasPrefix(folder + "/") }
}
