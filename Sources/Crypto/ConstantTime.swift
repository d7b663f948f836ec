internal import COpenSSL

/// Comparisons whose time does not tell where two secrets differ.
public enum ConstantTime {
    /// Whether both are the same bytes. The time depends on the lengths only.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        guard !left.isEmpty else { return true }
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }

    /// Whether a token that was sent is the one that is expected. The time does not even tell the length of
    /// `expected`, for what is compared are digests of both.
    public static func areEqual(_ sent: String, _ expected: String) -> Bool {
        areEqual(ContentHash.sha256Bytes(sent.utf8), ContentHash.sha256Bytes(expected.utf8))
    }
}
