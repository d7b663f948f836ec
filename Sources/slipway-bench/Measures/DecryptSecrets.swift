import Age
import Crypto

/// What it costs to open 1,000 secrets, as the loading of specs does: each is a file of age of its own.
struct DecryptSecrets: Measure {
    let name = "decrypt_1k_secrets"
    let summary = "opening 1,000 armored secrets of 64 bytes"
    let unit = Unit.processorMilliseconds
    let aim = "≤ 250 ms CPU"
    let against = "1,000 bare X25519 agreements"
    let needsEngine = false
    private let count = 1_000

    func run(_ bench: Bench) async throws -> Samples {
        let identity = AgeIdentity.make()
        var files: [[UInt8]] = []
        for _ in 0..<count {
            let file = try AgeFile.encrypt(SecureRandom.bytes(64), to: [identity.recipient])
            files.append(Array(AgeArmor.encode(file).utf8))
        }
        let secret = SecureRandom.bytes(32)
        let peer = KeyAgreement.publicKey(of: SecureRandom.bytes(32))
        var samples = Samples()
        for round in 0..<11 {
            let start = Usage.processorMilliseconds()
            for file in files {
                guard try AgeFile.decrypt(file, with: [identity]).count == 64 else {
                    throw BenchError("not opened")
                }
            }
            let middle = Usage.processorMilliseconds()
            for _ in files {
                guard KeyAgreement.sharedSecret(secret, with: peer) != nil else {
                    throw BenchError("no agreement")
                }
            }
            let end = Usage.processorMilliseconds()
            if round > 0 { samples.add(middle - start, baseline: end - middle) }
        }
        return samples
    }
}
