internal import COpenSSL

/// X25519, RFC 7748.
public enum KeyAgreement {
    public static let keySizeInBytes = 32

    /// The public key of `secret`, which has 32 bytes.
    public static func publicKey(of secret: [UInt8]) -> [UInt8] {
        precondition(secret.count == keySizeInBytes, "an X25519 key has 32 bytes")
        let key = unsafe secret.withUnsafeBufferPointer {
            unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, $0.baseAddress, $0.count)
        }
        defer { unsafe EVP_PKEY_free(key) }
        var output = [UInt8](repeating: 0, count: keySizeInBytes)
        var size = output.count
        let code = unsafe output.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_PKEY_get_raw_public_key(key, buffer.baseAddress, &size)
        }
        // Any 32 bytes are a key: this fails only where the library was built without the algorithm.
        precondition(code == 1 && size == keySizeInBytes, "libcrypto cannot compute X25519")
        return output
    }

    /// The secret that `secret` shares with the holder of `peer`; both have 32 bytes.
    ///
    /// - Returns: `nil` where `peer` is one of the few points with which everybody shares the same, all zeroes.
    public static func sharedSecret(_ secret: [UInt8], with peer: [UInt8]) -> [UInt8]? {
        precondition(
            secret.count == keySizeInBytes && peer.count == keySizeInBytes, "an X25519 key has 32 bytes")
        let own = unsafe secret.withUnsafeBufferPointer {
            unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, $0.baseAddress, $0.count)
        }
        defer { unsafe EVP_PKEY_free(own) }
        let other = unsafe peer.withUnsafeBufferPointer {
            unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, $0.baseAddress, $0.count)
        }
        defer { unsafe EVP_PKEY_free(other) }
        let context = unsafe EVP_PKEY_CTX_new(own, nil)
        defer { unsafe EVP_PKEY_CTX_free(context) }
        guard unsafe EVP_PKEY_derive_init(context) == 1, unsafe EVP_PKEY_derive_set_peer(context, other) == 1
        else { return refused() }
        var output = [UInt8](repeating: 0, count: keySizeInBytes)
        var size = output.count
        let code = unsafe output.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_PKEY_derive(context, buffer.baseAddress, &size)
        }
        guard code == 1, size == keySizeInBytes, output.contains(where: { $0 != 0 }) else { return refused() }
        return output
    }

    private static func refused() -> [UInt8]? {
        ERR_clear_error()
        return nil
    }
}
