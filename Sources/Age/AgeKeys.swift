public import Crypto

/// Whom something is encrypted to: `age1…`. Not secret.
public struct AgeRecipient: Sendable, Hashable, CustomStringConvertible {
    static let prefix = "age"
    let key: [UInt8]

    init(key: [UInt8]) { self.key = key }

    /// - Parameter text: `age1` and 58 characters.
    public init(_ text: String) throws(AgeError) {
        guard let decoded = Bech32.decode(text), decoded.prefix == Self.prefix, decoded.bytes.count == 32,
            text.utf8.first == UInt8(ascii: "a")
        else {
            let isOther = text.hasPrefix("age1") && text.utf8.count != 62
            throw AgeError(
                .key,
                isOther
                    ? "this is no X25519 recipient of age, which is `age1` and 58 characters; other kinds are not"
                        + " taken"
                    : "this is no recipient of age: it begins with `age1`, as `slipway secrets keygen` and"
                        + " `age-keygen -y` print it")
        }
        key = decoded.bytes
    }

    public var description: String { Bech32.encode(prefix: Self.prefix, key) }
}

/// What opens what was encrypted to its recipient: `AGE-SECRET-KEY-1…`. Does not print.
public struct AgeIdentity: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    static let prefix = "age-secret-key-"
    let key: SecretBytes
    public let recipient: AgeRecipient

    init(key: [UInt8]) {
        self.key = SecretBytes(key)
        recipient = AgeRecipient(key: KeyAgreement.publicKey(of: key))
    }

    /// A new one that nobody else has.
    public static func make() -> AgeIdentity {
        var key = SecureRandom.bytes(KeyAgreement.keySizeInBytes)
        defer { SecretBytes.clear(&key) }
        return AgeIdentity(key: key)
    }

    /// - Parameter text: `AGE-SECRET-KEY-1` and 58 characters, in capitals.
    public init(_ text: String) throws(AgeError) {
        guard text.hasPrefix("AGE-SECRET-KEY-1"), var decoded = Bech32.decode(text),
            decoded.prefix == Self.prefix, decoded.bytes.count == 32
        else {
            throw AgeError(
                .key,
                "this is no identity of age: it is `AGE-SECRET-KEY-1` and 58 characters, as `slipway secrets"
                    + " keygen` and `age-keygen` write it")
        }
        self.init(key: decoded.bytes)
        SecretBytes.clear(&decoded.bytes)
    }

    /// The identity as a file holds it. Secret: to be written to a file of mode 0600 and nowhere else.
    public func secretText() -> SecretBytes {
        key.withBytes { SecretBytes(Array(Bech32.encode(prefix: Self.prefix, $0).uppercased().utf8)) }
    }

    /// 32 bytes for another use, from which nobody finds the identity; always the same for one use.
    public func derivedKey(for use: String) -> [UInt8] {
        key.withBytes { KeyDerivation.hkdfSHA256(key: $0, salt: [], info: Array(use.utf8), count: 32) }
    }

    public var description: String { "<identity of \(recipient)>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Files of identities, as `age-keygen` writes them: one a line, with comments that begin with `#`.
public enum AgeIdentityFile {
    /// - Parameter text: at most 64 KiB are of use.
    /// - Returns: at least one, in the order of the file.
    public static func read(_ bytes: [UInt8]) throws(AgeError) -> [AgeIdentity] {
        var identities: [AgeIdentity] = []
        for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            let text = String(decoding: line, as: UTF8.self).trimmed
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            do throws(AgeError) {
                identities.append(try AgeIdentity(text))
            } catch {
                throw AgeError(.key, "line \(index + 1): \(error.message)")
            }
        }
        guard !identities.isEmpty else {
            throw AgeError(.key, "there is no identity in it; `slipway secrets keygen FILE` makes one")
        }
        return identities
    }
}

extension String {
    /// Without spaces, tabs and carriage returns at its ends.
    var trimmed: String {
        var text = self[...]
        while let first = text.unicodeScalars.first, " \t\r".unicodeScalars.contains(first) {
            text.unicodeScalars.removeFirst()
        }
        while let last = text.unicodeScalars.last, " \t\r".unicodeScalars.contains(last) {
            text.unicodeScalars.removeLast()
        }
        return String(text)
    }
}
