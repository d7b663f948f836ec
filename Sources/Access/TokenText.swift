internal import Crypto
internal import Model

/// The text of a token: `slipway_ID_SECRET`.
///
/// The fixed beginning lets scanners of repositories find one that was committed; the id lets the record be found
/// without a comparison of secrets.
struct TokenText {
    static let prefix = "slipway_"
    private static let secretSizeInBytes = 32

    let id: TokenID
    private let secret: String

    /// A new one: 48 random bits of id, 256 of secret.
    init() {
        // Twelve hex digits always make an id.
        guard let id = TokenID(Hex.encode(SecureRandom.bytes(6))) else { preconditionFailure("not an id") }
        self.id = id
        secret = Base64URL.encode(SecureRandom.bytes(Self.secretSizeInBytes))
    }

    /// `nil`: it has not the form of a token of ours.
    init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix), text.utf8.count == Self.prefix.utf8.count + 12 + 1 + 43 else {
            return nil
        }
        let rest = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard let id = TokenID(String(decoding: rest.prefix(12), as: UTF8.self)),
            rest.dropFirst(12).first == UInt8(ascii: "_")
        else { return nil }
        self.id = id
        secret = String(decoding: rest.dropFirst(13), as: UTF8.self)
    }

    var text: String { "\(Self.prefix)\(id)_\(secret)" }

    var digest: [UInt8] { ContentHash.sha256Bytes(secret.utf8) }
}
