import Controller
import Model
import Simulation

/// A rolling update of ten instances, over the same containers made, proven and removed by bare engine calls.
struct RolloutOverhead: Measure {
    let name = "rollout_overhead"
    let summary = "a rollout of 10 instances, 3 at a time, from the commit to converged"
    let unit = Unit.milliseconds
    let aim = "ratio ≤ 1.10"
    let against =
        "create, start, probe, stop and remove of the same containers by bare engine calls, in the same batches"
    let needsEngine = true
    private let replicas = 10
    private let surge = 3

    func run(_ bench: Bench) async throws -> Samples {
        try await EngineWorld.with(bench) { world in
            try await bench.withFolder { folder in
                world.repository.commit(file(world, version: 0))
                return try await world.withController(folder: folder) { controller in
                    try await Running.untilConverged(controller, apps: 1)
                    let network = "\(world.installation)-raw"
                    try await world.docker.send(
                        "POST", "networks/create",
                        body: try WireCoding.encode(Network(Name: network, Labels: world.labels)))
                    let raw = RawRollout(world: world, network: network, replicas: replicas, surge: surge)
                    var old = try await raw.roll(from: [], to: 0).ids
                    var samples = Samples()
                    for round in 1...6 {
                        let time = try await roll(world, controller, to: round)
                        let floor = try await raw.roll(from: old, to: round)
                        old = floor.ids
                        // The first of each meets cold caches.
                        if round > 1 { samples.add(time, baseline: floor.milliseconds) }
                        Progress.say("  rollout \(Int(time)) ms, bare calls \(Int(floor.milliseconds)) ms")
                    }
                    return samples
                }
            }
        }
    }

    private func file(_ world: EngineWorld, version: Int) -> [String: String] {
        let text = SampleSpecs.web("shop", image: world.images[version % 2], replicas: replicas, surge: surge)
        return ["shop.yaml": text]
    }

    private func roll(_ world: EngineWorld, _ controller: Controller, to round: Int) async throws -> Double {
        guard let app = AppName("shop") else { throw BenchError("no name") }
        let before = try await controller.status(of: app).running?.specDigest
        world.repository.commit(file(world, version: round))
        let watch = Stopwatch()
        _ = try await controller.sync(source: nil)
        try await waitUntil("the rollout") {
            let status = try await controller.status(of: app)
            guard status.verdict != .degraded else {
                throw BenchError("the rollout failed: \(status.because)")
            }
            return status.verdict == .converged && status.running?.specDigest != before
        }
        return watch.milliseconds
    }

    private struct Network: Encodable {
        var Name: String
        var Labels: [String: String]
    }
}
