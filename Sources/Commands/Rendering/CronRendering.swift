internal import Model

/// An entry with its app, as `slipway cron list` has it.
struct CronListing: Codable, Hashable, Sendable {
    var app: AppName
    var entry: CronStatus
}

/// Commands that are run by the clock.
enum CronRendering {
    static func list(_ entries: [CronListing], now: WallTime, style: TextStyle) -> [Line] {
        guard !entries.isEmpty else { return ["no cron entries in the last good releases"] }
        var table = Table(["APP", "ENTRY", "SCHEDULE", "ZONE", "NEXT", "NOW", "LAST"])
        for listing in entries {
            let entry = listing.entry
            table.rows.append([
                Line(listing.app.rawValue, .strong), Line(entry.name.rawValue), Line(entry.schedule),
                Line(entry.timezone), next(entry, now), running(entry), last(entry)
            ])
        }
        return table.lines(TextStyle(isUnicode: style.isUnicode, hasColour: style.hasColour, width: nil))
    }

    private static func next(_ entry: CronStatus, _ now: WallTime) -> Line {
        if let problem = entry.problem { return Line(problem, .bad) }
        guard let next = entry.next else { return "–" }
        return Line(
            "in \(Phrases.since(next.secondsSince1970 - now.secondsSince1970)), \(Phrases.time(next))")
    }

    private static func running(_ entry: CronStatus) -> Line {
        guard let first = entry.running.first else { return "–" }
        let more = entry.running.count > 1 ? " and \(entry.running.count - 1) more" : ""
        let number = first.number > 1 ? ", \(first.number). try" : ""
        return Line("⟳ \(first.run)\(number)\(more)", .busy)
    }

    private static func last(_ entry: CronStatus) -> Line {
        guard let last = entry.last else { return "–" }
        return outcome(last) + Line(" \(last.run)", .faint)
    }

    static func history(_ records: [CronRunRecord], style: TextStyle) -> [Line] {
        guard !records.isEmpty else { return ["no runs yet"] }
        var table = Table(["ENTRY", "RUN", "OUTCOME", "STARTED", "TOOK", "TRIES", "RELEASE", "WHY"])
        for record in records {
            let took = record.startedAt.map { Phrases.span(Phrases.age(from: $0, to: record.endedAt)) } ?? "–"
            let passedOver = record.passedOver > 0 ? "; \(record.passedOver) before it were passed over" : ""
            table.rows.append([
                Line(record.entry.rawValue, .strong), Line(record.run), outcome(record),
                Line(record.startedAt.map(Phrases.time) ?? "–"), Line(took), Line("\(record.tries)"),
                Line(record.release.map { "\($0)" } ?? "–"), Line(record.message + passedOver)
            ])
        }
        return table.lines(TextStyle(isUnicode: style.isUnicode, hasColour: style.hasColour, width: nil))
    }

    private static func outcome(_ record: CronRunRecord) -> Line {
        switch record.outcome {
        case .succeeded: Line("● succeeded", .good)
        case .failed: Line("✗ failed", .bad)
        case .timedOut: Line("✗ timed out", .bad)
        case .missed: Line("✗ missed", .bad)
        case .lost: Line("✗ lost", .bad)
        case .skipped: Line("– skipped", .faint)
        case .stopped: Line("– stopped", .faint)
        }
    }
}
