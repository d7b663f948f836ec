import Age
import Crypto
import Testing

@Suite struct KeyTests {
    /// Of the specification.
    static let identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    static let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    @Test func theSpecificationsExampleIsRead() throws {
        let identity = try AgeIdentity(Self.identity)
        #expect("\(identity.recipient)" == Self.recipient)
        identity.secretText().withBytes { #expect(String(decoding: $0, as: UTF8.self) == Self.identity) }
    }

    @Test(arguments: [
        "", "age1", "AGE-SECRET-KEY-1", identity.lowercased(), identity + "Q", String(identity.dropLast()),
        identity.replacing("GF", with: "Gf"), identity.replacing("EGAEX", with: "EGAEY"), recipient
    ]) func whatIsNoIdentityIsRefused(_ text: String) {
        let failure = #expect(throws: AgeError.self) { try AgeIdentity(text) }
        #expect(failure?.code == .key)
        if text.utf8.count > 24 { #expect(failure?.message.contains(text.dropFirst(16)) != true) }
    }

    @Test(arguments: [
        "", "age1", recipient.uppercased(), recipient + "q", String(recipient.dropLast()),
        recipient.replacing("nujwj", with: "nujwk"), "age1pq\(recipient.dropFirst(4))", identity
    ]) func whatIsNoRecipientIsRefused(_ text: String) {
        let failure = #expect(throws: AgeError.self) { try AgeRecipient(text) }
        #expect(failure?.code == .key)
    }

    @Test func nothingOfAnIdentityPrints() throws {
        let identity = try AgeIdentity(Self.identity)
        var dumped = ""
        dump(identity, to: &dumped)
        for text in ["\(identity)", String(reflecting: identity), dumped, "\([identity])"] {
            #expect(!text.contains("GFPYYSJZ"))
            #expect(text.contains("age1zvkyg2"))
        }
        let secret = SecretBytes(Array("sentinel".utf8))
        var other = ""
        dump(secret, to: &other)
        for text in ["\(secret)", String(reflecting: secret), other] { #expect(!text.contains("sentinel")) }
    }

    @Test func aFileOfIdentitiesMayHaveComments() throws {
        let text = "# created: today\r\n\n  \(Self.identity)  \r\n# end"
        #expect(try AgeIdentityFile.read(Array(text.utf8)).map { "\($0.recipient)" } == [Self.recipient])
        let broken = #expect(throws: AgeError.self) { try AgeIdentityFile.read(Array("# a\nfoo\n".utf8)) }
        #expect(broken?.message.hasPrefix("line 2: ") == true)
        #expect(throws: AgeError.self) { try AgeIdentityFile.read([]) }
    }

    /// Whatever is cut off or turned over, it is an error and never a trap, and never another content.
    @Test func everyDamageIsNoticed() throws {
        let identity = AgeIdentity.make()
        let file = try AgeFile.encrypt(Array("sentinel".utf8), to: [identity.recipient])
        for end in 0..<file.count {
            #expect(throws: AgeError.self) { try AgeFile.decrypt(Array(file[..<end]), with: [identity]) }
        }
        for index in file.indices {
            var changed = file
            changed[index] ^= 1
            #expect(throws: AgeError.self) { try AgeFile.decrypt(changed, with: [identity]) }
        }
        #expect(throws: AgeError.self) { try AgeFile.decrypt(file + [0], with: [identity]) }
        let armored = Array(AgeArmor.encode(file).utf8)
        for index in armored.indices.dropLast() {
            var changed = armored
            changed[index] ^= 1
            if (try? AgeFile.decrypt(changed, with: [identity])) != nil {
                Issue.record("byte \(index) may change")
            }
        }
    }
}
