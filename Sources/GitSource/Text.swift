/// Foreign text made fit for messages, tables and logs.
enum Text {
    /// `text` in one line without control, direction and invisible characters, cut at `limit` characters.
    static func printable(_ text: String, limit: Int) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            result.unicodeScalars.append(isHidden(scalar) ? " " : scalar)
        }
        return result
    }

    /// The name of a tree entry as people can read and tell it: what cannot be shown is written as `\x1b`.
    static func shown(_ bytes: some Collection<UInt8>) -> String {
        var result = ""
        for scalar in String(decoding: bytes.prefix(512), as: UTF8.self).unicodeScalars {
            if isHidden(scalar) {
                result += scalar.value < 0x100 ? "\\x" : "\\u"
                let hex = String(scalar.value, radix: 16)
                result +=
                    String(repeating: "0", count: max(0, (scalar.value < 0x100 ? 2 : 4) - hex.count)) + hex
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return bytes.count > 512 ? result + "…" : result
    }

    /// Control characters, and those that change how the text around them looks without being seen.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
        default: false
        }
    }
}
