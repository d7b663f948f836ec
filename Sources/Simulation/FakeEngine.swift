public import Model
public import Ports
internal import Synchronization

/// An engine in memory. It does what a real one does in no time, and counts what it is asked.
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

    private struct State {
        private(set) var containers: [ContainerID: ObservedInstance] = [:]
        /// By name, so that ten thousand launches do not look through ten thousand containers each.
        private(set) var names: [String: ContainerID] = [:]
        var networks: Set<EngineSnapshot.OwnedNetwork> = []
        var behaviors: [String: Behavior] = [:]
        var calls: [Action.Kind: Int] = [:]
        var lists = 0
        var nextID = 0
        var isDown = false
        var ineffective: Set<Action.Kind> = []
        var subscribers: [Int: AsyncThrowingStream<ContainerID, any Error>.Continuation] = [:]
        var observer: (@Sendable (Action.Kind) -> Void)?
        var holdsLaunches = false
        var heldLaunches: [CheckedContinuation<Void, Never>] = []

        func container(named name: String) -> ObservedInstance? { names[name].flatMap { containers[$0] } }
        mutating func put(_ instance: ObservedInstance) {
            if let before = containers[instance.id], before.name != instance.name { names[before.name] = nil }
            containers[instance.id] = instance
            names[instance.name] = instance.id
        }
        mutating func remove(_ id: ContainerID) {
            guard let gone = containers.removeValue(forKey: id) else { return }
            if names[gone.name] == id { names[gone.name] = nil }
        }
    }
    private let state = Mutex(State())

    public init() {}

    // MARK: For tests

    /// Sets what becomes of containers of images whose reference contains `fragment`.
    public func setBehavior(_ behavior: Behavior, forImagesContaining fragment: String) {
        state.withLock { $0.behaviors[fragment] = behavior }
    }
    /// From now on these calls are answered with success and change nothing.
    public func setIneffective(_ kinds: Set<Action.Kind>) { state.withLock { $0.ineffective = kinds } }
    public func setDown(_ isDown: Bool) {
        let subscribers: [AsyncThrowingStream<ContainerID, any Error>.Continuation] = state.withLock {
            state in
            state.isDown = isDown
            guard isDown else { return [] }
            defer { state.subscribers = [:] }
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.finish(throwing: Self.gone) }
    }
    public var instances: [ObservedInstance] {
        state.withLock { $0.containers.values.sorted { $0.name < $1.name } }
    }
    public func instance(_ id: ContainerID) -> ObservedInstance? { state.withLock { $0.containers[id] } }
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
    public var instanceCount: Int { state.withLock { $0.containers.count } }
    public var networkNames: [String] { state.withLock { $0.networks.map(\.name).sorted() } }
    public var mutatingCalls: Int { state.withLock { $0.calls.values.reduce(0, +) } }
    public func calls(_ kind: Action.Kind) -> Int { state.withLock { $0.calls[kind] ?? 0 } }
    public var listings: Int { state.withLock { $0.lists } }
    /// Puts a container there as it is, as if an earlier controller had made it.
    public func plant(_ instance: ObservedInstance, network: EngineSnapshot.OwnedNetwork) {
        state.withLock { state in
            state.put(instance)
            state.networks.insert(network)
        }
    }
    /// Changes a container behind the controller's back.
    public func tamper(_ name: String, _ change: (inout ObservedInstance) -> Void) {
        let id: ContainerID? = state.withLock { state in
            guard var instance = state.container(named: name) else { return nil }
            change(&instance)
            state.put(instance)
            return instance.id
        }
        if let id { announce(id) }
    }
    public func behavior(of image: String) -> Behavior {
        state.withLock { Self.behavior(of: image, $0) }
    }

    private static let gone = EngineError(.unreachable, "the simulated engine is down", call: "simulated")

    private static func behavior(of image: String, _ state: State) -> Behavior {
        for (fragment, behavior) in state.behaviors.sorted(by: { $0.key < $1.key })
        where image.contains(fragment) {
            return behavior
        }
        return .healthy
    }

    private func announce(_ id: ContainerID) {
        let subscribers = state.withLock { Array($0.subscribers.values) }
        for subscriber in subscribers { subscriber.yield(id) }
    }

    /// Runs one call: refused while the engine is down, counted if it changes something.
    private func call<Value>(
        _ kind: Action.Kind?, _ body: (inout State) -> Result<Value, EngineError>
    ) throws(EngineError) -> Value {
        if let kind, let observer = state.withLock({ $0.observer }) { observer(kind) }
        let result: Result<Value, EngineError> = state.withLock { state in
            if state.isDown { return .failure(Self.gone) }
            if let kind { state.calls[kind, default: 0] += 1 }
            return body(&state)
        }
        return try result.get()
    }

    // MARK: Engine

    public func info() throws(EngineError) -> EngineInfo {
        try call(nil) { _ in .success(EngineInfo(name: "simulated", version: "1", apiVersion: "1")) }
    }

    public func list() throws(EngineError) -> EngineSnapshot {
        try call(nil) { state in
            state.lists += 1
            return .success(
                EngineSnapshot(
                    instances: Array(state.containers.values),
                    networks: state.networks.sorted { $0.name < $1.name }))
        }
    }

    public func inspect(_ id: ContainerID) throws(EngineError) -> ObservedInstance? {
        try call(nil) { .success($0.containers[id]) }
    }

    public func prepare(reference: String, known: ResolvedImage?) throws(EngineError) -> ResolvedImage {
        try call(.prepare) { state in
            if let known { return .success(known) }
            guard Self.behavior(of: reference, state) != .missing, let digest = Self.digest(of: reference)
            else {
                return .failure(
                    EngineError(.notFound, "\(reference) is not in the registry", call: "simulated"))
            }
            return .success(
                ResolvedImage(
                    reference: reference, pinned: "\(reference)@\(digest)", digest: digest,
                    isFromRegistry: true))
        }
    }

    /// A digest that follows from the reference, so that runs are repeatable.
    private static func digest(of reference: String) -> ContentDigest? {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var text = ""
        for round in 0..<4 {
            for byte in reference.utf8 { hash = (hash ^ UInt64(byte) ^ UInt64(round)) &* 0x100_0000_01b3 }
            let hex = String(hash, radix: 16)
            text += String(repeating: "0", count: 16 - hex.count) + hex
        }
        return ContentDigest("sha256:" + text)
    }

    private func waitWhileHeld() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.holdsLaunches { state.heldLaunches.append(continuation) }
                return !state.holdsLaunches
            }
            if isFree { continuation.resume() }
        }
    }

    public func launch(_ order: InstanceOrder) async throws(EngineError) -> ContainerID {
        await waitWhileHeld()
        return try launchNow(order)
    }

    /// `launch` for a world that keeps its own time.
    func launchNow(_ order: InstanceOrder) throws(EngineError) -> ContainerID {
        let id = try call(.launch) { (state: inout State) -> Result<ContainerID, EngineError> in
            if let found = state.container(named: order.name) {
                guard found.labels.template == order.labels.template else {
                    return .failure(
                        EngineError(.conflict, "the name \(order.name) is taken", call: "simulated"))
                }
                state.put(Self.started(found, state))
                return .success(found.id)
            }
            state.networks.insert(
                EngineSnapshot.OwnedNetwork(name: order.template.network, project: order.labels.project))
            state.nextID += 1
            guard let id = ContainerID("c\(state.nextID)") else {
                return .failure(EngineError(.internal, "no id", call: "simulated"))
            }
            let instance = ObservedInstance(
                id: id, name: order.name, labels: order.labels, state: .created(error: nil), startStamp: "",
                restartCount: 0, address: "10.0.0.\(state.nextID % 250 + 1)",
                effective: EffectiveSettings(
                    nanoCPUs: order.template.nanoCPUs, memoryInBytes: order.template.memoryInBytes,
                    restart: order.template.restart, networks: [order.template.network]),
                image: order.template.image)
            if Self.behavior(of: order.template.image, state) == .refusesToStart {
                // As a real engine does it: made, not started, and nobody is told.
                state.put(instance)
                return .failure(EngineError(.startFailed, "no such command", call: "simulated"))
            }
            state.put(Self.started(instance, state))
            return .success(id)
        }
        announce(id)
        return id
    }

    private static func started(_ instance: ObservedInstance, _ state: State) -> ObservedInstance {
        var instance = instance
        instance.startStamp += "+"
        if case .crashes(let code) = behavior(of: instance.image, state) {
            instance.restartCount += 5
            instance.state = .restarting(code: code, outOfMemory: false)
        } else {
            instance.state = .running
        }
        return instance
    }

    public func start(_ id: ContainerID) throws(EngineError) {
        try change(id, .start) { instance, state in instance = Self.started(instance, state) }
    }
    public func stop(_ id: ContainerID, grace: TimeSpan) throws(EngineError) {
        try change(id, .stop) { instance, _ in instance.state = .exited(code: 143, outOfMemory: false) }
    }
    public func restart(_ id: ContainerID, grace: TimeSpan) throws(EngineError) {
        try change(id, .restart) { instance, state in instance = Self.started(instance, state) }
    }
    public func remove(_ id: ContainerID, grace: TimeSpan) throws(EngineError) {
        try call(.remove) { state in
            state.remove(id)
            return .success(())
        }
        announce(id)
    }
    public func repair(_ id: ContainerID, _ repairs: [Repair]) throws(EngineError) {
        try change(id, .repair) { instance, _ in
            for repair in repairs {
                switch repair {
                case .resources(let nanoCPUs, let memory):
                    instance.effective.nanoCPUs = nanoCPUs
                    instance.effective.memoryInBytes = memory
                case .restartPolicy(let policy): instance.effective.restart = policy
                case .rename(let name): instance.name = name
                case .connect(let network, _): instance.effective.networks.append(network)
                case .disconnect(let network): instance.effective.networks.removeAll { $0 == network }
                case .unpause: instance.state = .running
                }
            }
        }
    }
    public func removeNetwork(_ name: String) throws(EngineError) {
        try call(.removeNetwork) { state in
            state.networks = state.networks.filter { $0.name != name }
            return .success(())
        }
    }

    private func change(
        _ id: ContainerID, _ kind: Action.Kind, _ body: (inout ObservedInstance, State) -> Void
    ) throws(EngineError) {
        try call(kind) { (state: inout State) -> Result<Void, EngineError> in
            guard var instance = state.containers[id] else {
                return .failure(EngineError(.notFound, "no container \(id)", call: "simulated"))
            }
            if !state.ineffective.contains(kind) { body(&instance, state) }
            state.put(instance)
            return .success(())
        }
        announce(id)
    }

    public func execute(
        _ command: [String], in id: ContainerID, timeout: TimeSpan
    ) throws(EngineError) -> CommandResult {
        try call(nil) { _ in .success(CommandResult(exitCode: 0, output: "")) }
    }
    public func logTail(_ id: ContainerID, lines: Int) throws(EngineError) -> [EngineLogLine] {
        try call(nil) { _ in .success([EngineLogLine(isError: true, text: "simulated last words")]) }
    }
    public func logs(
        _ id: ContainerID, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) -> AsyncThrowingStream<EngineLogLine, any Error> {
        AsyncThrowingStream { $0.finish() }
    }
    public func events() -> AsyncThrowingStream<ContainerID, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: ContainerID.self, bufferingPolicy: .bufferingNewest(1_024))
        let isDown = state.withLock { state in
            guard !state.isDown else { return true }
            state.nextID += 1
            let id = state.nextID
            state.subscribers[id] = continuation
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.subscribers.removeValue(forKey: id) }
            }
            return false
        }
        if isDown { continuation.finish(throwing: Self.gone) }
        return stream
    }
}
