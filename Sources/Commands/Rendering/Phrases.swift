internal import Model

/// The words, glyphs and tones that every rendering shares.
enum Phrases {
    static func glyph(_ verdict: Verdict) -> String {
        switch verdict {
        case .converged: "●"
        case .progressing: "⟳"
        case .waiting, .unknown: "◌"
        case .rolledBack, .invalid, .unplaceable, .degraded: "✗"
        case .held: "॥"
        }
    }

    static func tone(_ verdict: Verdict) -> Tone {
        switch verdict {
        case .converged: .good
        case .progressing, .waiting: .busy
        case .rolledBack, .invalid, .unplaceable, .degraded, .unknown: .bad
        case .held: .held
        }
    }

    static func words(_ value: String) -> String { String(value.map { $0 == "_" ? " " : $0 }) }

    static func outcome(_ outcome: RolloutRecord.Outcome?) -> Line {
        switch outcome {
        case nil: Line("⟳ under way", .busy)
        case .succeeded: Line("● succeeded", .good)
        case .rolledBack: Line("✗ rolled back", .bad)
        case .held: Line("॥ held", .held)
        case .superseded: Line("– superseded", .faint)
        case .aborted: Line("✗ aborted", .bad)
        }
    }

    /// Short and rounded down: `40s`, `6m`, `1h`, `3d`.
    static func since(_ seconds: Int64) -> String {
        switch max(0, seconds) {
        case let count where count < 60: "\(count)s"
        case let count where count < 3_600: "\(count / 60)m"
        case let count where count < 86_400: "\(count / 3_600)h"
        case let count: "\(count / 86_400)d"
        }
    }

    /// Two units at most: `8m 10s`, `2h`.
    static func span(_ seconds: Int64) -> String {
        let count = max(0, seconds)
        func pair(_ large: Int64, _ largeName: String, _ small: Int64, _ smallName: String) -> String {
            small == 0 ? "\(large)\(largeName)" : "\(large)\(largeName) \(small)\(smallName)"
        }
        switch count {
        case ..<60: return "\(count)s"
        case ..<3_600: return pair(count / 60, "m", count % 60, "s")
        case ..<86_400: return pair(count / 3_600, "h", count % 3_600 / 60, "m")
        default: return pair(count / 86_400, "d", count % 86_400 / 3_600, "h")
        }
    }

    /// From `earlier` to `later`, zero where the clocks disagree.
    static func age(from earlier: WallTime, to later: WallTime) -> Int64 {
        let (difference, overflow) = later.secondsSince1970.subtractingReportingOverflow(
            earlier.secondsSince1970)
        return overflow ? 0 : max(0, difference)
    }

    /// `2026-11-21 04:37:44Z`; always UTC, so that lines of several machines stand in one order.
    static func time(_ time: WallTime) -> String {
        // Years 1 to 9999; anything else is a broken clock and shown at the edge.
        let seconds = min(max(time.secondsSince1970, -62_135_596_800), 253_402_300_799)
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        // Civil date from days, with March as the first month so that the leap day is the last of its year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let years = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
        return
            "\(years)-\(two(month))-\(two(day)) \(two(rest / 3_600)):\(two(rest % 3_600 / 60)):\(two(rest % 60))Z"
    }

    /// `4f2c1e9 "shop: 1.5.0" by anna, 2m ago`
    static func commit(_ commit: CommitInfo, now: WallTime?) -> String {
        var text = "\(commit.id.short)  \"\(commit.subject)\""
        if !commit.author.isEmpty { text += " by \(commit.author)" }
        if let now { text += ", \(since(age(from: commit.time, to: now))) ago" }
        return text
    }

    /// `next attempt in 6s`, or `6s to go` for what only takes its time.
    static func wait(_ seconds: Int64, _ cause: Blocker.Cause) -> String {
        cause == .bake ? "\(span(seconds)) to go" : "next attempt in \(span(seconds))"
    }

    /// `24.6 %`, from hundredths of a per cent.
    static func percent(_ hundredths: Int) -> String {
        let cents = abs(hundredths % 100)
        guard cents > 0 else { return "\(hundredths / 100) %" }
        return
            "\(hundredths / 100).\(cents % 10 == 0 ? "\(cents / 10)" : cents < 10 ? "0\(cents)" : "\(cents)") %"
    }

    static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    static func release(_ number: ReleaseNumber?) -> String { number.map { "\($0)" } ?? "–" }
}
