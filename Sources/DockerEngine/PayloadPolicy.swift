internal import FoundationEssentials
internal import Model
internal import Ports

/// The last look at what is sent to the engine.
///
/// It reads the finished JSON, not the values it was made from, and lists what is allowed: a field that is
/// not named here is refused, so `Privileged`, `Binds`, `Devices`, `PidMode`, `SecurityOpt` and
/// whatever a later engine invents need no rule of their own.
struct PayloadPolicy: Sendable {
    let installation: InstallationName
    /// Name servers of the configuration: containers get these, or none of their own.
    var dns: [String] = []
    /// What projects may have.
    var projects = ProjectPolicy()
    /// `nil`: networks of projects may have any name that is not the engine's own.
    var naming: Naming?
    /// The folder of the host that has secrets of this installation, by app and template.
    var secretsDirectory: String?
    /// Where a path of the host leads in truth; `nil`: nowhere.
    var resolved: @Sendable (String) -> String? = Self.realPath

    struct Violation: Error, Hashable {
        init(reason: String) { self.reason = reason }
        /// What is not allowed, as a path and a reason.
        var reason: String
    }

    enum Kind: String, Sendable, CaseIterable {
        case createContainer = "POST /containers/create"
        case updateContainer = "POST /containers/update"
        case createNetwork = "POST /networks/create"
        case createVolume = "POST /volumes/create"
        case connect = "POST /networks/connect"
        case execute = "POST /containers/exec"
    }

    /// Throws `EngineError.Code.policy` for a payload that asks for more than Slipway's containers may have.
    ///
    /// - Parameter project: of the container that an update is about, by its labels.
    func check(_ payload: [UInt8], as kind: Kind, project: ProjectName? = nil) throws(EngineError) {
        do throws(Violation) {
            guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(payload)),
                let members = value.members
            else { throw Violation(reason: "the payload is not a JSON object") }
            switch kind {
            case .createContainer:
                try checkContainer(members)
                try checkProject(ofContainer: members)
            case .updateContainer:
                try checkUpdate(members)
                try checkProject(project, ofUpdate: members)
            case .createNetwork: try checkNetwork(members)
            case .createVolume: try checkVolume(members)
            case .connect:
                try only(["Container", "EndpointConfig"], in: members, at: "")
                try checkEndpoint(members["EndpointConfig"], at: "EndpointConfig")
            case .execute:
                try only(["Cmd", "AttachStdin", "AttachStdout", "AttachStderr", "Tty"], in: members, at: "")
            }
        } catch {
            throw EngineError(
                .policy, "refused by Slipway before it reached the engine: \(error.reason)",
                call: kind.rawValue)
        }
    }

    private func checkContainer(_ payload: [String: JSONValue]) throws(Violation) {
        let allowed: Set = [
            "Image", "Cmd", "Env", "Labels", "StopTimeout", "HostConfig", "NetworkingConfig", "ExposedPorts"
        ]
        // One-off runs alone have somebody who types.
        let isRun = payload["Labels"]?.members?[LabelKey.job]?.text == JobKind.run.rawValue
        let streams: Set = ["Tty", "OpenStdin", "StdinOnce", "AttachStdin"]
        try only(isRun ? allowed.union(streams) : allowed, in: payload, at: "")
        for key in streams.sorted() {
            guard let value = payload[key], value != .bool(true) else { continue }
            throw Violation(reason: "\(key) is not true")
        }
        guard let image = payload["Image"]?.text, Self.isPinned(image) else {
            throw Violation(reason: "Image is not pinned to a digest")
        }
        try checkLabels(payload["Labels"], at: "Labels", allowed: Set(Self.instanceLabels))
        guard let host = payload["HostConfig"]?.members else {
            throw Violation(reason: "HostConfig is missing")
        }
        try only(
            [
                "Memory", "NanoCpus", "RestartPolicy", "Mounts", "NetworkMode", "LogConfig", "Dns", "CapAdd",
                "PortBindings"
            ],
            in: host, at: "HostConfig.")
        try checkResources(host)
        guard let network = host["NetworkMode"]?.text, Self.isOwnNetwork(network) else {
            throw Violation(reason: "HostConfig.NetworkMode is not the name of a project network")
        }
        for mount in try list(host["Mounts"], at: "HostConfig.Mounts") {
            if mount.members?["Type"]?.text != "bind" {
                try checkMount(mount)
            } else if mount.members?["Target"]?.text == SecretPlace.folder {
                try checkSecrets(mount, labels: payload["Labels"])
            } else {
                try checkHostPath(mount, labels: payload["Labels"])
            }
        }
        try checkPorts(host["PortBindings"], exposed: payload["ExposedPorts"], labels: payload["Labels"])
        try checkCapabilities(list(host["CapAdd"], at: "HostConfig.CapAdd"), labels: payload["Labels"])
        if let log = host["LogConfig"] {
            guard log.members?["Type"]?.text == "json-file" else {
                throw Violation(reason: "HostConfig.LogConfig.Type is not json-file")
            }
        }
        if let servers = host["Dns"] {
            guard !dns.isEmpty, servers.elements?.map(\.text) == dns else {
                throw Violation(reason: "HostConfig.Dns is not what the configuration says")
            }
        }
        guard let networking = payload["NetworkingConfig"]?.members else { return }
        try only(["EndpointsConfig"], in: networking, at: "NetworkingConfig.")
        for (name, endpoint) in networking["EndpointsConfig"]?.members ?? [:] {
            guard name == network else {
                throw Violation(reason: "NetworkingConfig names a second network, \(name)")
            }
            try checkEndpoint(endpoint, at: "NetworkingConfig.EndpointsConfig.\(name)")
        }
    }

    private func checkUpdate(_ payload: [String: JSONValue]) throws(Violation) {
        try only(["Memory", "MemorySwap", "NanoCpus", "RestartPolicy"], in: payload, at: "")
        try checkResources(payload)
    }

    private func checkResources(_ members: [String: JSONValue]) throws(Violation) {
        for key in ["Memory", "MemorySwap", "NanoCpus"] {
            guard let value = members[key] else { continue }
            guard let amount = value.amount, amount > 0 else {
                throw Violation(reason: "\(key) is not above zero")
            }
        }
        if let policy = members["RestartPolicy"] {
            let names = Set(RestartPolicy.allCases.map(\.rawValue))
            guard let name = policy.members?["Name"]?.text, names.contains(name) else {
                throw Violation(
                    reason: "RestartPolicy.Name is none of \(names.sorted().joined(separator: ", "))")
            }
        }
    }

    private func checkMount(_ mount: JSONValue) throws(Violation) {
        guard let members = mount.members else { throw Violation(reason: "a mount is not an object") }
        try only(["Type", "Source", "Target", "ReadOnly"], in: members, at: "HostConfig.Mounts.")
        guard members["Type"]?.text == "volume" else {
            throw Violation(reason: "only named volumes are mounted, no path of the host")
        }
        guard let source = members["Source"]?.text, Self.isObjectName(source) else {
            throw Violation(reason: "a mount's source is not the name of a volume")
        }
        guard let target = members["Target"]?.text, Self.isPathInContainer(target) else {
            throw Violation(
                reason: "a mount's target is not an absolute path without '..', or it is the root")
        }
    }

    /// The one path of the host that a container may see: its own secrets, by its own labels, read-only.
    private func checkSecrets(_ mount: JSONValue, labels: JSONValue?) throws(Violation) {
        guard let members = mount.members else { throw Violation(reason: "a mount is not an object") }
        try only(["Type", "Source", "Target", "ReadOnly"], in: members, at: "HostConfig.Mounts.")
        guard let root = secretsDirectory,
            let app = labels?.members?[LabelKey.app]?.text.flatMap(AppName.init),
            let template = labels?.members?[LabelKey.template]?.text.flatMap(ContentDigest.init),
            let source = members["Source"]?.text, source == "\(root)/\(app)/\(template.hex)",
            members["Target"]?.text == SecretPlace.folder, members["ReadOnly"] == .bool(true)
        else {
            throw Violation(
                reason: "only an app's own secrets are mounted at \(SecretPlace.folder)")
        }
    }

    private func checkNetwork(_ payload: [String: JSONValue]) throws(Violation) {
        try only(["Name", "Driver", "CheckDuplicate", "Labels"], in: payload, at: "")
        guard payload["Driver"]?.text == "bridge" else { throw Violation(reason: "Driver is not bridge") }
        guard let name = payload["Name"]?.text, Self.isOwnNetwork(name) else {
            throw Violation(reason: "Name is not the name of a project network")
        }
        try checkLabels(payload["Labels"], at: "Labels", allowed: [LabelKey.installation, LabelKey.project])
        try checkName(ofNetwork: name, labels: payload["Labels"])
    }

    private func checkVolume(_ payload: [String: JSONValue]) throws(Violation) {
        try only(["Name", "Labels"], in: payload, at: "")
        guard let name = payload["Name"]?.text, Self.isObjectName(name) else {
            throw Violation(reason: "Name is not the name of a volume")
        }
        let allowed: Set = [LabelKey.installation, LabelKey.project, LabelKey.app]
        try checkLabels(payload["Labels"], at: "Labels", allowed: allowed)
    }

    private func checkEndpoint(_ endpoint: JSONValue?, at path: String) throws(Violation) {
        guard let members = endpoint?.members else { throw Violation(reason: "\(path) is not an object") }
        try only(["Aliases"], in: members, at: path + ".")
    }

    private func checkLabels(_ labels: JSONValue?, at path: String, allowed: Set<String>) throws(Violation) {
        guard let members = labels?.members else { throw Violation(reason: "\(path) is missing") }
        try only(allowed, in: members, at: path + ".")
        guard members[LabelKey.installation]?.text == installation.rawValue else {
            throw Violation(reason: "\(path).\(LabelKey.installation) is not this installation's")
        }
    }

    func only(
        _ allowed: Set<String>, in members: [String: JSONValue], at path: String
    ) throws(Violation) {
        if let foreign = members.keys.filter({ !allowed.contains($0) }).min() {
            throw Violation(reason: "\(path)\(foreign) is not a setting that apps may have")
        }
    }

    private func list(_ value: JSONValue?, at path: String) throws(Violation) -> [JSONValue] {
        guard let value, value != .null else { return [] }
        guard let elements = value.elements else { throw Violation(reason: "\(path) is not a list") }
        return elements
    }

    private static let instanceLabels = [
        LabelKey.installation, LabelKey.project, LabelKey.app, LabelKey.process, LabelKey.release,
        LabelKey.spec,
        LabelKey.template, LabelKey.source, LabelKey.path, LabelKey.commit, LabelKey.job, LabelKey.run,
        LabelKey.timeout
    ]

    static func isPinned(_ image: String) -> Bool {
        ContentDigest(image) != nil || ImageReference(image)?.digest != nil
    }

    /// What the engine takes as the name of an object, so that it cannot be a path.
    static func isObjectName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (2...255).contains(bytes.count) else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        return isAlphanumeric(bytes[0]) && bytes.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    /// Not one of the words that give a container the host's, another container's or no network.
    static func isOwnNetwork(_ name: String) -> Bool {
        isObjectName(name)
            && !["host", "none", "bridge", "default", "nat", "podman", "private", "ingress"].contains(name)
    }

    static func isPathInContainer(_ path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count <= 4_096,
            path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else {
            return false
        }
        let parts = path.split(separator: "/")
        return !parts.isEmpty && !parts.contains { $0 == ".." || $0 == "." }
    }
}
