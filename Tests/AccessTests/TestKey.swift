import COpenSSL
import Crypto
import Testing

/// A key pair of an identity provider, made for one test.
@safe
final class TestKey: Sendable {
    enum Kind: String, CaseIterable, Sendable { case rsa = "RS256", p256 = "ES256", ed25519 = "EdDSA" }

    let kind: Kind
    let id: String
    private nonisolated(unsafe) let pointer: OpaquePointer

    init(_ kind: Kind, id: String, bits: Int = 2_048) throws {
        self.kind = kind
        self.id = id
        let key =
            switch kind {
            case .rsa: unsafe slipway_make_rsa_key(bits)
            case .p256: unsafe slipway_make_key()
            case .ed25519: unsafe slipway_make_ed25519_key()
            }
        unsafe pointer = try unsafe #require(key)
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// As it stands in a key set.
    func jwk() throws -> String {
        func number(_ name: String, padded size: Int? = nil) throws -> String {
            var value: OpaquePointer?
            try #require(unsafe EVP_PKEY_get_bn_param(pointer, name, &value) == 1)
            defer { unsafe BN_free(value) }
            var bytes = [UInt8](repeating: 0, count: 1_024)
            let count = Int(unsafe BN_bn2bin(value, &bytes))
            let digits = Array(bytes.prefix(count))
            return Base64URL.encode([UInt8](repeating: 0, count: max(0, (size ?? 0) - count)) + digits)
        }
        let members =
            switch kind {
            case .rsa: #""kty":"RSA","n":"\#(try number("n"))","e":"\#(try number("e"))""#
            case .p256:
                #""kty":"EC","crv":"P-256","x":"\#(try number("qx", padded: 32))","y":"\#(try number("qy", padded: 32))""#
            case .ed25519: #""kty":"OKP","crv":"Ed25519","x":"\#(try rawPublicKey())""#
            }
        return #"{"kid":"\#(id)","use":"sig","alg":"\#(kind.rawValue)",\#(members)}"#
    }

    private func rawPublicKey() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        var size = bytes.count
        try #require(unsafe EVP_PKEY_get_raw_public_key(pointer, &bytes, &size) == 1)
        return Base64URL.encode(bytes)
    }

    /// The signature as JSON Web Tokens have it.
    func sign(_ message: [UInt8]) throws -> [UInt8] {
        let context = try unsafe #require(EVP_MD_CTX_new())
        defer { unsafe EVP_MD_CTX_free(context) }
        let digest = unsafe kind == .ed25519 ? nil : EVP_sha256()
        try #require(unsafe EVP_DigestSignInit(context, nil, digest, nil, pointer) == 1)
        var size = 1_024
        var bytes = [UInt8](repeating: 0, count: size)
        try #require(unsafe EVP_DigestSign(context, &bytes, &size, message, message.count) == 1)
        let signature = Array(bytes.prefix(size))
        return kind == .p256 ? try Self.plain(signature) : signature
    }

    /// The two numbers of `SEQUENCE { INTEGER, INTEGER }` with 32 bytes each.
    private static func plain(_ der: [UInt8]) throws -> [UInt8] {
        var position = 2
        var numbers: [UInt8] = []
        for _ in 0..<2 {
            let size = Int(der[position + 1])
            let digits = der[(position + 2)..<(position + 2 + size)].drop { $0 == 0 }
            try #require(digits.count <= 32)
            numbers += [UInt8](repeating: 0, count: 32 - digits.count) + digits
            position += 2 + size
        }
        return numbers
    }

    /// A whole token.
    func token(_ claims: String, header: String? = nil) throws -> String {
        let header = header ?? #"{"alg":"\#(kind.rawValue)","typ":"JWT","kid":"\#(id)"}"#
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return signed + "." + Base64URL.encode(try sign(Array(signed.utf8)))
    }
}
