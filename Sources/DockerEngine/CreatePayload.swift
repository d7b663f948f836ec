internal import Model
internal import Ports

/// The body of `POST /containers/create`: everything that Slipway ever asks of a container.
struct CreatePayload: Encodable {
    var image: String
    var command: [String]?
    var env: [String]
    var labels: [String: String]
    var stopTimeoutInSeconds: Int64
    var hostConfig: HostConfig
    var networkingConfig: NetworkingConfig
    /// `nil`: no port of the host.
    var exposedPorts: [String: [String: String]]?
    /// Of jobs that people are joined to.
    var hasTerminal: Bool?
    var opensInput: Bool?
    var closesInputWithCaller: Bool?
    var attachesInput: Bool?

    enum CodingKeys: String, CodingKey {
        case image = "Image"
        case command = "Cmd"
        case env = "Env"
        case labels = "Labels"
        case stopTimeoutInSeconds = "StopTimeout"
        case hostConfig = "HostConfig"
        case networkingConfig = "NetworkingConfig"
        case exposedPorts = "ExposedPorts"
        case hasTerminal = "Tty"
        case opensInput = "OpenStdin"
        case closesInputWithCaller = "StdinOnce"
        case attachesInput = "AttachStdin"
    }

    struct HostConfig: Encodable {
        var memory: Int64?
        var nanoCPUs: Int64?
        var restartPolicy: RestartPolicyPayload
        var mounts: [Mount]
        var networkMode: String
        var logConfig: LogConfig?
        /// `nil`: the engine's own.
        var dns: [String]?
        var capabilities: [String]?
        var portBindings: [String: [PortBinding]]?
        enum CodingKeys: String, CodingKey {
            case memory = "Memory"
            case nanoCPUs = "NanoCpus"
            case restartPolicy = "RestartPolicy"
            case mounts = "Mounts"
            case networkMode = "NetworkMode"
            case logConfig = "LogConfig"
            case dns = "Dns"
            case capabilities = "CapAdd"
            case portBindings = "PortBindings"
        }
    }
    struct PortBinding: Encodable {
        var address: String
        var port: String
        enum CodingKeys: String, CodingKey {
            case address = "HostIp"
            case port = "HostPort"
        }
    }
    struct Mount: Encodable {
        var type = "volume"
        var source: String
        var target: String
        var isReadOnly: Bool
        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case source = "Source"
            case target = "Target"
            case isReadOnly = "ReadOnly"
        }
    }
    struct LogConfig: Encodable {
        var type: String
        var config: [String: String]
        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case config = "Config"
        }
    }
    struct NetworkingConfig: Encodable {
        var endpoints: [String: EndpointPayload]
        enum CodingKeys: String, CodingKey { case endpoints = "EndpointsConfig" }
    }

    /// - Parameter dns: name servers of the installation. They are no part of the template: a change of them
    ///   starts nothing anew.
    init(
        _ order: InstanceOrder, limitsJSONLogs: Bool, dns: [String] = [], secrets: DeliveredSecrets? = nil
    ) {
        let template = order.template
        image = template.image
        command = template.command
        let variables = template.env.merging(secrets?.environment ?? [:]) { _, secret in secret }
        env = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        labels = order.labels.dictionary
        stopTimeoutInSeconds = template.stopGrace.wholeSecondsRoundedUp
        hostConfig = HostConfig(
            memory: template.memoryInBytes, nanoCPUs: template.nanoCPUs,
            restartPolicy: RestartPolicyPayload(template.restart),
            mounts: template.mounts.map {
                Mount(source: $0.volume, target: $0.target, isReadOnly: $0.isReadOnly)
            } + (template.hostAccess?.paths ?? []).map(Mount.init)
                + [secrets.map(Mount.init)].compactMap(\.self),
            networkMode: template.network,
            logConfig: limitsJSONLogs
                ? LogConfig(type: "json-file", config: ["max-size": "10m", "max-file": "3"]) : nil,
            dns: dns.isEmpty ? nil : dns,
            capabilities: template.hostAccess.flatMap { $0.capabilities.isEmpty ? nil : $0.capabilities })
        // A job beside the instance cannot have its ports as well.
        let ports = order.labels.job == nil ? template.hostAccess?.ports ?? [] : []
        if !ports.isEmpty {
            let bindings = Dictionary(grouping: ports) {
                "\($0.containerPort)/\($0.claim.transport.rawValue)"
            }
            exposedPorts = bindings.mapValues { _ in [:] }
            hostConfig.portBindings = bindings.mapValues { ports in
                ports.map { PortBinding(address: $0.claim.address ?? "", port: "\($0.claim.port)") }
            }
        }
        networkingConfig = NetworkingConfig(
            endpoints: [template.network: EndpointPayload(aliases: template.aliases)])
    }
}

struct RestartPolicyPayload: Encodable {
    var name: String
    enum CodingKeys: String, CodingKey { case name = "Name" }
    init(_ policy: RestartPolicy) { name = policy.rawValue }
}

struct EndpointPayload: Encodable {
    var aliases: [String]
    enum CodingKeys: String, CodingKey { case aliases = "Aliases" }
}

/// The body of `POST /containers/{id}/update`. What is `nil` stays as it is.
struct UpdatePayload: Encodable {
    var memory: Int64?
    var memorySwap: Int64?
    var nanoCPUs: Int64?
    var restartPolicy: RestartPolicyPayload?
    enum CodingKeys: String, CodingKey {
        case memory = "Memory"
        case memorySwap = "MemorySwap"
        case nanoCPUs = "NanoCpus"
        case restartPolicy = "RestartPolicy"
    }
}

struct NetworkPayload: Encodable {
    var name: String
    var driver = "bridge"
    /// Before Docker 25 two networks may otherwise get the same name.
    var checksDuplicate = true
    var labels: [String: String]
    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case checksDuplicate = "CheckDuplicate"
        case labels = "Labels"
    }
}

struct VolumePayload: Encodable {
    var name: String
    var labels: [String: String]
    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case labels = "Labels"
    }
}

struct ConnectPayload: Encodable {
    var container: String
    var endpoint: EndpointPayload
    enum CodingKeys: String, CodingKey {
        case container = "Container"
        case endpoint = "EndpointConfig"
    }
}

struct DisconnectPayload: Encodable {
    var container: String
    enum CodingKeys: String, CodingKey { case container = "Container" }
}

struct ExecPayload: Encodable {
    var command: [String]
    var attachesOutput = true
    var attachesError = true
    /// `nil`: the command's input is empty.
    var attachesInput: Bool?
    var hasTerminal: Bool?
    enum CodingKeys: String, CodingKey {
        case command = "Cmd"
        case attachesInput = "AttachStdin"
        case hasTerminal = "Tty"
        case attachesOutput = "AttachStdout"
        case attachesError = "AttachStderr"
    }
}

struct ExecStartPayload: Encodable {
    var isDetached = false
    var hasTerminal = false
    enum CodingKeys: String, CodingKey {
        case isDetached = "Detach"
        case hasTerminal = "Tty"
    }
}

extension CreatePayload.Mount {
    /// The folder of an instance's secrets. As a mount and not as a bind, so that the engine refuses to start the
    /// container where the folder is missing, instead of making an empty one.
    init(_ secrets: DeliveredSecrets) {
        self.init(type: "bind", source: secrets.directory, target: SecretPlace.folder, isReadOnly: true)
    }

    /// As a mount for the same reason.
    init(_ path: HostPath) {
        self.init(type: "bind", source: path.source, target: path.target, isReadOnly: path.isReadOnly)
    }
}
