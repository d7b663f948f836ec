public import Model
public import Ports
internal import Synchronization

extension FakeEngine {
    public func info() throws(EngineError) -> EngineInfo {
        try call(nil) { _ in EngineInfo(name: "simulated", version: "1", apiVersion: "1") }
    }

    public func list() throws(EngineError) -> EngineSnapshot {
        try call(nil) { state in
            state.lists += 1
            var snapshot = EngineSnapshot(
                networks: state.networks.sorted { ($0.name, $0.project) < ($1.name, $1.project) })
            for container in state.containers.values {
                let instance = container.instance
                switch container.owner {
                case .installation where state.hanging.contains(instance.name):
                    snapshot.unreadable.append(
                        EngineSnapshot.UnreadableContainer(
                            id: instance.id, name: instance.name, reason: "no answer within 10 s"))
                case .installation: snapshot.instances.append(instance)
                case .copiedLabel:
                    snapshot.unreadable.append(
                        EngineSnapshot.UnreadableContainer(
                            id: instance.id, name: instance.name, reason: "its labels are incomplete"))
                case .stranger: break
                }
            }
            snapshot.instances.sort { ($0.name, $0.id) < ($1.name, $1.id) }
            snapshot.unreadable.sort { ($0.name, $0.id) < ($1.name, $1.id) }
            return snapshot
        }
    }

    public func inspect(_ id: ContainerID) throws(EngineError) -> ObservedInstance? {
        try call(nil) { (state) throws(EngineError) in
            let isHanging = state.containers[id].map { state.hanging.contains($0.instance.name) } ?? false
            if state.refusesInspections || isHanging {
                throw EngineError(.timeout, "no answer within 10 s", call: "simulated")
            }
            if state.containers[id]?.owner == .copiedLabel {
                throw EngineError(.protocolViolation, "the labels of \(id) are incomplete", call: "simulated")
            }
            return state.ownInstance(id)
        }
    }

    // MARK: Images

    public func prepare(reference: String, known: ResolvedImage?) throws(EngineError) -> ResolvedImage {
        try call(.prepare) { (state) throws(EngineError) in
            if let known {
                try state.provide(known.pinned)
                return known
            }
            guard Self.isReference(reference), let digest = state.digest(of: reference) else {
                throw EngineError(.invalid, "'\(reference)' is not an image reference", call: "simulated")
            }
            if let code = state.prepareFailure(reference) {
                throw EngineError(code, "\(reference) cannot be had: \(code.rawValue)", call: "simulated")
            }
            let pinned = state.pinned(reference)
            try state.provide(pinned)
            return ResolvedImage(reference: reference, pinned: pinned, digest: digest, isFromRegistry: true)
        }
    }

    /// Enough of the grammar for what people get wrong.
    private static func isReference(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > UInt8(ascii: " ") && $0 < 0x7f }
    }

    // MARK: Containers

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
        try call(.launch) { (state) throws(EngineError) in
            try Self.provide(order, &state)
            if let found = try Self.adopt(order, &state) { return found }
            let made = try Self.make(order, &state)
            try state.start(made, isAsked: true)
            return made.instance.id
        }
    }

    /// What a container needs before it is made.
    static func provide(_ order: InstanceOrder, _ state: inout FakeEngineState) throws(EngineError) {
        if let installation = state.installation, order.labels.installation != installation {
            throw EngineError(.policy, "the order is for another installation", call: "simulated")
        }
        let network = order.template.network
        guard !state.foreignNetworks.contains(network) else {
            throw EngineError(.conflict, "the network \(network) is of others", call: "simulated")
        }
        if !state.isOwnNetwork(network) {
            state.networks.insert(
                EngineSnapshot.OwnedNetwork(name: network, project: order.labels.project))
        }
        try state.provide(order.template.image)
    }

    /// The container that has the name, if it is an earlier result of the same order; a leftover is removed.
    private static func adopt(
        _ order: InstanceOrder, _ state: inout FakeEngineState
    ) throws(EngineError) -> ContainerID? {
        guard let found = state.container(named: order.name) else { return nil }
        let instance = found.instance
        guard found.owner == .installation, instance.labels.job == nil,
            instance.labels.template == order.labels.template,
            instance.labels.app == order.labels.app, instance.labels.process == order.labels.process
        else {
            throw EngineError(.conflict, "the name \(order.name) is taken", call: "simulated")
        }
        switch instance.state {
        case .running, .restarting, .paused: return instance.id
        case .exited:
            try state.start(found, isAsked: true)
            return instance.id
        case .created, .dead:
            state.remove(instance.id)
            return nil
        case .removing:
            throw EngineError(.conflict, "\(order.name) is still being removed", call: "simulated")
        }
    }

    static func make(
        _ order: InstanceOrder, _ state: inout FakeEngineState
    ) throws(EngineError) -> FakeContainer {
        let number = state.newContainerNumber()
        guard let id = ContainerID("c\(number)") else {
            throw EngineError(.internal, "no id", call: "simulated")
        }
        let template = order.template
        let instance = ObservedInstance(
            id: id, name: order.name, labels: order.labels, state: .created(error: nil), startStamp: "",
            restartCount: 0, address: nil,
            effective: EffectiveSettings(
                nanoCPUs: template.nanoCPUs, memoryInBytes: template.memoryInBytes, restart: template.restart,
                networks: [template.network]),
            image: template.image)
        return FakeContainer(instance: instance, address: FakeEngineState.address(number))
    }

    public func start(_ id: ContainerID) throws(EngineError) {
        try change(id, .start) { (container, state) throws(EngineError) in
            switch container.instance.state {
            case .running, .restarting: break
            case .paused:
                throw EngineError(.internal, "a paused container cannot be started", call: "simulated")
            case .created, .exited, .removing, .dead: try state.start(container, isAsked: true)
            }
        }
    }
    public func stop(_ id: ContainerID, grace: TimeSpan) throws(EngineError) {
        try change(id, .stop, isGoneFine: true) { container, state in state.stop(container) }
    }
    public func restart(_ id: ContainerID, grace: TimeSpan) throws(EngineError) {
        try change(id, .restart) { (container, state) throws(EngineError) in
            state.stop(container)
            guard let stopped = state.containers[id] else { return }
            try state.start(stopped, isAsked: true)
        }
    }
    public func remove(_ id: ContainerID, grace: TimeSpan) throws(EngineError) {
        try change(id, .remove, isGoneFine: true) { _, state in state.remove(id) }
    }

    func change(
        _ id: ContainerID, _ kind: Action.Kind, isGoneFine: Bool = false,
        _ body: (FakeContainer, inout FakeEngineState) throws(EngineError) -> Void
    ) throws(EngineError) {
        try call(kind) { (state) throws(EngineError) in
            if isGoneFine, state.containers[id] == nil { return }
            let container = try state.require(id)
            if !state.ineffective.contains(kind) { try body(container, &state) }
        }
    }

    // MARK: Repairs

    public func repair(_ id: ContainerID, _ repairs: [Repair]) throws(EngineError) {
        try change(id, .repair) { (_, state) throws(EngineError) in
            for repair in repairs { try Self.repair(try state.require(id), repair, &state) }
        }
    }

    private static func repair(
        _ container: FakeContainer, _ repair: Repair, _ state: inout FakeEngineState
    ) throws(EngineError) {
        var container = container
        let before = container.instance
        switch repair {
        case .resources(let nanoCPUs, let memory):
            let effective = before.effective
            guard nanoCPUs != nil || effective.nanoCPUs == nil,
                memory != nil || effective.memoryInBytes == nil
            else { throw EngineError(.invalid, "a limit cannot be taken away", call: "simulated") }
            container.instance.effective.nanoCPUs = nanoCPUs
            container.instance.effective.memoryInBytes = memory
        case .restartPolicy(let policy):
            container.instance.effective.restart = policy
        case .rename(let name):
            guard !name.isEmpty, !name.contains(" ") else {
                throw EngineError(.invalid, "not a container's name", call: "simulated")
            }
            guard name != before.name else { return }
            guard state.container(named: name) == nil else {
                throw EngineError(.conflict, "the name \(name) is taken", call: "simulated")
            }
            container.instance.name = name
        case .connect(let network, _):
            guard state.isNetworkThere(network) else {
                throw EngineError(.notFound, "the network \(network) does not exist", call: "simulated")
            }
            guard state.isOwnNetwork(network) else {
                throw EngineError(.conflict, "the network \(network) is of others", call: "simulated")
            }
            guard !before.effective.networks.contains(network) else { return }
            container.instance.effective.networks.append(network)
        case .disconnect(let network):
            guard before.effective.networks.contains(network) else { return }
            container.instance.effective.networks.removeAll { $0 == network }
        case .unpause:
            guard before.state == .paused else { return }
            container.instance.state = .running
        }
        state.put(container)
    }

    public func removeNetwork(_ name: String) throws(EngineError) {
        try call(.removeNetwork) { (state) throws(EngineError) in
            guard !state.foreignNetworks.contains(name) else {
                throw EngineError(.conflict, "the network \(name) is of others", call: "simulated")
            }
            // One that is stopped is not on its network: nothing keeps the network then.
            let isUsed = state.containers.values.contains {
                $0.isInUse && $0.instance.effective.networks.contains(name)
            }
            guard !isUsed else {
                throw EngineError(.conflict, "the network \(name) still has containers", call: "simulated")
            }
            state.networks = state.networks.filter { $0.name != name }
        }
    }

    // MARK: Commands, logs, events

    public func execute(
        _ command: [String], in id: ContainerID, timeout: TimeSpan
    ) throws(EngineError) -> CommandResult {
        try call(nil) { (state) throws(EngineError) in
            guard !command.isEmpty else {
                throw EngineError(.invalid, "there is no command to run", call: "simulated")
            }
            guard try state.require(id).instance.state == .running else {
                throw EngineError(.conflict, "the container \(id) does not run", call: "simulated")
            }
            return try state.commands[command]?.get() ?? CommandResult(exitCode: 0, output: "")
        }
    }

    public func logTail(_ id: ContainerID, lines: Int) throws(EngineError) -> [EngineLogLine] {
        try call(nil) { (state) throws(EngineError) in
            guard lines > 0 else { return [] }
            return try Self.log(of: id, state).suffix(lines)
        }
    }

    private static func log(
        of id: ContainerID, _ state: FakeEngineState
    ) throws(EngineError) -> [EngineLogLine] {
        let instance = try state.require(id).instance
        if case .created = instance.state { return [] }
        return state.log(instance.image)
    }

    /// Ends after the lines that are there, even if they are to be followed: nothing is ever printed later.
    public func logs(
        _ id: ContainerID, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) -> AsyncThrowingStream<EngineLogLine, any Error> {
        AsyncThrowingStream { continuation in
            do throws(EngineError) {
                for line in try logTail(id, lines: tail) { continuation.yield(line) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }

    public func events() -> AsyncThrowingStream<ContainerID, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: ContainerID.self, bufferingPolicy: .bufferingNewest(1_024))
        let isDown = state.withLock { state in
            guard !state.isDown else { return true }
            state.nextSubscriber += 1
            let number = state.nextSubscriber
            state.subscribers[number] = continuation
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.subscribers.removeValue(forKey: number) }
            }
            return false
        }
        if isDown { continuation.finish(throwing: Self.gone) }
        return stream
    }
}
