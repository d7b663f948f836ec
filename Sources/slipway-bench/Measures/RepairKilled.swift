import Controller
import Model
import Simulation

/// How soon a container that was killed runs again.
struct RepairKilled: Measure {
    let name = "repair_killed"
    let summary = "from `docker kill` until the container runs again by the controller's doing"
    let unit = Unit.milliseconds
    let aim = "baseline + 100 ms"
    let against = "kill and start of the same container by bare engine calls"
    let needsEngine = true
    private let replicas = 9

    func run(_ bench: Bench) async throws -> Samples {
        try await EngineWorld.with(bench) { world in
            try await bench.withFolder { folder in
                let text = SampleSpecs.web("shop", image: world.images[0], replicas: replicas, surge: 3)
                world.repository.commit(["shop.yaml": text])
                guard let app = AppName("shop") else { throw BenchError("no name") }
                let repaired = try await world.withController(folder: folder) { controller in
                    try await Running.untilConverged(controller, apps: 1)
                    var times: [Double] = []
                    let ids = try await controller.status(of: app).instances.map(\.id.rawValue)
                    for id in ids {
                        times.append(try await killed(world.docker, id))
                        try await Running.untilConverged(controller, apps: 1)
                    }
                    return (times, ids)
                }
                var samples = Samples()
                // The controller has ended: these are the engine's own times, on the same containers.
                for (time, id) in zip(repaired.0, repaired.1) {
                    let watch = Stopwatch()
                    try await world.docker.kill(id)
                    try await world.docker.start(id)
                    samples.add(time, baseline: watch.milliseconds)
                }
                return samples
            }
        }
    }

    private func killed(_ docker: RawDocker, _ id: String) async throws -> Double {
        let before = try await docker.inspect(id).State.StartedAt
        let watch = Stopwatch()
        try await docker.kill(id)
        try await waitUntil("the killed container", timeout: .seconds(60)) {
            let state = try await docker.inspect(id).State
            return state.Running && state.StartedAt != before
        }
        return watch.milliseconds
    }
}
