internal import COpenSSL

/// Somebody's public key, to check what they have signed.
///
/// Each kind of key has one algorithm, so no message can choose a weaker one for it.
@safe
public final class SignatureKey: Sendable {
    public enum Algorithm: Sendable, Hashable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rs256
        /// ECDSA on P-256 with SHA-256; signatures are the two numbers, 32 bytes each.
        case es256
        /// Ed25519.
        case edDSA
    }

    public let algorithm: Algorithm
    // Safe to send: the key is never changed, and libcrypto's reads of one may run at the same time.
    private nonisolated(unsafe) let pointer: OpaquePointer

    private init?(_ algorithm: Algorithm, owning pointer: OpaquePointer?) {
        guard let pointer = unsafe pointer else {
            ERR_clear_error()
            return nil
        }
        self.algorithm = algorithm
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// - Parameters:
    ///   - modulus: 2,048 to 8,192 bits, big-endian.
    ///   - exponent: odd, 1 to 4 bytes, big-endian.
    public convenience init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        let significant = modulus.drop { $0 == 0 }
        let bits = significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
        guard (2_048...8_192).contains(bits), (1...4).contains(exponent.count),
            exponent.last.map({ $0 & 1 }) == 1,
            exponent != [1]
        else { return nil }
        unsafe self.init(
            .rs256,
            owning: unsafe slipway_rsa_key(
                modulus, Int32(clamping: modulus.count), exponent, Int32(clamping: exponent.count)))
    }

    /// - Parameters:
    ///   - x: 32 bytes, big-endian.
    ///   - y: 32 bytes; both together must lie on the curve.
    public convenience init?(p256X x: [UInt8], y: [UInt8]) {
        guard x.count == 32, y.count == 32 else { return nil }
        let point = [4] + x + y
        unsafe self.init(.es256, owning: unsafe slipway_p256_key(point, point.count))
    }

    /// - Parameter bytes: 32 of them.
    public convenience init?(ed25519 bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        unsafe self.init(
            .edDSA, owning: unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count))
    }

    /// Whether `signature` over `message` was made with the private half of this key.
    public func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        var signature = signature
        if algorithm == .es256 {
            guard signature.count == 64 else { return false }
            var form = [UInt8](repeating: 0, count: 80)
            let size = unsafe slipway_p256_signature(signature, &form, Int32(form.count))
            guard size > 0 else { return false }
            signature = Array(form.prefix(Int(size)))
        }
        guard !signature.isEmpty, let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        let digest = unsafe algorithm == .edDSA ? nil : EVP_sha256()
        guard unsafe EVP_DigestVerifyInit(context, nil, digest, nil, pointer) == 1 else { return false }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
