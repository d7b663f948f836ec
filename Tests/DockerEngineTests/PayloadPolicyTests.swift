@testable import DockerEngine
import FoundationEssentials
import Model
import Ports
import Testing

@Suite struct PayloadPolicyTests {
    private let fixture: EngineFixture
    private let policy: PayloadPolicy
    private let order: InstanceOrder

    init() throws {
        fixture = try EngineFixture()
        policy = PayloadPolicy(installation: fixture.installation)
        let digest = try #require(EngineFixture.digest("a"))
        let image = ResolvedImage(
            reference: "r.test/app:1", pinned: "r.test/app@\(digest)", digest: digest, isFromRegistry: true)
        order = try fixture.order(image) { template in
            template.mounts = [.init(volume: "shop-data", target: "/data", isReadOnly: true)]
            template.memoryInBytes = 1 << 20
            template.nanoCPUs = 1_000
        }
    }

    /// The payload with one value put in at a path such as `HostConfig.Mounts.0.Type`.
    private func payload(_ path: String, _ value: String, in base: [UInt8]) throws -> [UInt8] {
        let steps = path.split(separator: ".").map(String.init)
        let new = try JSONDecoder().decode(JSONValue.self, from: Data("[\(value)]".utf8)).elements?.first
        func put(_ old: JSONValue?, _ rest: ArraySlice<String>) -> JSONValue {
            guard let step = rest.first else { return new ?? .null }
            if case .array(var elements) = old, let index = Int(step), elements.indices.contains(index) {
                elements[index] = put(elements[index], rest.dropFirst())
                return .array(elements)
            }
            var members = old?.members ?? [:]
            members[step] = put(members[step], rest.dropFirst())
            return .object(members)
        }
        return Array(put(try JSONDecoder().decode(JSONValue.self, from: Data(base)), steps[...]).json.utf8)
    }

    private func verdict(_ payload: [UInt8], _ kind: PayloadPolicy.Kind) -> EngineError.Code? {
        do throws(EngineError) {
            try policy.check(payload, as: kind)
            return nil
        } catch {
            return error.code
        }
    }

    private func create() throws -> [UInt8] {
        try DockerAPI.encode(CreatePayload(order, limitsJSONLogs: true), call: "")
    }

    @Test func `what Slipway itself sends is allowed`() throws {
        #expect(verdict(try create(), .createContainer) == nil)
        let update = UpdatePayload(memory: 1, memorySwap: 2, nanoCPUs: 1, restartPolicy: .init(.always))
        #expect(verdict(try DockerAPI.encode(update, call: ""), .updateContainer) == nil)
        #expect(verdict(try DockerAPI.encode(ExecPayload(command: ["true"]), call: ""), .execute) == nil)
    }

    /// Who types is joined to one-off runs alone.
    @Test func `streams are for one-off runs`() throws {
        func verdict(_ kind: JobKind?, _ key: String, _ value: String) throws -> EngineError.Code? {
            var order = order
            order.labels.job = kind.flatMap { JobLabel(kind: $0, run: "x1.1", timeoutInSeconds: 60) }
            let body = try DockerAPI.encode(CreatePayload(order, limitsJSONLogs: true), call: "")
            return self.verdict(try payload(key, value, in: body), .createContainer)
        }
        for key in ["Tty", "OpenStdin", "StdinOnce", "AttachStdin"] {
            #expect(try verdict(.run, key, "true") == nil, "\(key)")
            #expect(try verdict(.run, key, "false") == .policy, "\(key)")
            #expect(try verdict(.run, key, #""true""#) == .policy, "\(key)")
            for kind in [nil, JobKind.release, .cron] {
                #expect(try verdict(kind, key, "true") == .policy, "\(key)")
            }
        }
        #expect(try verdict(.run, "AttachStdout", "true") == .policy)
    }

    /// Every dangerous field, in the body of a create.
    static let dangerous: [(String, String)] = [
        ("HostConfig.Privileged", "true"), ("HostConfig.Privileged", "false"),
        ("HostConfig.Binds", #"["/:/host"]"#), ("HostConfig.Binds", #"["/var/run/docker.sock:/s"]"#),
        ("HostConfig.VolumesFrom", #"["other"]"#), ("HostConfig.Devices", #"[{"PathOnHost":"/dev/sda"}]"#),
        ("HostConfig.DeviceRequests", "[]"), ("HostConfig.DeviceCgroupRules", #"["a *:* rwm"]"#),
        ("HostConfig.CapAdd", #"["SYS_ADMIN"]"#), ("HostConfig.PidMode", #""host""#),
        ("HostConfig.IpcMode", #""host""#),
        ("HostConfig.UTSMode", #""host""#), ("HostConfig.UsernsMode", #""host""#),
        ("HostConfig.CgroupnsMode", #""host""#), ("HostConfig.CgroupParent", #""/""#),
        ("HostConfig.SecurityOpt", #"["seccomp=unconfined"]"#), ("HostConfig.MaskedPaths", "[]"),
        ("HostConfig.ReadonlyPaths", "[]"), ("HostConfig.Sysctls", #"{"kernel.x":"1"}"#),
        ("HostConfig.Runtime", #""other""#), ("HostConfig.PortBindings", #"{"80/tcp":[{"HostPort":"80"}]}"#),
        ("HostConfig.PublishAllPorts", "true"), ("HostConfig.ExtraHosts", #"["a:1.2.3.4"]"#),
        ("HostConfig.Links", #"["a:b"]"#), ("HostConfig.OomScoreAdj", "-1000"), ("HostConfig.Ulimits", "[]"),
        ("HostConfig.Tmpfs", #"{"/x":""}"#), ("HostConfig.AutoRemove", "true"),
        ("HostConfig.GroupAdd", #"["0"]"#),
        ("HostConfig.VolumeDriver", #""x""#), ("HostConfig.NetworkMode", #""host""#),
        ("HostConfig.NetworkMode", #""none""#), ("HostConfig.NetworkMode", #""bridge""#),
        ("HostConfig.NetworkMode", #""default""#), ("HostConfig.NetworkMode", #""container:abc""#),
        ("HostConfig.NetworkMode", #""ns:/proc/1/ns/net""#), ("HostConfig.NetworkMode", "null"),
        ("HostConfig.NetworkMode", #""other-project""#),
        ("HostConfig.Mounts.0.Type", #""bind""#), ("HostConfig.Mounts.0.Type", #""npipe""#),
        ("HostConfig.Mounts.0.Type", "null"), ("HostConfig.Mounts.0.Source", #""/etc""#),
        ("HostConfig.Mounts.0.Source", #""../x""#), ("HostConfig.Mounts.0.Source", #""""#),
        ("HostConfig.Mounts.0.Target", #""/""#), ("HostConfig.Mounts.0.Target", #""/a/../etc""#),
        ("HostConfig.Mounts.0.Target", #""relative""#), ("HostConfig.Mounts.0.BindOptions", "{}"),
        ("HostConfig.Mounts.0.VolumeOptions", #"{"DriverConfig":{"Options":{"o":"bind","device":"/"}}}"#),
        ("HostConfig.Mounts", #""x""#), ("HostConfig.Memory", "-1"), ("HostConfig.NanoCpus", "0"),
        ("HostConfig.RestartPolicy.Name", #""sometimes""#), ("HostConfig.LogConfig.Type", #""syslog""#),
        ("HostConfig.Dns", #"["192.0.2.1"]"#), ("HostConfig.Dns", "[]"), ("HostConfig.DnsSearch", #"["x"]"#),
        ("HostConfig.DnsOptions", #"["ndots:5"]"#),
        ("HostConfig", "null"), ("Volumes", #"{"/x":{}}"#), ("User", #""0""#), ("ExposedPorts", "{}"),
        ("Entrypoint", #"["x"]"#), ("Hostname", #""x""#), ("MacAddress", #""x""#), ("Runtime", #""x""#),
        ("Image", #""app:latest""#), ("Image", #""""#), ("Image", "null"),
        ("Labels.com.example", #""x""#), ("Labels.slipway.admin", #""x""#), ("Labels", "{}"),
        ("Labels", "null"),
        ("NetworkingConfig.EndpointsConfig.other", #"{"Aliases":[]}"#), ("NetworkingConfig.Other", "1")
    ]

    @Test(arguments: dangerous)
    func `a create that asks for more is refused`(path: String, value: String) throws {
        #expect(
            verdict(try payload(path, value, in: create()), .createContainer) == .policy, "\(path) = \(value)"
        )
    }

    /// The one path of the host that there is: the app's own secrets, by its own labels.
    @Test func `secrets are mounted read-only from their own folder and no other`() throws {
        let root = "/run/slipway/secrets/\(fixture.installation)"
        let folder = "\(root)/\(order.labels.app)/\(order.labels.template.hex)"
        let delivered = DeliveredSecrets(directory: folder, environment: ["TOKEN": "sentinel"])
        let body = try DockerAPI.encode(
            CreatePayload(order, limitsJSONLogs: true, secrets: delivered), call: "")
        #expect(verdict(body, .createContainer) == .policy, "no folder is configured")
        var policy = self.policy
        policy.secretsDirectory = root
        func code(_ body: [UInt8]) -> EngineError.Code? {
            do throws(EngineError) {
                try policy.check(body, as: .createContainer)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(body) == nil)
        let otherApp = "\(root)/other/\(order.labels.template.hex)"
        let refused = [
            ("HostConfig.Mounts.1.Source", "\"/\""), ("HostConfig.Mounts.1.Source", "\"\(root)\""),
            ("HostConfig.Mounts.1.Source", "\"\(otherApp)\""),
            ("HostConfig.Mounts.1.Source", "\"\(folder)/..\""),
            ("HostConfig.Mounts.1.Source", "\"\(folder)/\""), ("HostConfig.Mounts.1.Source", "null"),
            ("HostConfig.Mounts.1.Target", "\"/etc\""), ("HostConfig.Mounts.1.ReadOnly", "false"),
            ("HostConfig.Mounts.1.ReadOnly", "null"), ("HostConfig.Mounts.1.ReadOnly", "1"),
            ("HostConfig.Mounts.1.BindOptions", "{}"), ("HostConfig.Mounts.1.Type", "\"tmpfs\"")
        ]
        for (path, value) in refused {
            #expect(code(try payload(path, value, in: body)) == .policy, "\(path) = \(value)")
        }
        // Of another app by its labels: the folder is not its own.
        var other = order
        other.labels.app = try #require(AppName("other"))
        let foreign = try DockerAPI.encode(
            CreatePayload(other, limitsJSONLogs: true, secrets: delivered), call: "")
        #expect(code(foreign) == .policy)
        #expect(!"\(delivered)".contains("sentinel"))
    }

    @Test func `name servers are those of the configuration or none`() throws {
        let servers = ["172.17.0.1", "192.0.2.53"]
        let strict = PayloadPolicy(installation: fixture.installation, dns: servers)
        func isAllowed(_ payload: CreatePayload) throws -> Bool {
            let body = try DockerAPI.encode(payload, call: "")
            do throws(EngineError) {
                try strict.check(body, as: .createContainer)
                return true
            } catch {
                return error.code != .policy
            }
        }
        let payload = CreatePayload(order, limitsJSONLogs: true, dns: servers)
        #expect(
            String(decoding: try DockerAPI.encode(payload, call: ""), as: UTF8.self).contains(#""Dns":["#))
        #expect(try isAllowed(payload) && isAllowed(CreatePayload(order, limitsJSONLogs: true)))
        #expect(try !isAllowed(CreatePayload(order, limitsJSONLogs: true, dns: ["172.17.0.1"])))
        #expect(try !isAllowed(CreatePayload(order, limitsJSONLogs: true, dns: servers.reversed())))
        #expect(!String(decoding: try create(), as: UTF8.self).contains("Dns"))
    }

    @Test func `another installation's label is refused`() throws {
        var other = order
        other.labels.installation = try #require(InstallationName("other"))
        let body = try DockerAPI.encode(CreatePayload(other, limitsJSONLogs: false), call: "")
        #expect(verdict(body, .createContainer) == .policy)
    }

    static let dangerousUpdates = [
        #"{"Privileged":true}"#, #"{"Devices":[]}"#, #"{"Memory":-1}"#, #"{"NanoCpus":0}"#,
        #"{"RestartPolicy":{"Name":"x"}}"#, #"{"CpusetCpus":"0"}"#, "[]", "null", "{", ""
    ]
    @Test(arguments: dangerousUpdates)
    func `an update that asks for more is refused`(body: String) {
        #expect(verdict(Array(body.utf8), .updateContainer) == .policy)
    }

    @Test func `other payloads that ask for more are refused`() {
        let own = #"{"slipway.installation":"\#(fixture.name)"}"#
        let bodies: [(String, PayloadPolicy.Kind)] = [
            (#"{"Cmd":["x"],"Privileged":true}"#, .execute), (#"{"Cmd":["x"],"User":"0"}"#, .execute),
            (#"{"Name":"x1","DriverOpts":{"device":"/"},"Labels":\#(own)}"#, .createVolume),
            (#"{"Name":"/etc","Labels":\#(own)}"#, .createVolume),
            (#"{"Name":"x1","Labels":{}}"#, .createVolume),
            (#"{"Name":"host","Driver":"bridge","Labels":\#(own)}"#, .createNetwork),
            (#"{"Name":"n1","Driver":"macvlan","Labels":\#(own)}"#, .createNetwork),
            (
                #"{"Name":"n1","Driver":"bridge","Options":{"parent":"eth0"},"Labels":\#(own)}"#,
                .createNetwork
            ),
            (#"{"Container":"x","EndpointConfig":{"IPAMConfig":{}}}"#, .connect)
        ]
        for (body, kind) in bodies { #expect(verdict(Array(body.utf8), kind) == .policy, "\(body)") }
    }

    @Test func `a refused order makes nothing`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let orders = [
                try fixture.order(image) { $0.network = "host" },
                try fixture.order(image) { $0.image = "app:latest" },
                try fixture.order(image) {
                    $0.mounts = [.init(volume: "/etc", target: "/x", isReadOnly: false)]
                },
                try fixture.order(image) { template in
                    template.files = [
                        FileSpec(target: "/a/../../x", source: "a", content: FileContent(Data()))
                    ]
                }
            ]
            for order in orders {
                #expect(
                    await failure { () throws(EngineError) in try await fixture.engine.launch(order) }?.code
                        == .policy)
            }
            #expect(try await fixture.engine.list() == EngineSnapshot())
        }
    }
}

extension JSONValue {
    fileprivate var json: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): Int64(exactly: number).map { "\($0)" } ?? "\(number)"
        case .string(let text):
            "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
        case .array(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .object(let members): "{" + members.map { "\"\($0)\":\($1.json)" }.joined(separator: ",") + "}"
        }
    }
}
