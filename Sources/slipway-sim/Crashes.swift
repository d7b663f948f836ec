import Model
import Simulation

/// `slipway-sim crashes`: ends the controller at every boundary of short stories.
struct Crashes {
    /// What to do with the stories.
    enum Work: Sendable, Hashable {
        case search
        case list
        /// One run, with its story.
        case replay(CrashSearch.Trial)
    }
    var work = Work.search
    /// The name of one; `nil`: all of them.
    var scenario: String?
    var seed: UInt64 = 1
    var modes: Set<CrashSearch.Mode> = [.kill]
    var samples = 2
    /// Ids of bugs to plant.
    var planted: Set<String> = []
    var isJSON = false
    /// Threads that share the boundaries.
    var jobs = 1

    init(_ arguments: ArraySlice<String>) throws(OptionError) {
        var rest = arguments
        var boundaries: [Int] = []
        var isReplay = false
        var ending = Ending.kill
        var fate = Fate.isLost
        var lost = 0
        while let argument = rest.popFirst() {
            switch argument {
            case "--list":
                work = .list
                continue
            case "--term":
                ending = .terminate
                continue
            default: break
            }
            guard let value = rest.popFirst() else { throw OptionError("\(argument) needs a value") }
            switch argument {
            case "--scenario": scenario = value
            case "--at":
                isReplay = true
                for word in value.split(separator: ",") {
                    boundaries.append(Int(try Options.number(String(word), 0...1_000_000)))
                }
            case "--requests":
                guard let known = Fate(rawValue: value) else {
                    throw OptionError("--requests needs arrives, lost or chance")
                }
                fate = known
            case "--lost": lost = Int(try Options.number(value, 0...1_000_000))
            case "--mode": modes = try Self.modes(value)
            case "--samples": samples = Int(try Options.number(value, 1...1_000))
            case "--jobs": jobs = Int(try Options.number(value, 1...256))
            case "--seed": seed = UInt64(try Options.number(value, 0...Int64.max))
            case "--plant": planted = Set(value.split(separator: ",").map(String.init))
            case "-o", "--output": isJSON = try Options.isJSON(value)
            default: throw OptionError("`crashes` has no option \(argument); see slipway-sim --help")
            }
        }
        guard isReplay else { return }
        let crashes = boundaries.filter { $0 > 0 }.map { ($0, ending) }
        work = .replay(
            CrashSearch.Trial(crashes: Dictionary(crashes) { $1 }, fate: fate, lostRecords: lost))
    }

    private static func modes(_ text: String) throws(OptionError) -> Set<CrashSearch.Mode> {
        var modes: Set<CrashSearch.Mode> = []
        for word in text.split(separator: ",") {
            guard let mode = CrashSearch.Mode(rawValue: String(word)) else {
                throw OptionError("--mode needs kill, term, twice or cut, with commas")
            }
            modes.insert(mode)
        }
        return modes
    }

    /// - Returns: the exit code.
    func run(say: (String) -> Void) -> Int32 {
        var chosen = Scenarios.all
        if let scenario {
            guard let found = Scenarios.named(scenario) else {
                say("there is no scenario \(scenario); see slipway-sim crashes --list")
                return 64
            }
            chosen = [found]
        }
        switch work {
        case .list: return list(chosen)
        case .replay(let trial):
            guard chosen.count == 1 else {
                say("--at needs --scenario NAME")
                return 64
            }
            return replay(chosen[0], trial)
        case .search: return search(chosen, say)
        }
    }

    private func searcher(_ scenario: Scenario) -> CrashSearch {
        CrashSearch(scenario, seed: seed, modes: modes, samples: samples, checkers: Checkers.all)
    }

    private func list(_ chosen: [Scenario]) -> Int32 {
        for scenario in chosen {
            let report = searcher(scenario).run(.init(crashes: [:], fate: .isLost))
            print("\(scenario.name): \(scenario.sentence)")
            print("    \(report.crossings) boundaries in \(report.simulated)")
            for line in scenario.end { print("    ends with “\(line)”") }
        }
        return 0
    }

    private func replay(_ scenario: Scenario, _ trial: CrashSearch.Trial) -> Int32 {
        let report = searcher(scenario).run(trial, keepsStory: true)
        for line in report.story { print(line) }
        for line in report.outline { print("= \(line)") }
        guard !report.isGood else {
            print("✓ \(scenario.name): the right end, after \(report.simulated)")
            return 0
        }
        print("✗ \(scenario.name)")
        for breach in report.breaches { print("  \(breach.sentence)") }
        return 1
    }

    private func search(_ chosen: [Scenario], _ say: (String) -> Void) -> Int32 {
        var rows: [Row] = []
        for scenario in chosen {
            let clock = ContinuousClock()
            let start = clock.now
            let searcher = searcher(scenario)
            var tally = searcher.runWhole()
            if tally.failures.isEmpty {
                let whole = tally
                let parts = Team.map(searcher.pieces(of: whole), jobs: jobs) {
                    searcher.strike($0 + 1, of: whole)
                }
                for part in parts { tally.add(part) }
            }
            rows.append(Row(tally: tally, wall: clock.now - start))
            for failure in tally.failures.prefix(5) {
                say("✗ \(scenario.name): \(replayCommand(scenario.name, failure.trial))")
                for breach in failure.breaches.prefix(4) { say("    \(breach.sentence)") }
            }
            if tally.failures.count > 5 { say("    … and \(tally.failures.count - 5) more runs") }
        }
        print(isJSON ? Row.json(rows) : Row.text(rows))
        return rows.contains { !$0.tally.failures.isEmpty } ? 1 : 0
    }

    /// The command that tells the story of a run.
    private func replayCommand(_ scenario: String, _ trial: CrashSearch.Trial) -> String {
        var words = ["slipway-sim crashes --scenario \(scenario) --at"]
        let places = trial.crashes.sorted { $0.key < $1.key }
        words.append(places.isEmpty ? "0" : places.map { "\($0.key)" }.joined(separator: ","))
        if places.contains(where: { $0.value == .terminate }) { words.append("--term") }
        if trial.fate != .isLost { words.append("--requests \(trial.fate.rawValue)") }
        if trial.lostRecords > 0 { words.append("--lost \(trial.lostRecords)") }
        if seed != 1 { words.append("--seed \(seed)") }
        return words.joined(separator: " ")
    }
}

/// One scenario in the table.
private struct Row {
    var tally: CrashSearch.Tally
    var wall: Duration

    private var seconds: Double { wall / .seconds(1) }
    private var simulatedHours: Double { Double(tally.simulatedMilliseconds) / 3_600_000 }

    private static func rounded(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func padded(_ cells: [String]) -> String {
        let widths = [16, 12, 8, 9, 10, 17]
        return zip(cells, widths + [0]).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }
        .joined()
    }

    private var cells: [String] {
        [
            tally.scenario, "\(tally.boundaries)", "\(tally.trials)", "\(tally.crashes)",
            "\(tally.failures.count)", Self.rounded(simulatedHours), Self.rounded(seconds)
        ]
    }

    private static func sum(_ rows: [Row]) -> Row {
        var all = Row(tally: CrashSearch.Tally(scenario: "all"), wall: .zero)
        for row in rows {
            all.tally.boundaries += row.tally.boundaries
            all.tally.trials += row.tally.trials
            all.tally.crashes += row.tally.crashes
            all.tally.failures += row.tally.failures
            all.tally.simulatedMilliseconds += row.tally.simulatedMilliseconds
            all.wall += row.wall
        }
        return all
    }

    static func text(_ rows: [Row]) -> String {
        let head = ["scenario", "boundaries", "runs", "crashes", "failures", "simulated hours", "seconds"]
        return ([head] + (rows + [sum(rows)]).map(\.cells)).map(padded).joined(separator: "\n")
    }

    static func json(_ rows: [Row]) -> String {
        let lines = (rows + [sum(rows)]).map { row in
            let points = row.tally.boundariesByPoint.sorted { $0.key < $1.key }.map {
                "\"\($0.key)\": \($0.value)"
            }
            return "  {\"scenario\": \"\(row.tally.scenario)\", \"boundaries\": \(row.tally.boundaries), "
                + "\"by_point\": {\(points.joined(separator: ", "))}, \"runs\": \(row.tally.trials), "
                + "\"crashes\": \(row.tally.crashes), \"failures\": \(row.tally.failures.count), "
                + "\"simulated_hours\": \(rounded(row.simulatedHours)), \"wall_seconds\": \(rounded(row.seconds))}"
        }
        return "[\n" + lines.joined(separator: ",\n") + "\n]"
    }
}
