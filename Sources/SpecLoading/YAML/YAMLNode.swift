/// A value of a YAML document with the place it stands at. The depth is bounded by `YAMLBudget.depth`, so code may
/// recurse over it.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        /// `isPlain`: without quotes, so that `8080` is a number and `true` a boolean.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// Something that was refused when it was read; the finding is made already.
        case refused
    }
    var content: Content
    let mark: SourceMark

    /// What a value is called in a sentence.
    var kindName: String {
        switch content {
        case .scalar(let text, let isPlain):
            isNull ? "nothing" : "\(isPlain ? "" : "the text ")`\(Printable.text(text))`"
        case .sequence: "a list"
        case .mapping: "a map"
        case .refused: "something else"
        }
    }

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return PlainScalar.kind(of: text) == .null
    }

    var entries: [YAMLEntry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    /// The value of a key of a map.
    subscript(key: String) -> YAMLNode? { entries?.first { $0.key == key }?.value }
}

struct YAMLEntry: Sendable {
    let key: String
    let keyMark: SourceMark
    var value: YAMLNode
}

/// What may stand in one file. All of it is checked before memory is spent on it.
enum YAMLBudget {
    static let bytes = 1 << 20
    static let documents = 200
    static let nodes = 20_000
    static let depth = 32
    static let scalarInBytes = 64 << 10
}

/// What an unquoted scalar means, by the core schema of YAML 1.2 (so `no` and `on` are text).
enum PlainScalar: Equatable {
    case null, boolean, integer, float, text

    static func kind(of text: String) -> PlainScalar {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        default: break
        }
        guard let first = text.utf8.first, text.utf8.count <= 512 else { return .text }
        let isCandidate =
            isDigit(first) || first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
            || first == UInt8(ascii: ".")
        return isCandidate ? number(Array(text.utf8)) : .text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func number(_ bytes: [UInt8]) -> PlainScalar {
        let text = String(decoding: bytes, as: UTF8.self)
        if text.hasPrefix("0x") || text.hasPrefix("0o") {
            let radix = text.hasPrefix("0x") ? 16 : 8
            let digits = text.dropFirst(2)
            let isNumber =
                !digits.isEmpty
                && digits.utf8.allSatisfy {
                    isDigit($0) || Int(String(UnicodeScalar($0)), radix: radix) != nil
                }
            return isNumber ? .integer : .text
        }
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let word = String(decoding: rest, as: UTF8.self)
        if word == ".inf" || word == ".Inf" || word == ".INF" { return .float }
        if text == ".nan" || text == ".NaN" || text == ".NAN" { return .float }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.isEmpty { return whole.isEmpty ? .text : .integer }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit)
            guard !whole.isEmpty || !fraction.isEmpty else { return .text }
            rest = rest.dropFirst(fraction.count)
        } else if whole.isEmpty {
            return .text
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            let exponent = rest.prefix(while: isDigit)
            guard !exponent.isEmpty else { return .text }
            rest = rest.dropFirst(exponent.count)
        }
        return rest.isEmpty ? .float : .text
    }
}
