internal import Glibc

/// Whether counts show that a share of requests is above a limit, below it, or neither.
///
/// It is asked again and again while requests come in, so a test for one look would cry wolf in the end. Each verdict is
/// a mixture of likelihood ratios, a martingale while the opposite is true: by Ville's inequality it *ever* passes
/// 1/α with a probability of at most α, however often it is looked at and whenever one stops (Ville 1939; Robbins
/// 1970; Johari et al., "Always valid inference", 2022).
public enum ShareTest {
    public enum Verdict: Sendable, Hashable { case good, insufficient, bad }

    /// At most this share of releases that keep the limit are ever called bad by one check.
    public static let falseAlarms = 0.01
    /// At most this share of releases at twice the limit or worse are ever called good by one check.
    public static let misses = 0.05
    /// How many times the limit a share may be that must not be called good.
    public static let margin = 2.0

    /// Of `total` requests `hits` were wrong, and the share of wrong ones may be `limit` (0 to 1).
    public static func verdict(hits: Int64, of total: Int64, limit: Double) -> Verdict {
        guard total > 0, hits >= 0, hits <= total else { return .insufficient }
        // Nothing at all may be wrong: one that is wrong is proof.
        guard limit > 0 else { return hits > 0 ? .bad : .good }
        guard limit < 1 else { return .good }
        if evidence(hits, total, for: worse(than: limit), against: limit) >= 1 / falseAlarms { return .bad }
        let edge = min(limit * margin, 0.5 + limit / 2)
        let isGood = evidence(hits, total, for: better(than: limit), against: edge) >= 1 / misses
        return isGood ? .good : .insufficient
    }

    /// Whether the new release has more wrong answers for each request than the old one, `tolerance` (0.2: a fifth more)
    /// allowed. Both have served in the same time, so each wrong answer is a draw for one of the two.
    public static func isWorse(
        hits: Int64, of total: Int64, than oldHits: Int64, of oldTotal: Int64, tolerance: Double
    ) -> Bool {
        guard total > 0, oldTotal > 0, hits >= 0, oldHits >= 0, hits + oldHits > 0 else { return false }
        let odds = Double(total) * (1 + max(0, tolerance)) / Double(oldTotal)
        let expected = odds / (1 + odds)
        let worse = ratios.map { ratio in
            (share: ratio * odds / (1 + ratio * odds), part: 1 / Double(ratios.count))
        }
        return evidence(hits, hits + oldHits, for: worse, against: expected) >= 1 / falseAlarms
    }

    private static let ratios: [Double] = [1.5, 2, 3, 5, 10, 30]

    private static func worse(than limit: Double) -> [(share: Double, part: Double)] {
        let shares = ratios.map { min($0 * limit, 1 - (1 - limit) / $0) }
        return shares.map { ($0, 1 / Double(shares.count)) }
    }

    private static func better(than limit: Double) -> [(share: Double, part: Double)] {
        [(0, 0.5), (limit / 2, 0.25), (limit, 0.25)]
    }

    /// How many times likelier the counts are under the mixture than under `share`.
    private static func evidence(
        _ hits: Int64, _ total: Int64, for mixture: [(share: Double, part: Double)], against share: Double
    ) -> Double {
        let hits = Double(hits), rest = Double(total) - hits
        func logLikelihood(_ share: Double) -> Double {
            (hits > 0 ? hits * log(share) : 0) + (rest > 0 ? rest * log1p(-share) : 0)
        }
        let reference = logLikelihood(share)
        return mixture.reduce(0) { $0 + $1.part * exp(min(700, logLikelihood($1.share) - reference)) }
    }
}
