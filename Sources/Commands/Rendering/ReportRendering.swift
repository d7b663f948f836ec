internal import Model

/// History, difference, trace, events and log lines.
enum ReportRendering {
    static func history(_ records: [RolloutRecord], style: TextStyle) -> [Line] {
        guard !records.isEmpty else { return ["no rollouts yet"] }
        var table = Table(["APP", "RELEASE", "OUTCOME", "STARTED", "TOOK", "COMMIT", "SUBJECT"])
        for record in records {
            let took = record.endedAt.map { Phrases.span(Phrases.age(from: record.startedAt, to: $0)) } ?? "–"
            table.rows.append([
                Line(record.app.rawValue, .strong), Line("\(record.release)"),
                Phrases.outcome(record.outcome),
                Line(Phrases.time(record.startedAt)), Line(took), Line(record.commit.id.short),
                Line(record.commit.subject)
            ])
        }
        var lines = table.lines(TextStyle(isUnicode: style.isUnicode, hasColour: style.hasColour, width: nil))
        // A record's evidence stands below its row; rows never break here, so they count alike.
        for (index, record) in records.enumerated().reversed() where !record.evidence.isEmpty {
            lines.insert(contentsOf: record.evidence.map { Line("    \($0)", .faint) }, at: index + 2)
        }
        return lines
    }

    static func diff(_ report: DiffReport) -> [Line] {
        let from = report.from.map { "\($0)" } ?? "nothing"
        let to = report.to.map { "\($0)" } ?? "what git wants"
        guard !report.changes.isEmpty else { return ["\(report.app)  \(from) → \(to): no difference"] }
        let count = Phrases.count(report.changes.count, "change")
        return [Line("\(report.app)  \(from) → \(to): \(count)", .strong)] + report.changes.map(change)
    }

    static func change(_ change: SpecChange) -> Line {
        switch (change.old, change.new) {
        case (nil, let new): Line("  + \(change.keyPath): ", .good) + Line(new ?? "")
        case (let old?, nil): Line("  - \(change.keyPath): ", .bad) + Line(old)
        case (let old?, let new?): Line("  ~ \(change.keyPath): ", .held) + Line("\(old) → \(new)")
        }
    }

    static func trace(_ report: TraceReport) -> [Line] {
        var lines = [
            Line(report.container, .strong) + Line("  \(report.id.short)", .faint),
            Line("  app      \(report.app), process \(report.process)"),
            Line("  release  \(report.release)  ") + Phrases.outcome(report.outcome),
            Line("  image    \(report.image)"),
            Line("  commit   \(report.commit.id)  \"\(report.commit.subject)\""),
            Line("           by \(report.commit.author), \(Phrases.time(report.commit.time))"),
            Line("  file     \(report.path) of source \(report.source)")
        ]
        if let because = report.because { lines.append(Line("  because  \(because)")) }
        if let request = report.pullRequest {
            lines.append(Line("  request  #\(request.number) \"\(request.title)\" by \(request.author)"))
            lines.append(Line("           \(request.url)", .faint))
            let approvers = request.approvers.joined(separator: ", ")
            lines.append(Line("  approved \(approvers.isEmpty ? "by nobody" : "by \(approvers)")"))
        }
        if let problem = report.forgeProblem { lines.append(Line("  request  not known: \(problem)", .held)) }
        return lines
    }

    static func event(_ event: EventRecord) -> Line {
        var line = Line("\(Phrases.time(event.at)) ", .faint)
        if let app = event.app { line = line + Line("\(app) ", .strong) }
        if let release = event.release { line = line + Line("\(release) ") }
        line = line + Line(Phrases.words(event.kind.rawValue), tone(event.kind))
        if let commit = event.commit { line = line + Line(" \(commit.short)", .faint) }
        return event.message.isEmpty ? line : line + Line(": \(event.message)")
    }

    private static func tone(_ kind: EventRecord.Kind) -> Tone {
        switch kind {
        case .rolloutSucceeded, .stepPassed, .engineBack, .sourceBack, .approved, .promoted,
            .cronRecovered:
            .good
        case .specInvalid, .rolloutFailed, .rolledBack, .engineLost, .sourceFailed, .actionFailed,
            .instanceUnhealthy,
            .instanceExited, .cronFailed:
            .bad
        case .held, .paused: .held
        default: .plain
        }
    }

    static func log(_ line: LogLine) -> Line {
        Line("\(line.instance) │ ", line.stream == "stderr" ? .held : .faint) + Line(line.text)
    }
}
