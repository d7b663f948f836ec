internal import FoundationEssentials
internal import Model

/// Any value as YAML: the same keys and values as its JSON.
enum YAMLText {
    static func of(_ value: some Encodable) throws -> String {
        let tree = try JSONDecoder().decode(Tree.self, from: Data(WireCoding.encode(value)))
        return tree.isCollection ? tree.block(indent: 0) : tree.scalar + "\n"
    }

    private indirect enum Tree: Decodable {
        case null, bool(Bool), integer(Int64), number(Double), text(String), list([Tree]), map(
            [(String, Tree)])

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: Key.self) {
                let keys = container.allKeys.sorted { $0.stringValue < $1.stringValue }
                self = .map(try keys.map { ($0.stringValue, try container.decode(Tree.self, forKey: $0)) })
                return
            }
            if var container = try? decoder.unkeyedContainer() {
                var list: [Tree] = []
                while !container.isAtEnd { list.append(try container.decode(Tree.self)) }
                self = .list(list)
                return
            }
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int64.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        var isCollection: Bool {
            switch self {
            case .list(let list): !list.isEmpty
            case .map(let map): !map.isEmpty
            default: false
            }
        }

        var scalar: String {
            switch self {
            case .null: "null"
            case .bool(let value): value ? "true" : "false"
            case .integer(let value): "\(value)"
            case .number(let value): "\(value)"
            case .text(let text): Self.quoted(text)
            case .list: "[]"
            case .map: "{}"
            }
        }

        func block(indent: Int) -> String {
            let margin = String(repeating: " ", count: indent)
            switch self {
            case .list(let list):
                return list.map { item in
                    guard item.isCollection else { return "\(margin)- \(item.scalar)\n" }
                    return "\(margin)- " + item.block(indent: indent + 2).dropFirst(indent + 2)
                }.joined()
            case .map(let map):
                return map.map { key, value in
                    guard value.isCollection else { return "\(margin)\(key): \(value.scalar)\n" }
                    return "\(margin)\(key):\n" + value.block(indent: indent + 2)
                }.joined()
            default: return margin + scalar + "\n"
            }
        }

        /// Double quotes are safe for every string: no plain scalar can be taken for a number, a date or a boolean.
        private static func quoted(_ text: String) -> String {
            var result = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\t": result += "\\t"
                case _
                where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0xFEFF
                    || scalar.value == 0x2028 || scalar.value == 0x2029:
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
    }
}
