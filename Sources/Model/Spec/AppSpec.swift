/// One app as committed, in normal form: sugar removed, overlays merged, files read, names checked.
///
/// What the author left out stays `nil`, so that a changed default of a later Slipway does not change the digest
/// of a spec that nobody touched. `Effective` properties give the value with its default.
public struct AppSpec: Codable, Hashable, Sendable {
    public var name: AppName
    public var project: ProjectName
    /// The image as written, `registry/repository:tag` or `…@sha256:…`.
    public var image: String
    /// `env_files` in order, then `env`; a later value wins.
    public var env: [String: String]
    /// Sorted by `target`.
    public var files: [FileSpec]
    public var dependsOn: [AppName]
    /// Sorted by name, at least one.
    public var processes: [ProcessSpec]
    public var volumes: [VolumeName: VolumeSpec]
    public var deploy: DeploySpec
    public var reversible: Bool?
    /// Apps of one source with the same name here promote and revert together.
    public var group: String?
    /// Sorted by name; `nil` where there are none.
    public var secrets: [SecretSpec]?
    /// Run once per release, before anything changes.
    public var release: ReleaseCommandSpec?
    /// Sorted by name; `nil` where there are none. No part of any template: what is run by the clock restarts nothing.
    public var cron: [CronSpec]?
    /// What later capabilities bring to life; decoded and validated, and refused with a clear message when used.
    public var later: LaterFeatures?

    public init(
        name: AppName, project: ProjectName, image: String, env: [String: String] = [:],
        files: [FileSpec] = [],
        dependsOn: [AppName] = [], processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec] = [:],
        deploy: DeploySpec = DeploySpec(), reversible: Bool? = nil, group: String? = nil,
        secrets: [SecretSpec]? = nil, release: ReleaseCommandSpec? = nil, cron: [CronSpec]? = nil,
        later: LaterFeatures? = nil
    ) {
        self.name = name
        self.project = project
        self.image = image
        self.env = env
        self.files = files
        self.dependsOn = dependsOn
        self.processes = processes
        self.volumes = volumes
        self.deploy = deploy
        self.reversible = reversible
        self.group = group
        self.secrets = secrets
        self.release = release
        self.cron = cron
        self.later = later
    }

    public var effectiveReversible: Bool { reversible ?? true }

    /// The process of that name, if the app has it.
    public func process(_ name: ProcessName) -> ProcessSpec? { processes.first { $0.name == name } }
}

/// A file that is part of the release and is written into each container before it starts, read-only by mode.
public struct FileSpec: Codable, Hashable, Sendable {
    /// Absolute path in the container.
    public var target: String
    /// Where the content came from, relative to the source, for people.
    public var source: String
    /// The content, base64 in JSON.
    public var content: FileContent

    public init(target: String, source: String, content: FileContent) {
        self.target = target
        self.source = source
        self.content = content
    }
}

/// One process of an app.
public struct ProcessSpec: Codable, Hashable, Sendable {
    public var name: ProcessName
    /// `nil`: the image's own.
    public var command: [String]?
    public var replicas: Int?
    public var port: Int?
    /// Names under which the process is reached through the edge, in the order of the spec.
    public var domains: [DomainSpec]?
    /// How the edge treats its requests.
    public var edge: EdgeSpec?
    public var healthcheck: HealthcheckSpec?
    public var resources: ResourcesSpec?
    public var volumes: [MountSpec]
    public var restart: RestartPolicy?
    public var stopGracePeriod: TimeSpan?
    public var drainTimeout: TimeSpan?
    /// `nil`: nothing of the host.
    public var hostAccess: HostAccess?

    public init(
        name: ProcessName, command: [String]? = nil, replicas: Int? = nil, port: Int? = nil,
        domains: [DomainSpec]? = nil, edge: EdgeSpec? = nil,
        healthcheck: HealthcheckSpec? = nil, resources: ResourcesSpec? = nil, volumes: [MountSpec] = [],
        restart: RestartPolicy? = nil, stopGracePeriod: TimeSpan? = nil, drainTimeout: TimeSpan? = nil,
        hostAccess: HostAccess? = nil
    ) {
        self.hostAccess = hostAccess
        self.name = name
        self.command = command
        self.replicas = replicas
        self.port = port
        self.domains = domains
        self.edge = edge
        self.healthcheck = healthcheck
        self.resources = resources
        self.volumes = volumes
        self.restart = restart
        self.stopGracePeriod = stopGracePeriod
        self.drainTimeout = drainTimeout
    }

    /// The edge sends it requests, where there is one.
    public var isRouted: Bool {
        port != nil && (!effectiveDomains.isEmpty || effectiveEdge.effectiveIsInternal)
    }
    public var effectiveDomains: [DomainSpec] { domains ?? [] }
    public var effectiveEdge: EdgeSpec { edge ?? EdgeSpec() }
    /// 1 unless given; 0 is allowed and keeps the process off.
    public var effectiveReplicas: Int { replicas ?? 1 }

    /// Its one instance writes to a volume or a path of the host, or has a port of the host, that no second one may have as
    /// well, so the old one stops before the new one starts.
    /// - Parameter volumes: those of the app.
    public func hasSingleWriter(_ volumes: [VolumeName: VolumeSpec]) -> Bool {
        guard effectiveReplicas <= 1 else { return false }
        return self.volumes.contains { !$0.isReadOnly && volumes[$0.volume]?.shared != true }
            || hostAccess.map { !$0.ports.isEmpty || $0.paths.contains { !$0.isReadOnly } } == true
    }
    /// Where anything is mounted.
    public var mountTargets: [String] {
        volumes.map(\.target) + (hostAccess?.paths ?? []).map(\.target)
    }
    public var effectiveStopGrace: TimeSpan { stopGracePeriod ?? .seconds(30) }
    public var effectiveDrainTimeout: TimeSpan { drainTimeout ?? .seconds(30) }
    public var effectiveRestart: RestartPolicy { restart ?? .always }
}

public enum RestartPolicy: String, Codable, Hashable, Sendable, CaseIterable {
    case always
    case onFailure = "on-failure"
    case never = "no"
    case unlessStopped = "unless-stopped"
}

/// How a process is proven healthy, and kept under watch. Probes come from the controller.
public struct HealthcheckSpec: Codable, Hashable, Sendable {
    public enum Check: Codable, Hashable, Sendable {
        /// `GET path`, any 2xx or 3xx passes. `host` is the `Host` header, if the app insists on one.
        case http(path: String, host: String?, port: Int?)
        /// A TCP connection to `port`, or to the process's port.
        case tcp(port: Int?)
        /// The gRPC health protocol, `service` empty for the whole server.
        case grpc(service: String, port: Int?)
        /// A command in the container; exit code 0 passes.
        case command([String])
    }
    public var check: Check
    public var interval: TimeSpan?
    public var timeout: TimeSpan?
    public var retries: Int?
    public var startInterval: TimeSpan?
    public var startPeriod: TimeSpan?

    public init(
        check: Check, interval: TimeSpan? = nil, timeout: TimeSpan? = nil, retries: Int? = nil,
        startInterval: TimeSpan? = nil, startPeriod: TimeSpan? = nil
    ) {
        self.check = check
        self.interval = interval
        self.timeout = timeout
        self.retries = retries
        self.startInterval = startInterval
        self.startPeriod = startPeriod
    }

    public var effectiveInterval: TimeSpan { interval ?? .seconds(10) }
    public var effectiveTimeout: TimeSpan { timeout ?? .seconds(5) }
    public var effectiveRetries: Int { retries ?? 3 }
    public var effectiveStartInterval: TimeSpan { startInterval ?? .seconds(1) }
    public var effectiveStartPeriod: TimeSpan { startPeriod ?? .seconds(30) }
}

public struct ResourcesSpec: Codable, Hashable, Sendable {
    /// In billionths of a core.
    public var nanoCPUs: Int64?
    public var memoryInBytes: Int64?
    public init(nanoCPUs: Int64? = nil, memoryInBytes: Int64? = nil) {
        self.nanoCPUs = nanoCPUs
        self.memoryInBytes = memoryInBytes
    }
}

/// One volume of the app mounted in a process: `uploads:/data` or `uploads:/data:ro`.
public struct MountSpec: Codable, Hashable, Sendable {
    public var volume: VolumeName
    public var target: String
    public var isReadOnly: Bool
    public init(volume: VolumeName, target: String, isReadOnly: Bool = false) {
        self.volume = volume
        self.target = target
        self.isReadOnly = isReadOnly
    }
}

public struct VolumeSpec: Codable, Hashable, Sendable {
    /// `true`: several instances may write at once, so a rollout may start new ones beside the old ones even
    /// where there is one replica only.
    public var shared: Bool?
    public init(shared: Bool? = nil) { self.shared = shared }
}

public enum DeployStrategy: String, Codable, Hashable, Sendable, CaseIterable {
    case rolling, canary
    case blueGreen = "blue_green"
    case recreate

    /// It says how requests move from the old release to the new one, over one or more steps.
    public var movesTraffic: Bool { self == .canary || self == .blueGreen }
}

public enum Approval: String, Codable, Hashable, Sendable, CaseIterable {
    case none
    case beforeDeploy = "before_deploy"
    case beforePromote = "before_promote"
}

/// A count of instances, or a share of them in whole per cent.
public enum Portion: Hashable, Sendable, Codable, CustomStringConvertible {
    case count(Int)
    case percent(Int)

    /// Of `total` instances, rounded up.
    public func roundedUp(of total: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): (total * percent + 99) / 100
        }
    }
    /// Of `total` instances, rounded down.
    public func roundedDown(of total: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): total * percent / 100
        }
    }
    public var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(percent)%"
        }
    }
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let number = Int(digits), number >= 0, number <= 1_000_000 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a count or per cent"))
        }
        self = text.hasSuffix("%") ? .percent(number) : .count(number)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

public struct DeploySpec: Codable, Hashable, Sendable {
    public var strategy: DeployStrategy?
    public var maxSurge: Portion?
    public var maxUnavailable: Portion?
    public var minHealthyTime: TimeSpan?
    public var timeout: TimeSpan?
    public var rollback: Bool?
    public var approval: Approval?
    /// Canary: shares of traffic and of instances in whole per cent, rising to 100.
    public var steps: [Int]?
    /// How long each step must hold.
    public var bake: TimeSpan?
    public var analysis: [AnalysisSpec]?
    /// What marks a request that is to reach the new release on purpose.
    public var canaryMatch: TrialMatch?
    /// A host under which only the new release answers while it moves in.
    public var preview: String?

    public init(
        strategy: DeployStrategy? = nil, maxSurge: Portion? = nil, maxUnavailable: Portion? = nil,
        minHealthyTime: TimeSpan? = nil, timeout: TimeSpan? = nil, rollback: Bool? = nil,
        approval: Approval? = nil, steps: [Int]? = nil, bake: TimeSpan? = nil,
        analysis: [AnalysisSpec]? = nil,
        canaryMatch: TrialMatch? = nil, preview: String? = nil
    ) {
        self.strategy = strategy
        self.maxSurge = maxSurge
        self.maxUnavailable = maxUnavailable
        self.minHealthyTime = minHealthyTime
        self.timeout = timeout
        self.rollback = rollback
        self.approval = approval
        self.steps = steps
        self.bake = bake
        self.analysis = analysis
        self.canaryMatch = canaryMatch
        self.preview = preview
    }

    public var effectiveStrategy: DeployStrategy { strategy ?? .rolling }
    public var effectiveMaxSurge: Portion { maxSurge ?? .percent(25) }
    public var effectiveMaxUnavailable: Portion { maxUnavailable ?? .count(0) }
    public var effectiveMinHealthyTime: TimeSpan { minHealthyTime ?? .seconds(10) }
    public var effectiveTimeout: TimeSpan { timeout ?? .minutes(10) }
    public var effectiveRollback: Bool { rollback ?? true }
    public var effectiveApproval: Approval { approval ?? .none }
    public var effectiveSteps: [Int] { steps ?? [5, 25, 50, 100] }
    /// 60 s for a canary's steps; a blue-green switch is followed by a bake only if the spec says so.
    public var effectiveBake: TimeSpan { bake ?? (effectiveStrategy == .canary ? .seconds(60) : .zero) }
}
