/// What an engine says of one container that carries our labels.
public struct ObservedInstance: Hashable, Sendable, Codable {
    public var id: ContainerID
    public var name: String
    public var labels: InstanceLabels
    public var state: ContainerState
    /// The engine's stamp of the last start, opaque: another stamp means the container was started again.
    public var startStamp: String
    /// How often the engine's own restart policy has restarted it.
    public var restartCount: Int
    /// The address on the project network, if it has one.
    public var address: String?
    public var effective: EffectiveSettings
    /// The image that the container was made from, as it was asked for.
    public var image: String

    public init(
        id: ContainerID, name: String, labels: InstanceLabels, state: ContainerState, startStamp: String,
        restartCount: Int, address: String?, effective: EffectiveSettings, image: String
    ) {
        self.id = id
        self.name = name
        self.labels = labels
        self.state = state
        self.startStamp = startStamp
        self.restartCount = restartCount
        self.address = address
        self.effective = effective
        self.image = image
    }
}

public enum ContainerState: Hashable, Sendable, Codable {
    /// Made, never started, or its start failed with `error`.
    case created(error: String?)
    case running
    case paused
    /// Waiting for the engine's restart policy after an exit with `code`.
    case restarting(code: Int, outOfMemory: Bool)
    case exited(code: Int, outOfMemory: Bool)
    case removing
    case dead

    /// Counts against the ceiling: it has, or is about to have, a process of its own.
    public var isLive: Bool {
        switch self {
        case .running, .paused, .restarting: true
        case .created, .exited, .removing, .dead: false
        }
    }
}

/// The settings of a container that can be changed on the running engine by hand.
public struct EffectiveSettings: Hashable, Sendable, Codable {
    public var nanoCPUs: Int64?
    public var memoryInBytes: Int64?
    public var restart: RestartPolicy
    public var networks: [String]

    public init(nanoCPUs: Int64?, memoryInBytes: Int64?, restart: RestartPolicy, networks: [String]) {
        self.nanoCPUs = nanoCPUs
        self.memoryInBytes = memoryInBytes
        self.restart = restart
        self.networks = networks
    }
}

/// All that an installation owns on an engine, in one reading.
public struct EngineSnapshot: Sendable, Hashable {
    public var instances: [ObservedInstance]
    /// Names of networks that carry the installation's label.
    public var networks: [OwnedNetwork]
    /// Containers whose labels name this installation but could not be read in full; never touched.
    public var unreadable: [UnreadableContainer]

    public struct OwnedNetwork: Sendable, Hashable {
        public var name: String
        public var project: ProjectName
        /// Its address ranges, such as `172.18.0.0/16`, sorted; empty where the engine does not say.
        public var subnets: [String]
        public init(name: String, project: ProjectName, subnets: [String] = []) {
            self.name = name
            self.project = project
            self.subnets = subnets
        }
    }
    public struct UnreadableContainer: Sendable, Hashable {
        public var id: ContainerID
        public var name: String
        public var reason: String
        public init(id: ContainerID, name: String, reason: String) {
            self.id = id
            self.name = name
            self.reason = reason
        }
    }

    public init(
        instances: [ObservedInstance] = [], networks: [OwnedNetwork] = [],
        unreadable: [UnreadableContainer] = []
    ) {
        self.instances = instances
        self.networks = networks
        self.unreadable = unreadable
    }
}
