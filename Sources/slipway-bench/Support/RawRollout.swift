import Model

/// The floor of a rollout: what an engine needs for the same steps if nobody has to think.
struct RawRollout: Sendable {
    let world: EngineWorld
    let network: String
    let replicas: Int
    let surge: Int

    struct Result: Sendable {
        var ids: [String]
        var milliseconds: Double
    }

    /// Replaces `old` in the controller's batches: all new ones of a batch answer before the next old one goes, and
    /// each old one that is gone makes room for the next new one.
    func roll(from old: [String], to round: Int) async throws -> Result {
        let watch = Stopwatch()
        var made: [String] = []
        var left = old[...]
        repeat {
            let leaving = Array(left.prefix(made.isEmpty ? 0 : surge))
            left = left.dropFirst(leaving.count)
            let room = min(replicas - made.count, leaving.isEmpty ? surge : leaving.count)
            made += try await batch(leaving, numbers: Array(made.count..<made.count + room), round)
        } while made.count < replicas || !left.isEmpty
        return Result(ids: made, milliseconds: watch.milliseconds)
    }

    private func batch(_ leaving: [String], numbers: [Int], _ round: Int) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            for slot in 0..<max(leaving.count, numbers.count) {
                group.addTask {
                    if slot < leaving.count {
                        try await world.docker.stop(leaving[slot])
                        try await world.docker.remove(leaving[slot])
                    }
                    guard slot < numbers.count else { return nil }
                    return try await launch("raw-\(round)-\(numbers[slot])", image: world.images[round % 2])
                }
            }
            return try await group.reduce(into: []) { made, id in if let id { made.append(id) } }
        }
    }

    private func launch(_ name: String, image: String) async throws -> String {
        let payload = RawDocker.Payload(image: image, labels: world.labels, network: network)
        let id = try await world.docker.create("\(world.installation)-\(name)", payload)
        try await world.docker.start(id)
        guard let address = try await world.docker.inspect(id).address else { throw BenchError("no address") }
        // As often as the spec lets the controller ask.
        while await !world.docker.probe(address) {
            try await Task.sleep(for: SampleSpecs.startInterval.duration)
        }
        return id
    }
}
