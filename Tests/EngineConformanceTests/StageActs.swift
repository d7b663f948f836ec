import Model
import Ports
import Testing

extension Stage {
    // MARK: By hand

    func byHand(_ deed: Deed, _ id: ContainerID) async throws {
        switch deed {
        case .stop, .pause: await settle(id)
        default: break
        }
        try await subject.byHand(deed, id)
    }

    func settle(_ id: ContainerID) async {
        do {
            try await subject.settle(id)
        } catch {
            // What does not run or goes away meanwhile is never settled; the call that follows tells of it.
        }
    }

    func makeForeign(_ short: String, copiesLabel: Bool = false) async throws -> ContainerID {
        try await subject.makeForeign(name(short), copiesLabel: copiesLabel)
    }

    /// The process ends by itself, and the engine brings it back.
    func endAndComeBack(_ id: ContainerID, code: Int) async throws {
        let before = try #require(try await engine.inspect(id))
        try await byHand(.end(code: code), id)
        try await wait(id, until: "running again") {
            $0.state == .running && $0.restartCount == before.restartCount + 1
                && $0.startStamp != before.startStamp
        }
    }

    func lookAtState(_ id: ContainerID) async throws {
        let instance = try #require(try await engine.inspect(id))
        note("\(letter(id)) is \(Self.words(instance.state))")
    }

    func waitForLog(_ id: ContainerID) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try await engine.logTail(id, lines: 10).count < 2 {
            try #require(ContinuousClock.now < deadline, "it has printed nothing")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: At once

    typealias Call = @Sendable (any Engine) async throws(EngineError) -> Void

    /// Makes two calls at once, and notes a failure that is not the way of the world.
    func atOnce(_ first: @escaping Call, _ second: @escaping Call) async {
        let engine = engine
        async let left = outcome { () async throws(EngineError) in try await first(engine) }
        async let right = outcome { () async throws(EngineError) in try await second(engine) }
        let errors = await [left, right].compactMap { $0 }
        let wrong = errors.filter { $0.fault == .release }.map { "\($0.code.rawValue): \($0.message)" }
        note(
            "two calls at once: \(errors.count < 2 ? "one was done at least" : "none was done"), wrong \(wrong)"
        )
    }

    /// Looks again and again while `call` is made, and once after. `isHalf` returns what is wrong with what it sees.
    func watch(
        _ isHalf: @escaping @Sendable (any Engine) async throws(EngineError) -> String?,
        _ call: @escaping Call
    ) async {
        let engine = engine
        let isOver = Flag()
        async let halves = halves(engine, until: isOver, isHalf)
        let error = await outcome { () async throws(EngineError) in try await call(engine) }
        await isOver.raise()
        note("done: \(error.map(words) ?? "without error"); seen by halves: \(await halves)")
    }
}

private actor Flag {
    private(set) var isRaised = false
    func raise() { isRaised = true }
}

/// What was wrong with what was seen, each thing once.
private func halves(
    _ engine: any Engine, until isOver: Flag,
    _ isHalf: @Sendable (any Engine) async throws(EngineError) -> String?
) async -> [String] {
    var wrong: Set<String> = []
    repeat {
        do throws(EngineError) {
            if let half = try await isHalf(engine) { wrong.insert(half) }
        } catch {
            wrong.insert(error.description)
        }
    } while await !isOver.isRaised
    return wrong.sorted()
}

private func outcome(_ call: @Sendable () async throws(EngineError) -> Void) async -> EngineError? {
    do throws(EngineError) {
        try await call()
        return nil
    } catch {
        return error
    }
}

extension ContainerState {
    var isRunning: Bool { self == .running }
}
