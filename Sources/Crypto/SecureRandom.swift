internal import COpenSSL

/// Bytes that nobody can foresee.
public enum SecureRandom {
    /// - Parameter count: 0 to 65,536.
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...65_536).contains(count), "\(count) random bytes were asked for")
        var bytes = [UInt8](repeating: 0, count: count)
        let code = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe RAND_bytes(buffer.baseAddress, Int32(count))
        }
        // Without chance there is no key, and nothing that could be done about it.
        precondition(code == 1 || count == 0, "libcrypto has no random bytes")
        return bytes
    }
}
