internal import Model

/// `slipway status APP` and `slipway why APP`.
enum AppRendering {
    static func lines(_ app: AppStatus, now: WallTime?, style: TextStyle) -> [Line] {
        let summary = AppSummary(app: app)
        var lines = [headline(app)]
        lines += app.because.map { Line("  ") + BlockerRendering.line($0) }
        let isExplained = !app.because.isEmpty || app.diagnostics.contains { $0.severity == .error }
        if !isExplained, !summary.because.isEmpty { lines.append(Line("  because: \(summary.because)")) }
        lines += app.diagnostics.map(diagnostic)
        if let wanted = app.wanted, !summary.isWantedRunning {
            lines += release(wanted, app: app, role: "wanted", now: now)
        }
        if let running = app.running {
            let role = summary.isWantedRunning ? "runs as wanted" : "last good"
            lines += release(running, app: app, role: role, now: now)
        }
        let shown = [app.wanted?.number, app.running?.number]
        for number in Set(app.instances.map(\.release)).sorted(by: >) where !shown.contains(number) {
            lines.append(Line("  \(number)", .strong) + Line("  on its way out", .faint))
            lines += processes(of: number, app: app)
        }
        if app.wanted == nil, app.running == nil, app.instances.isEmpty { lines.append("  nothing runs") }
        if let next = next(app) { lines.append(next) }
        if let back = wayBack(app) { lines.append(back) }
        return lines
    }

    static func why(_ app: AppStatus) -> [Line] {
        let summary = AppSummary(app: app)
        var lines = [headline(app)]
        if let wanted = app.wanted {
            lines.append(
                "  wanted   \(Phrases.release(wanted.number))  \(Phrases.commit(wanted.commit, now: nil))")
        } else {
            lines.append("  wanted   nothing")
        }
        if let running = app.running {
            lines.append(
                "  running  \(Phrases.release(running.number))  \(Phrases.commit(running.commit, now: nil))")
        } else {
            lines.append("  running  nothing that is proven")
        }
        for (index, blocker) in app.because.enumerated() {
            lines.append(Line("  \(index + 1). ") + BlockerRendering.line(blocker))
        }
        if app.because.isEmpty, !app.diagnostics.contains(where: { $0.severity == .error }) {
            lines.append(
                "  \(summary.because.isEmpty ? "nothing is in the way" : "because: \(summary.because)")")
        }
        for instance in app.instances where !instance.message.isEmpty {
            lines.append(Line("  \(instance.name): ", .faint) + Line(instance.message))
        }
        return lines + app.diagnostics.map(diagnostic)
    }

    private static func headline(_ app: AppStatus) -> Line {
        let summary = AppSummary(app: app)
        // The weight says it in full.
        let state = summary.state(withShare: app.rollout?.weightPercent == nil)
        var line = Line(app.name.rawValue, .strong) + Line("  ") + state
        if let rollout = app.rollout {
            line = line + Line(", step \(rollout.step) of \(rollout.steps)")
            if let weight = rollout.weightPercent {
                line = line + Line(", weight \(weight)%")
                if rollout.weightKind == .instances {
                    line = line + Line(" (share of instances; no edge)", .faint)
                }
            }
            if let deadline = rollout.deadlineInSeconds {
                line = line + Line("  fails in \(Phrases.span(deadline)) without progress", .faint)
            }
        }
        return line + Line("  for \(Phrases.span(app.sinceSeconds))", .faint)
    }

    private static func diagnostic(_ diagnostic: Diagnostic) -> Line {
        Line("  \(diagnostic.location): ", diagnostic.severity == .error ? .bad : .held)
            + Line(diagnostic.message)
    }

    private static func release(
        _ release: ReleaseStatus, app: AppStatus, role: String, now: WallTime?
    ) -> [Line] {
        let name = release.number.map { "\($0)" } ?? "(no number yet)"
        var lines = [
            Line("  \(name)", .strong) + Line("  \(Phrases.commit(release.commit, now: now))")
                + Line("  \(role)", .faint),
            Line("      \(release.image)" + (release.digest.map { " @ \($0.short)" } ?? ""), .faint)
        ]
        if let number = release.number { lines += processes(of: number, app: app) }
        return lines
    }

    private static func processes(of release: ReleaseNumber, app: AppStatus) -> [Line] {
        let instances = app.instances.filter { $0.release == release }
        var lines: [Line] = []
        let names = app.processes.map(\.name) + Set(instances.map(\.process)).sorted()
        var seen: Set<ProcessName> = []
        for name in names where seen.insert(name).inserted {
            let own = instances.filter { $0.process == name }
            let want = app.processes.first { $0.name == name }?.want
            guard !own.isEmpty || (release == app.wanted?.number && (want ?? 0) > 0) else { continue }
            let ready = own.count { $0.health == "ready" }
            let share = release == app.wanted?.number ? want ?? own.count : own.count
            lines.append(
                Line("   └ \(name)", .strong) + Line("  \(ready)/\(share) ready")
                    + traffic(of: release, name, app))
            lines += own.sorted { $0.name < $1.name }.map(instance)
        }
        return lines
    }

    /// `  24.6 % of 1200 requests, 0.02 % errors, p95 41ms`
    private static func traffic(of release: ReleaseNumber, _ process: ProcessName, _ app: AppStatus) -> Line {
        let found = app.traffic?.first { $0.process == process && $0.release == release }
        guard let found else { return Line("") }
        guard let share = found.measuredWeight, found.requests > 0 else {
            return Line("  weight \(Phrases.percent(found.weight)), no requests", .faint)
        }
        let seconds = "\(found.requests) requests in \(Phrases.span(found.windowInSeconds))"
        let rate = Phrases.percent(Int(found.errors * 10_000 / max(1, found.requests)))
        let line =
            Line("  weight \(Phrases.percent(found.weight))")
            + Line(" (measured \(Phrases.percent(share)) of \(seconds))", .faint)
            + Line("  errors \(rate)", found.errors > 0 ? .bad : .faint)
        return found.p95InMilliseconds.map { line + Line("  p95 \(TimeSpan.milliseconds($0))") } ?? line
    }

    private static func instance(_ instance: InstanceStatus) -> Line {
        let (glyph, tone): (String, Tone) =
            switch instance.health {
            case "ready": ("✔", .good)
            case "unhealthy": ("✗", .bad)
            default: ("◌", .busy)
            }
        let health = instance.state == "running" ? instance.health : instance.state
        var line = Line("      └ \(instance.name)  ") + Line("\(glyph) \(health)", tone)
        line = line + Line(" \(Phrases.span(instance.healthSinceSeconds))  restarts \(instance.restarts)")
        if let address = instance.address { line = line + Line("  \(address)", .faint) }
        return instance.message.isEmpty ? line : line + Line("  \(instance.message)", .bad)
    }

    /// What ends the wait of the present step, and when it ends by itself.
    private static func next(_ app: AppStatus) -> Line? {
        guard let rollout = app.rollout, rollout.weightPercent != nil, let left = rollout.nextInSeconds
        else { return nil }
        let what = rollout.step < rollout.steps ? "step \(rollout.step + 1) of \(rollout.steps)" : "done"
        return Line("  next: ", .faint) + Line(left > 0 ? "\(what) in \(Phrases.span(left))" : what)
            + Line(" · slipway promote \(app.name)", .faint)
    }

    private static func wayBack(_ app: AppStatus) -> Line? {
        guard app.rollout != nil, let running = app.running?.number, running != app.wanted?.number else {
            return nil
        }
        return Line("  way back: ", .faint) + Line("\(running)")
            + Line(" · slipway abort \(app.name)", .faint)
    }
}
