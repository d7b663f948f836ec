public import Model
public import Ports
internal import Synchronization

/// An engine in memory. It does what a real one does in no time, and counts what it is asked.
///
/// `Tests/EngineConformanceTests` plays the same scenarios on this one and on a Docker Engine, and compares what
/// can be seen. Time is left out: nothing happens by itself. What a real engine does later, such as the restart of
/// a process that has ended, is asked for with the calls of `FakeEngine+Hand.swift`.
public final class FakeEngine: Engine {
    /// What becomes of containers made of an image.
    public enum Behavior: Sendable, Hashable {
        case healthy
        /// Runs, and never passes a probe.
        case sick
        /// Exits with `code` as often as it is started.
        case crashes(code: Int)
        /// Does not start at all.
        case refusesToStart
        /// The registry does not have it.
        case missing
    }

    typealias Subscriber = AsyncThrowingStream<ContainerID, any Error>.Continuation

    let state = Mutex(FakeEngineState())

    /// - Parameter installation: whose orders are taken; `nil` takes everyone's.
    public init(installation: InstallationName? = nil) {
        state.withLock { $0.installation = installation }
    }

    // MARK: For tests

    /// Sets what becomes of containers of images whose reference contains `fragment`.
    public func setBehavior(_ behavior: Behavior, forImagesContaining fragment: String) {
        state.withLock { $0.behaviors[fragment] = behavior }
    }
    /// Sets the exit code of a stop: 143, as of a process that SIGTERM ends, until told otherwise; 137 is that of
    /// one that ignores it.
    public func setStopCode(_ code: Int, forImagesContaining fragment: String) {
        state.withLock { $0.stopCodes[fragment] = code }
    }
    /// Lets `prepare` fail; `nil` lets it succeed again.
    public func setPrepareFailure(_ code: EngineError.Code?, forImagesContaining fragment: String) {
        state.withLock { $0.prepareFailures[fragment] = code }
    }
    /// Sets what containers have printed.
    public func setLog(_ lines: [EngineLogLine], forImagesContaining fragment: String) {
        state.withLock { $0.logs[fragment] = lines }
    }
    /// Sets how a command ends; others end with code 0 and print nothing.
    public func setResult(_ result: Result<CommandResult, EngineError>, ofCommand command: [String]) {
        state.withLock { $0.commands[command] = result }
    }
    /// From now on these calls are answered with success and change nothing.
    public func setIneffective(_ kinds: Set<Action.Kind>) { state.withLock { $0.ineffective = kinds } }
    /// From now on the engine says nothing of the containers of these names.
    public func setHanging(_ names: Set<String>) { state.withLock { $0.hanging = names } }
    /// From now on a container that is asked for by its id is not told of; the listing is.
    public func refuseInspections(_ isRefused: Bool) {
        state.withLock { $0.refusesInspections = isRefused }
    }
    public func setDown(_ isDown: Bool) {
        let subscribers: [Subscriber] = state.withLock { state in
            state.isDown = isDown
            return isDown ? state.takeSubscribers() : []
        }
        for subscriber in subscribers { subscriber.finish(throwing: Self.gone) }
    }
    /// The installation's containers by name.
    public var instances: [ObservedInstance] {
        state.withLock { state in state.own.map(\.instance).sorted { $0.name < $1.name } }
    }
    public func instance(_ id: ContainerID) -> ObservedInstance? { state.withLock { $0.ownInstance(id) } }
    /// Calls `observer` at the beginning of each call that changes something, on the caller's thread.
    public func observeCalls(_ observer: (@Sendable (Action.Kind) -> Void)?) {
        state.withLock { $0.observer = observer }
    }
    /// From now on launches hang, and do their work when this is called with `false`.
    public func holdLaunches(_ isHeld: Bool) {
        let woken: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.holdsLaunches = isHeld
            guard !isHeld else { return [] }
            defer { state.heldLaunches = [] }
            return state.heldLaunches
        }
        for continuation in woken { continuation.resume() }
    }
    /// Launches that hang now.
    public var heldLaunches: Int { state.withLock { $0.heldLaunches.count } }
    public var instanceCount: Int { state.withLock { $0.own.count } }
    public var networkNames: [String] { state.withLock { $0.networks.map(\.name).sorted() } }
    public var mutatingCalls: Int { state.withLock { $0.calls.values.reduce(0, +) } }
    public func calls(_ kind: Action.Kind) -> Int { state.withLock { $0.calls[kind] ?? 0 } }
    public var listings: Int { state.withLock { $0.lists } }
    public func behavior(of image: String) -> Behavior { state.withLock { $0.behavior(of: image) } }

    // MARK: What the extensions share

    static let gone = EngineError(.unreachable, "the simulated engine is down", call: "simulated")

    /// Runs one call: refused while the engine is down, counted if it changes something. Whom it has touched is
    /// announced at its end.
    func call<Value>(
        _ kind: Action.Kind?, _ body: (inout FakeEngineState) throws(EngineError) -> Value
    ) throws(EngineError) -> Value {
        if let kind, let observer = state.withLock({ $0.observer }) { observer(kind) }
        let result: Result<Value, EngineError> = publishing { state in
            if state.isDown { return .failure(Self.gone) }
            if let kind { state.calls[kind, default: 0] += 1 }
            do throws(EngineError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Changes the state and announces the containers that were touched, in order.
    func publishing<Value>(_ body: (inout FakeEngineState) -> Value) -> Value {
        state.withLock { state in
            let value = body(&state)
            // Under the lock, so that two calls at once announce in the order in which they happened. A stream's
            // buffer takes the id at once and calls nobody.
            for id in state.touched { for subscriber in state.subscribers.values { subscriber.yield(id) } }
            state.touched = []
            return value
        }
    }
}
