internal import COpenSSL

/// Bytes that nobody can guess.
public enum RandomBytes {
    /// - Parameter count: 1 to 1,024.
    public static func make(_ count: Int) -> [UInt8] {
        precondition((1...1_024).contains(count))
        var bytes = [UInt8](repeating: 0, count: count)
        let code = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe RAND_bytes(bytes.baseAddress, Int32(clamping: bytes.count))
        }
        // Without the kernel's randomness nothing that is made here could be trusted.
        precondition(code == 1, "libcrypto has no random bytes")
        return bytes
    }
}
