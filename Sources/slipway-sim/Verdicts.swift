import Simulation

/// `slipway-sim verdicts`: the table of docs/analysis.md.
enum Verdicts {
    private static let trials = 2_000
    private static let requests = 20_000

    static func run() -> Int32 {
        print(
            "| limit | truth | share of requests | last good | bad | good | neither | requests until then (median) |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for study in VerdictStudy.cases {
            let outcome = VerdictStudy.run(
                study, seed: 1, trials: trials, requests: requests, batch: 20, least: 50)
            let cells = [
                percent(study.limit), percent(study.truth), study.weight.map { "\($0) %" } ?? "not compared",
                study.weight == nil ? "–" : percent(study.oldTruth), share(outcome.bad), share(outcome.good),
                share(outcome.undecided), outcome.medianRequests.map { "\($0)" } ?? "–"
            ]
            print("| " + cells.joined(separator: " | ") + " |")
        }
        print(
            "\n\(trials) releases of each kind, looked at every 20 requests, at most \(requests) requests each"
        )
        return 0
    }

    /// - Parameter hundredths: of a per cent.
    private static func percent(_ hundredths: Int) -> String {
        hundredths % 100 == 0 ? "\(hundredths / 100) %" : "\(hundredths / 100).\(hundredths % 100 / 10) %"
    }

    private static func share(_ count: Int) -> String {
        percent((count * 10_000 + trials / 2) / trials / 10 * 10)
    }
}
