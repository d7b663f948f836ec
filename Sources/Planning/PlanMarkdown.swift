public import Model

/// A plan as a comment of a pull request shows it, in GitHub's and GitLab's Markdown.
///
/// What specs and commits say is code or escaped, so that none of it becomes markup.
public enum PlanMarkdown {
    public static func text(_ plan: PlanReport) -> String {
        var text = "### Slipway plan\n\n\(escaped(summary(plan)))\n"
        let shown = plan.apps.filter { $0.change != .none }
        if !shown.isEmpty {
            text += "\n| app | change | started | stopped | kept | capacity never below | downtime |\n"
            text += "|---|---|---|---|---|---|---|\n"
            for app in shown {
                text +=
                    "| `\(app.app)` | \(escaped(headline(app))) | \(app.started) | \(app.stopped) | \(app.kept) "
                text += "| \(app.lowestCapacity) | \(app.hasDowntime ? "**yes**" : "no") |\n"
            }
        }
        for app in shown {
            let details = details(app)
            guard !app.changes.isEmpty || !app.notes.isEmpty || !details.isEmpty else { continue }
            text += "\n<details><summary><code>\(app.app)</code></summary>\n\n"
            text += app.changes.map { "- \(code(change($0)))\n" }.joined()
            text += (details + app.notes).map { "- \(escaped($0))\n" }.joined() + "\n</details>\n"
        }
        if !plan.diagnostics.isEmpty {
            text += "\n**Findings**\n\n"
            for finding in plan.diagnostics {
                text +=
                    "- \(finding.severity.rawValue) \(code(finding.location)): \(escaped(finding.message))\n"
            }
        }
        return text
    }

    /// `3 apps change · 1 removed · blast radius 6 of 14 containers · plan of 4f2c1e9`
    public static func summary(_ plan: PlanReport) -> String {
        let changed = plan.apps.count { $0.change != .none && $0.change != .remove && $0.change != .invalid }
        let removed = plan.apps.count { $0.change == .remove }
        let stopped = plan.apps.reduce(0) { $0 &+ $1.stopped }
        var text =
            changed == 0 && removed == 0
            ? "no change"
            : "\(count(changed, "app")) \(changed == 1 ? "changes" : "change") · \(removed) removed"
        text += " · blast radius \(stopped) of \(count(plan.containersTotal, "container"))"
        // A work tree has no commit; the null id of git stands for it.
        let commit = plan.commit.flatMap { $0.rawValue.contains { $0 != "0" } ? $0 : nil }
        text += " · plan"
        if let id = plan.id { text += " \(id)" }
        text += " of \(commit?.short ?? "this work tree")"
        if plan.brakeHolds {
            text += " · the removals would be held"
            if let commit { text += " until slipway approve \(commit.short)" }
        }
        return text
    }

    /// What is known beyond the changed keys: the image, the time, and what only one app can have.
    public static func details(_ app: PlanReport.AppPlan) -> [String] {
        var lines: [String] = []
        if let image = app.image {
            var line = "image \(image.to)"
            if let digest = image.digest { line += " (sha256:\(digest.short))" }
            switch (image.exists, image.pullBytes) {
            case (false?, _): line += " does not exist"
            case (true?, 0?): line += " is on the host"
            case (true?, let bytes?): line += " exists, \((bytes + 999_999) / 1_000_000) MB to pull"
            case (true?, nil): line += " exists"
            case (nil, _): line += ": \(image.problem ?? "the registry was not asked")"
            }
            lines.append(line)
        }
        if let seconds = app.seconds {
            let time = seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min"
            lines.append("takes about \(time), as simulated")
        }
        for claim in app.claims ?? [] {
            switch claim.change {
            case .gained: lines.append("gains \(claim.claim)")
            case .lost: lines.append("loses \(claim.claim)")
            case .conflict:
                lines.append("\(claim.claim) belongs to \(claim.owner.map { "\($0)" } ?? "another app")")
            }
        }
        return lines
    }

    private static func headline(_ app: PlanReport.AppPlan) -> String {
        switch app.change {
        case .none: "no change"
        case .create: "new → \(release(app.to))"
        case .update: "\(release(app.from)) → \(release(app.to))"
        case .remove: "\(release(app.from)) → removed; volumes are kept"
        case .drift: "drift: what was changed by hand would be put back"
        case .invalid: "the spec is not valid; what runs stays"
        }
    }

    private static func change(_ change: SpecChange) -> String {
        switch (change.old, change.new) {
        case (nil, let new): "+ \(change.keyPath): \(new ?? "")"
        case (let old?, nil): "- \(change.keyPath): \(old)"
        case (let old?, let new?): "~ \(change.keyPath): \(old) → \(new)"
        }
    }

    private static func release(_ number: ReleaseNumber?) -> String { number.map { "\($0)" } ?? "–" }

    private static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// Foreign words, fit to stand in a comment.
    public static func plain(_ text: String) -> String { escaped(text) }

    private static func code(_ text: String) -> String {
        "`" + String(clean(text).map { $0 == "`" ? "'" : $0 }) + "`"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in clean(text) {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\\", "`", "*", "_", "[", "]", "|", "#", "!", "@": result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }

    /// In one line, without controls and what turns the direction of writing or is not seen.
    private static func clean(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A: result += " "
            case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: continue
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
