@testable import DockerEngine
import FoundationEssentials
import Model
import Ports
import Testing

/// The rules of projects on what is sent to the engine.
@Suite struct ProjectPayloadTests {
    private let fixture: EngineFixture
    private let naming = Naming(prefix: "x-")

    init() throws { fixture = try EngineFixture() }

    private func order(_ change: (inout ContainerTemplate) -> Void = { _ in }) throws -> InstanceOrder {
        let digest = try #require(EngineFixture.digest("a"))
        let image = ResolvedImage(
            reference: "r.test/retail/app:1", pinned: "r.test/retail/app@\(digest)", digest: digest,
            isFromRegistry: true)
        let probe = try fixture.order(image)
        let (project, app) = (probe.labels.project, probe.labels.app)
        return try fixture.order(image) { template in
            template.network = naming.network(project)
            template.mounts = [
                .init(volume: "\(naming.volumePrefix(of: app))data", target: "/data", isReadOnly: false)
            ]
            template.memoryInBytes = 64 << 20
            template.nanoCPUs = 100_000_000
            change(&template)
        }
    }

    private func problem(
        _ order: InstanceOrder, _ change: (inout ProjectRules) throws -> Void = { _ in },
        isListed: Bool = true
    ) throws -> String? {
        var rules = ProjectRules()
        try change(&rules)
        let name = isListed ? order.labels.project : try #require(ProjectName("nowhere"))
        let policy = PayloadPolicy(
            installation: fixture.installation, projects: ProjectPolicy(rules: [name: rules]), naming: naming)
        return Self.problem(
            policy, try DockerAPI.encode(CreatePayload(order, limitsJSONLogs: true), call: ""),
            .createContainer)
    }

    private static func problem(
        _ policy: PayloadPolicy, _ body: [UInt8], _ kind: PayloadPolicy.Kind, _ project: ProjectName? = nil
    ) -> String? {
        do throws(EngineError) {
            try policy.check(body, as: kind, project: project)
            return nil
        } catch {
            return error.code == .policy ? error.message : "\(error.code)"
        }
    }

    @Test func whatTheRulesAllowPasses() throws {
        #expect(try problem(order()) == nil)
        #expect(
            try problem(order()) {
                $0.images = [try #require(ImagePattern("r.test/retail/*"))]
                $0.quota = ProjectQuota(nanoCPUs: 1_000_000_000, memoryInBytes: 64 << 20)
            } == nil)
    }

    @Test func whatTheyDoNotAllowIsRefused() throws {
        #expect(try problem(order(), isListed: false)?.contains("has no project") == true)
        #expect(try problem(order()) { $0.images = [] }?.contains("Image is from none") == true)
        #expect(
            try problem(order()) { $0.quota.memoryInBytes = 1 << 20 }?.contains("Memory is above") == true)
        let unlimited = try order { $0.memoryInBytes = nil }
        #expect(
            try problem(unlimited) { $0.quota.memoryInBytes = 1 << 30 }?.contains("Memory is missing") == true
        )
        #expect(try problem(unlimited) == nil)
        #expect(try problem(order()) { $0.quota.nanoCPUs = 1 }?.contains("NanoCpus is above") == true)
    }

    /// An id of an image says not where it came from.
    @Test func anImageWithoutAnOriginIsRefused() throws {
        let digest = try #require(EngineFixture.digest("a"))
        let local = try order { $0.image = digest.rawValue }
        #expect(
            try problem(local) { $0.images = [try #require(ImagePattern("r.test/*"))] }?.contains("Image")
                == true)
        #expect(try problem(local) == nil)
    }

    @Test func theNetworkIsThatOfTheProject() throws {
        for network in ["x-slipway-other", "slipway-\(try order().labels.project)", "x-slipway-"] {
            #expect(try problem(order { $0.network = network })?.contains("is not the network of") == true)
        }
        let policy = PayloadPolicy(installation: fixture.installation, naming: naming)
        let project = try order().labels.project
        func network(_ name: String, _ label: String) throws -> String? {
            let labels = [LabelKey.installation: fixture.installation.rawValue, LabelKey.project: label]
            return Self.problem(
                policy, try DockerAPI.encode(NetworkPayload(name: name, labels: labels), call: ""),
                .createNetwork)
        }
        #expect(try network(naming.network(project), project.rawValue) == nil)
        #expect(try network(naming.network(project), "other") != nil)
        #expect(try network("x-slipway-other", project.rawValue) != nil)
    }

    @Test func volumesAreThoseOfTheApp() throws {
        let labels = try order().labels
        func mounting(_ volume: String, _ existing: Set<String> = []) throws -> String? {
            try problem(order { $0.mounts[0].volume = volume }) { $0.existingVolumes = existing }
        }
        #expect(try mounting("x-\(labels.project).\(labels.app)-data") == nil)
        for volume in [
            "x-other-data", "x-other.\(labels.app)-data", "data", "\(labels.app)-data", "x-\(labels.app)-"
        ] {
            #expect(try mounting(volume)?.contains("is not a volume of the app") == true, "\(volume)")
        }
        #expect(try mounting("restored", ["restored"]) == nil)
    }

    @Test func secretsAreNoVolumeOfTheApp() throws {
        let order = try order()
        let root = "/run/slipway/secrets/test"
        let folder = "\(root)/\(order.labels.app)/\(order.labels.template.hex)"
        let policy = PayloadPolicy(
            installation: fixture.installation,
            projects: ProjectPolicy(rules: [order.labels.project: ProjectRules()]), naming: naming,
            secretsDirectory: root)
        let secrets = DeliveredSecrets(directory: folder, environment: [:])
        let body = try DockerAPI.encode(
            CreatePayload(order, limitsJSONLogs: true, secrets: secrets), call: "")
        #expect(Self.problem(policy, body, .createContainer) == nil)
    }

    @Test func capabilitiesAreThoseOfTheProject() throws {
        let order = try order { $0.hostAccess = HostAccess(capabilities: ["NET_ADMIN", "SYS_TIME"]) }
        #expect(try problem(order) { $0.capabilities = ["NET_ADMIN", "SYS_TIME"] } == nil)
        #expect(try problem(order) { $0.capabilities = ["NET_ADMIN"] }?.contains("CapAdd") == true)
        #expect(try problem(order)?.contains("CapAdd") == true)
        for name in ["ALL", "CAP_NET_ADMIN", "net_admin", ""] {
            let other = try self.order { $0.hostAccess = HostAccess(capabilities: [name]) }
            #expect(try problem(other) { $0.capabilities = [name] }?.contains("CapAdd") == true, "\(name)")
        }
    }

    @Test func pathsOfTheHostAreThoseOfTheProject() throws {
        let media = try #require(HostPathRule("/srv/media:ro"))
        func mounting(_ path: HostPath, _ rules: [HostPathRule]) throws -> String? {
            try problem(order { $0.hostAccess = HostAccess(paths: [path]) }) { $0.hostPaths = rules }
        }
        let reading = HostPath(source: "/srv/media", target: "/media", isReadOnly: true)
        let writing = HostPath(source: "/srv/media", target: "/media")
        #expect(try mounting(reading, [media]) == nil)
        #expect(try mounting(writing, [try #require(HostPathRule("/srv/media"))]) == nil)
        #expect(try mounting(writing, [media])?.contains("no path of the host but") == true)
        #expect(try mounting(reading, []) != nil)
        for source in ["/srv/media/", "/srv/media/x", "/srv", "/srv/media/..", "/", "srv/media", ""] {
            let other = HostPath(source: source, target: "/media", isReadOnly: true)
            #expect(try mounting(other, [media])?.contains("no path of the host but") == true, "\(source)")
        }
        for target in ["/", "/media/../etc", "media"] {
            #expect(
                try mounting(HostPath(source: "/srv/media", target: target, isReadOnly: true), [media]) != nil
            )
        }
    }

    /// Whoever may write beside an allowed path could put a link there.
    @Test func aLinkIsNotThePathThatWasAllowed() throws {
        let folder = "/tmp/slipway-host-path-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createSymbolicLink(atPath: folder + "/media", withDestinationPath: "/etc")
        let path = HostPath(source: folder + "/media", target: "/media", isReadOnly: true)
        let found = try problem(order { $0.hostAccess = HostAccess(paths: [path]) }) {
            $0.hostPaths = [try #require(HostPathRule(path.source))]
        }
        #expect(found?.contains("is a link to /etc") == true)
    }

    @Test func portsOfTheHostAreThoseOfTheProject() throws {
        func having(_ ports: [String], _ rules: [String]) throws -> String? {
            let access = HostAccess(ports: ports.compactMap { HostPort($0) })
            return try problem(order { $0.hostAccess = access }) {
                $0.hostPorts = rules.compactMap { HostPortRule($0) }
            }
        }
        #expect(
            try having(["2222:22", "53:5353/udp", "127.0.0.1:5432:22"], ["2000-3000", "53/udp", "5432"])
                == nil)
        for (port, rule) in [
            ("2222:22", "2223"), ("2222:22", "2222/udp"), ("53:53/udp", "53"),
            ("5432:5432", "127.0.0.1:5432"),
            ("127.0.0.2:5432:5432", "127.0.0.1:5432"), ("80:80", "8000-8100")
        ] {
            #expect(try having([port], [rule])?.contains("PortBindings") == true, "\(port) by \(rule)")
        }
        #expect(try having(["2222:22"], [])?.contains("PortBindings") == true)
    }

    /// Written by hand: what no order of ours says.
    @Test(arguments: [
        (#"{"22/tcp":{}}"#, #"{"22/tcp":[{"HostIp":"","HostPort":"2222"}]}"#, true),
        (#"{}"#, #"{"22/tcp":[{"HostIp":"","HostPort":"2222"}]}"#, false),
        (#"{"22/tcp":{},"23/tcp":{}}"#, #"{"22/tcp":[{"HostIp":"","HostPort":"2222"}]}"#, false),
        (#"{"22/tcp":{"a":"b"}}"#, #"{"22/tcp":[{"HostIp":"","HostPort":"2222"}]}"#, false),
        (#"{"22/tcp":{}}"#, #"{"22/tcp":[]}"#, false), (#"{"22/tcp":{}}"#, #"{"22/tcp":null}"#, false),
        (#"{"22/tcp":{}}"#, #"{"22/tcp":[{"HostPort":"2222"}]}"#, false),
        (#"{"22/tcp":{}}"#, #"{"22/tcp":[{"HostIp":"","HostPort":""}]}"#, false),
        (#"{"22/tcp":{}}"#, #"{"22/tcp":[{"HostIp":"","HostPort":"2222-2230"}]}"#, false),
        (#"{"22/tcp":{}}"#, #"{"22/tcp":[{"HostIp":"::","HostPort":"2222"}]}"#, false),
        (#"{"22/sctp":{}}"#, #"{"22/sctp":[{"HostIp":"","HostPort":"2222"}]}"#, false),
        (
            #"{"22/tcp":{}}"#, #"{"22/tcp":[{"HostIp":"","HostPort":"2222"},{"HostIp":"","HostPort":"80"}]}"#,
            false
        )
    ])
    func payloadsWithPorts(exposed: String, bindings: String, isAllowed: Bool) throws {
        let order = try order { $0.hostAccess = HostAccess(ports: [HostPort("2222:22")].compactMap(\.self)) }
        let body = String(
            decoding: try DockerAPI.encode(CreatePayload(order, limitsJSONLogs: true), call: ""),
            as: UTF8.self)
        let mine = (
            #""ExposedPorts":{"22\/tcp":{}}"#,
            #""PortBindings":{"22\/tcp":[{"HostIp":"","HostPort":"2222"}]}"#
        )
        let plain = body.replacing(#"\/"#, with: "/")
        let (from, to) = (mine.0.replacing(#"\/"#, with: "/"), mine.1.replacing(#"\/"#, with: "/"))
        #expect(plain.contains(from) && plain.contains(to), "\(plain)")
        let changed = plain.replacing(from, with: #""ExposedPorts":"# + exposed)
            .replacing(to, with: #""PortBindings":"# + bindings)
        var rules = ProjectRules()
        rules.hostPorts = [HostPortRule("2222")].compactMap(\.self)
        let policy = PayloadPolicy(
            installation: fixture.installation, projects: ProjectPolicy(rules: [order.labels.project: rules]),
            naming: naming)
        #expect((Self.problem(policy, Array(changed.utf8), .createContainer) == nil) == isAllowed)
    }

    /// An installation without projects has allowed nothing to anybody.
    @Test func withoutProjectsNobodyHasAnythingOfTheHost() throws {
        let policy = PayloadPolicy(installation: fixture.installation, naming: naming)
        for access in [
            HostAccess(capabilities: ["NET_ADMIN"]),
            HostAccess(ports: [HostPort("2222:22")].compactMap(\.self)),
            HostAccess(paths: [HostPath(source: "/srv/media", target: "/media", isReadOnly: true)])
        ] {
            let body = try DockerAPI.encode(
                CreatePayload(try order { $0.hostAccess = access }, limitsJSONLogs: true), call: "")
            #expect(Self.problem(policy, body, .createContainer) != nil)
        }
    }

    @Test func updatesAreLookedAtAsWell() throws {
        let project = try order().labels.project
        let rules = ProjectRules(quota: ProjectQuota(memoryInBytes: 64 << 20))
        let policy = PayloadPolicy(
            installation: fixture.installation, projects: ProjectPolicy(rules: [project: rules]),
            naming: naming)
        func update(_ memory: Int64?, _ project: ProjectName?) throws -> String? {
            let body = try DockerAPI.encode(UpdatePayload(memory: memory, nanoCPUs: 1), call: "")
            return Self.problem(policy, body, .updateContainer, project)
        }
        #expect(try update(64 << 20, project) == nil)
        #expect(try update(nil, project) == nil)
        #expect(try update(65 << 20, project)?.contains("Memory is above") == true)
        #expect(try update(1, nil)?.contains("not known whose") == true)
        #expect(try update(1, ProjectName("nowhere"))?.contains("has no project") == true)
    }
}
