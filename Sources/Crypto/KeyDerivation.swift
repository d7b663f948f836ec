/// HKDF with SHA-256, RFC 5869.
public enum KeyDerivation {
    /// - Parameters:
    ///   - salt: may be empty.
    ///   - count: of bytes, 1 to 255 × 32.
    public static func hkdfSHA256(key: [UInt8], salt: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
        precondition((1...255 * 32).contains(count), "HKDF cannot give \(count) bytes")
        let noSalt = [UInt8](repeating: 0, count: 32)
        var extracted = MessageAuthentication.hmacSHA256(key: salt.isEmpty ? noSalt : salt, message: key)
        defer { SecretBytes.clear(&extracted) }
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while output.count < count {
            block = MessageAuthentication.hmacSHA256(key: extracted, message: block + info + [counter])
            output += block
            counter &+= 1
        }
        SecretBytes.clear(&block)
        return Array(output.prefix(count))
    }
}
