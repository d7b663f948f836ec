/// The reference of all keys, as `docs/spec.md` has it.
public enum SpecReference {
    /// Markdown tables, one for each part of the spec.
    public static func markdown() -> String {
        sections.map { section in
            let keys = SpecKeys.all.filter { section.parents($0) }
            let rows = keys.map {
                "| `\($0.path.replacingStars())` | \($0.type.displayName) | \(meaning(of: $0)) |"
            }
            return
                "### \(section.title)\n\n| key | value | meaning |\n|---|---|---|\n\(rows.joined(separator: "\n"))\n"
        }.joined(separator: "\n")
    }

    private static let sections: [(title: String, parents: @Sendable (SpecKey) -> Bool)] = [
        (
            "The app",
            {
                $0.parent.isEmpty && !SpecKeys.shorthandNames.contains($0.name)
                    || $0.path.hasPrefix("volumes.")
            }
        ),
        ("A process", { $0.path.hasPrefix("processes.") }),
        ("The rollout", { $0.path.hasPrefix("deploy.") }),
        (
            "Release command, cron, autoscaling",
            { key in
                ["release.", "cron[].", "autoscaling."].contains(where: key.path.hasPrefix)
            }
        )
    ]

    private static func meaning(of key: SpecKey) -> String {
        var text = key.description
        if key.isRequired { text += " Required." }
        if let value = key.defaultText { text += " Default: \(value)." }
        if key.since == "later" { text += " *Not acted on yet.*" }
        if key.since == "edge" { text += " *Needs an edge: `edge` in the configuration of the controller.*" }
        return text.replacingPipes()
    }
}

extension String {
    fileprivate func replacingPipes() -> String {
        split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
