internal import Model
internal import Planning

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
            lines += (PlanMarkdown.details(app) + app.notes).map { Line(indent + $0, .faint) }
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

    private static func summary(_ plan: PlanReport) -> String { PlanMarkdown.summary(plan) }

    static func markdown(_ plan: PlanReport) -> String { PlanMarkdown.text(plan) }
}
