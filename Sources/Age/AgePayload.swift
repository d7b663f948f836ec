internal import Crypto

/// The payload of an age file: chunks of 64 KiB, each sealed under its number and whether it is the last.
enum AgePayload {
    private static let chunkSize = 64 << 10
    static let nonceSize = 16

    static func seal(_ plaintext: [UInt8], fileKey: [UInt8]) -> [UInt8] {
        let nonce = SecureRandom.bytes(nonceSize)
        var key = Self.key(fileKey, nonce)
        defer { SecretBytes.clear(&key) }
        var output = nonce
        var number: UInt64 = 0
        var start = 0
        repeat {
            let end = min(start + chunkSize, plaintext.count)
            output += SealedBox.seal(
                Array(plaintext[start..<end]), key: key,
                nonce: chunkNonce(number, isLast: end == plaintext.count),
                with: .chaCha20Poly1305)
            start = end
            number += 1
        } while start < plaintext.count
        return output
    }

    /// All of it or nothing: what was opened before a fault is not given out.
    static func open(_ payload: ArraySlice<UInt8>, fileKey: [UInt8]) throws(AgeError) -> [UInt8] {
        guard payload.count >= nonceSize else { throw AgeHeader.malformed("it ends behind its header") }
        var key = Self.key(fileKey, Array(payload.prefix(nonceSize)))
        defer { SecretBytes.clear(&key) }
        var rest = payload.dropFirst(nonceSize)
        var output: [UInt8] = []
        // Grown once: what an array has outgrown is not overwritten.
        output.reserveCapacity(rest.count)
        var number: UInt64 = 0
        var isLast = false
        repeat {
            let box = rest.prefix(chunkSize + SealedBox.tagSizeInBytes)
            rest = rest.dropFirst(box.count)
            isLast = rest.isEmpty
            guard
                var chunk = SealedBox.open(
                    box, key: key, nonce: chunkNonce(number, isLast: isLast), with: .chaCha20Poly1305)
            else {
                SecretBytes.clear(&output)
                throw damaged("it was changed, cut or lengthened")
            }
            guard !chunk.isEmpty || number == 0 else {
                SecretBytes.clear(&output)
                throw damaged("its last part is empty")
            }
            output += chunk
            SecretBytes.clear(&chunk)
            number += 1
        } while !isLast
        return output
    }

    private static func key(_ fileKey: [UInt8], _ nonce: [UInt8]) -> [UInt8] {
        KeyDerivation.hkdfSHA256(key: fileKey, salt: nonce, info: Array("payload".utf8), count: 32)
    }

    private static func chunkNonce(_ number: UInt64, isLast: Bool) -> [UInt8] {
        var nonce: [UInt8] = [0, 0, 0]
        for shift in stride(from: 56, through: 0, by: -8) {
            nonce.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
        return nonce + [isLast ? 1 : 0]
    }

    private static func damaged(_ why: String) -> AgeError {
        AgeError(
            .payload, "the content cannot be trusted: \(why); take it from git again, or encrypt it anew")
    }
}
