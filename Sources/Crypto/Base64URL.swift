/// Base64 for addresses and tokens (RFC 4648, section 5), without padding: that of section 4 with two other characters.
public enum Base64URL {
    public static func encode(_ bytes: [UInt8]) -> String {
        let plain = Base64.encode(bytes, isPadded: false)
        return String(plain.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// `nil` for any other character, padding as well, and for bits that stand for nothing: one text for one value.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") }) else { return nil }
        let plain = text.utf8.map { character in
            switch character {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: character
            }
        }
        return Base64.decode(plain, isPadded: false)
    }
}
