/// Bech32 of BIP 173, without its limit on the length: how age writes keys.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let checksumLength = 6
    /// No key of age's that is read here comes near it.
    private static let longest = 4_096

    /// Lower case.
    static func encode(prefix: String, _ bytes: [UInt8]) -> String {
        let digits = regroup(bytes, from: 8, to: 5, isPadded: true) ?? []
        let prefixBytes = Array(prefix.utf8)
        let check =
            checksum(expanded(prefixBytes) + digits + [UInt8](repeating: 0, count: checksumLength)) ^ 1
        let last = (0..<checksumLength).map {
            UInt8(truncatingIfNeeded: check >> (5 * (5 - UInt32($0))) & 31)
        }
        let text = (digits + last).map { alphabet[Int($0)] }
        return prefix + "1" + String(decoding: text, as: UTF8.self)
    }

    /// - Returns: the prefix in lower case and the bytes; `nil` where anything is wrong, the checksum included.
    static func decode(_ text: String) -> (prefix: String, bytes: [UInt8])? {
        var characters = Array(text.utf8)
        defer { wipe(&characters) }
        guard characters.count <= longest, characters.allSatisfy({ (33...126).contains($0) }) else {
            return nil
        }
        let hasLower = characters.contains { (97...122).contains($0) }
        let hasUpper = characters.contains { (65...90).contains($0) }
        guard !(hasLower && hasUpper) else { return nil }
        if hasUpper { characters = characters.map { (65...90).contains($0) ? $0 + 32 : $0 } }
        guard let separator = characters.lastIndex(of: UInt8(ascii: "1")), separator > 0,
            characters.count - separator - 1 >= checksumLength
        else { return nil }
        let prefix = Array(characters[..<separator])
        var digits: [UInt8] = []
        for character in characters[(separator + 1)...] {
            guard let digit = alphabet.firstIndex(of: character) else { return nil }
            digits.append(UInt8(digit))
        }
        guard checksum(expanded(prefix) + digits) == 1,
            let bytes = regroup(digits.dropLast(checksumLength), from: 5, to: 8, isPadded: false)
        else { return nil }
        return (String(decoding: prefix, as: UTF8.self), bytes)
    }

    private static func wipe(_ characters: inout [UInt8]) {
        for index in characters.indices { characters[index] = 0 }
    }

    private static func expanded(_ prefix: [UInt8]) -> [UInt8] {
        prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
    }

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        let generators: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        var check: UInt32 = 1
        for value in values {
            let top = check >> 25
            check = (check & 0x1ff_ffff) << 5 ^ UInt32(value)
            for (bit, generator) in generators.enumerated() where top >> UInt32(bit) & 1 == 1 {
                check ^= generator
            }
        }
        return check
    }

    /// Groups of `from` bits as groups of `to` bits. Without padding, what is left over must be short and zero.
    private static func regroup(
        _ values: some Collection<UInt8>, from: Int, to: Int, isPadded: Bool
    ) -> [UInt8]? {
        var bits: UInt32 = 0
        var count = 0
        var output: [UInt8] = []
        let mask = UInt32(1) << UInt32(to) - 1
        for value in values {
            bits = (bits << UInt32(from) | UInt32(value)) & 0xfff
            count += from
            while count >= to {
                count -= to
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count) & mask))
            }
        }
        let rest = bits & (UInt32(1) << UInt32(count) - 1)
        if isPadded {
            if count > 0 { output.append(UInt8(truncatingIfNeeded: rest << UInt32(to - count))) }
            return output
        }
        return count < from && rest == 0 ? output : nil
    }
}
