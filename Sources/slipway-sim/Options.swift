import Model
import Simulation

/// The command line.
struct Options: Sendable {
    enum Command: Sendable {
        case help
        case run(ClosedRange<UInt64>)
        case replay(UInt64)
        case minimise(UInt64)
        /// At most so many seeds for each planted bug.
        case mutants(limit: UInt64)
        case crashes(Crashes)
        /// How often the analysis of a rollout errs.
        case verdicts
        /// Many cron entries over many crashes.
        case cron(CronCommand)
    }
    var command = Command.help
    var simulation = SimulationOptions(seed: 0)
    var checker: String?
    /// Ids of bugs to plant.
    var planted: Set<String> = []
    var isJSON = false
    var isQuiet = false
    /// Seeds that may break a rule before `run` fails: the findings that are open.
    var allowed = 0
    /// Threads of `run`.
    var jobs = 1

    static let help = """
        slipway-sim — runs the controller in a simulated world, with faults that follow from a seed

        USAGE
          slipway-sim run --seeds A..B [OPTIONS] [-o json|text] [--quiet]
          slipway-sim replay SEED [OPTIONS]
          slipway-sim minimise SEED [OPTIONS] [--checker ID]
          slipway-sim crashes [--scenario NAME] [--mode kill,term,twice,cut] [--samples N] [--jobs N]
                              [-o json|text]
          slipway-sim crashes [--scenario NAME] --list
          slipway-sim crashes --scenario NAME --at N[,N] [--term] [--lost N] [--requests lost|arrives|chance]
          slipway-sim mutants [--seeds N] [--plant ID,…] [OPTIONS] [-o json|text]
          slipway-sim verdicts
          slipway-sim cron [--entries N] [--crashes N] [--seed N] [-o json|text]

        `run` looks at many seeds and names those that break a rule. `replay` tells the whole story of one. `minimise`
        leaves out what is not needed to break the rule, and prints the command that replays what is left. `mutants`
        plants known bugs, one at a time, and says which rule finds each and after how many seeds: debug builds only.
        `crashes` plays short stories without other faults, once for each boundary at which the controller touches the
        world: it is killed there (`kill`), told to end (`term`), or killed there and again N times in the recovery
        (`twice`), or killed there while its store loses the last record, and at the end with a store cut after each of
        its records (`cut`), and the story has to come to its right end. `--at` tells the story of one such run; 0 is the one
        without a crash.
        `cron` has N cron entries, 1000 by default, due again and again while the controller is killed N times, 50 by default,
        and counts runs that were missed or doubled.
        `verdicts` measures how often the analysis of a canary is wrong, over 2,000 releases of each kind.
        The same seed and options give the same story with the same build of this program.

        OPTIONS
          --faults LIST   all, none, or classes with commas:
        \(Self.classes)
          --minutes N     simulated time with faults before the calm, default \(SimulationOptions.defaultSafetyPhase)
          --hours N       the same in hours, for a soak
          --jobs N        threads of `run`, `crashes` and `mutants`, default 1
          --allow N       `run` fails only if more than N seeds break a rule, default 0
          --edge          with a reverse proxy; --no-edge: without; default: the seed decides
          --only LIST     only these faults, commits and requests, such as crash3,commit1; `-` for none
          --plant LIST    with these bugs of `mutants`; other commands take one
          --crash-at N    kill the controller at the N-th call or write that it begins or ends

        EXIT CODES
          0 no rule was broken, 1 one was, 64 wrong options

        EXAMPLES
          slipway-sim run --seeds 1..2000
          slipway-sim run --seeds 1..10 --hours 24 --faults crash,store
          slipway-sim replay 42 --no-edge
          slipway-sim minimise 42
          slipway-sim crashes
          slipway-sim crashes --scenario canary --at 17
        """

    /// In two lines below the option.
    private static var classes: String {
        let names = FaultClass.allCases.map(\.rawValue)
        let half = (names.count + 1) / 2
        return [names[..<half], names[half...]].map {
            String(repeating: " ", count: 18) + $0.joined(separator: ",")
        }
        .joined(separator: ",\n")
    }

    init(_ arguments: [String]) throws(OptionError) {
        guard let first = arguments.first else { return }
        var rest = arguments.dropFirst()
        switch first {
        case "-h", "--help", "help": return
        case "run": command = .run(1...100)
        case "mutants": command = .mutants(limit: 400)
        case "verdicts": command = .verdicts
        case "cron":
            command = .cron(try CronCommand(rest))
            return
        case "crashes":
            let crashes = try Crashes(rest)
            planted = crashes.planted
            command = .crashes(crashes)
            return
        case "replay", "minimise":
            guard let text = rest.popFirst(), let seed = UInt64(text) else {
                throw OptionError("\(first) needs a seed: a number from 0")
            }
            simulation.seed = seed
            command = first == "replay" ? .replay(seed) : .minimise(seed)
        default: throw OptionError("there is no command \(first); see slipway-sim --help")
        }
        while let argument = rest.popFirst() { try take(argument, &rest) }
    }

    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws(OptionError) {
        switch argument {
        case "--edge": simulation.hasEdge = true
        case "--no-edge": simulation.hasEdge = false
        case "--quiet": isQuiet = true
        case "-h", "--help": command = .help
        default:
            guard let value = rest.popFirst() else { throw OptionError("\(argument) needs a value") }
            try take(argument, value)
        }
    }

    private mutating func take(_ argument: String, _ value: String) throws(OptionError) {
        switch argument {
        case "--seeds":
            if case .mutants = command {
                command = .mutants(limit: UInt64(try Self.number(value, 1...1_000_000)))
            } else {
                command = .run(try Self.seeds(value))
            }
        case "--plant": planted = Set(value.split(separator: ",").map(String.init))
        case "--faults": simulation.faults = try Self.faults(value)
        case "--minutes": simulation.safetyPhase = .minutes(try Self.number(value, 1...100_000))
        case "--hours": simulation.safetyPhase = .minutes(try Self.number(value, 1...1_000) * 60)
        case "--jobs": jobs = Int(try Self.number(value, 1...256))
        case "--crash-at": simulation.crashAtCrossing = Int(try Self.number(value, 1...1_000_000_000))
        case "--only":
            simulation.only = value == "-" ? [] : Set(value.split(separator: ",").map(String.init))
        case "--allow": allowed = Int(try Self.number(value, 0...1_000_000))
        case "--checker": checker = value
        case "-o", "--output": isJSON = try Self.isJSON(value)
        default: throw OptionError("there is no option \(argument); see slipway-sim --help")
        }
    }

    static func isJSON(_ value: String) throws(OptionError) -> Bool {
        guard value == "json" || value == "text" else { throw OptionError("--output needs json or text") }
        return value == "json"
    }

    static func number(_ text: String, _ range: ClosedRange<Int64>) throws(OptionError) -> Int64 {
        guard let number = Int64(text), range.contains(number) else {
            throw OptionError("\(text) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func seeds(_ text: String) throws(OptionError) -> ClosedRange<UInt64> {
        let parts = text.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
        guard let first = parts.first ?? nil, let last = parts.last ?? nil, parts.count <= 2, first <= last
        else {
            throw OptionError("\(text) is not a range of seeds such as 1..2000")
        }
        return first...last
    }

    private static func faults(_ text: String) throws(OptionError) -> Set<FaultClass> {
        if text == "all" { return Set(FaultClass.allCases) }
        if text == "none" { return [] }
        var faults: Set<FaultClass> = []
        for word in text.split(separator: ",") {
            guard let fault = FaultClass(rawValue: String(word)) else {
                throw OptionError("there is no class of faults called \(word)")
            }
            faults.insert(fault)
        }
        return faults
    }

    /// The command that gives this very run again.
    static func replayCommand(_ options: SimulationOptions) -> String {
        var words = ["slipway-sim replay \(options.seed)"]
        if options.faults.isEmpty {
            words.append("--faults none")
        } else if options.faults.count < FaultClass.allCases.count {
            words.append("--faults \(options.faults.map(\.rawValue).sorted().joined(separator: ","))")
        }
        if options.safetyPhase != SimulationOptions.defaultSafetyPhase {
            words.append("--minutes \(options.safetyPhase.milliseconds / 60_000)")
        }
        if let hasEdge = options.hasEdge { words.append(hasEdge ? "--edge" : "--no-edge") }
        if let only = options.only {
            words.append("--only \(only.isEmpty ? "-" : only.sorted().joined(separator: ","))")
        }
        if let crossing = options.crashAtCrossing { words.append("--crash-at \(crossing)") }
        return words.joined(separator: " ")
    }
}

struct OptionError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
