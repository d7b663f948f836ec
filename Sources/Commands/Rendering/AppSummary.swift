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

    /// `● converged`, `⟳ rolling 66%`, `⟳ canary 25%`, `✗ rolled back`.
    var state: Line { state(withShare: true) }

    /// - Parameter withShare: with how far a rollout is, in per cent.
    func state(withShare: Bool) -> Line {
        var text = Phrases.words(app.verdict.rawValue)
        if app.verdict == .progressing {
            // The name of a strategy is a word of the spec and stays as it is.
            let isStrategy = app.phase == app.rollout?.strategy.rawValue
            if !app.phase.isEmpty { text = isStrategy ? app.phase : Phrases.words(app.phase) }
            if withShare, let share = isStrategy ? strategyShare : app.rollout?.provenPercent {
                text += " \(share)%"
            }
        }
        if app.isPaused { text += " (paused)" }
        return Line("\(Phrases.glyph(app.verdict)) \(text)", Phrases.tone(app.verdict))
    }

    /// How far the strategy has come: the share of requests, or of proven instances where it has no such steps.
    private var strategyShare: Int? {
        guard let rollout = app.rollout, rollout.strategy != .blueGreen else { return nil }
        return rollout.weightPercent ?? rollout.provenPercent
    }

    /// The first blocker as a sentence, with when it is looked at again.
    private func sentence(_ first: Blocker) -> String {
        var text =
            first.message.isEmpty ? "\(Phrases.words(first.cause.rawValue)) \(first.object)" : first.message
        if let rollout = app.rollout, rollout.weightPercent != nil, app.verdict == .progressing,
            !text.hasPrefix("step ")
        {
            text = "step \(rollout.step) of \(rollout.steps): \(text)"
        }
        if first.cause == .bake, let due = bakeEnd { return text + ", \(due)" }
        if let next = first.nextAttemptInSeconds { text += ", \(Phrases.wait(next, first.cause))" }
        return text
    }

    /// `next in 20s`, `done in 20s`; `nil` where no step bakes.
    var bakeEnd: String? {
        guard let rollout = app.rollout, let left = rollout.nextInSeconds else { return nil }
        guard left > 0 else { return "due now" }
        return "\(rollout.step < rollout.steps ? "next" : "done") in \(Phrases.span(left))"
    }

    /// Never empty where the app is not as wanted.
    var because: String {
        if let first = app.because.first {
            var text = sentence(first)
            // A step that bakes needs nobody.
            if first.cause == .bake, bakeEnd != nil, app.because.count == 1, first.command == nil {
                return text
            }
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
            "\(app.rollout?.provenPercent ?? -1)", "\(app.rollout?.weightPercent ?? -1)",
            app.isPaused ? "paused" : "", first?.cause.rawValue ?? "",
            first?.message ?? ""
        ].joined(separator: "\u{1F}")
    }
}
