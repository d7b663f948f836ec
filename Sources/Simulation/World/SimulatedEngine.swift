internal import Model
internal import Ports

/// The engine as one incarnation of the controller reaches it.
struct SimulatedEngine: Engine {
    let world: World
    let incarnation: Incarnation

    func info() async throws(EngineError) -> EngineInfo {
        try await read(1...5) { world in
            Result { () throws(EngineError) in try world.engine.info() }
        }
    }

    func list() async throws(EngineError) -> EngineSnapshot {
        guard incarnation.isAlive, !Task.isCancelled else { throw World.dead }
        world.crossing(.listing, incarnation)
        let early = world.slowReading()
        return try await read(3...20, extra: early?.delay ?? 0) { world in world.listing(early) }
    }

    func inspect(_ id: ContainerID) async throws(EngineError) -> ObservedInstance? {
        try await read(1...8) { world in world.inspection(id) }
    }

    /// A call that changes nothing: it sees the world at one instant, and the answer is a little older when it comes.
    private func read<Value: Sendable>(
        _ milliseconds: ClosedRange<Int>, extra: Int64 = 0,
        _ body: @escaping (World) -> Result<Value, EngineError>
    ) async throws(EngineError) -> Value {
        guard incarnation.isAlive, !Task.isCancelled else { throw World.dead }
        let reply = Reply<Result<Value, EngineError>>(incarnation)
        let (first, last) = (milliseconds.lowerBound, milliseconds.upperBound)
        let request = world.latencyChance.milliseconds(1, first) + extra
        let response = world.latencyChance.milliseconds(0, last)
        world.after(request) {
            guard !reply.isSettled else { return }
            if let (error, delay) = world.silentReading() {
                world.after(response + delay) { reply.settle(.failure(error)) }
                return
            }
            let result = world.isEngineDown ? .failure(World.away) : world.readTrouble() ?? body(world)
            world.after(response) { reply.settle(result) }
        }
        switch await reply.value() {
        case .success(let value): return value
        case .failure(let error): throw error
        case nil: throw World.dead
        }
    }

    func prepare(reference: String, known: ResolvedImage?) async throws(EngineError) -> ResolvedImage {
        let pull = world.pullTime(reference, known: known)
        return try await world.perform(.prepare(reference: reference, known: known), incarnation, takes: pull)
        {
            world.pull(reference, known: known)
        }
    }

    func launch(_ order: InstanceOrder) async throws(EngineError) -> ContainerID {
        try await world.perform(.launch(order), incarnation, takes: world.startTime(80...700)) {
            world.launch(order)
        }
    }

    func start(_ id: ContainerID) async throws(EngineError) {
        try await world.perform(.start(id, name: name(id)), incarnation, takes: world.startTime(50...500)) {
            world.change(id) { () throws(EngineError) in try world.engine.start(id) }
        }
    }

    func stop(_ id: ContainerID, grace: TimeSpan) async throws(EngineError) {
        try await world.perform(.stop(id, name: name(id), grace: grace), incarnation, takes: 5...40) {
            world.ending(id, grace: grace) { () throws(EngineError) in try world.engine.stop(id, grace: grace)
            }
        }
    }

    func restart(_ id: ContainerID, grace: TimeSpan) async throws(EngineError) {
        try await world.perform(.restart(id, name: name(id), grace: grace), incarnation, takes: 50...500) {
            world.ending(id, grace: grace) { () throws(EngineError) in
                try world.engine.restart(id, grace: grace)
            }
        }
    }

    func remove(_ id: ContainerID, grace: TimeSpan) async throws(EngineError) {
        try await world.perform(.remove(id, name: name(id), grace: grace), incarnation, takes: 10...80) {
            world.ending(id, grace: grace) { () throws(EngineError) in
                try world.engine.remove(id, grace: grace)
            }
        }
    }

    func repair(_ id: ContainerID, _ repairs: [Repair]) async throws(EngineError) {
        try await world.perform(.repair(id, name: name(id), repairs), incarnation, takes: 10...60) {
            world.change(id) { () throws(EngineError) in try world.engine.repair(id, repairs) }
        }
    }

    func createJob(_ order: JobOrder, secrets: DeliveredSecrets?) async throws(EngineError) -> ContainerID {
        try await world.perform(.createJob(order), incarnation, takes: world.startTime(40...300)) {
            world.createJob(order)
        }
    }

    func startJob(_ id: ContainerID) async throws(EngineError) {
        // Sent once: an adapter that could send it twice would break its promise.
        try await world.perform(
            .startJob(id, name: name(id)), incarnation, takes: world.startTime(50...500), again: false
        ) {
            world.change(id) { () throws(EngineError) in try world.engine.startJob(id) }
        }
    }

    func discardJob(_ id: ContainerID) async throws(EngineError) {
        try await world.perform(.discardJob(id, name: name(id)), incarnation, takes: 10...60) {
            world.change(id) { () throws(EngineError) in try world.engine.discardJob(id) }
        }
    }

    func removeNetwork(_ name: String) async throws(EngineError) {
        try await world.perform(.removeNetwork(name), incarnation, takes: 5...20) {
            Effect { () throws(EngineError) in try world.engine.removeNetwork(name) }
        }
    }

    private func name(_ id: ContainerID) -> String { world.engine.instance(id)?.name ?? id.rawValue }

    func execute(
        _ command: [String], in id: ContainerID, timeout: TimeSpan
    ) async throws(EngineError) -> CommandResult {
        try await read(20...200) { world in
            guard let life = world.lives[id], life.isRunning else {
                return .failure(World.error(.notFound, "no such container"))
            }
            return .success(CommandResult(exitCode: life.isServing ? 0 : 1, output: ""))
        }
    }

    func logTail(_ id: ContainerID, lines: Int) async throws(EngineError) -> [EngineLogLine] {
        try await read(2...20) { world in
            guard let instance = world.engine.instance(id) else {
                return .failure(World.error(.notFound, "no such container"))
            }
            return .success([EngineLogLine(isError: true, text: "last words of \(instance.name)")])
        }
    }

    func logs(
        _ id: ContainerID, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) -> AsyncThrowingStream<EngineLogLine, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    func events() -> AsyncThrowingStream<ContainerID, any Error> { world.subscribe(incarnation) }
}

extension Effect {
    /// What a call of the engine beneath came to.
    init(_ body: () throws(EngineError) -> Value) {
        do throws(EngineError) {
            self = .done(try body())
        } catch {
            self = .failed(error)
        }
    }
}
