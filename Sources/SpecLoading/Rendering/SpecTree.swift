internal import Crypto
internal import Model

/// A spec in the words of the file format.
indirect enum SpecTree {
    case text(String)
    /// A number or a boolean.
    case literal(String)
    case list([SpecTree])
    case map([(key: String, value: SpecTree)])

    var isScalar: Bool {
        switch self {
        case .text, .literal: true
        case .list, .map: false
        }
    }

    /// How files are shown: by the path they came from, or by what is in them.
    enum FileStyle { case path, digest }

    init(_ spec: AppSpec, files style: FileStyle) {
        let later = spec.later ?? LaterFeatures()
        var map = Entries()
        map.add("name", .text(spec.name.rawValue))
        map.add("project", .text(spec.project.rawValue))
        map.add("image", .text(spec.image))
        let env = spec.env.sorted { $0.key < $1.key }
        map.addMap("env", env.map { ($0.key, .text(SpecTree.escaped($0.value, style))) })
        map.addMap("files", spec.files.map { ($0.target, .text(SpecTree.file($0, style))) })
        SpecTree.addSecrets(spec.secrets ?? [], style, to: &map)
        map.addNames("depends_on", spec.dependsOn.map(\.rawValue))
        map.addText("group", spec.group)
        if let release = spec.release { map.add("release", SpecTree.release(release)) }
        if let reversible = spec.reversible { map.add("reversible", .literal("\(reversible)")) }
        map.addMap("processes", spec.processes.map { ($0.name.rawValue, SpecTree.process($0, later, style)) })
        let volumes = spec.volumes.sorted { $0.key < $1.key }
        map.addMap("volumes", volumes.map { ($0.key.rawValue, SpecTree.volume($0.value)) })
        SpecTree.addCron(spec.effectiveCron, style, to: &map)
        map.addMap("deploy", SpecTree.deploy(spec.deploy))
        if let scaling = later.autoscaling { map.add("autoscaling", SpecTree.autoscaling(scaling)) }
        self = .map(map.all)
    }

    /// The entries of a map under way; what is not there is left out.
    struct Entries {
        var all: [(key: String, value: SpecTree)] = []
        mutating func add(_ key: String, _ value: SpecTree) { all.append((key, value)) }
        mutating func addMap(_ key: String, _ entries: [(String, SpecTree)]) {
            if !entries.isEmpty { add(key, .map(entries.map { (key: $0.0, value: $0.1) })) }
        }
        mutating func addNames(_ key: String, _ names: [String]) {
            if !names.isEmpty { add(key, .list(names.map { .text($0) })) }
        }
        mutating func addNumber(_ key: String, _ number: Int?) {
            if let number { add(key, .literal("\(number)")) }
        }
        mutating func addTime(_ key: String, _ span: TimeSpan?) {
            if let span { add(key, .text(span.description)) }
        }
        mutating func addText(_ key: String, _ text: String?) {
            if let text { add(key, .text(text)) }
        }
    }

    /// In a file, `${` would be filled in.
    private static func escaped(_ value: String, _ style: FileStyle) -> String {
        guard style == .path else { return value }
        return value.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "$${")
    }

    private static func file(_ file: FileSpec, _ style: FileStyle) -> String {
        style == .path ? file.source : ContentHash.sha256(file.content.data)
    }

    private static func volume(_ volume: VolumeSpec) -> SpecTree {
        var map = Entries()
        if let shared = volume.shared { map.add("shared", .literal("\(shared)")) }
        return .map(map.all)
    }

    private static func release(_ release: ReleaseCommandSpec) -> SpecTree {
        var map = Entries()
        map.addNames("command", release.command)
        map.addTime("timeout", release.timeout)
        map.addText("process", release.process?.rawValue)
        return .map(map.all)
    }

    private static func process(
        _ process: ProcessSpec, _ later: LaterFeatures, _ style: FileStyle
    ) -> SpecTree {
        var map = Entries()
        map.addNames("command", process.command ?? [])
        map.addNumber("replicas", process.replicas)
        map.addNumber("port", process.port)
        if let domains = process.domains { map.add("domains", .list(domains.map(domain))) }
        if let edge = process.edge { map.add("edge", SpecTree.edge(edge, style)) }
        if let check = process.healthcheck { map.add("healthcheck", healthcheck(check)) }
        if let resources = process.resources { map.add("resources", SpecTree.resources(resources)) }
        map.addNames(
            "volumes", process.volumes.map { "\($0.volume):\($0.target)\($0.isReadOnly ? ":ro" : "")" })
        map.addNames("capabilities", process.hostAccess?.capabilities ?? [])
        map.addNames(
            "host_paths",
            process.hostAccess?.paths.map { "\($0.source):\($0.target)\($0.isReadOnly ? ":ro" : "")" } ?? [])
        map.addNames("host_ports", process.hostAccess?.ports.map(\.text) ?? [])
        map.addText("restart", process.restart?.rawValue)
        map.addTime("stop_grace_period", process.stopGracePeriod)
        map.addTime("drain_timeout", process.drainTimeout)
        if let placement = later.placement[process.name] {
            map.add("placement", SpecTree.placement(placement))
        }
        return .map(map.all)
    }

    private static func domain(_ domain: DomainSpec) -> SpecTree {
        var map = Entries()
        map.addText("host", domain.host)
        map.addText("path", domain.path)
        map.addText("redirect", domain.redirect)
        return .map(map.all)
    }

    private static func edge(_ edge: EdgeSpec, _ style: FileStyle) -> SpecTree {
        var map = Entries()
        map.addText("protocol", edge.backendProtocol?.rawValue)
        map.addText("https", edge.https?.rawValue)
        map.addTime("timeout", edge.timeout)
        map.addTime("tunnel_timeout", edge.tunnelTimeout)
        map.addText("max_body", edge.maxBodyInBytes.map(SizeText.text))
        map.addNumber("max_requests", edge.maxRequests)
        map.addNumber("rate_limit", edge.rateLimit)
        if let sticky = edge.sticky { map.add("sticky", .literal("\(sticky)")) }
        map.addMap("basic_auth", (edge.users ?? []).map { ($0.name, .text($0.passwordHash)) })
        map.addNames("allow", edge.allow ?? [])
        if let isInternal = edge.isInternal { map.add("internal", .literal("\(isInternal)")) }
        map.addText(
            "maintenance",
            edge.maintenancePage.map {
                style == .path ? $0.source : ContentHash.sha256($0.content.data)
            })
        return .map(map.all)
    }

    private static func trial(_ match: TrialMatch) -> SpecTree {
        var map = Entries()
        map.addText(match.part.rawValue, match.name)
        map.addText("value", match.value)
        return .map(map.all)
    }

    private static func placement(_ placement: PlacementSpec) -> SpecTree {
        var map = Entries()
        map.addText("spread", placement.spread)
        map.addNames(
            "constraints", placement.constraints.map { "\($0.label)\($0.isEqual ? "==" : "!=")\($0.value)" })
        return .map(map.all)
    }

    private static func healthcheck(_ check: HealthcheckSpec) -> SpecTree {
        var map = Entries()
        switch check.check {
        case .http(let path, let host, let port):
            map.addText("path", path)
            map.addText("host", host)
            map.addNumber("port", port)
        case .tcp(let port): map.add("tcp", .literal(port.map { "\($0)" } ?? "true"))
        case .grpc(let service, let port):
            map.add("grpc", service.isEmpty ? .literal("true") : .text(service))
            map.addNumber("port", port)
        case .command(let words): map.addNames("command", words)
        }
        map.addTime("interval", check.interval)
        map.addTime("timeout", check.timeout)
        map.addNumber("retries", check.retries)
        map.addTime("start_interval", check.startInterval)
        map.addTime("start_period", check.startPeriod)
        return .map(map.all)
    }

    private static func resources(_ resources: ResourcesSpec) -> SpecTree {
        var map = Entries()
        if let cpus = resources.nanoCPUs { map.add("cpus", .literal(DecimalText.text(billionths: cpus))) }
        map.addText("memory", resources.memoryInBytes.map(SizeText.text))
        return .map(map.all)
    }

    private static func deploy(_ deploy: DeploySpec) -> [(String, SpecTree)] {
        var map = Entries()
        map.addText("strategy", deploy.strategy?.rawValue)
        map.addNames("steps", (deploy.steps ?? []).map { "\($0)%" })
        map.addTime("bake", deploy.bake)
        for (key, portion) in [("max_surge", deploy.maxSurge), ("max_unavailable", deploy.maxUnavailable)] {
            switch portion {
            case .count(let count): map.addNumber(key, count)
            case .percent: map.addText(key, portion?.description)
            case nil: break
            }
        }
        map.addTime("min_healthy_time", deploy.minHealthyTime)
        map.addTime("timeout", deploy.timeout)
        if let rollback = deploy.rollback { map.add("rollback", .literal("\(rollback)")) }
        map.addText("approval", deploy.approval?.rawValue)
        if let match = deploy.canaryMatch { map.add("canary_match", trial(match)) }
        map.addText("preview", deploy.preview)
        if let checks = deploy.analysis { map.add("analysis", .list(checks.map(analysis))) }
        return map.all.map { ($0.key, $0.value) }
    }

    private static func analysis(_ analysis: AnalysisSpec) -> SpecTree {
        var map = Entries()
        switch analysis.check {
        case .metric(let metric, let limit, let compares, let tolerance, let requests):
            map.addText("metric", metric.rawValue)
            switch limit {
            case .share(let hundredths):
                map.addText("max", DecimalText.text(billionths: Int64(hundredths) * 10_000_000) + "%")
            case .time(let span): map.addTime("max", span)
            }
            map.addText("compare", compares ? "last_good" : nil)
            map.addText("tolerance", tolerance.map { "\($0)%" })
            map.addNumber("min_requests", requests)
        case .command(let words): map.addNames("command", words)
        case .http(let path): map.addText("http", path)
        case .prometheus(let query): map.addText("prometheus", query)
        }
        map.addTime("every", analysis.every)
        map.addNumber("failures", analysis.failures)
        map.addText("on_insufficient", analysis.onInsufficient?.rawValue)
        return .map(map.all)
    }

    private static func autoscaling(_ scaling: AutoscalingSpec) -> SpecTree {
        var map = Entries()
        map.addNumber("min", scaling.min)
        map.addNumber("max", scaling.max)
        map.addText("target_cpu", "\(scaling.targetCPU)%")
        return .map(map.all)
    }
}
