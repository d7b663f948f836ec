public import Crypto

/// Files of age, version 1: `age-encryption.org/v1`. What `age` writes is read here, and the other way round.
///
/// Everything is in memory; the caller bounds what it reads.
public enum AgeFile {
    /// No file is read or made that is larger.
    public static let largestInBytes = 64 << 20

    /// A file that each of `recipients` can open.
    ///
    /// - Parameter recipients: at least one, at most 100.
    public static func encrypt(
        _ plaintext: [UInt8], to recipients: [AgeRecipient]
    ) throws(AgeError) -> [UInt8] {
        guard (1...100).contains(recipients.count) else {
            throw AgeError(.key, "give 1 to 100 recipients, not \(recipients.count)")
        }
        guard plaintext.count <= largestInBytes else { throw tooLarge }
        var fileKey = SecureRandom.bytes(AgeX25519.fileKeySize)
        defer { SecretBytes.clear(&fileKey) }
        var stanzas: [AgeHeader.Stanza] = []
        for recipient in recipients { stanzas.append(try AgeX25519.wrap(fileKey, for: recipient)) }
        return AgeHeader.bytes(of: stanzas, fileKey: fileKey) + AgePayload.seal(plaintext, fileKey: fileKey)
    }

    /// The content of a file, binary or armored.
    ///
    /// - Parameter identities: tried in their order.
    /// - Throws: `noMatch` where it is for none of them.
    public static func decrypt(
        _ file: [UInt8], with identities: [AgeIdentity]
    ) throws(AgeError) -> SecretBytes {
        guard file.count <= largestInBytes else { throw tooLarge }
        let binary = AgeArmor.isArmored(file) ? try AgeArmor.decode(file) : file
        let (header, end) = try AgeHeader.read(binary)
        try refusePassphrases(header)
        var fileKey = try fileKey(header, identities)
        defer { SecretBytes.clear(&fileKey) }
        guard header.isAuthentic(fileKey: fileKey) else {
            throw AgeError(
                .headerChanged,
                "its header was changed after it was made; take it from git again, or encrypt it anew")
        }
        var plaintext = try AgePayload.open(binary[end...], fileKey: fileKey)
        defer { SecretBytes.clear(&plaintext) }
        return SecretBytes(plaintext)
    }

    /// Reads the form of a file without a key.
    ///
    /// - Returns: for how many X25519 recipients it is.
    public static func inspect(_ file: [UInt8]) throws(AgeError) -> Int {
        guard file.count <= largestInBytes else { throw tooLarge }
        let (header, _) = try AgeHeader.read(AgeArmor.isArmored(file) ? try AgeArmor.decode(file) : file)
        try refusePassphrases(header)
        return header.stanzas.count { $0.arguments.first == AgeX25519.name }
    }

    private static func fileKey(
        _ header: AgeHeader, _ identities: [AgeIdentity]
    ) throws(AgeError) -> [UInt8] {
        var found: [UInt8]?
        for identity in identities where found == nil {
            for stanza in header.stanzas {
                let key = try AgeX25519.unwrap(stanza, by: identity)
                found = found ?? key
            }
        }
        guard let found else {
            throw AgeError(
                .noMatch,
                "it is encrypted to none of the \(identities.count) keys at hand; encrypt it to one of their"
                    + " recipients")
        }
        return found
    }

    /// A passphrase would have to be typed in where nobody is.
    private static func refusePassphrases(_ header: AgeHeader) throws(AgeError) {
        guard header.stanzas.contains(where: { $0.arguments.first == "scrypt" }) else { return }
        throw AgeError(
            .unsupported, "it is encrypted with a passphrase; encrypt it to a recipient `age1…` instead")
    }

    private static var tooLarge: AgeError {
        AgeError(.tooLarge, "it is larger than \(largestInBytes >> 20) MiB")
    }
}
