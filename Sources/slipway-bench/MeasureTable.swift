/// All measures, in the order in which they are run and shown.
enum MeasureTable {
    static let all: [any Measure] = [
        PlanChanges(),
        NoopPass(name: "noop_pass_1k", apps: 1_000, aim: "≤ 25 ms CPU"),
        NoopPass(name: "noop_pass_10k", apps: 10_000, aim: "≤ 250 ms CPU"),
        PlanProposal(),
        ReadNotes(),
        AccessCheck(),
        DecryptSecrets(),
        ManyAppsMemory(),
        StartManyApps(),
        CommitToFirstCall(),
        RepairKilled(),
        RolloutOverhead(),
        ManyContainersMemory(),
        EdgeSwitch(name: "edge_switch_1", apps: 1),
        EdgeSwitch(name: "edge_switch_1k", apps: 1_000),
        EdgeSwitch(name: "edge_switch_10k", apps: 10_000),
        EdgeTraffic(figure: .throughput),
        EdgeTraffic(figure: .slowest),
        EdgeMemory(),
        DeployLostRequests()
    ]

    static func measure(named name: String) -> (any Measure)? { all.first { $0.name == name } }
}
