public import Age
public import Crypto
internal import FoundationEssentials
public import Model

/// The keys that a controller opens secrets with, and how it knows one value from another.
///
/// A value with nothing but keys inside: no file is read here.
public struct SecretKeyring: Sendable {
    private let fingerprintKey: SecretBytes
    private let identities: [ProjectName: [AgeIdentity]]
    private let others: [AgeIdentity]

    /// - Parameters:
    ///   - fingerprintKey: of the installation, 32 bytes or more. With another one every secret looks changed.
    ///   - identities: by project. All of them read; the first one is whom the controller encrypts to.
    ///   - others: for projects that `identities` does not name.
    public init(
        fingerprintKey: SecretBytes, identities: [ProjectName: [AgeIdentity]] = [:],
        others: [AgeIdentity] = []
    ) {
        precondition(fingerprintKey.count >= 32, "a fingerprint key has 32 bytes or more")
        self.fingerprintKey = fingerprintKey
        self.identities = identities
        self.others = others
    }

    /// Those that may open the secrets of a project, in their order; empty: none.
    public func identities(of project: ProjectName) -> [AgeIdentity] { identities[project] ?? others }

    /// A fingerprint that only this installation can make. Equal values of two apps, or under two names, have
    /// different ones, so that they tell nothing of each other.
    public func fingerprint(_ value: SecretBytes, name: String, app: AppName) -> String {
        let context = Array("slipway-secret-1\0\(app)\0\(name)\0".utf8)
        let code = fingerprintKey.withBytes { key in
            value.withBytes { value in
                var message = context + value
                defer { SecretBytes.clear(&message) }
                return MessageAuthentication.hmacSHA256(key: key, message: message)
            }
        }
        return SecretPlace.fingerprintPrefix + Hex.encode(code.prefix(16))
    }

    /// The value encrypted to the first key of its project, as releases keep it.
    public func seal(_ value: SecretBytes, project: ProjectName) throws(SecretError) -> SealedSecret {
        guard let writer = identities(of: project).first else { throw Self.noKey(of: project) }
        do throws(AgeError) {
            let file = try value.withBytes { bytes throws(AgeError) in
                try AgeFile.encrypt(bytes, to: [writer.recipient])
            }
            return SealedSecret(Data(file))
        } catch {
            throw SecretError(error.message)
        }
    }

    /// The value that a release keeps.
    ///
    /// - Throws: where no key opens it any more, or what opens is not what the release was made of.
    public func open(
        _ secret: SecretSpec, app: AppName, project: ProjectName
    ) throws(SecretError) -> SecretBytes {
        let what = "secret \(secret.name) of \(app)"
        guard let sealed = secret.sealed else {
            throw SecretError("\(what) has no value in its release; commit it again")
        }
        let value: SecretBytes
        do throws(AgeError) {
            value = try AgeFile.decrypt(Array(sealed.data), with: identities(of: project))
        } catch {
            throw SecretError(
                error.code == .noMatch
                    ? "\(what) was kept under a key that the controller does not have any more: put the former"
                        + " identity of project \(project) back behind the new one, or commit a new value"
                    : "\(what): \(error.message)")
        }
        guard fingerprint(value, name: secret.name, app: app) == secret.fingerprint else {
            throw SecretError(
                "\(what) is not the value that its release was made of: the store was changed, or the installation's"
                    + " fingerprint key is another one; put the key back, or commit a new value")
        }
        return value
    }

    /// What is wrong where a project has no key.
    public static func noKey(of project: ProjectName) -> SecretError {
        SecretError(
            "the controller has no key for secrets of project \(project): make one with `slipway secrets keygen FILE`"
                + " and name it under `secrets` in its configuration")
    }
}
