import Controller
import Model
import Simulation
import Synchronization

/// Requests that are lost while ten releases replace each other behind the edge.
struct DeployLostRequests: Measure {
    let name = "deploy_lost_requests"
    let summary =
        "requests lost in ten rolling deploys behind the edge, real engine, four clients without a pause"
    let unit = Unit.requests
    let aim = "0"
    let against = "the same deploys with `strategy: recreate`"
    let needsEngine = true
    private let deploys = 10

    func run(_ bench: Bench) async throws -> Samples {
        var samples = Samples()
        samples.add(
            Double(try await lost(bench, strategy: "rolling")),
            baseline: Double(try await lost(bench, strategy: "recreate")))
        return samples
    }

    private func lost(_ bench: Bench, strategy: String) async throws -> Int {
        try await EdgeBench.with(bench) { [deploys] edge in
            try await EngineWorld.with(bench) { world in
                @Sendable func commit(_ release: Int) {
                    var text = SampleSpecs.web(
                        "app-0", image: world.images[release % 2], replicas: 2, surge: 1)
                    text = text.replacing(
                        "    port: 8080",
                        with: "    port: 8080\n    domains: [\(EdgeBench.host(0))]\n    edge: {https: off}")
                    text += "\n  strategy: \(strategy)"
                    if strategy == "recreate" {
                        text = text.replacing("  max_surge: 1\n", with: "").replacing(
                            "  max_unavailable: 0\n", with: "")
                    }
                    world.repository.commit(["shop.yaml": text])
                }
                commit(0)
                return try await world.withController(folder: edge.folder, edge: edge.edge) { controller in
                    try await Running.untilConverged(controller, apps: 1)
                    try await waitUntil("the edge serves the app", timeout: .seconds(30)) {
                        // 503 until the route is there.
                        (try? await edge.port(answers: "/health")) == true
                    }
                    return try await Self.losses(edge) {
                        for release in 1...deploys {
                            commit(release)
                            _ = try await controller.sync(source: nil)
                            try await waitUntil("release \(release + 1)", timeout: .seconds(90)) {
                                let app = await controller.status().apps.first
                                return app?.verdict == .converged
                                    && app?.running?.number?.value == release + 1
                            }
                        }
                    }
                }
            }
        }
    }

    /// Tells the clients to stop.
    private final class End: Sendable { let hasCome = Atomic(false) }

    /// How many requests fail while `body` runs.
    private static func losses(
        _ edge: EdgeBench, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Int {
        let end = End()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var lost = 0
                    while !end.hasCome.load(ordering: .relaxed) {
                        // A failure is what is counted here.
                        if (try? await edge.port(answers: "/health")) != true { lost += 1 }
                    }
                    return lost
                }
            }
            do {
                try await body()
            } catch {
                end.hasCome.store(true, ordering: .relaxed)
                throw error
            }
            end.hasCome.store(true, ordering: .relaxed)
            return try await group.reduce(0, +)
        }
    }
}
