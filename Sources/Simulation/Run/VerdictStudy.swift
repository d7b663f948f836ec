internal import Planning

/// How often an analysis errs: many releases with a known share of wrong answers, each judged at every look until
/// there is a verdict or the requests are used up.
public struct VerdictStudy: Sendable {
    /// One kind of release.
    public struct Case: Sendable, Hashable {
        /// The limit of the check, and the true share of wrong answers, in hundredths of a per cent.
        public var limit: Int
        public var truth: Int
        /// The share of requests that the release gets, in per cent; `nil`: it is judged by its limit alone.
        public var weight: Int?
        /// The true share of the last good release, in hundredths of a per cent.
        public var oldTruth: Int
        public init(limit: Int, truth: Int, weight: Int? = nil, oldTruth: Int = 0) {
            self.limit = limit
            self.truth = truth
            self.weight = weight
            self.oldTruth = oldTruth
        }
    }

    public struct Outcome: Sendable, Hashable {
        public var good = 0
        public var bad = 0
        public var undecided = 0
        /// Requests of the new release until the verdict, of half of those that came to one; `nil`: none did.
        public var medianRequests: Int?
        public var trials: Int { good + bad + undecided }
    }

    /// What the page on analysis shows.
    public static let cases: [Case] = [
        Case(limit: 100, truth: 0), Case(limit: 100, truth: 10), Case(limit: 100, truth: 50),
        Case(limit: 100, truth: 100), Case(limit: 100, truth: 200), Case(limit: 100, truth: 500),
        Case(limit: 100, truth: 2_000), Case(limit: 500, truth: 0), Case(limit: 500, truth: 500),
        Case(limit: 500, truth: 1_000), Case(limit: 500, truth: 2_500),
        Case(limit: 100, truth: 10, weight: 5, oldTruth: 10),
        Case(limit: 100, truth: 50, weight: 5, oldTruth: 50),
        Case(limit: 100, truth: 200, weight: 5), Case(limit: 100, truth: 200, weight: 5, oldTruth: 10),
        Case(limit: 500, truth: 200, weight: 25, oldTruth: 50)
    ]

    /// - Parameters:
    ///   - requests: that each release gets at most.
    ///   - batch: requests of the new release between two looks.
    public static func run(
        _ study: Case, seed: UInt64, trials: Int, requests: Int, batch: Int, least: Int
    ) -> Outcome {
        var outcome = Outcome()
        var lengths: [Int] = []
        for trial in 0..<trials {
            var chance = Chance(seed: seed &+ UInt64(trial), concern: "verdicts \(study)")
            var counts = Counts()
            var verdict = ShareTest.Verdict.insufficient
            while verdict == .insufficient, counts.total < requests {
                counts.serve(batch, study, &chance)
                guard counts.total >= least else { continue }
                verdict = counts.verdict(study)
            }
            if verdict != .insufficient { lengths.append(counts.total) }
            switch verdict {
            case .good: outcome.good += 1
            case .bad: outcome.bad += 1
            case .insufficient: outcome.undecided += 1
            }
        }
        lengths.sort()
        outcome.medianRequests = lengths.isEmpty ? nil : lengths[lengths.count / 2]
        return outcome
    }

    private struct Counts {
        var total = 0
        var hits = 0
        var oldTotal = 0
        var oldHits = 0

        mutating func serve(_ batch: Int, _ study: Case, _ chance: inout Chance) {
            total += batch
            for _ in 0..<batch where chance.below(10_000) < study.truth { hits += 1 }
            guard let weight = study.weight else { return }
            let others = batch * (100 - weight) / max(1, weight)
            oldTotal += others
            for _ in 0..<others where chance.below(10_000) < study.oldTruth { oldHits += 1 }
        }

        func verdict(_ study: Case) -> ShareTest.Verdict {
            let hits = Int64(hits), total = Int64(total)
            let verdict = ShareTest.verdict(hits: hits, of: total, limit: Double(study.limit) / 10_000)
            guard verdict != .bad, study.weight != nil else { return verdict }
            let isWorse = ShareTest.isWorse(
                hits: hits, of: total, than: Int64(oldHits), of: Int64(oldTotal), tolerance: 0)
            return isWorse ? .bad : verdict
        }
    }
}
