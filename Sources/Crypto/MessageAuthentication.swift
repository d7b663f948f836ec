internal import COpenSSL

/// HMAC-SHA256, as webhooks and fingerprints use it.
public enum MessageAuthentication {
    /// The 32 bytes of the code of `message` under `key`. An empty key is taken as it is; refuse it before.
    public static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        var size = 0
        // The library wants a place even for a key of no bytes.
        let held = key.isEmpty ? [0] : key
        let succeeded = unsafe held.withUnsafeBufferPointer { key32 in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe EVP_Q_mac(
                        nil, "HMAC", nil, "SHA256", nil, key32.baseAddress, key.count, message.baseAddress,
                        message.count, output.baseAddress, output.count, &size) != nil
                }
            }
        }
        // No input leads here: the call fails only where the library was built without the algorithm.
        precondition(succeeded && size == 32, "libcrypto cannot compute HMAC-SHA256")
        return output
    }

    /// Whether `code` is that of `message` under `key`, compared in constant time.
    public static func isValidSHA256(_ code: [UInt8], key: [UInt8], message: [UInt8]) -> Bool {
        ConstantTime.areEqual(code, hmacSHA256(key: key, message: message))
    }
}
