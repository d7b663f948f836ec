internal import Model

/// One app in the few words of a table row or of a line in a pipe.
struct AppSummary {
    let app: AppStatus

    /// Whether what git wants is what is proven to run.
    var isWantedRunning: Bool {
        switch (app.wanted, app.running) {
        case (nil, nil): return true
        case (let wanted?, let running?):
            if let left = wanted.number, let right = running.number { return left == right }
            return wanted.specDigest == running.specDigest
                && (wanted.digest == nil || wanted.digest == running.digest)
        default: return false
        }
    }

    /// `v12`, `v41 → v42`, `v7 (not v8)`, `→ v1`, `v3 → removed`.
    var release: String {
        let wanted = app.wanted.map { $0.number.map { "\($0)" } ?? $0.commit.id.short }
        let running = app.running.map { Phrases.release($0.number) }
        switch (running, wanted) {
        case (nil, nil): return "–"
        case (let running?, nil): return app.verdict == .progressing ? "\(running) → removed" : running
        case (nil, let wanted?):
            return app.verdict == .rolledBack || app.verdict == .held ? "– (not \(wanted))" : "→ \(wanted)"
        case (let running?, let wanted?):
            if isWantedRunning { return running }
            return app.verdict == .rolledBack ? "\(running) (not \(wanted))" : "\(running) → \(wanted)"
        }
    }

    /// Ready and wanted instances of all processes.
    var have: String {
        guard !app.processes.isEmpty else { return "–" }
        func total(_ count: (ProcessStatus) -> Int) -> Int {
            app.processes.reduce(0) { sum, process in
                let (result, overflow) = sum.addingReportingOverflow(count(process))
                return overflow ? .max : result
            }
        }
        return "\(total(\.ready))/\(total(\.want))"
    }

    /// `● converged`, `⟳ rolling 66%`, `✗ rolled back`.
    var state: Line {
        var text = Phrases.words(app.verdict.rawValue)
        if app.verdict == .progressing, !app.phase.isEmpty { text = Phrases.words(app.phase) }
        if app.verdict == .progressing, let rollout = app.rollout { text += " \(rollout.provenPercent)%" }
        if app.isPaused { text += " (paused)" }
        return Line("\(Phrases.glyph(app.verdict)) \(text)", Phrases.tone(app.verdict))
    }

    /// Never empty where the app is not as wanted.
    var because: String {
        if let first = app.because.first {
            var text =
                first.message.isEmpty
                ? "\(Phrases.words(first.cause.rawValue)) \(first.object)" : first.message
            if let next = first.nextAttemptInSeconds { text += ", next attempt in \(Phrases.span(next))" }
            if app.because.count > 1 { text += " (+\(app.because.count - 1) more)" }
            let command = app.because.lazy.compactMap(\.command).first
            return text + " · " + (command ?? "slipway why \(app.name)")
        }
        if let broken = app.diagnostics.first(where: { $0.severity == .error }) {
            return "\(broken.location): \(broken.message) · slipway why \(app.name)"
        }
        if let rollout = app.rollout {
            var text = "step \(rollout.step) of \(rollout.steps), \(rollout.provenPercent)% proven"
            if let deadline = rollout.deadlineInSeconds {
                text += ", fails in \(Phrases.span(deadline)) without progress"
            }
            return text
        }
        guard app.verdict == .converged, isWantedRunning else {
            return "the controller gives no reason; look at its log · slipway events"
        }
        return ""
    }

    /// One line for a pipe or a log.
    func line(at time: WallTime) -> Line {
        let reason = because
        return Line("\(Phrases.time(time)) \(app.name) ") + state
            + Line(" \(release) \(have) ready" + (reason.isEmpty ? "" : ": \(reason)"))
    }

    /// What must differ for a line of its own in a pipe: not the seconds that pass.
    var fingerprint: String {
        let first = app.because.first
        return [
            app.verdict.rawValue, app.phase, release, have, "\(app.rollout?.step ?? 0)",
            "\(app.rollout?.provenPercent ?? -1)", app.isPaused ? "paused" : "", first?.cause.rawValue ?? "",
            first?.message ?? ""
        ].joined(separator: "\u{1F}")
    }
}
