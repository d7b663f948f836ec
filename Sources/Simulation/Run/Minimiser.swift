internal import Model

/// Finds the smallest run that still breaks a rule: fewer classes of faults, less time, fewer occurrences.
public struct Minimiser {
    public private(set) var options: SimulationOptions
    public private(set) var report: SimulationReport
    /// The rule that has to stay broken.
    public let checker: String
    /// Simulations that were run.
    public private(set) var runs = 0
    private let budget: Int

    /// Runs `options` once.
    ///
    /// - Parameters:
    ///   - checker: whose rule is to stay broken; `nil`: the first one that is.
    ///   - budget: the most simulations to run.
    /// - Returns: `nil` where no rule is broken.
    public init?(_ options: SimulationOptions, checker: String? = nil, budget: Int = 600) {
        var quiet = options
        quiet.keepsStory = false
        report = Simulation.run(quiet)
        guard let broken = checker ?? report.breaches.first?.checker,
            report.breaches.contains(where: { $0.checker == broken })
        else { return nil }
        self.options = quiet
        self.checker = broken
        self.budget = budget
    }

    /// Takes away whatever is not needed. Every step keeps the rule broken.
    public mutating func minimise() {
        shorten()
        dropClasses()
        dropOccurrences()
        shorten()
        // A class of which nothing happened may have drawn numbers that others followed.
        let happened = Set(report.faults.keys)
        _ = attempt { $0.faults = happened }
    }

    /// Keeps the change if the rule is still broken with it.
    private mutating func attempt(_ change: (inout SimulationOptions) -> Void) -> Bool {
        guard runs < budget else { return false }
        runs += 1
        var changed = options
        change(&changed)
        let found = Simulation.run(changed)
        guard found.breaches.contains(where: { $0.checker == checker }) else { return false }
        (options, report) = (changed, found)
        return true
    }

    private mutating func shorten() {
        guard let at = report.breaches.first(where: { $0.checker == checker })?.at else { return }
        let minute = Int64(60_000_000_000)
        let needed = TimeSpan.minutes(at.nanoseconds / minute + 1)
        for span in [needed, .minutes(2), .minutes(5), .minutes(10)].sorted()
        where span < options.safetyPhase {
            if attempt({ $0.safetyPhase = span }) { return }
        }
    }

    private mutating func dropClasses() {
        for fault in FaultClass.allCases where report.faults[fault] != nil {
            _ = attempt { $0.faults.remove(fault) }
        }
    }

    /// Delta debugging: leaves ever smaller parts out, as long as that keeps the rule broken.
    private mutating func dropOccurrences() {
        var parts = 2
        while runs < budget {
            let kept = report.occurrences
            guard !kept.isEmpty else { return }
            let size = max(1, (kept.count + parts - 1) / parts)
            var isSmaller = false
            for start in stride(from: 0, to: kept.count, by: size) {
                let rest = kept[..<start] + kept[min(start + size, kept.count)...]
                guard attempt({ $0.only = Set(rest) }) else { continue }
                isSmaller = true
                break
            }
            if isSmaller {
                parts = max(2, parts - 1)
            } else if size == 1 {
                return
            } else {
                parts = min(kept.count, parts * 2)
            }
        }
    }
}
