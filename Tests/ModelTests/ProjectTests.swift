import Model
import Testing

@Suite struct ProjectTests {
    @Test(arguments: [
        ("shop.example.com", "shop.example.com", true), ("shop.example.com", "a.shop.example.com", false),
        ("shop.example.com", "*.shop.example.com", false), ("*.shop.example.com", "a.shop.example.com", true),
        ("*.shop.example.com", "a.b.shop.example.com", true),
        ("*.shop.example.com", "*.shop.example.com", true),
        ("*.shop.example.com", "*.a.shop.example.com", true),
        ("*.shop.example.com", "shop.example.com", false),
        ("*.shop.example.com", "evilshop.example.com", false), ("*.shop.example.com", "*.example.com", false),
        ("*.shop.example.com", "shop.example.com.evil.test", false)
    ]) func domains(_ pattern: String, _ domain: String, _ isAllowed: Bool) throws {
        #expect(try #require(DomainPattern(pattern)).allows(domain) == isAllowed)
        #expect(DomainPattern(pattern)?.description == pattern)
    }

    @Test(arguments: [
        "", "*", "*.", "a.*.b", "**.a", "Shop.example.com", "a..b", "-a.b", "a b", "a/b", "*.*.a"
    ])
    func noDomains(_ text: String) { #expect(DomainPattern(text) == nil) }

    @Test(arguments: [
        ("nginx", "nginx:1.27", true), ("nginx", "docker.io/library/nginx@sha256:1", true),
        ("nginx", "index.docker.io/nginx", true), ("nginx", "acme/nginx", false),
        ("nginx", "evil.test/nginx", false),
        ("nginx", "evil.test/library/nginx", false), ("r.test/a", "r.test/a:1", true),
        ("r.test/a", "r.test/a/b", false),
        ("r.test/a", "r.test/ab", false), ("r.test/a/*", "r.test/a/b/c:2", true),
        ("r.test/a/*", "r.test/a", false),
        ("r.test/a/*", "r.test/ab/c", false), ("r.test/*", "r.test/x", true),
        ("r.test/*", "r.test:5000/x", false),
        ("r.test:5000/*", "r.test:5000/x:1", true), ("r.test/*", "r.test.evil.test/x", false),
        ("acme/*", "acme/shop", true), ("acme/*", "docker.io/acme/shop", true),
        ("acme/*", "r.test/acme/shop", false),
        ("localhost/*", "localhost/x", true), ("docker.io/*", "nginx", true),
        ("docker.io/library/*", "nginx", true)
    ]) func images(_ pattern: String, _ reference: String, _ isAllowed: Bool) throws {
        #expect(try #require(ImagePattern(pattern)).allows(reference) == isAllowed)
    }

    @Test(arguments: ["", "*", "/*", "a*", "r.test/*/b", "a@sha256:1", "r.test/a:1", "a b"])
    func noImages(_ text: String) { #expect(ImagePattern(text) == nil, "\(text)") }

    @Test func whatIsOverAQuotaIsNamed() throws {
        let usage = ProjectUsage(
            apps: 2, replicas: 5, nanoCPUs: 1_500_000_000, memoryInBytes: 3 << 30, volumes: 1)
        #expect(usage.excess(over: ProjectQuota()) == nil)
        #expect(usage.excess(over: ProjectQuota(apps: 2, replicas: 5, volumes: 1)) == nil)
        func excess(_ quota: ProjectQuota) -> String? {
            usage.excess(over: quota).map { "\($0.what) \($0.asked) \($0.allowed)" }
        }
        #expect(excess(.init(apps: 1)) == "apps 2 1")
        #expect(excess(.init(replicas: 0)) == "replicas 5 0")
        #expect(excess(.init(nanoCPUs: 1_000_000_000)) == "cpus 1.5 1")
        #expect(excess(.init(memoryInBytes: 512 << 20)) == "memory 3GiB 512MiB")
        #expect(excess(.init(volumes: 0)) == "volumes 1 0")
    }

    /// No sum of what specs may say overflows.
    @Test func sumsSaturate() throws {
        let huge = ProjectUsage(
            apps: .max, replicas: .max, nanoCPUs: .max, memoryInBytes: .max, volumes: .max)
        #expect(huge + huge == huge)
        let process = ProcessSpec(
            name: try #require(ProcessName("web")), replicas: .max,
            resources: ResourcesSpec(nanoCPUs: .max, memoryInBytes: .max))
        let spec = AppSpec(
            name: try #require(AppName("a")), project: try #require(ProjectName("p")), image: "a:1",
            processes: [process, process])
        #expect(ProjectUsage(spec).memoryInBytes == .max)
    }

    /// Names with a project in them and names without one are never the same.
    @Test func namesWithAProject() throws {
        let retail = try #require(ProjectName("retail"))
        let (app, web) = (try #require(AppName("shop")), try #require(ProcessName("web")))
        let plain = Naming(prefix: "x-")
        let scoped = plain.scoped(to: retail)
        #expect(
            scoped.container(app: app, process: web, release: .first, index: 1) == "x-retail.shop-web-v1-1")
        #expect(scoped.volume(app: app, volume: try #require(VolumeName("data"))) == "x-retail.shop-data")
        #expect(scoped.network(retail) == plain.network(retail))
        #expect(scoped.parts(ofContainer: "x-retail.shop-web-v1-1", app: app)?.process == web)
        #expect(scoped.parts(ofContainer: "x-shop-web-v1-1", app: app) == nil)
        #expect(plain.parts(ofContainer: "x-retail.shop-web-v1-1", app: app) == nil)
    }

    @Test func rolesIncludeThoseBelow() {
        #expect(Role.allCases.sorted() == [.viewer, .developer, .operator, .admin])
        let table: [Permission: [Role]] = [
            .look: Role.allCases, .plan: Role.allCases, .logs: [.developer, .operator, .admin],
            .deploy: [.developer, .operator, .admin], .operate: [.operator, .admin], .administer: [.admin]
        ]
        for permission in Permission.allCases {
            #expect(Role.allCases.filter { $0.allows(permission) } == table[permission])
        }
    }

    @Test func grantsAsText() throws {
        for text in ["viewer", "operator:retail"] { #expect(Grant(parsing: text)?.description == text) }
        for text in ["", "root", "viewer:", "viewer:Retail", ":retail", "viewer:a:b"] {
            #expect(Grant(parsing: text) == nil, "\(text)")
        }
    }
}
