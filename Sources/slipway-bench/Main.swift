import Execution
import Glibc
import Model

/// `slipway-bench`: runs measures and prints their figures.
@main
struct Main {
    static func main() async {
        Signals.ignoreBrokenPipes()
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        let options: Options
        do throws(BenchError) {
            options = try Options(arguments)
        } catch {
            Progress.say(error.description)
            return 64
        }
        do {
            switch options.command {
            case .help:
                print(Options.help)
                return 0
            case .list:
                print(Report.list(MeasureTable.all))
                return 0
            case .child(let arguments):
                try await ChildProcess.run(arguments)
                return 0
            case .run(let names):
                return try await measure(names, options)
            }
        } catch {
            Progress.say("\(error)")
            return 1
        }
    }

    private static func measure(_ names: [String], _ options: Options) async throws -> Int32 {
        let bench = try Bench(engineSocket: options.engineSocket)
        let hasEngine = await RawDocker(bench).answers()
        let chosen = names.isEmpty ? MeasureTable.all : names.compactMap(MeasureTable.measure(named:))
        var figures: [Figure] = []
        var exitCode: Int32 = 0
        for measure in chosen {
            guard hasEngine || !measure.needsEngine else {
                figures.append(Figure(measure, error: "no Docker Engine answers at \(options.engineSocket)"))
                if !names.isEmpty { exitCode = 1 }
                continue
            }
            Progress.say("\(measure.name): \(measure.summary)")
            do {
                figures.append(Figure(measure, try await measure.run(bench)))
            } catch {
                figures.append(Figure(measure, error: "\(error)"))
                exitCode = 1
            }
        }
        print(options.isJSON ? try Report.json(figures) : Report.table(figures))
        return exitCode
    }
}
