/// Numbers that look like chance and follow from a seed: SplitMix64, one stream for each concern, so that what one
/// concern draws does not disturb another.
public struct Chance: Sendable {
    private var state: UInt64
    private var isSteady = false

    /// - Parameter concern: what the numbers are for; each has a stream of its own.
    public init(seed: UInt64, concern: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in concern.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        state = Self.mix(seed &+ 0x9e37_79b9_7f4a_7c15) ^ hash
        _ = next()
    }

    /// Chance that always draws the least: what a script says is not to vary.
    static var steady: Chance {
        var chance = Chance(seed: 0, concern: "")
        chance.isSteady = true
        return chance
    }

    public mutating func next() -> UInt64 {
        if isSteady { return 0 }
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// From 0 to `count - 1`; 0 where `count` is less than 2. Always draws once.
    public mutating func below(_ count: Int) -> Int {
        let drawn = next()
        guard count > 1 else { return 0 }
        return Int(drawn % UInt64(count))
    }

    /// From `low` to `high`, both included.
    public mutating func between(_ low: Int, _ high: Int) -> Int { low + below(high - low + 1) }

    /// `true` in `percent` of a hundred cases.
    public mutating func happens(_ percent: Int) -> Bool { below(100) < percent }

    public mutating func pick<Element>(_ elements: [Element]) -> Element? {
        let index = below(elements.count)
        return elements.isEmpty ? nil : elements[index]
    }

    /// `common` unless chance has it otherwise: then one of `others`.
    public mutating func mostly<Element>(_ common: Element, _ percent: Int, or others: [Element]) -> Element {
        let isCommon = happens(percent)
        return isCommon ? common : pick(others) ?? common
    }

    /// A time from `low` to `high` milliseconds, with nanoseconds that no two draws share by design.
    public mutating func milliseconds(_ low: Int, _ high: Int) -> Int64 {
        Int64(between(low, high)) * 1_000_000 + Int64(below(1_000_000))
    }
}
