import Model
import Simulation

/// `slipway-sim cron`: many entries over many crashes.
struct CronCommand: Sendable {
    var study = CronStudy.Options()
    var isJSON = false

    init(_ arguments: ArraySlice<String>) throws(OptionError) {
        var rest = arguments
        var (seed, entries, crashes): (UInt64, Int, Int) = (1, 1_000, 50)
        while let argument = rest.popFirst() {
            guard let value = rest.popFirst() else { throw OptionError("\(argument) needs a value") }
            switch argument {
            case "--seed": seed = UInt64(try Options.number(value, 0...1_000_000_000))
            case "--entries": entries = Int(try Options.number(value, 1...5_000))
            case "--crashes": crashes = Int(try Options.number(value, 0...500))
            case "-o", "--output": isJSON = try Options.isJSON(value)
            default: throw OptionError("there is no option \(argument); see slipway-sim --help")
            }
        }
        study = CronStudy.Options(seed: seed, entries: entries, crashes: crashes)
    }

    func run() -> Int32 {
        let result = CronStudy.run(study)
        print(isJSON ? json(result) : text(result))
        return result.isGood ? 0 : 1
    }

    private func text(_ result: CronStudy.Result) -> String {
        let outcomes = CronRunRecord.Outcome.allCases.compactMap { outcome in
            result.outcomes[outcome].map { "\($0) \(outcome.rawValue)" }
        }
        var lines = [
            "\(study.entries) entries, due ×\(result.due) in \(result.simulated), \(result.crashes) crashes",
            "started \(result.started), passed over \(result.passedOver), \(outcomes.joined(separator: ", "))",
            "missed \(result.missed), doubled \(result.doubled)"
        ]
        lines += result.breaches.map { "  \($0.sentence)" }
        return lines.joined(separator: "\n")
    }

    private func json(_ result: CronStudy.Result) -> String {
        """
        {"entries": \(study.entries), "crashes": \(result.crashes), "due": \(result.due), "started": \(result.started), \
        "passed_over": \(result.passedOver), "missed": \(result.missed), "doubled": \(result.doubled), \
        "breaches": \(result.breaches.count)}
        """
    }
}
