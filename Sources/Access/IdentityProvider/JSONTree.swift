internal import FoundationEssentials

/// Any JSON, as far as claims and keys need it. The decoder below it bounds the depth.
enum JSONTree: Decodable, Sendable, Hashable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([JSONTree])
    case map([String: JSONTree])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONTree].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: JSONTree].self))
        }
    }

    /// The members of an object; `nil`: the bytes are no JSON object.
    static func members(_ bytes: [UInt8]) -> [String: JSONTree]? {
        guard case .map(let map)? = try? JSONDecoder().decode(JSONTree.self, from: Data(bytes)) else {
            return nil
        }
        return map
    }

    var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }

    /// A text by itself, or the texts of a list.
    var texts: [String] {
        switch self {
        case .text(let text): [text]
        case .list(let items): items.compactMap(\.text)
        default: []
        }
    }

    /// Whole seconds; a fraction is cut off, and what no clock shows is `nil`.
    var seconds: Int64? {
        guard case .number(let number) = self, number.isFinite, abs(number) < 1e15 else { return nil }
        return Int64(number)
    }
}
