/// A spec that a program writes: keys in the order in which they are to stand, and nothing checked. `SpecLoader` says
/// what is wrong with it.
public struct SpecDraft: Sendable {
    /// A value in the file.
    public indirect enum Value: Sendable {
        /// Put in quotes where it would be read as something else.
        case text(String)
        /// A number or a boolean.
        case literal(String)
        case list([Value])
        case map([(key: String, value: Value)])

        fileprivate var tree: SpecTree {
            switch self {
            case .text(let text): .text(text)
            case .literal(let text): .literal(text)
            case .list(let items): .list(items.map(\.tree))
            case .map(let entries): .map(entries.map { (key: $0.key, value: $0.value.tree) })
            }
        }
    }
    public private(set) var entries: [(key: String, value: Value)] = []

    public init() {}

    public var isEmpty: Bool { entries.isEmpty }
    public var value: Value { .map(entries) }

    public mutating func add(_ key: String, _ value: Value) { entries.append((key, value)) }

    /// Nothing where `text` is `nil`.
    public mutating func add(_ key: String, text: String?) {
        if let text { add(key, .text(text)) }
    }

    /// Nothing where `number` is `nil`.
    public mutating func add(_ key: String, number: Int?) {
        if let number { add(key, .literal("\(number)")) }
    }

    /// Nothing where `words` is empty.
    public mutating func add(_ key: String, words: [String]) {
        if !words.isEmpty { add(key, .list(words.map { .text($0) })) }
    }

    /// Nothing where `map` is empty.
    public mutating func add(_ key: String, map: [(key: String, value: Value)]) {
        if !map.isEmpty { add(key, .map(map)) }
    }

    /// The file's text.
    public func yaml() -> String { YAMLWriter.text(value.tree) }
}
