internal import Model
internal import Ports

/// What the engine did for a call: at once, or by the instant at which a process will be gone.
enum Effect<Value: Sendable> {
    case done(Value)
    case by(Instant, Value)
    case failed(EngineError)
}

/// How one call fares.
private struct Fare {
    var request: Int64
    var response: Int64
    var trouble: CallTrouble?
}

extension World {
    static let dead = EngineError(.unreachable, "the caller has ended", call: "simulated")
    static let away = EngineError(.unreachable, "the simulated engine is away", call: "simulated")

    /// One call that changes something: a request on its way, an effect, an answer on its way back. Each may be lost,
    /// and the effect takes place whether or not somebody still waits for the answer.
    func perform<Value: Sendable>(
        _ action: Action, _ incarnation: Incarnation, takes: ClosedRange<Int>, again: Bool = true,
        _ effect: @escaping () -> Effect<Value>
    ) async throws(EngineError) -> Value {
        guard incarnation.isAlive, !Task.isCancelled else { throw Self.dead }
        let call = beginCall(action, incarnation)
        guard incarnation.isAlive else {
            forgetCall(call)
            throw Self.dead
        }
        let reply = Reply<Result<Value, EngineError>>(incarnation)
        let fare = fare(of: action, takes: takes)
        after(fare.request) { [self] in
            // A request of a process that is dead has left it in half of the cases.
            guard !reply.isCut || arrives() else {
                forgetCall(call)
                return
            }
            crossing(.beforeEffect, incarnation)
            act(call, fare, reply, again ? effect : nil, effect)
        }
        let result = await reply.value()
        switch result {
        case .success(let value): return value
        case .failure(let error): throw error
        case nil: throw Self.dead
        }
    }

    /// Whether a request of a process that is dead had left it.
    private func arrives() -> Bool {
        report.orphanedRequests += 1
        switch options.fate {
        case .chance: return deliveryChance.happens(50)
        case .arrives: return true
        case .isLost: return false
        }
    }

    private func fare(of action: Action, takes: ClosedRange<Int>) -> Fare {
        Fare(
            request: latencyChance.milliseconds(1, 10),
            response: latencyChance.milliseconds(takes.lowerBound, takes.upperBound),
            trouble: callTrouble(for: action))
    }

    private func act<Value: Sendable>(
        _ call: EngineCall, _ fare: Fare, _ reply: Reply<Result<Value, EngineError>>,
        _ second: (() -> Effect<Value>)?, _ effect: @escaping () -> Effect<Value>
    ) {
        if isEngineDown, !call.action.isForEdge {
            answer(call, reply, .failure(Self.away), after: fare.response)
            return
        }
        if lacksDescriptors(.controller) {
            answer(call, reply, .failure(Self.noDescriptor), after: 0)
            return
        }
        if !call.action.isForEdge, isCut(.engine) {
            note("  #\(call.number) does not reach the engine")
            answer(call, reply, .failure(Self.silence), after: fare.response)
            return
        }
        if let trouble = fare.trouble, let (error, delay) = Self.failureBefore(trouble) {
            note("  #\(call.number) \(trouble.rawValue)")
            answer(call, reply, .failure(error), after: fare.response + delay)
            return
        }
        if fare.trouble == .ineffective, let nothing = () as? Value {
            note("  #\(call.number) says yes and does nothing")
            answer(call, reply, .success(nothing), after: fare.response)
            return
        }
        var outcome = effect()
        if let trouble = fare.trouble {
            note("  #\(call.number) \(trouble.rawValue)")
            if trouble == .twice, let second { outcome = second() }
        }
        switch outcome {
        case .failed(let error): answer(call, reply, .failure(error), after: fare.response)
        case .done(let value): acted(call, fare, reply, value)
        case .by(let instant, let value):
            after(instant.nanoseconds - now.nanoseconds) { [self] in acted(call, fare, reply, value) }
        }
    }

    private func acted<Value: Sendable>(
        _ call: EngineCall, _ fare: Fare, _ reply: Reply<Result<Value, EngineError>>, _ value: Value
    ) {
        happen(Self.happening(call, .acted))
        if let incarnation = incarnation(call.incarnation) { crossing(.afterEffect, incarnation) }
        if let trouble = fare.trouble, let (error, delay) = Self.failureAfter(trouble) {
            answer(call, reply, .failure(error), after: fare.response + delay)
        } else {
            answer(call, reply, .success(value), after: fare.response)
        }
    }

    private func answer<Value: Sendable>(
        _ call: EngineCall, _ reply: Reply<Result<Value, EngineError>>, _ result: Result<Value, EngineError>,
        after delay: Int64
    ) {
        // Nobody waits: the call is over with its effect.
        guard !reply.isCut else {
            forgetCall(call)
            return
        }
        let isLost = !call.action.isForEdge && isEngineSilent && !lacksDescriptors(.controller)
        after(isLost ? Self.patience.call : delay) { [self] in
            forgetCall(call)
            guard !reply.isSettled else { return }
            let result = isLost ? .failure(Self.silence) : result
            var error: EngineError?
            if case .failure(let failure) = result { error = failure }
            // What a call has hung for may follow only now.
            if call.action.kind != .prepare { lastChange = now }
            happen(Self.happening(call, .answered(error)))
            let incarnation = incarnation(call.incarnation)
            reply.settle(result)
            if let incarnation { crossing(.afterAnswer, incarnation) }
        }
    }

    private static func happening(_ call: EngineCall, _ stage: CallStage) -> Happening {
        call.action.isForEdge ? .routed(call.action, stage) : .call(call, stage)
    }

    private func beginCall(_ action: Action, _ incarnation: Incarnation) -> EngineCall {
        lastCall += 1
        report.calls += 1
        // An image that the registry does not have is asked for again and again, and rightly so.
        if action.kind != .prepare { lastChange = now }
        let call = EngineCall(number: lastCall, incarnation: incarnation.number, action: action)
        truth.inFlight.append(call)
        happen(Self.happening(call, .began))
        crossing(.beforeCall, incarnation)
        return call
    }

    private func forgetCall(_ call: EngineCall) { truth.inFlight.removeAll { $0.number == call.number } }

    // MARK: What goes wrong

    private func callTrouble(for action: Action) -> CallTrouble? {
        if action.isForEdge {
            switch edgeTrouble {
            case .unreachable: return .resetBefore
            case .timeoutAfter: return .timeoutAfter
            case .lost: return .ineffective
            case .refuses, .forgets, nil: return nil
            }
        }
        for window in windows {
            guard case .call(let trouble, let percent, _) = window.occurrence.kind,
                window.chance.happens(percent)
            else { continue }
            if case .prepare = action { return nil }
            // A release is judged by what its launch says, so the world does not say it falsely.
            if trouble == .gone, case .launch = action { return nil }
            return trouble
        }
        return nil
    }

    private static func failureBefore(_ trouble: CallTrouble) -> (EngineError, Int64)? {
        switch trouble {
        case .serverError: (error(.internal, "500 server error"), 0)
        case .conflict: (error(.conflict, "409 the name is in use"), 0)
        case .gone: (error(.notFound, "404 no such container"), 0)
        case .timeoutBefore: (error(.timeout, "no answer within 60 s"), 60_000_000_000)
        case .hang: (error(.timeout, "no answer within 300 s"), 300_000_000_000)
        case .resetBefore: (error(.unreachable, "connection reset by peer"), 0)
        case .timeoutAfter, .resetAfter, .twice, .ineffective: nil
        }
    }

    private static func failureAfter(_ trouble: CallTrouble) -> (EngineError, Int64)? {
        switch trouble {
        case .timeoutAfter: (error(.timeout, "no answer within 60 s"), 60_000_000_000)
        case .resetAfter: (error(.unreachable, "connection reset by peer"), 0)
        default: nil
        }
    }

    static func error(_ code: EngineError.Code, _ message: String) -> EngineError {
        EngineError(code, message, call: "simulated")
    }
}

extension Action {
    var isForEdge: Bool {
        switch self {
        case .route, .unroute: true
        default: false
        }
    }
}
