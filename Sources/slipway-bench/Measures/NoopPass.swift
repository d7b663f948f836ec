import Controller
import Model
import Simulation

/// A full listing in which nothing has changed, and the planning of every app after it.
struct NoopPass: Measure {
    let name: String
    let apps: Int
    let aim: String
    var summary: String { "a re-list and a full pass over \(apps) converged apps, nothing changed" }
    let unit = Unit.processorMilliseconds
    let against = "a plain loop that compares each listed instance with the last one seen"
    let needsEngine = false

    func run(_ bench: Bench) async throws -> Samples {
        let world = SimulatedWorld()
        return try await world.withConverged(apps: apps) { controller in
            var samples = Samples()
            let calls = world.engine.mutatingCalls
            let passes = try await world.relist(controller, apps: apps)
            for _ in 0..<9 {
                let before = Usage.processorMilliseconds()
                let made = try await world.relist(controller, apps: apps)
                let used = Usage.processorMilliseconds() - before
                guard made == passes else {
                    throw BenchError("a re-list took \(made) passes, another \(passes)")
                }
                samples.add(used, baseline: try compare(world.engine))
            }
            guard world.engine.mutatingCalls == calls else {
                throw BenchError("a pass over converged apps acted")
            }
            return samples
        }
    }

    private func compare(_ engine: FakeEngine) throws -> Double {
        let last = Dictionary(uniqueKeysWithValues: engine.instances.map { ($0.id, $0) })
        let before = Usage.processorMilliseconds()
        var changed = 0
        for instance in try engine.list().instances where last[instance.id] != instance { changed += 1 }
        let used = Usage.processorMilliseconds() - before
        guard changed == 0, last.count == apps else {
            throw BenchError("the simulated engine changed by itself")
        }
        return used
    }
}
