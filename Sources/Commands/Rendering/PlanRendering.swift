internal import Model

/// `slipway plan`, for people and for a pull request.
enum PlanRendering {
    /// - Parameter isWide: every key of a new app, not its image only.
    static func lines(_ plan: PlanReport, style: TextStyle, isWide: Bool = false) -> [Line] {
        var lines: [Line] = []
        let width = plan.apps.map(\.app.rawValue.count).max() ?? 0
        let indent = String(repeating: " ", count: width + 2)
        for app in plan.apps {
            let name = app.app.rawValue + String(repeating: " ", count: width - app.app.rawValue.count + 2)
            lines.append(Line(name, .strong) + headline(app))
            let changes =
                app.change == .create && !isWide ? app.changes.filter { $0.keyPath == "image" } : app.changes
            lines += changes.map { Line(String(indent.dropLast(2))) + ReportRendering.change($0) }
            lines += app.notes.map { Line(indent + $0, .faint) }
            if app.started > 0 || app.stopped > 0 { lines.append(Line(indent + effort(app))) }
        }
        for finding in plan.diagnostics {
            lines.append(
                Line(
                    "\(finding.location): \(finding.severity.rawValue): ",
                    finding.severity == .error ? .bad : .held)
                    + Line(finding.message))
        }
        return lines + [Line(summary(plan), .strong)]
    }

    static func hasErrors(_ plan: PlanReport) -> Bool {
        plan.diagnostics.contains { $0.severity == .error } || plan.apps.contains { $0.change == .invalid }
    }

    static func hasChanges(_ plan: PlanReport) -> Bool { plan.apps.contains { $0.change != .none } }

    /// 0 without a change, 2 with changes, 1 with a spec that is not valid.
    static func exitCode(_ plan: PlanReport) -> Int32 { hasErrors(plan) ? 1 : hasChanges(plan) ? 2 : 0 }

    private static func headline(_ app: PlanReport.AppPlan) -> Line {
        switch app.change {
        case .none: Line("no change", .faint)
        case .create: Line("new → \(Phrases.release(app.to))", .good)
        case .update: Line("\(Phrases.release(app.from)) → \(Phrases.release(app.to))", .busy)
        case .remove: Line("\(Phrases.release(app.from)) → removed; volumes are kept", .bad)
        case .drift: Line("drift: what was changed by hand would be put back", .held)
        case .invalid: Line("the spec is not valid; what runs stays", .bad)
        }
    }

    private static func effort(_ app: PlanReport.AppPlan) -> String {
        let count = Phrases.count(app.started, "container")
        let text = "\(count) started, \(app.stopped) stopped, \(app.kept) kept"
        // What is new has no capacity to lose, and what goes is meant to.
        let isNoted = app.notes.contains { $0.contains("capacity never below") }
        guard app.change != .create, app.change != .remove, !isNoted else { return text }
        return text
            + ", capacity never below \(app.lowestCapacity); \(app.hasDowntime ? "with" : "no") downtime"
    }

    private static func summary(_ plan: PlanReport) -> String {
        let changed = plan.apps.count { $0.change != .none && $0.change != .remove && $0.change != .invalid }
        let removed = plan.apps.count { $0.change == .remove }
        let stopped = plan.apps.reduce(0) { $0 &+ $1.stopped }
        var text =
            changed == 0 && removed == 0
            ? "no change"
            : "\(Phrases.count(changed, "app")) \(changed == 1 ? "changes" : "change") · \(removed) removed"
        text += " · blast radius \(stopped) of \(Phrases.count(plan.containersTotal, "container"))"
        // A work tree has no commit; the null id of git stands for it.
        let commit = plan.commit.flatMap { $0.rawValue.contains { $0 != "0" } ? $0 : nil }
        text += " · plan of \(commit?.short ?? "this work tree")"
        if plan.brakeHolds {
            text += " · the removals would be held"
            if let commit { text += " until slipway approve \(commit.short)" }
        }
        return text
    }

    /// GitHub's and GitLab's Markdown; what specs and commits say is code, so that none of it becomes markup.
    static func markdown(_ plan: PlanReport) -> String {
        var text = "### Slipway plan\n\n\(escaped(summary(plan)))\n"
        let shown = plan.apps.filter { $0.change != .none }
        if !shown.isEmpty {
            text += "\n| app | change | started | stopped | kept | capacity never below | downtime |\n"
            text += "|---|---|---|---|---|---|---|\n"
            for app in shown {
                text +=
                    "| `\(app.app)` | \(escaped(plain(headline(app)))) | \(app.started) | \(app.stopped) | \(app.kept) "
                text += "| \(app.lowestCapacity) | \(app.hasDowntime ? "**yes**" : "no") |\n"
            }
        }
        for app in shown where !app.changes.isEmpty || !app.notes.isEmpty {
            text += "\n<details><summary><code>\(app.app)</code></summary>\n\n"
            text += app.changes.map { "- \(code(plain(ReportRendering.change($0))))\n" }.joined()
            text += app.notes.map { "- \(escaped($0))\n" }.joined() + "\n</details>\n"
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

    private static let unicode = TextStyle(isUnicode: true, hasColour: false, width: nil)

    private static func plain(_ line: Line) -> String {
        String(line.text(unicode).drop { $0 == " " })
    }

    private static func code(_ text: String) -> String {
        "`" + String(unicode.clean(text).map { $0 == "`" ? "'" : $0 }) + "`"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in unicode.clean(text) {
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
}
