internal import Model

/// `slipway status`: the verdict first, then a row for each app.
enum StatusRendering {
    static func lines(_ status: InstallationStatus, style: TextStyle, isWide: Bool) -> [Line] {
        var lines = [headline(status)]
        lines += status.because.map { Line("  ") + BlockerRendering.line($0) }
        for source in status.sources {
            lines += source.because.map { Line("  source \(source.name): ") + BlockerRendering.line($0) }
            lines += source.diagnostics.filter { $0.severity == .error }.map {
                Line("  \($0.location): ", .bad) + Line($0.message)
            }
        }
        guard !status.apps.isEmpty else { return lines }
        lines.append(Line())
        return lines + table(status, isWide: isWide).lines(style)
    }

    private static func table(_ status: InstallationStatus, isWide: Bool) -> Table {
        let extra = isWide ? ["PROJECT", "SOURCE", "COMMIT", "IMAGE"] : []
        var table = Table(["APP", "RELEASE", "HAVE", "STATE", "SINCE"] + extra + ["BECAUSE"])
        for app in status.apps {
            let summary = AppSummary(app: app)
            var row: [Line] = [
                Line(app.name.rawValue, .strong), Line(summary.release), Line(summary.have), summary.state,
                Line(Phrases.since(app.sinceSeconds))
            ]
            if isWide {
                let release = app.wanted ?? app.running
                row += [
                    Line(app.project.rawValue), Line(app.source?.rawValue ?? "–"),
                    Line(release?.commit.id.short ?? "–"),
                    Line(release?.image ?? "–")
                ]
            }
            // What the head says of the whole installation is not said again in every row.
            let shared = status.because.first { $0.cause == app.because.first?.cause }
            let isSaid = shared != nil && shared?.message == app.because.first?.message
            let because = isSaid ? shared.map { "\(Phrases.words($0.cause.rawValue)), see above" } : nil
            table.rows.append(row + [Line(because ?? summary.because)])
        }
        return table
    }

    /// `✗ 1 of 6 apps needs you · main@4f2c1e9 "shop: 1.5.0" · fetched 4s ago`
    static func headline(_ status: InstallationStatus) -> Line {
        let total = status.apps.count
        func named(_ count: Int) -> String { "\(count) of \(Phrases.count(total, "app"))" }
        let needy = status.apps.count { $0.verdict.exitCode >= 2 }
        let moving = status.apps.count { $0.verdict.exitCode == 1 }
        let text: String
        if needy > 0 {
            text =
                "\(named(needy)) need\(needy == 1 ? "s" : "") you"
                + (moving > 0 ? ", \(moving) in progress" : "")
        } else if moving > 0 {
            text = "\(named(moving)) in progress"
        } else if status.verdict != .converged {
            text = "installation \(status.installation) is \(Phrases.words(status.verdict.rawValue))"
        } else {
            text =
                total == 0 ? "no apps" : total == 1 ? "the app is converged" : "all \(total) apps converged"
        }
        // The glyph is the worst of both: an engine that is away spoils the verdict of apps that were well.
        var line =
            Line("\(Phrases.glyph(status.verdict)) ", Phrases.tone(status.verdict)) + Line(text, .strong)
        for source in status.sources {
            line = line + Line(" · \(self.source(source, now: status.at))", .faint)
        }
        if !status.engine.isReachable { line = line + Line(" · engine unreachable", .bad) }
        return line
    }

    private static func source(_ source: SourceStatus, now: WallTime) -> String {
        guard let commit = source.commit else { return "\(source.branch) of \(source.name) not fetched yet" }
        var text = "\(source.branch)@\(commit.id.short) \"\(commit.subject)\""
        if let fetchedAt = source.fetchedAt {
            text += " · fetched \(Phrases.since(Phrases.age(from: fetchedAt, to: now))) ago"
        }
        return text
    }
}

/// One link of a chain of reasons.
enum BlockerRendering {
    static func line(_ blocker: Blocker) -> Line {
        var text = blocker.message.isEmpty ? blocker.object : blocker.message
        var times: [String] = []
        if let since = blocker.sinceSeconds { times.append("for \(Phrases.span(since))") }
        if let next = blocker.nextAttemptInSeconds { times.append(Phrases.wait(next, blocker.cause)) }
        if !times.isEmpty { text += " (\(times.joined(separator: ", ")))" }
        let line = Line("\(Phrases.words(blocker.cause.rawValue)): ", .strong) + Line(text)
        return blocker.command.map { line + Line(" · ", .faint) + Line($0, .busy) } ?? line
    }
}
