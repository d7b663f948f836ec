import Model

extension World {
    mutating func make(_ order: JobOrder) {
        guard !jobs.contains(where: { $0.name == order.name }) else { return }
        nextID += 1
        jobs.append(
            ObservedInstance(
                id: ContainerID("c\(nextID)").require, name: order.name, labels: order.labels,
                state: .created(error: nil), startStamp: "", restartCount: 0, address: nil,
                effective: EffectiveSettings(
                    nanoCPUs: nil, memoryInBytes: nil, restart: order.template.restart, networks: ["net"]),
                image: order.template.image))
    }

    /// Changes a job's container as the engine, its own process or a person would.
    mutating func job(_ id: ContainerID, _ body: (inout ObservedInstance) -> Void) {
        guard let index = jobs.firstIndex(where: { $0.id == id }) else { return }
        body(&jobs[index])
    }

    /// The process of the only job, or of the newest, ends.
    mutating func endJob(code: Int) {
        if let id = jobs.last?.id { job(id) { $0.state = .exited(code: code, outOfMemory: false) } }
    }

    /// Lets things happen until the condition holds, at most so many; `false`: it never did.
    mutating func run(atMost steps: Int = 200, until condition: (World) -> Bool) -> Bool {
        for _ in 0..<steps {
            if condition(self) { return true }
            _ = step()
        }
        return condition(self)
    }
}
