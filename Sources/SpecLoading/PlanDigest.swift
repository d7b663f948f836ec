public import Model

/// The name of a plan: equal where the same would happen, from the same commits, against the same live state.
public enum PlanDigest {
    private struct Content: Encodable {
        var base: CommitID?
        var head: CommitID?
        var changes: [String: String]
        var generation: [String: String]
    }

    /// - Parameters:
    ///   - changes: what would happen to each app that changes.
    ///   - generation: what each of these apps runs now.
    /// - Returns: 12 hex digits.
    public static func id(
        base: CommitID?, head: CommitID?, changes: [AppName: String], generation: [AppName: String]
    ) -> String {
        func plain(_ map: [AppName: String]) -> [String: String] {
            Dictionary(uniqueKeysWithValues: map.map { ($0.key.rawValue, $0.value) })
        }
        let content = Content(base: base, head: head, changes: plain(changes), generation: plain(generation))
        return CanonicalDigest.of(content, version: "slipway-plan-1").short
    }
}
