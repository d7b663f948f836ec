/// What the apps of one project may do. Comes from the controller's own configuration, never from a repository.
public struct ProjectRules: Hashable, Sendable {
    /// `nil`: any; empty: none.
    public var domains: [DomainPattern]?
    /// `nil`: any; empty: none.
    public var images: [ImagePattern]?
    public var quota: ProjectQuota
    /// Images are named by digest in the spec, so that a tag that moves changes nothing.
    public var requiresDigests: Bool
    /// Its sources must have `verify`.
    public var requiresSignedCommits: Bool
    /// Volumes of the engine that Slipway has not made and that the project's apps may mount all the same.
    public var existingVolumes: Set<String>
    /// What its processes may have beside the engine's default capabilities.
    public var capabilities: Set<String> = []
    public var hostPaths: [HostPathRule] = []
    public var hostPorts: [HostPortRule] = []

    public init(
        domains: [DomainPattern]? = nil, images: [ImagePattern]? = nil, quota: ProjectQuota = ProjectQuota(),
        requiresDigests: Bool = false, requiresSignedCommits: Bool = false, existingVolumes: Set<String> = []
    ) {
        self.domains = domains
        self.images = images
        self.quota = quota
        self.requiresDigests = requiresDigests
        self.requiresSignedCommits = requiresSignedCommits
        self.existingVolumes = existingVolumes
    }
}

/// The rules of all projects.
public struct ProjectPolicy: Hashable, Sendable {
    /// Empty: the installation has no rules, and whoever may commit may name any project.
    public var rules: [ProjectName: ProjectRules]
    /// Its objects keep their plain names.
    public var defaultProject: ProjectName?

    public init(rules: [ProjectName: ProjectRules] = [:], defaultProject: ProjectName? = nil) {
        self.rules = rules
        self.defaultProject = defaultProject
    }

    /// Projects are kept apart: nothing of one is told to another.
    public var isSeparate: Bool { !rules.isEmpty }

    /// A project without rules may do nothing where others have some.
    public subscript(project: ProjectName) -> ProjectRules? {
        isSeparate ? rules[project] : ProjectRules()
    }

    /// The project that stands in the names of containers and volumes of an app that is new there; `nil`: none does.
    public func nameScope(_ project: ProjectName) -> ProjectName? {
        isSeparate && project != defaultProject ? project : nil
    }
}

/// The most that all apps of a project may ask for together, at rest. A rollout goes beyond it for a while, by
/// `max_surge`. `nil`: no limit.
public struct ProjectQuota: Hashable, Sendable {
    public var apps: Int64?
    public var replicas: Int64?
    /// In billionths of a core.
    public var nanoCPUs: Int64?
    public var memoryInBytes: Int64?
    public var volumes: Int64?
    public init(
        apps: Int64? = nil, replicas: Int64? = nil, nanoCPUs: Int64? = nil, memoryInBytes: Int64? = nil,
        volumes: Int64? = nil
    ) {
        self.apps = apps
        self.replicas = replicas
        self.nanoCPUs = nanoCPUs
        self.memoryInBytes = memoryInBytes
        self.volumes = volumes
    }
}

/// What an app asks for at rest.
public struct ProjectUsage: Codable, Hashable, Sendable {
    public var apps: Int64
    public var replicas: Int64
    public var nanoCPUs: Int64
    public var memoryInBytes: Int64
    public var volumes: Int64

    public static let none = ProjectUsage(apps: 0, replicas: 0, nanoCPUs: 0, memoryInBytes: 0, volumes: 0)

    public init(apps: Int64, replicas: Int64, nanoCPUs: Int64, memoryInBytes: Int64, volumes: Int64) {
        self.apps = apps
        self.replicas = replicas
        self.nanoCPUs = nanoCPUs
        self.memoryInBytes = memoryInBytes
        self.volumes = volumes
    }

    /// Sums saturate: what no machine has is over every quota, and overflows nothing.
    public init(_ spec: AppSpec) {
        self.init(apps: 1, replicas: 0, nanoCPUs: 0, memoryInBytes: 0, volumes: Int64(spec.volumes.count))
        for process in spec.processes {
            let count = Int64(process.effectiveReplicas)
            replicas = Self.sum(replicas, count)
            nanoCPUs = Self.sum(nanoCPUs, Self.product(process.resources?.nanoCPUs ?? 0, count))
            memoryInBytes = Self.sum(
                memoryInBytes, Self.product(process.resources?.memoryInBytes ?? 0, count))
        }
    }

    public static func + (left: Self, right: Self) -> Self {
        Self(
            apps: sum(left.apps, right.apps), replicas: sum(left.replicas, right.replicas),
            nanoCPUs: sum(left.nanoCPUs, right.nanoCPUs),
            memoryInBytes: sum(left.memoryInBytes, right.memoryInBytes),
            volumes: sum(left.volumes, right.volumes))
    }

    /// Whether it is no more than `other` of anything.
    public func fits(in other: Self) -> Bool {
        apps <= other.apps && replicas <= other.replicas && nanoCPUs <= other.nanoCPUs
            && memoryInBytes <= other.memoryInBytes && volumes <= other.volumes
    }

    /// What of it is over `quota`: the word, what is asked for in all, and what is allowed.
    public func excess(over quota: ProjectQuota) -> (what: String, asked: String, allowed: String)? {
        func over(
            _ what: String, _ asked: Int64, _ allowed: Int64?, _ text: (Int64) -> String
        ) -> (
            what: String, asked: String, allowed: String
        )? {
            guard let allowed, asked > allowed else { return nil }
            return (what, text(asked), text(allowed))
        }
        return over("apps", apps, quota.apps) { "\($0)" } ?? over("replicas", replicas, quota.replicas) {
            "\($0)"
        }
            ?? over("cpus", nanoCPUs, quota.nanoCPUs, Self.cores)
            ?? over("memory", memoryInBytes, quota.memoryInBytes, Self.size)
            ?? over("volumes", volumes, quota.volumes) { "\($0)" }
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
    private static func product(_ left: Int64, _ right: Int64) -> Int64 {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? .max : product
    }

    /// `1.5`.
    private static func cores(_ nano: Int64) -> String {
        let milli = nano / 1_000_000
        var text = "\(milli / 1_000)"
        guard milli % 1_000 != 0 else { return text }
        var digits = "\(1_000 + milli % 1_000)".dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        text += ".\(digits)"
        return text
    }

    /// `512MiB`.
    private static func size(_ bytes: Int64) -> String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, Int64)]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes) bytes"
    }
}

/// What an app has for itself since its spec was last accepted; whoever asks for it later does not get it.
public struct AppClaims: Codable, Hashable, Sendable {
    public var project: ProjectName
    /// Host and path, sorted.
    public var domains: [DomainClaim]
    public var usage: ProjectUsage
    /// `nil` for none, and for what was stored before there were any.
    public var hostPorts: [HostPortClaim]?

    public init(_ spec: AppSpec) {
        let ports = spec.processes.flatMap { $0.hostAccess?.ports ?? [] }.map(\.claim).sorted()
        hostPorts = ports.isEmpty ? nil : ports
        project = spec.project
        let preview = spec.deploy.preview.map { [DomainClaim(DomainSpec(host: $0))] } ?? []
        domains = Set(spec.processes.flatMap(\.effectiveDomains).map { DomainClaim($0) } + preview).sorted()
        usage = ProjectUsage(spec)
    }
}

/// What only one process of an installation may have: a host and a path below it.
public struct DomainClaim: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    public let host: String
    /// Without a slash at its end, unless it is nothing else.
    public let path: String

    public init(_ domain: DomainSpec) {
        host = domain.host
        var trimmed = (domain.path ?? "/")[...]
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        path = String(trimmed)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.host, left.path) < (right.host, right.path)
    }
    public var description: String { path == "/" ? host : host + path }
}
