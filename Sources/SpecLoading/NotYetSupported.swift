/// The one place that knows which keys are understood but not acted on by this version.
///
/// A version that brings one to life deletes its line here.
enum NotYetSupported {
    /// By the path in the table of keys: what the key is for.
    private static let keys: [String: String] = [
        "domains": "routes from host names",
        "processes.*.domains": "routes from host names",
        "secrets": "secrets",
        "release": "release commands",
        "cron": "cron jobs",
        "autoscaling": "autoscaling",
        "placement": "placement on nodes",
        "processes.*.placement": "placement on nodes",
        "deploy.steps": "canary steps",
        "deploy.bake": "canary steps",
        "deploy.analysis": "analysis of canaries",
        "addons": "addons"
    ]

    /// By the path in the table of keys and the value: what it asks for.
    private static let values: [String: [String: String]] = [
        "deploy.strategy": ["canary": "canary rollouts", "blue_green": "blue-green rollouts"],
        "deploy.approval": ["before_deploy": "approvals", "before_promote": "approvals"],
        "reversible": ["false": "holding a failed release for a person"]
    ]

    /// A sentence for the key at `pattern` with `value` if this version does not act on it, else `nil`.
    static func sentence(for pattern: String, named name: String, value: YAMLNode) -> String? {
        if let feature = keys[pattern] {
            return "`\(name)` is not acted on by this version of Slipway, which does not know \(feature) yet;"
                + " remove the key for now"
        }
        guard let refused = values[pattern], case .scalar(let text, _) = value.content else { return nil }
        guard let feature = refused[text.lowercased()] else { return nil }
        return
            "`\(name): \(text)` is not acted on by this version of Slipway, which does not know \(feature) yet;"
            + " remove the key for now"
    }
}
