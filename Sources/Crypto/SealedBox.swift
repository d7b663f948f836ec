internal import COpenSSL

/// Encryption that notices any change: ChaCha20-Poly1305 (RFC 8439) and AES-256-GCM, tags of 16 bytes.
public enum SealedBox {
    public enum Algorithm: Sendable, Hashable { case chaCha20Poly1305, aes256GCM }

    public static let tagSizeInBytes = 16

    /// The ciphertext with its tag behind it.
    ///
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - nonce: 12 bytes for ChaCha20-Poly1305, 1 to 64 for AES-GCM; never used twice with one key.
    public static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], additional: [UInt8] = [],
        with algorithm: Algorithm
    ) -> [UInt8] {
        guard let sealed = Run(algorithm, key, nonce, isSealing: true)?.seal(plaintext, additional) else {
            // No input leads here but a key or nonce of the wrong size.
            preconditionFailure("libcrypto cannot encrypt")
        }
        return sealed
    }

    /// - Parameter box: the ciphertext with its tag behind it.
    /// - Returns: `nil` where the key, the nonce or the additional bytes are others, or anything was changed.
    public static func open(
        _ box: some Collection<UInt8>, key: [UInt8], nonce: [UInt8], additional: [UInt8] = [],
        with algorithm: Algorithm
    ) -> [UInt8]? {
        guard box.count >= tagSizeInBytes else { return nil }
        let opened = Run(algorithm, key, nonce, isSealing: false)?.open(
            Array(box.dropLast(tagSizeInBytes)), Array(box.suffix(tagSizeInBytes)), additional)
        if opened == nil { ERR_clear_error() }
        return opened
    }

    /// One run of a cipher.
    @safe private struct Run: ~Copyable {
        private let context: OpaquePointer?

        init?(_ algorithm: Algorithm, _ key: [UInt8], _ nonce: [UInt8], isSealing: Bool) {
            unsafe context = EVP_CIPHER_CTX_new()
            let sizes = algorithm == .aes256GCM ? 1...64 : 12...12
            guard key.count == 32, sizes.contains(nonce.count) else { return nil }
            let cipher = unsafe algorithm == .aes256GCM ? EVP_aes_256_gcm() : EVP_chacha20_poly1305()
            let direction: Int32 = isSealing ? 1 : 0
            guard unsafe EVP_CipherInit_ex(context, cipher, nil, nil, nil, direction) == 1,
                unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, Int32(nonce.count), nil) == 1,
                unsafe EVP_CipherInit_ex(context, nil, nil, key, nonce, direction) == 1
            else { return nil }
        }

        deinit { unsafe EVP_CIPHER_CTX_free(context) }

        func seal(_ plaintext: [UInt8], _ additional: [UInt8]) -> [UInt8]? {
            guard var output = update(plaintext, additional) else { return nil }
            var size: Int32 = 0
            var rest = [UInt8](repeating: 0, count: 16)
            guard unsafe EVP_CipherFinal_ex(context, &rest, &size) == 1, size == 0 else { return nil }
            var tag = [UInt8](repeating: 0, count: tagSizeInBytes)
            guard unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1
            else {
                return nil
            }
            output += tag
            return output
        }

        func open(_ ciphertext: [UInt8], _ tag: [UInt8], _ additional: [UInt8]) -> [UInt8]? {
            var tag = tag
            guard var output = update(ciphertext, additional),
                unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1
            else { return nil }
            var size: Int32 = 0
            var rest = [UInt8](repeating: 0, count: 16)
            guard unsafe EVP_CipherFinal_ex(context, &rest, &size) == 1, size == 0 else {
                SecretBytes.clear(&output)
                return nil
            }
            return output
        }

        private func update(_ input: [UInt8], _ additional: [UInt8]) -> [UInt8]? {
            var size: Int32 = 0
            if !additional.isEmpty {
                guard let count = Int32(exactly: additional.count),
                    unsafe EVP_CipherUpdate(context, nil, &size, additional, count) == 1
                else { return nil }
            }
            guard !input.isEmpty else { return [] }
            guard let count = Int32(exactly: input.count) else { return nil }
            var output = [UInt8](repeating: 0, count: input.count)
            guard unsafe EVP_CipherUpdate(context, &output, &size, input, count) == 1, size == count else {
                return nil
            }
            return output
        }
    }
}
