internal import Model
internal import Ports

/// A container of the simulated engine.
struct FakeContainer {
    /// Whose labels it carries.
    enum Owner { case installation, copiedLabel, stranger }

    var instance: ObservedInstance
    var owner = Owner.installation
    /// By any call that stops or kills: then a restart policy keeps still until the next start.
    var isStoppedByHand = false
    /// What it gets whenever it runs.
    let address: String

    var isInUse: Bool { instance.state == .running || instance.state == .paused }
    /// Whether an engine that starts brings it up.
    var comesBack: Bool {
        guard case .exited(let code, _) = instance.state else { return false }
        return switch instance.effective.restart {
        case .always: true
        case .unlessStopped: !isStoppedByHand
        case .onFailure: code != 0
        case .never: false
        }
    }
    /// As a network of the project is named.
    var isOnOwnNetwork: Bool {
        instance.effective.networks.contains { $0.hasSuffix("slipway-\(instance.labels.project)") }
    }
}

/// Everything that a `FakeEngine` knows. Every change of a container goes through `put`.
struct FakeEngineState {
    var installation: InstallationName?
    private(set) var containers: [ContainerID: FakeContainer] = [:]
    /// By name, so that ten thousand launches do not look through ten thousand containers each.
    private var names: [String: ContainerID] = [:]
    var networks: Set<EngineSnapshot.OwnedNetwork> = []
    var foreignNetworks: Set<String> = []

    var behaviors: [String: FakeEngine.Behavior] = [:]
    var stopCodes: [String: Int] = [:]
    var prepareFailures: [String: EngineError.Code] = [:]
    var logs: [String: [EngineLogLine]] = [:]
    var commands: [[String]: Result<CommandResult, EngineError>] = [:]

    /// Images that are on the host.
    var images: Set<String> = []
    /// How often a tag was pushed anew.
    var pushes: [String: Int] = [:]
    /// Why no process can be started.
    var startProblem: String?

    var calls: [Action.Kind: Int] = [:]
    var lists = 0
    private var nextID = 0
    private var nextStart = 0
    var nextSubscriber = 0
    var isDown = false
    var ineffective: Set<Action.Kind> = []
    var subscribers: [Int: FakeEngine.Subscriber] = [:]
    var observer: (@Sendable (Action.Kind) -> Void)?
    var holdsLaunches = false
    var heldLaunches: [CheckedContinuation<Void, Never>] = []
    /// Containers to be announced when the call ends.
    /// Names of containers of which nothing can be told.
    var hanging: Set<String> = []
    var refusesInspections = false
    var touched: [ContainerID] = []

    // MARK: Containers

    var own: [FakeContainer] { containers.values.filter { $0.owner == .installation } }
    func ownInstance(_ id: ContainerID) -> ObservedInstance? {
        containers[id].flatMap { $0.owner == .installation ? $0.instance : nil }
    }
    func container(named name: String) -> FakeContainer? { names[name].flatMap { containers[$0] } }

    /// Writes the container down; it is announced if it is of the installation.
    mutating func put(_ container: FakeContainer) {
        var container = container
        let id = container.instance.id
        if let before = containers[id], before.instance.name != container.instance.name {
            names[before.instance.name] = nil
        }
        let hasAddress = container.isInUse && container.isOnOwnNetwork
        container.instance.address = hasAddress ? container.instance.address ?? container.address : nil
        container.instance.effective.networks.sort()
        containers[id] = container
        names[container.instance.name] = id
        touch(container)
    }

    mutating func remove(_ id: ContainerID) {
        guard let gone = containers.removeValue(forKey: id) else { return }
        if names[gone.instance.name] == id { names[gone.instance.name] = nil }
        touch(gone)
    }

    private mutating func touch(_ container: FakeContainer) {
        if container.owner != .stranger { touched.append(container.instance.id) }
    }

    mutating func takeSubscribers() -> [FakeEngine.Subscriber] {
        defer { subscribers = [:] }
        return subscribers.sorted { $0.key < $1.key }.map(\.value)
    }

    mutating func newContainerNumber() -> Int {
        nextID += 1
        return nextID
    }
    static func address(_ number: Int) -> String {
        "10.\(number >> 16 & 0xff).\(number >> 8 & 0xff).\(number & 0xff)"
    }

    /// The container, for a call that works on one.
    func require(_ id: ContainerID) throws(EngineError) -> FakeContainer {
        guard let container = containers[id] else {
            throw EngineError(.notFound, "no container \(id)", call: "simulated")
        }
        guard container.owner != .stranger else {
            throw EngineError(.conflict, "the container \(id) is of others", call: "simulated")
        }
        return container
    }

    // MARK: What processes do

    /// Starts it. A start that is asked for forgets how often the engine itself has restarted it, and that it was
    /// stopped.
    mutating func start(_ container: FakeContainer, isAsked: Bool) throws(EngineError) {
        var container = container
        let project = container.instance.labels.project
        for network in container.instance.effective.networks where !isNetworkThere(network) {
            networks.insert(EngineSnapshot.OwnedNetwork(name: network, project: project))
        }
        if isAsked {
            container.instance.restartCount = 0
            container.isStoppedByHand = false
        }
        if let startProblem {
            if case .created = container.instance.state {
                container.instance.state = .created(error: startProblem)
            }
            put(container)
            throw EngineError(.internal, startProblem, call: "simulated")
        }
        let behavior = behavior(of: container.instance.image)
        if behavior == .refusesToStart {
            if case .created = container.instance.state {
                container.instance.state = .created(error: "no such command")
            }
            put(container)
            throw EngineError(.startFailed, "no such command", call: "simulated")
        }
        nextStart += 1
        container.instance.startStamp = "start \(nextStart)"
        container.instance.state = .running
        guard case .crashes(let code) = behavior else { return put(container) }
        // Without time there are no first four restarts to be seen.
        if isAsked, container.instance.effective.restart.restartsAfterExit(code) {
            container.instance.restartCount += 4
        }
        end(container, code: code, outOfMemory: false)
    }

    /// The process has ended by itself: what follows is the restart policy's.
    mutating func end(_ container: FakeContainer, code: Int, outOfMemory: Bool) {
        var container = container
        if container.instance.effective.restart.restartsAfterExit(code) {
            container.instance.restartCount += 1
            container.instance.state = .restarting(code: code, outOfMemory: outOfMemory)
        } else {
            container.instance.state = .exited(code: code, outOfMemory: outOfMemory)
        }
        put(container)
    }

    /// Ends the process for somebody. What does not run is left as it is.
    mutating func stop(_ container: FakeContainer) {
        var container = container
        switch container.instance.state {
        case .running, .paused:
            container.instance.state = .exited(code: stopCode(container.instance.image), outOfMemory: false)
        case .restarting(let code, let outOfMemory):
            container.instance.state = .exited(code: code, outOfMemory: outOfMemory)
        case .created, .exited, .removing, .dead:
            return
        }
        container.isStoppedByHand = true
        put(container)
    }

    mutating func goThrough(_ outage: FakeEngine.Outage, _ container: FakeContainer) {
        var container = container
        switch container.instance.state {
        case .running, .paused:
            let code = outage == .powerCut ? 255 : stopCode(container.instance.image)
            container.instance.state = .exited(code: code, outOfMemory: false)
            if outage == .crash { container.isStoppedByHand = true }
        case .restarting(let code, let outOfMemory):
            let isLost = outage != .restart && container.instance.effective.restart == .onFailure
            container.instance.state = .exited(code: isLost ? 0 : code, outOfMemory: outOfMemory)
        case .created, .exited, .removing, .dead: break
        }
        put(container)
        guard container.comesBack else { return }
        do throws(EngineError) {
            try start(container, isAsked: true)
        } catch {
            // It stays as it is, as one does that an engine cannot start at its own start.
        }
    }

    // MARK: What images are

    func behavior(of image: String) -> FakeEngine.Behavior { Self.value(behaviors, image) ?? .healthy }
    func stopCode(_ image: String) -> Int { Self.value(stopCodes, image) ?? 143 }
    func prepareFailure(_ reference: String) -> EngineError.Code? {
        Self.value(prepareFailures, reference) ?? (behavior(of: reference) == .missing ? .notFound : nil)
    }
    func log(_ image: String) -> [EngineLogLine] {
        Self.value(logs, image) ?? [EngineLogLine(isError: true, text: "simulated last words")]
    }

    private static func value<Value>(_ values: [String: Value], _ image: String) -> Value? {
        guard !values.isEmpty else { return nil }
        return values.filter { image.holds($0.key) }.min { $0.key < $1.key }?.value
    }

    /// The digest in the reference, or one that follows from it and from how often it was pushed, so that runs are
    /// repeatable.
    func digest(of reference: String) -> ContentDigest? {
        if let at = reference.firstIndex(of: "@") {
            return ContentDigest(String(reference[at...].dropFirst()))
        }
        let content = pushes[reference].map { "\(reference)#\($0)" } ?? reference
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var text = ""
        for round in 0..<4 {
            for byte in content.utf8 { hash = (hash ^ UInt64(byte) ^ UInt64(round)) &* 0x100_0000_01b3 }
            let hex = String(hash, radix: 16)
            text += String(repeating: "0", count: 16 - hex.count) + hex
        }
        return ContentDigest("sha256:" + text)
    }

    /// The reference with the digest that it names now.
    func pinned(_ reference: String) -> String {
        guard let digest = digest(of: reference), !reference.hasSuffix("@\(digest)") else { return reference }
        return "\(reference)@\(digest)"
    }

    /// Makes the image present on the host, from the registry where it is not.
    mutating func provide(_ image: String) throws(EngineError) {
        guard !images.contains(image) else { return }
        if let code = prepareFailure(image) {
            throw EngineError(code, "\(image) cannot be had: \(code.rawValue)", call: "simulated")
        }
        images.insert(image)
    }

    /// Removes the images that no container is of, whoever it belongs to.
    mutating func pruneImages() -> [String] {
        let gone = images.subtracting(containers.values.map(\.instance.image))
        images.subtract(gone)
        return gone.sorted()
    }

    // MARK: Networks

    func isOwnNetwork(_ name: String) -> Bool { networks.contains { $0.name == name } }
    func isNetworkThere(_ name: String) -> Bool { isOwnNetwork(name) || foreignNetworks.contains(name) }
}

extension RestartPolicy {
    /// Whether the engine starts a process again that has ended by itself.
    func restartsAfterExit(_ code: Int) -> Bool {
        switch self {
        case .always, .unlessStopped: true
        case .onFailure: code != 0
        case .never: false
        }
    }
}
