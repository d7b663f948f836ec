import Model
import Testing

/// Fifty deploys in a row, good and bad, under every kind of traffic.
@Suite struct EdgeLoadTests {
    private static let rounds = 17

    /// How a release turns out, by its place in the row.
    private enum Release: CaseIterable {
        case good, exits, answers500, slow, stubborn, failsLate

        var env: [String: String] {
            switch self {
            case .good: [:]
            case .exits: ["CRASH_AFTER": "0"]
            case .answers500: ["FAIL": "500"]
            case .slow: ["START_DELAY": "2"]
            case .stubborn: ["IGNORE_TERM": "1"]
            case .failsLate: ["DIE_AFTER": "1"]
            }
        }

        var isGood: Bool {
            switch self {
            case .good, .slow, .stubborn: true
            case .exits, .answers500, .failsLate: false
            }
        }
    }

    private let strategies: [(app: String, deploy: [String])] = [
        ("rolling", ["max_surge: 1"]), ("canary", ["strategy: canary", "steps: [50%, 100%]", "bake: 1s"]),
        ("bluegreen", ["strategy: blue_green"])
    ]

    private func spec(
        _ app: String, _ deploy: [String], _ version: String, _ env: [String: String]
    ) -> SpecText {
        SpecText(
            name: app, image: "web:1", replicas: 2, env: env.merging(["VERSION": version]) { $1 },
            web: ["domains: [\(app).example.com]", "drain_timeout: 6s", "edge: {https: off}"],
            deploy: ["timeout: 30s"] + deploy, minHealthyTime: "2s", startPeriod: "15s", checkTimeout: "5s")
    }

    @Test func fiftyDeploysLoseNoRequest() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            @Sendable func commit(_ version: String, _ release: Release) async throws -> String {
                let files = strategies.map { app, deploy in
                    ("\(app).yaml", spec(app, deploy, version, release.env).yaml(world))
                }
                return try await world.repository.commit(Dictionary(uniqueKeysWithValues: files))
            }
            _ = try await commit("v0", .good)
            try await world.start()
            for (app, _) in strategies {
                try await world.converged(app, on: 1)
                try await world.answers("\(app).example.com", "v0")
            }
            let hosts = strategies.map { "\($0.app).example.com" }
            let result = try await EdgeLoad.run(world, hosts: hosts) {
                var good = "v0"
                for round in 1...Self.rounds {
                    let release = Release.allCases[round % Release.allCases.count]
                    let read = try await commit("v\(round)", release)
                    if round % 5 == 2 {
                        // In the middle of it: the containers go on, and so do their requests.
                        try await world.read(read)
                        try await world.daemon?.killAtOnce()
                        try await world.start()
                    }
                    if round % 5 == 4 { try await addHost(world, number: round) }
                    if release.isGood { good = "v\(round)" }
                    for (app, _) in strategies {
                        try await world.wait(for: app, "round \(round) ends", within: .seconds(120)) {
                            $0.wanted?.number?.value == round + 1 && $0.rollout == nil
                                && $0.verdict == (release.isGood ? .converged : .rolledBack)
                        }
                        try await world.answers("\(app).example.com", good)
                    }
                }
            }
            #expect(result.failures == [])
            #expect(result.requests > 1_000, "\(result.counts)")
            // Streams are cut where their instance went, and nowhere else.
            let running = Set(
                try await world.containers().filter(\.isRunning).map { String($0.id.prefix(12)) })
            #expect(
                running.isDisjoint(with: result.cut), "streams of instances that are still there were cut")
            print("counts \(result.counts), streams that moved \(result.cut.count)")
        }
    }

    /// Another app with another host: the proxy has to be loaded anew.
    private func addHost(_ world: World, number: Int) async throws {
        let app = "extra\(number)"
        let more = spec(app, [], "extra", [:]).yaml(world)
        try await world.repository.commit(["\(app).yaml": more])
        try await world.answers("\(app).example.com", "extra", within: .seconds(60))
    }
}
