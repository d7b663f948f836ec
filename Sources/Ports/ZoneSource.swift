public import Model

/// Where the rules of time zones come from. Its answers may change while the controller runs, as the data is upgraded.
public protocol ZoneSource: Sendable {
    /// The zones that there are; `nil`: nobody knows, as their data is not installed.
    func names() -> ZoneNames?
    /// - Throws: an error whose description says why the zone's rules cannot be had.
    func rules(of zone: String) throws -> ZoneRules
}

/// Knows no zone, so that nothing is run by the clock.
public struct NoZones: ZoneSource {
    public init() {}
    public func names() -> ZoneNames? { nil }
    public func rules(of zone: String) throws -> ZoneRules { throw UTCOnly.UnknownZone(name: zone) }
}

/// Knows UTC alone.
public struct UTCOnly: ZoneSource {
    public init() {}
    public func names() -> ZoneNames? { nil }
    public func rules(of zone: String) throws -> ZoneRules {
        guard zone == ZoneRules.utc.name else { throw UnknownZone(name: zone) }
        return .utc
    }

    struct UnknownZone: Error, CustomStringConvertible {
        var name: String
        var description: String { "only UTC is known here" }
    }
}
