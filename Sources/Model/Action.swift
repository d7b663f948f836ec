/// One effect on an engine. Every action is idempotent: performed again after a crash, it meets its own result.
public enum Action: Hashable, Sendable, Codable {
    /// Find the digest of an image and make it present on the host.
    case prepare(reference: String, known: ResolvedImage?)
    /// Make the network and volumes if missing, then create the container and start it.
    case launch(InstanceOrder)
    /// Start a container that exists.
    case start(ContainerID, name: String)
    /// SIGTERM, `grace`, SIGKILL; the container stays.
    case stop(ContainerID, name: String, grace: TimeSpan)
    /// Stop as above and start again.
    case restart(ContainerID, name: String, grace: TimeSpan)
    /// Remove a container; a running one is stopped first, with `grace`.
    case remove(ContainerID, name: String, grace: TimeSpan)
    /// Put settings back that were changed by hand, without a restart.
    case repair(ContainerID, name: String, [Repair])
    /// Remove the network of a project that has no app left.
    case removeNetwork(String)
    /// Make a job's container, without starting it.
    case createJob(JobOrder)
    /// Start a job's container. There is one intent of this for a container, ever.
    case startJob(ContainerID, name: String)
    /// Remove a job's container that never ran; the engine refuses if it does.
    case discardJob(ContainerID, name: String)
    /// Tell the edge who gets the requests of a process.
    case route(Route)
    /// Take the route of a process away.
    case unroute(RouteKey)

    /// What the action works on, as people know it.
    public var object: String {
        switch self {
        case .prepare(let reference, _): reference
        case .launch(let order): order.name
        case .createJob(let order): order.name
        case .start(_, let name), .stop(_, let name, _), .restart(_, let name, _), .remove(_, let name, _),
            .repair(_, let name, _), .startJob(_, let name), .discardJob(_, let name):
            name
        case .removeNetwork(let name): name
        case .route(let route): "route \(route.key)"
        case .unroute(let key): "route \(key)"
        }
    }

    /// A word for the journal and the metrics, from a closed set.
    public var kind: Kind {
        switch self {
        case .prepare: .prepare
        case .launch: .launch
        case .start: .start
        case .stop: .stop
        case .restart: .restart
        case .remove: .remove
        case .repair: .repair
        case .removeNetwork: .removeNetwork
        case .createJob: .createJob
        case .startJob: .startJob
        case .discardJob: .discardJob
        case .route: .route
        case .unroute: .unroute
        }
    }

    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case prepare, launch, start, stop, restart, remove, repair, route, unroute
        case removeNetwork = "remove_network"
        case createJob = "create_job"
        case startJob = "start_job"
        case discardJob = "discard_job"
    }
}

/// A container to be made.
public struct InstanceOrder: Hashable, Sendable, Codable {
    public var name: String
    public var labels: InstanceLabels
    public var template: ContainerTemplate
    public init(name: String, labels: InstanceLabels, template: ContainerTemplate) {
        self.name = name
        self.labels = labels
        self.template = template
    }
}

public enum Repair: Hashable, Sendable, Codable {
    case resources(nanoCPUs: Int64?, memoryInBytes: Int64?)
    case restartPolicy(RestartPolicy)
    case rename(to: String)
    case connect(network: String, aliases: [String])
    case disconnect(network: String)
    case unpause
}
