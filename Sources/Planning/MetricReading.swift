import Model

/// One figure of the edge against its limit, and against that of the last good release.
///
/// A percentile is a share, too: that 95 % are answered within 300 ms is that at most 5 % take longer.
struct MetricReading {
    let metric: AnalysisSpec.Metric
    let limit: AnalysisSpec.Limit
    /// In whole per cent, how much worse than the reference it may be.
    let tolerance: Int

    enum Verdict: Equatable {
        case good, insufficient
        /// What is wrong, as a sentence that follows the release's number.
        case bad(String)
    }

    func verdict(_ new: TrafficFigures, _ old: TrafficFigures?) -> Verdict {
        switch (metric, limit) {
        case (.errorRate, .share(let hundredths)): errors(new, old, most: hundredths)
        case (.latencyP50, .time(let most)): latency(50, new, old, most)
        case (.latencyP95, .time(let most)): latency(95, new, old, most)
        case (.latencyP99, .time(let most)): latency(99, new, old, most)
        // The loader refuses a limit of the other kind.
        case (_, .share), (_, .time): .insufficient
        }
    }

    // MARK: Errors

    private func errors(_ new: TrafficFigures, _ old: TrafficFigures?, most: Int) -> Verdict {
        let seen = "had \(Self.rate(new)) errors in \(new.requests) requests"
        let verdict = ShareTest.verdict(hits: new.errors, of: new.requests, limit: Double(most) / 10_000)
        if verdict == .bad { return .bad("\(seen), more than \(Self.percent(Int64(most)))") }
        if let old,
            ShareTest.isWorse(
                hits: new.errors, of: new.requests, than: old.errors, of: old.requests,
                tolerance: Double(tolerance) / 100)
        {
            return .bad("\(seen), the last good release \(Self.rate(old)) in \(old.requests)")
        }
        return verdict == .good ? .good : .insufficient
    }

    private static func rate(_ figures: TrafficFigures) -> String {
        let scaled = figures.errors.multipliedReportingOverflow(by: 10_000)
        guard figures.requests > 0, !scaled.overflow else { return percent(0) }
        return percent(scaled.partialValue / figures.requests)
    }

    /// - Parameter hundredths: of a per cent.
    private static func percent(_ hundredths: Int64) -> String {
        let cents = hundredths % 100
        return cents == 0 ? "\(hundredths / 100) %" : "\(hundredths / 100).\(cents < 10 ? "0" : "")\(cents) %"
    }

    // MARK: Latency

    private func latency(
        _ percentile: Int64, _ new: TrafficFigures, _ old: TrafficFigures?, _ most: TimeSpan
    ) -> Verdict {
        guard let reading = new.percentile(percentile) else { return .insufficient }
        let seen = "answered \(percentile) % of \(new.sampled) requests within \(Self.time(reading))"
        let verdict = slowness(new, percentile, beyond: most.milliseconds)
        if verdict == .bad { return .bad("\(seen), slower than \(most)") }
        if let old, let reference = old.percentile(percentile) {
            let bound = reference.multipliedReportingOverflow(by: Int64(100 + tolerance)).partialValue / 100
            if slowness(new, percentile, beyond: bound) == .bad {
                return .bad("\(seen), the last good release within \(Self.time(reference))")
            }
        }
        return verdict == .good ? .good : .insufficient
    }

    /// Requests of a class of durations that the bound lies within count as slow for `good`, and as fast for `bad`.
    private func slowness(
        _ figures: TrafficFigures, _ percentile: Int64, beyond bound: Int64
    ) -> ShareTest.Verdict {
        let share = Double(100 - percentile) / 100
        let (surely, perhaps) = figures.slower(than: bound)
        if ShareTest.verdict(hits: surely, of: figures.sampled, limit: share) == .bad { return .bad }
        return ShareTest.verdict(hits: perhaps, of: figures.sampled, limit: share) == .good
            ? .good : .insufficient
    }

    private static func time(_ milliseconds: Int64) -> String { "\(TimeSpan.milliseconds(milliseconds))" }
}
