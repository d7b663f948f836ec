import Crypto
import Testing

@Suite struct SignatureTests {
    @Test func base64IsOneTextForOneValue() {
        for (bytes, text) in [([], ""), ([0], "AA"), ([255, 255], "__8"), ([1, 2, 3], "AQID"), ([251], "-w")]
            as [([UInt8], String)]
        {
            #expect(Base64URL.encode(bytes) == text)
            #expect(Base64URL.decode(text) == bytes)
        }
        for wrong in ["A", "AA=", "A+", "AB", "_9", "AAAAA", "ä"] {
            #expect(Base64URL.decode(wrong) == nil, "\(wrong)")
        }
        for count in 1...64 {
            let bytes = SecureRandom.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }

    @Test func keysThatAreNone() {
        let modulus = [UInt8](repeating: 255, count: 256)
        #expect(SignatureKey(rsaModulus: Array(modulus.dropFirst(128)), exponent: [1, 0, 1]) == nil)
        #expect(SignatureKey(rsaModulus: modulus, exponent: [2]) == nil)
        #expect(SignatureKey(rsaModulus: modulus, exponent: [1]) == nil)
        #expect(SignatureKey(rsaModulus: modulus, exponent: []) == nil)
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(SignatureKey(p256X: zeros, y: zeros) == nil)
        #expect(SignatureKey(p256X: [1], y: zeros) == nil)
        #expect(SignatureKey(ed25519: [1, 2]) == nil)
    }
}
