internal import Model

/// Spreads shares of releases over their instances as weights that HAProxy takes.
enum Weights {
    /// The largest weight that HAProxy knows.
    static let largest = 256

    /// The weight of each instance of each release, 0 to 256.
    ///
    /// Exact where whole numbers in that range can say it, else the nearest that they can; an instance with a share
    /// never gets 0.
    ///
    /// - Parameters:
    ///   - counts: instances that take requests.
    ///   - split: per cent by release; `nil`: all instances get the same.
    static func of(_ counts: [ReleaseNumber: Int], split: [ReleaseNumber: Int]?) -> [ReleaseNumber: Int] {
        guard let split else { return counts.mapValues { _ in 1 } }
        let present = counts.filter { $0.value > 0 && (split[$0.key] ?? 0) > 0 }
        var weights = counts.mapValues { _ in 0 }
        guard !present.isEmpty else { return weights }
        // An instance's share is split / count; the common multiple of the counts makes all of them whole.
        let multiple = present.values.reduce(1) { leastCommonMultiple($0, $1) }
        var shares = present.mapValues { _ in 0 }
        for (release, count) in present { shares[release] = (split[release] ?? 0) * (multiple / count) }
        let divisor = shares.values.reduce(0) { greatestCommonDivisor($0, $1) }
        for (release, share) in shares { shares[release] = share / max(1, divisor) }
        let top = shares.values.max() ?? 1
        if top > largest { shares = nearest(shares, counts: present) }
        weights.merge(shares) { $1 }
        return weights
    }

    /// The whole numbers up to 256 whose proportions are nearest to those of `shares`.
    private static func nearest(
        _ shares: [ReleaseNumber: Int], counts: [ReleaseNumber: Int]
    ) -> [ReleaseNumber: Int] {
        let top = Double(shares.values.max() ?? 1)
        let wantedTotal = sum(shares.mapValues(Double.init), counts)
        var best: (error: Double, weights: [ReleaseNumber: Int])?
        for scale in 1...largest {
            let weights = shares.mapValues { max(1, Int((Double($0) * Double(scale) / top).rounded())) }
            let total = sum(weights.mapValues(Double.init), counts)
            let error = shares.reduce(0.0) { error, entry in
                let wanted = Double(entry.value) / wantedTotal
                return max(error, abs(Double(weights[entry.key] ?? 0) / total - wanted) / wanted)
            }
            if error < best?.error ?? .infinity { best = (error, weights) }
        }
        return best?.weights ?? [:]
    }

    private static func sum(_ weights: [ReleaseNumber: Double], _ counts: [ReleaseNumber: Int]) -> Double {
        weights.reduce(0.0) { $0 + $1.value * Double(counts[$1.key] ?? 0) }
    }

    private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        right == 0 ? left : greatestCommonDivisor(right, left % right)
    }

    private static func leastCommonMultiple(_ left: Int, _ right: Int) -> Int {
        left / greatestCommonDivisor(left, right) * right
    }
}
