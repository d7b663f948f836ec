internal import Model
internal import Ports
internal import Simulation

/// The answer of `slipway simulate`.
struct RehearsalReport: Codable, Hashable, Sendable {
    static let currentVersion = 1
    var version = Self.currentVersion
    var commit: CommitInfo
    /// `nil`: nothing runs before.
    var base: CommitInfo?
    var notes: [String]
    var scenarios: [RehearsalRecord]
    var assumptions: [String]

    /// 1 where a spec is not valid, 2 where the commit does not come to pass although all is well with it.
    var exitCode: Int32 {
        let good = scenarios.first { $0.scenario == .good } ?? scenarios.first
        guard let good else { return 0 }
        if good.diagnostics.contains(where: { $0.severity == .error }) { return 1 }
        guard good.scenario == .good else { return 0 }
        let isDone = good.apps.allSatisfy { app in
            app.verdict == .converged || app.verdict == nil && app.change == .remove
        }
        return isDone && good.isSettled ? 0 : 2
    }
}

extension CommandRun {
    func simulate() throws -> Int32 {
        let name = invocation.options["project"] ?? "default"
        guard let project = ProjectName(name) else { throw usage("'\(name)' is not a project's name") }
        let app = try invocation.options["app"].map { text throws(UsageError) in
            guard let app = AppName(text) else { throw usage("'\(text)' is not an app's name") }
            return app
        }
        let subject = try RehearsalSubject(
            invocation.arguments["PATH"] ?? ".", revision: invocation.options["commit"],
            base: invocation.options["base"], project: project, files: Files(console))
        let records = rehearse(subject.plan)
        var report = RehearsalReport(
            commit: subject.plan.head.snapshot.commit, base: subject.plan.base?.snapshot.commit,
            notes: subject.notes, scenarios: records,
            assumptions: Rehearsal.assumptions(
                hasEdge: records.contains(where: \.hasEdge),
                hasCommand: records.contains(where: \.hasCommand)))
        let code = report.exitCode
        if let app { try narrow(&report, to: app) }
        try show(report) { RehearsalRendering(style: style, isShort: isAll).lines($0) }
        return code
    }

    private var isAll: Bool { (invocation.options["what"] ?? "all") == "all" }

    private func rehearse(_ plan: RehearsalPlan) -> [RehearsalRecord] {
        let wanted = RehearsalScenario(rawValue: invocation.options["what"] ?? "all")
        // The middle of a rollout is where the good one has its middle.
        var good: RehearsalRecord?
        if wanted == nil || wanted == .good || wanted == .host { good = Rehearsal.run(plan, .good) }
        // Without a new release there is nothing that could go wrong.
        if let good, wanted == nil, good.apps.allSatisfy({ $0.to == nil }) { return [good] }
        let middle = TimeSpan.milliseconds((good.map(Self.end) ?? 20_000) / 2)
        return RehearsalScenario.allCases.filter { wanted == nil || $0 == wanted }.compactMap { scenario in
            scenario == .good ? good : Rehearsal.run(plan, scenario, rebootAt: middle)
        }
    }

    /// When the last rollout was over.
    private static func end(_ record: RehearsalRecord) -> Int64 {
        record.apps.compactMap(\.durationMilliseconds).max() ?? record.durationMilliseconds
    }

    private func narrow(_ report: inout RehearsalReport, to app: AppName) throws {
        let known = report.scenarios.flatMap { $0.apps.map(\.app.rawValue) }
        guard known.contains(app.rawValue) else {
            let guess = Suggestion.nearest(to: app.rawValue, in: known)
            throw LocalFailure("nothing happens to an app '\(app)'" + Suggestion.question(guess))
        }
        for index in report.scenarios.indices { report.scenarios[index].apps.removeAll { $0.app != app } }
    }
}
