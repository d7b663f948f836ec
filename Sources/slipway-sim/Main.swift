import Glibc
import Simulation

/// `slipway-sim`: the controller in a simulated world.
@main
struct Main {
    static func main() {
        Environment.settle()
        exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        var options: Options
        do throws(OptionError) {
            options = try Options(arguments)
        } catch {
            say(error.description)
            return 64
        }
        options.simulation.checkers = Checkers.all
        if case .mutants = options.command {
        } else if let problem = Mutants.plant(options.planted) {
            say(problem)
            return 64
        }
        switch options.command {
        case .help:
            print(Options.help)
            return 0
        case .run(let seeds): return run(seeds, options)
        case .replay: return replay(options.simulation)
        case .minimise: return minimise(options)
        case .mutants(let limit):
            return Mutants(
                options: options.simulation, limit: limit, only: options.planted, isJSON: options.isJSON,
                jobs: options.jobs
            ).run { say($0) }
        case .crashes(let crashes): return crashes.run { say($0) }
        case .verdicts: return Verdicts.run()
        case .cron(let command): return command.run()
        }
    }

    static func say(_ text: String) {
        let bytes = Array("\(text)\n".utf8)
        _ = unsafe write(2, bytes, bytes.count)
    }

    private static func run(_ seeds: ClosedRange<UInt64>, _ options: Options) -> Int32 {
        let clock = ContinuousClock()
        let start = clock.now
        let crew = Crew(seeds: seeds, options: options)
        let totals = crew.run { report, simulation in
            if !report.isGood { tell(report, simulation) }
        }
        let wall = clock.now - start
        print(options.isJSON ? totals.json(wall: wall) : totals.text(wall: wall))
        return totals.hasFailed(allowed: options.allowed) ? 1 : 0
    }

    private static func tell(_ report: SimulationReport, _ options: SimulationOptions) {
        say("✗ seed \(report.seed): \(Options.replayCommand(options))")
        for breach in report.breaches.prefix(6) { say("    " + breach.sentence) }
        if report.breaches.count > 6 { say("    … and \(report.breaches.count - 6) more") }
    }

    private static func replay(_ options: SimulationOptions) -> Int32 {
        var telling = options
        telling.keepsStory = true
        let report = Simulation.run(telling)
        for line in report.story { print(line) }
        print(verdict(report))
        return report.isGood ? 0 : 1
    }

    private static func verdict(_ report: SimulationReport) -> String {
        guard !report.isGood else {
            let rest = report.calmTook.map { "at rest \($0) after the faults" } ?? "not at rest"
            return "✓ seed \(report.seed): no rule was broken in \(report.simulated); \(rest)"
        }
        return (["✗ seed \(report.seed)"] + report.breaches.map { "  " + $0.sentence }).joined(
            separator: "\n")
    }

    private static func minimise(_ options: Options) -> Int32 {
        guard var minimiser = Minimiser(options.simulation, checker: options.checker) else {
            print("seed \(options.simulation.seed) breaks no rule\(options.checker.map { " \($0)" } ?? "")")
            return 0
        }
        say(
            "breaks \(minimiser.checker) with \(minimiser.report.occurrences.count) occurrences; taking away …"
        )
        minimiser.minimise()
        print(verdict(minimiser.report))
        print("\(minimiser.report.occurrences.count) occurrences left after \(minimiser.runs) runs:")
        print("  " + Options.replayCommand(minimiser.options))
        return 1
    }
}
