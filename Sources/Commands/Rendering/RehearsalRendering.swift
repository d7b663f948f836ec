internal import Model
internal import Simulation

/// The timelines of `slipway simulate`.
struct RehearsalRendering {
    var style: TextStyle
    /// All scenarios but the good one are told in short.
    var isShort: Bool

    func lines(_ report: RehearsalReport) -> [Line] {
        var lines = [headline(report), Line("  " + Self.subject(report), .faint)]
        lines += report.notes.map { Line("  \($0)", .faint) }
        for record in report.scenarios { lines += [Line()] + scenario(record) }
        lines += [Line(), Line("Assumed:", .faint)]
        let edge =
            report.scenarios.contains(where: \.hasEdge)
            ? "there is an edge, for specs name domains (an installation without one refuses them); for their apps NEW is a"
                + " share of the requests"
            : "there is no edge, for no spec names a domain: NEW is a share of the ready instances"
        lines.append(Line("  " + edge, .faint))
        return lines + report.assumptions.map { Line("  \($0)", .faint) }
    }

    // MARK: The whole

    private func headline(_ report: RehearsalReport) -> Line {
        guard let first = report.scenarios.first else { return Line("◌ nothing was simulated", .held) }
        let errors = first.diagnostics.count { $0.severity == .error }
        if errors > 0 { return Line("✗ \(Phrases.count(errors, "error")) in the specs", .bad) }
        let changed = first.apps.filter { $0.change != .none }
        if changed.isEmpty { return Line("● no app changes", .good) }
        let verb = changed.count == 1 ? "changes" : "change"
        let count = "\(Phrases.count(changed.count, "app")) \(verb)"
        guard first.scenario == .good else { return Line("⟳ \(count)", .busy) }
        let open = changed.filter { !Self.isDone($0) }
        guard open.isEmpty, first.isSettled else {
            return Line("॥ \(count), not in full: \(Self.names(open.isEmpty ? changed : open))", .held)
        }
        let end = changed.compactMap(\.durationMilliseconds).max() ?? 0
        let downs = changed.filter { !$0.downtimes.isEmpty }
        let down = downs.isEmpty ? "no downtime" : "with a downtime of \(Self.names(downs))"
        return Line("● \(count), all within \(Self.time(end)), \(down)", downs.isEmpty ? .good : .held)
    }

    private static func names(_ apps: [RehearsalRecord.App]) -> String {
        apps.map(\.app.rawValue).joined(separator: ", ")
    }

    private static func isDone(_ app: RehearsalRecord.App) -> Bool {
        app.verdict == .converged || app.verdict == nil && app.change == .remove
    }

    private static func subject(_ report: RehearsalReport) -> String {
        let before = report.base.map { "\($0.id.short) \"\($0.subject)\"" } ?? "nothing"
        let isDisk = report.commit.id.rawValue.allSatisfy { $0 == "0" }
        let head = isDisk ? report.commit.subject : "\(report.commit.id.short) \"\(report.commit.subject)\""
        return "\(head), after \(before)"
    }

    // MARK: One scenario

    private func scenario(_ record: RehearsalRecord) -> [Line] {
        let isBrief = isShort && record.scenario != .good
        var lines = [Line(record.scenario.rawValue, .strong) + Line("  " + Self.meaning(record.scenario))]
        if !record.unsettledBefore.isEmpty, record.scenario == .good || !isShort {
            let names = record.unsettledBefore.map(\.rawValue).joined(separator: ", ")
            lines.append(Line("  not converged before the commit: \(names)", .held))
        }
        lines += (isBrief ? [] : record.diagnostics).map { finding in
            let tone: Tone = finding.severity == .error ? .bad : .held
            return Line("  \(finding.severity.rawValue) \(finding.location): \(finding.message)", tone)
        }
        lines += record.moments.map { moment in
            Line("  \(Self.time(moment.atMilliseconds))  \(moment.text)", .held)
        }
        for app in record.apps where !isBrief || app.to != nil || !app.downtimes.isEmpty {
            lines += self.app(app, isBrief: isBrief)
        }
        if lines.count == 1 { lines.append(Line("  nothing happens", .faint)) }
        if record.untouched > 0, !isBrief {
            let verb = record.untouched == 1 ? "is" : "are"
            lines.append(Line("  \(Phrases.count(record.untouched, "other app")) \(verb) left alone", .faint))
        }
        if !record.isSettled {
            lines.append(
                Line("  something is still under way, and for a long time nothing more happens to it", .bad))
        }
        return lines
    }

    private static func meaning(_ scenario: RehearsalScenario) -> String {
        switch scenario {
        case .good: "every new release is healthy"
        case .bad: "no new release becomes healthy, or where an analysis looks at answers, they are errors"
        case .registry: "the registry is away for \(Rehearsal.registryAway) when the commit arrives"
        case .host: "the host reboots in the middle, and is away for \(Rehearsal.hostAway)"
        }
    }

    private func app(_ app: RehearsalRecord.App, isBrief: Bool) -> [Line] {
        var lines = isBrief ? [] : [Line()]
        lines.append(title(app))
        let kept: Set<RehearsalRecord.Moment.Kind> = [
            .rollout, .failed, .restored, .succeeded, .held, .waiting, .question
        ]
        let moments = isBrief ? app.moments.filter { kept.contains($0.kind) } : app.moments
        let hasShare = app.moments.contains { $0.newPercent != nil }
        var table = Table(hasShare ? ["  TIME", "READY", "NEW", "WHAT"] : ["  TIME", "READY", "WHAT"])
        var last = ""
        for moment in moments {
            let time = Self.time(moment.atMilliseconds)
            var row = [Line(time == last ? "" : "  " + time), Line(Self.capacity(moment.ready))]
            if hasShare { row.append(Line(moment.newPercent.map { "\($0) %" } ?? "")) }
            last = time
            table.rows.append(row + [Line(moment.text, Self.tone(moment.kind))])
        }
        if !moments.isEmpty { lines += table.lines(style).dropFirst(isBrief ? 1 : 0) }
        return lines + summary(app).map { Line("  ") + $0 }
    }

    private func title(_ app: RehearsalRecord.App) -> Line {
        let words: String
        switch app.change {
        case .none: words = "stays as it is"
        case .create: words = "\(Phrases.release(app.to)), new"
        case .update:
            words = app.to == nil ? "changes" : "\(Phrases.release(app.from)) → \(Phrases.release(app.to))"
        case .remove: words = "is gone from git"
        case .invalid: words = "its spec is not valid"
        }
        let strategy = app.strategy.map { ", " + Phrases.words($0.rawValue) } ?? ""
        return Line(app.app.rawValue, .strong) + Line("  " + words + (app.change == .update ? strategy : ""))
    }

    // MARK: Pieces

    private func summary(_ app: RehearsalRecord.App) -> [Line] {
        var lines = [verdict(app)]
        var parts: [String] = []
        let lowest = app.processes.filter { ($0.lowest ?? 0) > 0 && $0.want > 0 }
        if !lowest.isEmpty {
            let isOne = app.processes.count == 1
            let each = lowest.map { "\(isOne ? "" : "\($0.name) ")\($0.lowest ?? 0) of \($0.want)" }
            parts.append("never fewer than \(each.joined(separator: ", ")) ready")
        }
        if app.started + app.stopped > 0 {
            parts.append("containers: \(app.started) started, \(app.stopped) stopped, \(app.kept) kept")
        }
        if app.questions > 0 {
            parts.append("a person is asked \(app.questions == 1 ? "once" : "\(app.questions) times")")
        }
        if !parts.isEmpty { lines.append(Line(parts.joined(separator: " · "), .faint)) }
        for down in app.downtimes {
            let length = down.lengthMilliseconds.map { "for \(Self.time($0))" } ?? "until the end"
            lines.append(
                Line(
                    "\(down.process) is down from \(Self.time(down.fromMilliseconds)) \(length): \(down.reason)",
                    .bad))
        }
        return lines + app.notes.map { Line($0, .held) }
    }

    private func verdict(_ app: RehearsalRecord.App) -> Line {
        let end = app.durationMilliseconds.map { " after \(Self.time($0))" } ?? ""
        switch (app.outcome, app.verdict) {
        case (.rolledBack, _):
            let noticed = app.noticedAtMilliseconds.map { "noticed after \(Self.time($0)), " } ?? ""
            return Line("✗ \(noticed)the last good release is back in full\(end)", .bad)
        case (_, nil) where app.change == .remove: return Line("● removed\(end); volumes are kept", .good)
        case (.succeeded, .converged): return Line("● deployed\(end)", .good)
        case (_, .converged): return Line("● converged", .good)
        default:
            let verdict = app.verdict ?? .unknown
            let because = app.because.first.map { ": \($0.message)" } ?? ""
            return Line(
                "\(Phrases.glyph(verdict)) \(Phrases.words(verdict.rawValue))\(because)",
                Phrases.tone(verdict))
        }
    }

    private static func capacity(_ ready: [RehearsalRecord.Ready]) -> String {
        guard ready.count > 1 else { return ready.first.map { "\($0.ready)/\($0.want)" } ?? "" }
        return ready.map { "\($0.process) \($0.ready)/\($0.want)" }.joined(separator: " ")
    }

    private static func tone(_ kind: RehearsalRecord.Moment.Kind) -> Tone {
        switch kind {
        case .failed, .trouble: .bad
        case .question, .waiting, .held, .installation: .held
        case .succeeded, .restored: .good
        case .rollout, .step: .busy
        case .commit, .image, .command, .start, .ready, .proven, .bake, .weight, .stop, .removed, .kept:
            .plain
        }
    }

    /// Tenths of a second below a minute: `5.1s`, `1m 12s`.
    static func time(_ milliseconds: Int64) -> String {
        guard milliseconds < 60_000 else { return Phrases.span(milliseconds / 1_000) }
        let tenths = (max(0, milliseconds) + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
    }
}
