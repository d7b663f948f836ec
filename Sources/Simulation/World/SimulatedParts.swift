internal import Controller
internal import Model
internal import Ports

/// The time as one incarnation reads it. It goes on while nobody runs, as the time since boot does.
struct SimulatedClock: ControllerClock {
    let world: World
    let incarnation: Incarnation

    func now() -> Instant { world.now }
    func wall() -> WallTime { world.wall() }
    func reading() -> ClockReading {
        ClockReading(now: world.now, boot: "simulated", sinceBoot: world.now.nanoseconds)
    }
    func sleep(until instant: Instant) async throws {
        guard incarnation.isAlive else { throw CancellationError() }
        try Task.checkCancellation()
        guard instant > world.now else { return }
        let span = instant.nanoseconds - world.now.nanoseconds
        guard await world.pause(span, incarnation) else { throw CancellationError() }
    }
}

/// Asks instances how they really are at that moment.
struct SimulatedProber: Prober {
    let world: World
    let incarnation: Incarnation

    func probe(_ target: ProbeTarget) async -> ProbeResult {
        guard incarnation.isAlive, !Task.isCancelled else { return .unknown("the probe was given up") }
        let reply = Reply<ProbeResult>(incarnation)
        if world.lacksDescriptors(.controller) {
            return .unknown("the probe could not be made: too many open files")
        }
        let hangs = (world.lives[target.container]?.hangsUntil ?? .zero) > world.now
        let delay = hangs ? target.timeout.nanoseconds : world.latencyChance.milliseconds(1, 15)
        world.after(delay) {
            guard !reply.isSettled else { return }
            reply.settle(hangs ? .failed("no answer within \(target.timeout)") : world.probe(target))
        }
        return await reply.value() ?? .unknown("the probe was given up")
    }
}

extension World {
    func probe(_ target: ProbeTarget) -> ProbeResult {
        guard let life = lives[target.container], life.isRunning else {
            return .failed("connection refused")
        }
        if case .command = target.check, isEngineDown { return .unknown("the engine is away") }
        if life.hasPort, !life.isConnected {
            return .failed("the container has no address on the project network")
        }
        if life.temper == .mute { return .unknown("the answer says nothing") }
        if life.temper == .errors, script?.isAnalysis(target.check, of: target.container) == true {
            return .failed("answered 500")
        }
        if life.isServing, life.endsAt == nil { return .passed }
        if let script { return .failed(script.answer(target.check)) }
        return life.temper == .sick ? .failed("GET /health answered 500") : .failed("connection refused")
    }
}

/// The store as one incarnation has it open.
struct SimulatedStore: Store {
    let world: World
    let incarnation: Incarnation
    private static let dead = StoreError(.io, "the process has ended")

    func claim() async throws(StoreError) -> StoredState {
        guard await world.pause(world.latencyChance.milliseconds(1, 20), incarnation) else { throw Self.dead }
        world.crossing(.beforeCommit, incarnation)
        guard incarnation.isAlive else { throw Self.dead }
        if let refusal = world.lacksDescriptors(.controller) ? .io : world.storeRefusal {
            throw StoreError(refusal, "the store cannot be read")
        }
        let state = try world.store.claim()
        incarnation.store = world.store
        world.readStore()
        world.crossing(.afterCommit, incarnation)
        guard incarnation.isAlive else { throw Self.dead }
        return state
    }

    func load() async throws(StoreError) -> StoredState { try world.store.load() }

    func commit(_ batch: StoreBatch) async throws(StoreError) {
        guard incarnation.isAlive else { throw Self.dead }
        world.crossing(.beforeCommit, incarnation)
        // The last write of a process that is asked to end is not interrupted.
        if !Task.isCancelled {
            _ = await world.pause(world.latencyChance.milliseconds(0, 4), incarnation)
        }
        guard incarnation.isAlive else { throw Self.dead }
        if let error = world.write(batch, incarnation) { throw error }
        world.crossing(.afterCommit, incarnation)
        guard incarnation.isAlive else { throw Self.dead }
    }

    func release(app: AppName, number: ReleaseNumber) async throws(StoreError) -> Release? {
        try world.store.release(app: app, number: number)
    }
    func rollouts(app: AppName?, limit: Int) async throws(StoreError) -> [RolloutRecord] {
        try world.store.rollouts(app: app, limit: limit)
    }
    func cronRuns(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(StoreError) -> [CronRunRecord] {
        try world.store.cronRuns(app: app, entry: entry, limit: limit)
    }
    func events(after sequence: Int64, limit: Int) async throws(StoreError) -> [EventRecord] {
        try world.store.events(after: sequence, limit: limit)
    }
    func close() async {}
}

extension World {
    /// Writes a batch, or says why not.
    func write(_ batch: StoreBatch, _ incarnation: Incarnation) -> StoreError? {
        if let code = isDiskFull ? .diskFull : storeRefusal {
            let error = StoreError(code, "the store refuses")
            happen(.stored(batch, incarnation: incarnation.number, error: error))
            return error
        }
        do throws(StoreError) {
            guard incarnation.store === store else {
                throw StoreError(.fenced, "the file of the store was moved, removed or replaced")
            }
            try store.commit(batch)
        } catch {
            happen(.stored(batch, incarnation: incarnation.number, error: error))
            return error
        }
        if !batch.apps.isEmpty || !batch.rollouts.isEmpty || !batch.forgotten.isEmpty { lastChange = now }
        countRollouts(batch)
        readStore()
        happen(.stored(batch, incarnation: incarnation.number, error: nil))
        return nil
    }

    private func countRollouts(_ batch: StoreBatch) {
        report.rolloutsStarted += batch.events.count { $0.kind == .rolloutStarted }
        for rollout in batch.rollouts {
            guard let outcome = rollout.outcome else { continue }
            let key = "\(rollout.app) \(rollout.release) \(rollout.startedAt.secondsSince1970)"
            if endedRollouts.insert(key).inserted { report.rolloutsEnded[outcome, default: 0] += 1 }
        }
    }

    /// What is stored, into the truth.
    func readStore() {
        do throws(StoreError) {
            truth.stored = try store.load()
            truth.rollouts = store.history
        } catch {
            breach("SIM", "the store of the simulation can be read", error.message)
        }
    }
}
