/// The names of the time zones that a machine knows, such as `Europe/Berlin`.
public struct ZoneNames: Hashable, Sendable {
    /// In their order.
    public let all: [String]
    private let known: Set<String>

    public init(_ names: some Sequence<String>) {
        known = Set(names)
        all = known.sorted()
    }

    public func contains(_ name: String) -> Bool { known.contains(name) }
}
