internal import Crypto

/// The X25519 recipient: how a file's key is given to one recipient.
enum AgeX25519 {
    static let name = "X25519"
    private static let information = Array("age-encryption.org/v1/X25519".utf8)
    private static let nonce = [UInt8](repeating: 0, count: 12)
    static let fileKeySize = 16

    static func wrap(_ fileKey: [UInt8], for recipient: AgeRecipient) throws(AgeError) -> AgeHeader.Stanza {
        var secret = SecureRandom.bytes(KeyAgreement.keySizeInBytes)
        defer { SecretBytes.clear(&secret) }
        let share = KeyAgreement.publicKey(of: secret)
        guard var shared = KeyAgreement.sharedSecret(secret, with: recipient.key) else {
            throw AgeError(.key, "the recipient is a point that everybody could open; take another key")
        }
        defer { SecretBytes.clear(&shared) }
        var key = wrapKey(shared, share: share, recipient: recipient)
        defer { SecretBytes.clear(&key) }
        return AgeHeader.Stanza(
            arguments: [name, Base64.encode(share, isPadded: false)],
            body: SealedBox.seal(fileKey, key: key, nonce: nonce, with: .chaCha20Poly1305))
    }

    /// The file's key, if the stanza is for this identity; `nil`: it is for somebody else.
    static func unwrap(_ stanza: AgeHeader.Stanza, by identity: AgeIdentity) throws(AgeError) -> [UInt8]? {
        guard stanza.arguments.first == name else { return nil }
        guard stanza.arguments.count == 2,
            let share = Base64.decode(stanza.arguments[1].utf8, isPadded: false), share.count == 32
        else { throw AgeHeader.malformed("an X25519 recipient has no share of 32 bytes") }
        guard stanza.body.count == fileKeySize + SealedBox.tagSizeInBytes else {
            throw AgeHeader.malformed("an X25519 recipient has no key of 16 bytes")
        }
        guard var shared = identity.key.withBytes({ KeyAgreement.sharedSecret($0, with: share) }) else {
            throw AgeHeader.malformed("an X25519 recipient has a share that everybody could open")
        }
        defer { SecretBytes.clear(&shared) }
        var key = wrapKey(shared, share: share, recipient: identity.recipient)
        defer { SecretBytes.clear(&key) }
        return SealedBox.open(stanza.body, key: key, nonce: nonce, with: .chaCha20Poly1305)
    }

    private static func wrapKey(_ shared: [UInt8], share: [UInt8], recipient: AgeRecipient) -> [UInt8] {
        KeyDerivation.hkdfSHA256(key: shared, salt: share + recipient.key, info: information, count: 32)
    }
}
