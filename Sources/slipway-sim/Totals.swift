import Model
import Simulation

/// What all seeds of a run came to.
struct Totals {
    private var seeds = 0
    private var failed = 0
    private var simulatedMilliseconds: Int64 = 0
    private var started = 0
    private var ended: [RolloutRecord.Outcome: Int] = [:]
    private var passes: Int64 = 0
    private var crashes = 0
    private var calls = 0
    private var crossings = 0
    private var occurrences = 0
    private var faults: [FaultClass: Int] = [:]
    private var restless = 0
    private var longestCalm = TimeSpan.zero

    /// - Parameter allowed: so many seeds may break a rule.
    func hasFailed(allowed: Int) -> Bool { failed > allowed }

    mutating func add(_ report: SimulationReport) {
        seeds += 1
        if !report.isGood { failed += 1 }
        simulatedMilliseconds += report.simulated.milliseconds
        started += report.rolloutsStarted
        ended.merge(report.rolloutsEnded, uniquingKeysWith: +)
        passes += report.passes
        crashes += report.crashes
        calls += report.calls
        crossings += report.crossings
        occurrences += report.occurrences.count
        faults.merge(report.faults, uniquingKeysWith: +)
        if let took = report.calmTook { longestCalm = max(longestCalm, took) } else { restless += 1 }
    }

    /// Names and figures, in the order in which they are shown.
    func figures(wall: Duration) -> [(name: String, value: Double)] {
        let seconds = max(0.001, Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18)
        let hours = Double(simulatedMilliseconds) / 3_600_000
        var all: [(String, Double)] = [
            ("seeds", Double(seeds)), ("seeds_failed", Double(failed)), ("wall_seconds", seconds),
            ("milliseconds_per_seed", seconds * 1_000 / Double(max(1, seeds))), ("simulated_hours", hours),
            ("simulated_hours_per_second", hours / seconds), ("rollouts_started", Double(started)),
            ("rollouts_ended", Double(ended.values.reduce(0, +)))
        ]
        for outcome in RolloutRecord.Outcome.allCases {
            all.append(("rollouts_\(outcome.rawValue)", Double(ended[outcome] ?? 0)))
        }
        all += [
            ("rollouts_per_minute", Double(ended.values.reduce(0, +)) * 60 / seconds),
            ("passes", Double(passes)), ("calls", Double(calls)), ("crossings", Double(crossings)),
            ("crashes", Double(crashes)), ("occurrences", Double(occurrences)),
            ("seeds_not_at_rest", Double(restless)),
            ("longest_way_to_rest_seconds", Double(longestCalm.milliseconds) / 1_000)
        ]
        for fault in FaultClass.allCases {
            all.append(("faults_\(fault.rawValue)", Double(faults[fault] ?? 0)))
        }
        return all
    }

    func text(wall: Duration) -> String {
        figures(wall: wall).map { name, value in
            let words = name.split(separator: "_").joined(separator: " ")
            return words + String(repeating: " ", count: max(1, 30 - words.count)) + Self.text(value)
        }
        .joined(separator: "\n")
    }

    func json(wall: Duration) -> String {
        let lines = figures(wall: wall).map { "  \"\($0.name)\": \(Self.text($0.value))" }
        return "{\n" + lines.joined(separator: ",\n") + "\n}"
    }

    /// Whole, or with one digit behind the point.
    private static func text(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        guard tenths.magnitude < 9e15 else { return "\(value)" }
        let whole = Int64(tenths)
        return whole % 10 == 0 ? "\(whole / 10)" : "\(whole / 10).\(abs(whole % 10))"
    }
}
