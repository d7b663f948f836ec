/// What is reported of one measure: medians over its runs.
struct Figure: Encodable, Sendable {
    var name: String
    /// `nil` where there is an error.
    var value: Double?
    var unit: String
    var baseline: Double?
    /// `value` over `baseline`.
    var ratio: Double?
    var runs: Int
    var error: String?

    init(_ measure: any Measure, _ samples: Samples) {
        name = measure.name
        unit = measure.unit.rawValue
        runs = samples.values.count
        value = Statistics.rounded(Statistics.median(samples.values))
        baseline = Statistics.rounded(Statistics.median(samples.baselines))
        if let value, let baseline, baseline > 0 { ratio = Statistics.rounded(value / baseline) }
    }

    init(_ measure: any Measure, error: String) {
        name = measure.name
        unit = measure.unit.rawValue
        runs = 0
        self.error = error
    }
}

enum Statistics {
    /// The middle value, or the mean of the two in the middle; `nil` of nothing.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// To three decimals: more would be noise.
    static func rounded(_ value: Double?) -> Double? {
        value.map { ($0 * 1_000).rounded() / 1_000 }
    }
}
