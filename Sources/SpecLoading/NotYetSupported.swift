/// The one place that knows which keys are understood but not acted on, by this version or without an edge.
///
/// A version that brings one to life deletes its line here.
enum NotYetSupported {
    /// By the path in the table of keys: what the key is for.
    private static let keys: [String: String] = [
        "autoscaling": "autoscaling",
        "placement": "placement on nodes",
        "processes.*.placement": "placement on nodes",
        "addons": "addons"
    ]

    /// By the path in the table of keys: what the key asks of the edge.
    private static let edgeKeys: [String: String] = [
        "domains": "to send requests for a host name to its instances",
        "processes.*.domains": "to send requests for a host name to its instances",
        "edge": "to treat requests as it says",
        "processes.*.edge": "to treat requests as it says",
        "deploy.canary_match": "to look at requests",
        "deploy.preview": "to send requests for a host name to the new release",
        "deploy.analysis[].metric": "to count requests and their answers"
    ]

    /// A sentence for the key at `pattern` if it is not acted on, else `nil`.
    static func sentence(for pattern: String, named name: String, hasEdge: Bool) -> String? {
        if let feature = keys[pattern] {
            return "`\(name)` is not acted on by this version of Slipway, which does not know \(feature) yet;"
                + " remove the key for now"
        }
        guard !hasEdge, let work = edgeKeys[pattern] else { return nil }
        return "`\(name)` is not acted on: it takes an edge \(work), and this controller has no edge yet;"
            + " set `edge` in its configuration, or remove the key for now"
    }
}
