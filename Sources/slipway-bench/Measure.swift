/// One figure of the controller, measured against a baseline of the same run.
protocol Measure: Sendable {
    var name: String { get }
    /// What is measured, in one line.
    var summary: String { get }
    /// What `value` and `baseline` are in.
    var unit: Unit { get }
    /// What the figure is meant to be, for people.
    var aim: String { get }
    /// What the baseline is, for people.
    var against: String { get }
    /// Needs a Docker Engine that answers.
    var needsEngine: Bool { get }
    func run(_ bench: Bench) async throws -> Samples
}

enum Unit: String, Sendable {
    case milliseconds = "ms"
    /// Time of the processor, all threads, user and system.
    case processorMilliseconds = "ms CPU"
    case mebibytes = "MiB"
    case requests
}

/// What the runs of a measure gave, in its unit.
struct Samples: Sendable {
    var values: [Double] = []
    var baselines: [Double] = []

    mutating func add(_ value: Double, baseline: Double) {
        values.append(value)
        baselines.append(baseline)
    }
}

/// Why a measure has no figure.
struct BenchError: Error, Sendable, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
