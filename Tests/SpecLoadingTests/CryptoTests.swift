import Crypto
import Testing

@Suite struct CryptoTests {
    @Test func sha256FollowsTheStandard() {
        #expect(
            ContentHash.sha256([])
                == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            ContentHash.sha256("abc".utf8)
                == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let million = repeatElement(UInt8(ascii: "a"), count: 1_000_000)
        #expect(
            ContentHash.sha256(million)
                == "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Vectors of RFC 4231.
    @Test func hmacFollowsTheStandard() {
        let one = MessageAuthentication.hmacSHA256(
            key: Array(repeating: 0x0b, count: 20), message: Array("Hi There".utf8))
        #expect(Hex.encode(one) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let two = MessageAuthentication.hmacSHA256(
            key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(Hex.encode(two) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let long = MessageAuthentication.hmacSHA256(
            key: Array(repeating: 0xaa, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        #expect(Hex.encode(long) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        let empty = MessageAuthentication.hmacSHA256(key: [], message: [])
        #expect(Hex.encode(empty) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func codesAreCompared() {
        let key = Array("key".utf8)
        let message = Array("message".utf8)
        var code = MessageAuthentication.hmacSHA256(key: key, message: message)
        #expect(MessageAuthentication.isValidSHA256(code, key: key, message: message))
        code[31] ^= 1
        #expect(!MessageAuthentication.isValidSHA256(code, key: key, message: message))
        #expect(!MessageAuthentication.isValidSHA256([], key: key, message: message))
        #expect(ConstantTime.areEqual("token", "token"))
        #expect(!ConstantTime.areEqual("token", "token ") && !ConstantTime.areEqual("", "a"))
        #expect(ConstantTime.areEqual([], [] as [UInt8]))
    }

    @Test func hexIsReadBack() {
        #expect(Hex.decode("00ffA1") == [0, 255, 0xA1])
        #expect(Hex.decode("") == [])
        for text in ["0", "0g", "é", "0x", " 0"] { #expect(Hex.decode(text) == nil) }
    }
}
