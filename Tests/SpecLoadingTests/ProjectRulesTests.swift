import Model
import SpecLoading
import Testing

/// What the configuration lets a project do, at the place of the spec that goes against it.
@Suite struct ProjectRulesTests {
    private let retail = ProjectName("retail")
    private let press = ProjectName("press")

    private func policy(_ change: (inout ProjectRules) throws -> Void = { _ in }) throws -> ProjectPolicy {
        var rules = ProjectRules()
        try change(&rules)
        return ProjectPolicy(rules: [try #require(retail): rules, try #require(press): ProjectRules()])
    }

    private func findings(
        _ text: String, others: Set<ProjectName> = [],
        _ change: (inout ProjectRules) throws -> Void = { _ in }
    ) throws -> [String] {
        let project = try #require(retail)
        let loader = SpecLoader(
            project: project, hasEdge: true,
            rules: SourceRules(projects: others.union([project]), policy: try policy(change)))
        let file = loader.load(path: "shop.yaml", bytes: Array(text.utf8)) { _ in [] }
        return file.diagnostics.filter { $0.severity == .error }
            .map { "\($0.line):\($0.column) \($0.code) \($0.keyPath)" }
    }

    private let shop = """
        name: shop
        image: registry.test/retail/shop:1
        port: 8080
        domains:
          - shop.example.com
          - {host: www.example.com, redirect: shop.example.com}
        """

    @Test func withoutRulesAllIsAllowed() throws { #expect(try findings(shop) == []) }

    @Test func domainsAreThoseOfTheProject() throws {
        let allowed = try #require(DomainPattern("shop.example.com"))
        #expect(try findings(shop) { $0.domains = [allowed] } == ["6:12 domain_not_allowed domains"])
        #expect(try findings(shop) { $0.domains = [] }.count == 2)
        let long = """
            name: shop
            image: a:1
            processes:
              web:
                port: 80
                domains: [shop.example.com, x.other.com]
            deploy:
              strategy: canary
              preview: next.other.com
            """
        let found = try findings(long) { $0.domains = [allowed] }
        #expect(
            found == [
                "6:33 domain_not_allowed processes.web.domains", "9:12 domain_not_allowed deploy.preview"
            ])
    }

    @Test func imagesAreThoseOfTheProject() throws {
        #expect(
            try findings(shop) { $0.images = [try #require(ImagePattern("registry.test/retail/*"))] } == [])
        #expect(
            try findings(shop) { $0.images = [try #require(ImagePattern("registry.test/press/*"))] }
                == ["2:8 image_not_allowed image"])
        #expect(try findings(shop) { $0.requiresDigests = true } == ["2:8 digest_required image"])
        let pinned = "name: shop\nimage: a@sha256:\(String(repeating: "a", count: 64))\n"
        #expect(try findings(pinned) { $0.requiresDigests = true } == [])
    }

    @Test func whatIsAskedOfTheHostIsThatOfTheProject() throws {
        let text = """
            name: vpn
            image: a:1
            processes:
              web:
                capabilities: [NET_ADMIN]
                host_paths: ["/srv/media:/media:ro"]
                host_ports: ["2222:22"]
            """
        #expect(
            try findings(text) { $0.hostPorts = [try #require(HostPortRule("2222/udp"))] } == [
                "5:19 capability_not_allowed processes.web.capabilities",
                "6:17 host_path_not_allowed processes.web.host_paths",
                "7:17 host_port_not_allowed processes.web.host_ports"
            ])
        #expect(
            try findings(text) {
                $0.hostPorts = [try #require(HostPortRule("2222"))]
                $0.capabilities = ["NET_ADMIN"]
                $0.hostPaths = [try #require(HostPathRule("/srv/media:ro"))]
            } == [])
        let writing = text.replacing(":ro", with: "")
        #expect(
            try findings(writing) {
                $0.hostPorts = [try #require(HostPortRule("2000-3000"))]
                $0.capabilities = ["NET_ADMIN"]
                $0.hostPaths = [try #require(HostPathRule("/srv/media:ro"))]
            } == ["6:17 host_path_not_allowed processes.web.host_paths"])
    }

    @Test func withoutProjectsNothingOfTheHostIsAllowed() throws {
        let project = try #require(retail)
        let loader = SpecLoader(
            project: project, hasEdge: true, rules: SourceRules(projects: [project], policy: ProjectPolicy()))
        let file = loader.load(
            path: "vpn.yaml", bytes: Array("name: vpn\nimage: a:1\ncapabilities: [NET_ADMIN]\n".utf8)
        ) {
            _ in []
        }
        #expect(file.diagnostics.map(\.code) == ["capability_not_allowed"])
    }

    @Test(arguments: [
        ("capabilities: [CAP_NET_ADMIN]", "bad_capability"), ("capabilities: [ALL]", "bad_capability"),
        ("capabilities: [net_admin]", "bad_capability"),
        ("capabilities: [NET_ADMIN, NET_ADMIN]", "duplicate_item"),
        ("host_paths: [\"data:/data\"]", "bad_host_path"), ("host_paths: [\"/srv\"]", "bad_host_path"),
        ("host_paths: [\"/srv/../etc:/data\"]", "bad_host_path"),
        ("host_paths: [\"/srv/a:/data:rx\"]", "bad_host_path"),
        ("host_paths: [\"/srv/a:/proc/x\"]", "bad_host_path"),
        ("host_paths: [\"/srv/a:/data\", \"/srv/b:/data/b\"]", "duplicate_item"),
        ("host_ports: [\"22\"]", "bad_host_port"), ("host_ports: [\"0:22\"]", "bad_host_port"),
        ("host_ports: [\"65536:22\"]", "bad_host_port"), ("host_ports: [\"0.0.0.0:22:22\"]", "bad_host_port"),
        ("host_ports: [\"2222:22/sctp\"]", "bad_host_port"),
        ("host_ports: [\"2222:22\", \"127.0.0.1:2222:23\"]", "duplicate_item"),
        ("replicas: 2\nhost_ports: [\"2222:22\"]", "host_port_replicas"),
        ("volumes: [\"data:/data\"]\nhost_paths: [\"/srv/b:/data/b\"]", "duplicate_item")
    ])
    func whatIsNoAccessToTheHost(line: String, code: String) throws {
        let found = try findings("name: vpn\nimage: a:1\n\(line)\n") {
            $0.capabilities = ["NET_ADMIN"]
            $0.hostPaths = ["/srv/a", "/srv/b"].compactMap { HostPathRule($0) }
            $0.hostPorts = ["1-65535"].compactMap { HostPortRule($0) }
        }
        #expect(found.map { $0.split(separator: " ")[1] } == [Substring(code)])
    }

    @Test func aQuotaWantsLimits() throws {
        #expect(
            try findings(shop) { $0.quota.memoryInBytes = 1 << 30 } == ["1:1 limit_required resources.memory"]
        )
        let limited = shop + "\nresources:\n  memory: 64M\n"
        #expect(try findings(limited) { $0.quota.memoryInBytes = 1 << 30 } == [])
        #expect(try findings(limited) { $0.quota.nanoCPUs = 1 } == ["8:3 limit_required resources.cpus"])
        #expect(
            try findings(shop.replacing("port: 8080", with: "replicas: 0")) { $0.quota.nanoCPUs = 1 }
                .contains { $0.contains("limit_required") } == false)
    }

    @Test func aSpecIsInAProjectOfItsSource() throws {
        let other = shop + "\nproject: press\n"
        #expect(try findings(other) == ["7:10 project_not_allowed project"])
        #expect(try findings(other, others: [try #require(press)]) == [])
        let unknown = shop + "\nproject: nowhere\n"
        #expect(try findings(unknown, others: [try #require(ProjectName("nowhere"))]).count == 1)
    }

    // MARK: Beside each other

    private func spec(
        _ name: String, _ project: String, _ more: String, path: String? = nil
    ) throws -> LoadedSpec {
        let loader = SpecLoader(project: try #require(ProjectName(project)), hasEdge: true)
        let file = loader.load(
            path: path ?? "\(name).yaml", bytes: Array("name: \(name)\nimage: a:1\nport: 80\n\(more)\n".utf8)
        ) { _ in [] }
        return try #require(file.specs.first, "\(file.diagnostics)")
    }

    private func check(
        _ specs: [LoadedSpec], standing: [LoadedSpec] = [], known: Set<AppName> = [],
        _ change: (inout ProjectRules) throws -> Void = { _ in }
    ) throws -> [String] {
        let claims = Dictionary(uniqueKeysWithValues: standing.map { ($0.spec.name, AppClaims($0.spec)) })
        return SpecRules.crossCheck(specs, known: known, standing: claims, policy: try policy(change))
            .map { "\($0.app) \($0.diagnostic.code): \($0.diagnostic.message)" }
    }

    @Test func theFirstClaimOfADomainWins() throws {
        let old = try spec("old", "retail", "domains: [a.test]")
        let new = try spec("new", "retail", "domains: [a.test]")
        // By path, where nobody has had it.
        #expect(try check([old, new]) == ["old domain_taken: `a.test` belongs to the app `new` already"])
        #expect(
            try check([old, new], standing: [old]) == [
                "new domain_taken: `a.test` belongs to the app `old` already"
            ])
        // An app whose spec is broken, or not read yet, keeps what it has.
        #expect(try check([new], standing: [old]).count == 1)
        // Given up, it is free.
        #expect(try check([new, try spec("old", "retail", "domains: [b.test]")], standing: [old]) == [])
    }

    @Test func theFirstClaimOfAPortOfTheHostWins() throws {
        let old = try spec("old", "retail", "host_ports: [\"2222:22\"]")
        let new = try spec("new", "retail", "host_ports: [\"127.0.0.1:2222:22\"]")
        let words = "host_port_taken: the port"
        #expect(
            try check([old, new]) == ["old \(words) 2222/tcp of the host belongs to the app `new` already"])
        #expect(
            try check([old, new], standing: [old])
                == ["new \(words) 127.0.0.1:2222/tcp of the host belongs to the app `old` already"])
        #expect(try check([new], standing: [old]).count == 1)
        #expect(
            try check([new, try spec("old", "retail", "host_ports: [\"2222:22/udp\"]")], standing: [old])
                == [])
        let other = try spec("site", "press", "host_ports: [\"2222:80\"]")
        #expect(
            try check([old, other])
                == ["site \(words) 2222/tcp of the host belongs to an app of another project already"])
    }

    @Test func betweenProjectsAHostHasOneOwner() throws {
        let shop = try spec("shop", "retail", "domains: [a.test]")
        let taken = "domain_taken: `a.test/x` belongs to an app of another project already"
        let path = "domains: [{host: a.test, path: /x}]"
        #expect(try check([shop, try spec("site", "press", path)]) == ["site \(taken)"])
        #expect(try check([shop, try spec("site", "retail", path)]) == [])
        let wildcard = try spec("zz", "press", "domains: ['*.test']")
        #expect(try check([shop, wildcard]).map { $0.prefix(16) } == ["zz domain_taken:"])
        #expect(
            try check([shop, wildcard], standing: [wildcard]).map { $0.prefix(18) } == ["shop domain_taken:"])
        #expect(try check([shop, try spec("zz", "retail", "domains: ['*.test']")]) == [])
        // Without rules for projects, as ever.
        #expect(SpecRules.crossCheck([shop, try spec("site", "press", path), wildcard]).isEmpty)
    }

    @Test func quotasCountAllAppsOfAProject() throws {
        func app(_ name: String, _ replicas: Int, _ project: String = "retail") throws -> LoadedSpec {
            try spec(name, project, "replicas: \(replicas)\nresources: {memory: 100M}")
        }
        func over(_ specs: [LoadedSpec], _ standing: [LoadedSpec] = []) throws -> [String] {
            try check(specs, standing: standing) { $0.quota.replicas = 5 }.map {
                String($0.prefix { $0 != ":" })
            }
        }
        #expect(try over([app("a", 3), app("b", 2), app("c", 9, "press")]) == [])
        #expect(try over([app("a", 3), app("b", 3)]) == ["b quota_exceeded"])
        // Who is there already keeps what it has, and may become smaller.
        #expect(try over([app("a", 3), app("b", 3)], [app("b", 3)]) == ["a quota_exceeded"])
        #expect(try over([app("a", 2), app("b", 3)], [app("b", 4)]) == [])
        // Who goes over by growing counts as it was.
        #expect(try over([app("a", 3), app("b", 2)], [app("a", 1), app("b", 1)]) == [])
        #expect(
            try over([app("a", 5), app("b", 2), app("c", 1)], [app("a", 1), app("b", 2)]) == [
                "a quota_exceeded"
            ])
        // Not even a quota that was lowered takes anything away.
        #expect(try over([app("a", 4), app("b", 4)], [app("a", 4), app("b", 4)]) == [])
        // A broken spec counts with what it had.
        #expect(try over([app("a", 3)], [app("b", 3)]) == ["a quota_exceeded"])
        let message = try check([try app("a", 6)]) { $0.quota.replicas = 5 }.first
        #expect(message?.contains("would have 6 replicas, and its quota is 5") == true)
        let memory = try check([try app("a", 6)]) { $0.quota.memoryInBytes = 512 << 20 }.first
        #expect(memory?.contains("memory, and its quota is 512MiB") == true)
    }

    @Test func otherProjectsAreNotToldOf() throws {
        let shop = try spec("shop", "retail", "")
        let found = try check([shop, try spec("site", "press", "depends_on: [shop, shap]")])
        #expect(found.count == 2)
        #expect(!found.contains { $0.contains("did you mean") })
        let collision = try check([
            try spec("a", "retail", ""),
            try spec("a-web", "press", "")
        ])
        #expect(collision.count == 1)
        #expect(collision.first?.contains("which is taken by an app of another project") == true)
    }
}
