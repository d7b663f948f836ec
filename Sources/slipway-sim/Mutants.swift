import Model
import Simulation

/// Plants each bug of `Mutant` and looks which checker finds it, and after how many seeds.
///
/// A checker counts only in seeds in which it is silent without the bug.
struct Mutants {
    var options: SimulationOptions
    /// The most seeds for one bug.
    var limit: UInt64 = 400
    /// The ids to plant; none: all.
    var only: Set<String> = []
    var isJSON = false
    /// Threads that share the seeds of a bug.
    var jobs = 1
}

#if SLIPWAY_MUTANTS
extension Mutants {
    /// What came of one bug.
    struct Finding {
        var mutant: Mutant
        var faults: Set<FaultClass>
        /// Seeds that were run with the bug.
        var seeds: UInt64
        /// `nil`: nothing was found.
        var breach: SimulationReport.Breach?
        /// Of the seed that found it: every checker that did.
        var checkers: [String] = []
    }

    private static func unknown(_ ids: Set<String>) -> String? {
        ids.filter { Mutant(id: $0) == nil }.min().map { "there is no planted bug \($0)" }
    }

    /// Plants the bug of that id for the whole run.
    ///
    /// - Returns: why not.
    static func plant(_ ids: Set<String>) -> String? {
        guard let id = ids.first else { return nil }
        Mutant.plant(Mutant(id: id))
        return ids.count > 1 ? "one bug at a time" : unknown(ids)
    }

    /// - Returns: the exit code; 1 if a bug was not found.
    func run(say: (String) -> Void) -> Int32 {
        if let problem = Self.unknown(only) {
            say(problem)
            return 64
        }
        let chosen = Mutant.allCases.filter { only.isEmpty || only.contains($0.id) }
        var findings: [Finding] = []
        var soundness = Soundness()
        for mutant in chosen {
            let finding = find(mutant, &soundness)
            findings.append(finding)
            say(Self.line(finding))
        }
        let escaped = findings.filter { $0.breach == nil }
        print(isJSON ? Self.json(findings) : Self.table(findings, soundness))
        return escaped.isEmpty ? 0 : 1
    }

    /// Which checkers cry without a bug. Their word counts for nothing in that seed.
    struct Soundness {
        struct Key: Hashable {
            var seed: UInt64
            var faults: Set<FaultClass>
        }
        private var known: [Key: Set<String>] = [:]
        var unsound: [UInt64] { known.filter { !$0.value.isEmpty }.map(\.key.seed).sorted() }

        mutating func falseAlarms(_ options: SimulationOptions) -> Set<String> {
            let key = Key(seed: options.seed, faults: options.faults)
            if let alarms = known[key] { return alarms }
            let alarms = Set(Simulation.run(options).breaches.map(\.checker))
            known[key] = alarms
            return alarms
        }
    }

    private func find(_ mutant: Mutant, _ soundness: inout Soundness) -> Finding {
        let faults = mutant.helpfulFaults ?? options.faults
        var finding = Finding(mutant: mutant, faults: faults, seeds: 0)
        var next: UInt64 = 1
        while next <= max(1, limit) {
            // A bug is planted in the whole process: as many seeds at a time as there are threads, all with it.
            let seeds = Array(next..<min(next + UInt64(max(1, jobs)), max(1, limit) + 1))
            let plain = options
            Mutant.plant(mutant)
            let reports = Team.map(seeds.count, jobs: jobs) { piece in
                Simulation.run(Self.simulation(plain, seeds[piece], faults))
            }
            Mutant.plant(nil)
            for (seed, report) in zip(seeds, reports) {
                finding.seeds = seed
                guard !report.isGood else { continue }
                let alarms = soundness.falseAlarms(Self.simulation(options, seed, faults))
                let proper = report.breaches.filter { !alarms.contains($0.checker) }
                guard let first = proper.first else { continue }
                finding.breach = first
                finding.checkers = Set(proper.map(\.checker)).sorted()
                return finding
            }
            next += UInt64(seeds.count)
        }
        return finding
    }

    private static func simulation(
        _ options: SimulationOptions, _ seed: UInt64, _ faults: Set<FaultClass>
    ) -> SimulationOptions {
        var simulation = options
        simulation.seed = seed
        simulation.faults = faults
        return simulation
    }

    private static func line(_ finding: Finding) -> String {
        guard let breach = finding.breach else {
            return "✗ \(finding.mutant.id) escapes \(finding.seeds) seeds"
        }
        return "✓ \(finding.mutant.id): \(breach.checker), seed \(finding.seeds)"
    }

    private static func table(_ findings: [Finding], _ soundness: Soundness) -> String {
        var lines = ["| planted bug | what it does | found by | seeds | faults |", "|---|---|---|---|---|"]
        for finding in findings {
            let found = finding.breach == nil ? "**nothing**" : finding.checkers.joined(separator: " ")
            lines.append(
                "| \(finding.mutant.id) | \(finding.mutant.sentence) | \(found) | \(finding.seeds) |"
                    + " \(names(finding.faults)) |")
        }
        let caught = findings.count { $0.breach != nil }
        lines.append("\(caught) of \(findings.count) planted bugs are found.")
        let unsound = soundness.unsound
        if !unsound.isEmpty {
            lines.append("In these seeds a checker cries without a bug; its word was left out: \(unsound)")
        }
        return lines.joined(separator: "\n")
    }

    private static func names(_ faults: Set<FaultClass>) -> String {
        if faults.count == FaultClass.allCases.count { return "all" }
        return faults.isEmpty ? "none" : faults.map(\.rawValue).sorted().joined(separator: " ")
    }

    private static func json(_ findings: [Finding]) -> String {
        let rows = findings.map { finding in
            let checkers = finding.checkers.map { "\"\($0)\"" }.joined(separator: ", ")
            return "  {\"id\": \"\(finding.mutant.id)\", \"sentence\": \"\(finding.mutant.sentence)\", "
                + "\"is_found\": \(finding.breach != nil), \"checkers\": [\(checkers)], "
                + "\"seeds\": \(finding.seeds), \"faults\": \"\(names(finding.faults))\"}"
        }
        return "[\n" + rows.joined(separator: ",\n") + "\n]"
    }
}

extension Mutant {
    /// Classes of faults that show the bug sooner than all of them together; `nil`: all.
    fileprivate var helpfulFaults: Set<FaultClass>? {
        switch self {
        case .mirrorIsProof: [.store, .git, .crash]
        case .stallsNotHeldAgainst: [.host]
        case .timerLost: []
        case .pullBlocksStarts: [.image]
        case .staleListingWins: [.read, .app, .host]
        default: nil
        }
    }
}
#else
extension Mutants {
    private static let refusal = "bugs are planted in debug builds only: use the program of `swift build`"

    func run(say: (String) -> Void) -> Int32 {
        say(Self.refusal)
        return 64
    }

    static func plant(_ ids: Set<String>) -> String? { ids.isEmpty ? nil : refusal }
}
#endif
