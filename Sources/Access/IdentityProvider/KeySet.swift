internal import Crypto

/// The public keys of an identity provider (RFC 7517): those that sign, of the kinds that are taken.
struct KeySet: Sendable {
    static let limitInBytes = 256 << 10
    private static let keyLimit = 100

    private let keys: [(id: String?, key: SignatureKey)]

    /// `nil`: the bytes are no key set. Keys of other kinds are left out.
    init?(_ bytes: [UInt8]) {
        guard let members = JSONTree.members(bytes), case .list(let list)? = members["keys"] else {
            return nil
        }
        keys = list.prefix(Self.keyLimit).compactMap { item in
            guard case .map(let map) = item, let key = Self.key(map) else { return nil }
            return (map["kid"]?.text, key)
        }
    }

    var isEmpty: Bool { keys.isEmpty }

    /// The keys that may have signed: those with the id, or, for a token that names none, all of its algorithm.
    func candidates(_ id: String?, _ algorithm: SignatureKey.Algorithm) -> [SignatureKey] {
        keys.filter { $0.key.algorithm == algorithm && (id == nil || $0.id == id) }.prefix(4).map(\.key)
    }

    private static func key(_ map: [String: JSONTree]) -> SignatureKey? {
        if let use = map["use"]?.text, use != "sig" { return nil }
        func bytes(_ name: String) -> [UInt8]? { map[name]?.text.flatMap { Base64URL.decode($0) } }
        switch (map["kty"]?.text, map["crv"]?.text) {
        case ("RSA", _):
            guard let n = bytes("n"), let e = bytes("e"), isFor("RS256", map) else { return nil }
            return SignatureKey(rsaModulus: n, exponent: e)
        case ("EC", "P-256"):
            guard let x = bytes("x"), let y = bytes("y"), isFor("ES256", map) else { return nil }
            return SignatureKey(p256X: x, y: y)
        case ("OKP", "Ed25519"):
            guard let x = bytes("x"), isFor("EdDSA", map) else { return nil }
            return SignatureKey(ed25519: x)
        default: return nil
        }
    }

    private static func isFor(_ algorithm: String, _ map: [String: JSONTree]) -> Bool {
        map["alg"].map { $0.text == algorithm } ?? true
    }
}
