/// A version of the engine's API such as `1.41`.
struct APIVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...4).contains($0.utf8.count) }),
            let major = Int(parts[0]), let minor = Int(parts[1]), major >= 0, minor >= 0
        else { return nil }
        self.init(major, minor)
    }

    /// What this adapter has been written for; an older engine answers in its own version.
    static let newest = APIVersion(1, 51)
    /// Docker 20.10. What is older has other answers than those decoded here.
    static let oldest = APIVersion(1, 41)

    static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
    var description: String { "\(major).\(minor)" }

    /// The version to speak with an engine that knows `lowest` to `highest`, or why there is none.
    static func agree(lowest: APIVersion, highest: APIVersion) -> Result<APIVersion, Disagreement> {
        let version = min(newest, highest)
        if version < oldest {
            return .failure(
                Disagreement(
                    reason:
                        "the engine speaks API \(highest) at most, and Slipway needs \(oldest): update the engine"
                ))
        }
        if version < lowest {
            return .failure(
                Disagreement(
                    reason:
                        "the engine speaks API \(lowest) at least, and this Slipway \(newest) at most: update "
                        + "Slipway, or lower min-api-version in the engine's daemon.json"))
        }
        return .success(version)
    }

    struct Disagreement: Error { var reason: String }
}
