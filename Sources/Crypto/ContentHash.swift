internal import COpenSSL

/// SHA-256 of content, as digests of specs, templates and images are written.
public enum ContentHash {
    /// `sha256:` and the digest in 64 lower-case hex digits.
    public static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        "sha256:" + Hex.encode(sha256Bytes(bytes))
    }

    /// The 32 bytes of the digest.
    public static func sha256Bytes(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        if let digest = bytes.withContiguousStorageIfAvailable({ unsafe digest(of: $0) }) { return digest }
        return unsafe Array(bytes).withUnsafeBufferPointer { unsafe digest(of: $0) }
    }

    /// The 64 bytes of the SHA-512 of `bytes`.
    public static func sha512Bytes(_ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 64)
        var size: UInt32 = 0
        let code = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe EVP_Digest(
                    input.baseAddress, input.count, output.baseAddress, &size, EVP_sha512(), nil)
            }
        }
        precondition(code == 1 && size == 64, "libcrypto cannot compute SHA-512")
        return output
    }

    private static func digest(of input: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 0
        let code = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe EVP_Digest(input.baseAddress, input.count, output.baseAddress, &size, EVP_sha256(), nil)
        }
        // No input leads here: the call fails only where the library was built without the algorithm.
        precondition(code == 1 && size == 32, "libcrypto cannot compute SHA-256")
        return output
    }
}
