import Model
import Planning
import Testing

/// What is decided on what cannot be known: the worse case counts, and what serves goes on serving.
@Suite struct UncertaintyTests {
    private let web = ProcessName("web").require

    private func spec(
        _ image: String, _ strategy: DeployStrategy = .rolling, replicas: Int = 3, isSingle: Bool = false
    ) -> AppSpec {
        let data = VolumeName("data").require
        return AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: [
                ProcessSpec(
                    name: web, replicas: isSingle ? 1 : replicas, port: 80,
                    domains: isSingle ? nil : [DomainSpec(host: "shop.example.com")],
                    healthcheck: HealthcheckSpec(check: .http(path: "/", host: nil, port: nil)),
                    volumes: isSingle ? [MountSpec(volume: data, target: "/data")] : [])
            ],
            volumes: isSingle ? [data: VolumeSpec()] : [:],
            deploy: DeploySpec(
                strategy: strategy, minHealthyTime: .seconds(3), timeout: .minutes(2),
                steps: strategy == .canary ? [33, 100] : nil,
                bake: strategy == .canary ? .seconds(30) : nil))
    }

    /// Release `one` runs in full, with an edge.
    private func settled(_ spec: AppSpec) -> World {
        var world = World(seed: 5)
        world.routes = [:]
        world.commit(spec, behavior: .healthy)
        world.settle()
        #expect(world.memory.lastGood != nil)
        return world
    }

    private func run(_ world: inout World, until condition: (World) -> Bool) {
        for _ in 0..<1_000 where !condition(world) { _ = world.step() }
        #expect(condition(world), "\(String(describing: world.lastPlan?.because))")
    }

    private func targets(_ world: World) -> [String] {
        world.routes?[web]?.observed.route.targets.map(\.name) ?? []
    }

    @Test
    func `a container that hangs while the controller starts is not launched again and keeps its requests`()
        throws
    {
        var world = settled(spec("one"))
        let id = try #require(world.instances.values.first { $0.name == "shop-web-v1-2" }?.id)
        world.hide(id)
        world.forgetHealth()
        for _ in 0..<20 { _ = world.step() }
        #expect(world.performed[.launch] == 3)
        #expect(targets(world) == ["shop-web-v1-1", "shop-web-v1-2", "shop-web-v1-3"])
        #expect(world.lastPlan?.verdict == .degraded)
        #expect(world.lastPlan?.because.map(\.object).contains("shop-web-v1-2") == true)
    }

    @Test func `nothing is started beside a single writer that hangs`() throws {
        var world = settled(spec("one", isSingle: true))
        world.hide(try #require(world.instances.keys.first))
        world.commit(spec("two", isSingle: true), behavior: .healthy)
        world.decide()
        #expect(world.memory.rollout?.phase == .moving)
        for _ in 0..<20 { _ = world.step() }
        #expect(world.performed[.launch] == 1)
    }

    @Test func `numbers of containers that hang are not given again`() {
        var world = settled(spec("one"))
        for id in Array(world.instances.keys) { world.hide(id) }
        world.memory = AppMemory(
            source: world.memory.source, path: world.memory.path, project: world.memory.project,
            now: world.now)
        world.decide()
        #expect(world.memory.rollout?.target.number == .first.next)
    }

    @Test func `routes stay while no release is remembered that says what they are`() {
        var world = settled(spec("one"))
        let before = targets(world)
        world.memory.lastGood = nil
        world.desired = .keep([], diagnostics: [], isInvalid: false)
        for _ in 0..<20 { _ = world.step() }
        #expect(targets(world) == before)
        #expect(world.performed[.unroute] == nil)
    }

    /// Seed 2719 of the simulation: git could not be read for longer than anything is undecided.
    @Test func `what nobody could ask is not taken away in the moment in which somebody can`() throws {
        var world = settled(spec("one"))
        world.memory.lastGood = nil
        world.forgetHealth()
        world.now = world.now + .seconds(60)
        world.commit(spec("two", replicas: 2), behavior: .healthy)
        world.decide()
        let plan = try #require(world.lastPlan)
        #expect(plan.memory.rollout != nil)
        #expect(!plan.actions.contains { $0.kind == .remove || $0.kind == .route }, "\(plan.actions)")
    }

    /// Seed 2277 of the simulation: the store was lost, and the spec had no route any more.
    @Test func `nothing goes before the edge was read once, whatever the spec says of routes`() {
        var world = settled(spec("one"))
        let before = world.instances.keys.sorted()
        world.memory.lastGood = nil
        world.isEdgeAway = true
        var silent = spec("one", replicas: 0)
        silent.processes[0].domains = nil
        world.commit(silent, behavior: .healthy)
        for _ in 0..<20 { _ = world.step() }
        #expect(world.instances.keys.sorted() == before)
        #expect(world.lastPlan?.because.contains { $0.cause == .edge } == true)
        // Read a moment ago: it has no route for them.
        world.edgeLastRead = [:]
        run(&world) { $0.instances.isEmpty }
    }

    @Test func `what an overtaken canary has been given is not taken from blue and green that go on with it`()
    {
        var world = settled(spec("one"))
        world.commit(spec("two", .canary), behavior: .healthy)
        run(&world) { $0.memory.rollout?.bakingSince != nil }
        let share = world.routes?[web]?.observed.route.share(of: .first.next) ?? 0
        #expect(share > 0)
        // As it may be in the middle of a step: too few of the old ones are left to do without.
        let old = world.instances.values.filter { $0.image == "one" }.map(\.id).sorted()
        for id in old.dropFirst(2) {
            world.instances[id] = nil
            world.health[id] = nil
        }
        world.commit(spec("two", .blueGreen), behavior: .healthy)
        for _ in 0..<4 {
            _ = world.step()
            let route = world.routes?[web]?.observed.route
            let serving = world.instances.keys.filter { route?.serves($0) == true }
            #expect(serving.count >= 3 || world.instances.count < 3)
        }
    }

    @Test
    func `what a canary takes out of service altogether serves with all that is left until its success`() {
        var world = settled(spec("one"))
        world.commit(spec("two", .canary), behavior: .healthy)
        run(&world) { $0.memory.rollout?.bakingSince != nil }
        world.commit(spec("two", .canary, replicas: 0), behavior: .healthy)
        var isOver = false
        for _ in 0..<400 where !isOver {
            _ = world.step()
            isOver = world.memory.rollout == nil
            let route = world.routes?[web]?.observed.route
            let serving = world.instances.keys.count { route?.serves($0) == true }
            #expect(isOver || serving >= 3, "\(String(describing: route))")
        }
        #expect(isOver)
    }

    @Test func `an instance that is cut off from its network serves nobody, and none goes on its account`()
        throws
    {
        var world = settled(spec("one"))
        world.commit(spec("two"), behavior: .healthy)
        run(&world) { world in world.instances.values.contains { $0.image == "two" } }
        let old = try #require(
            world.instances.values.filter { $0.image == "one" }.min { $0.name < $1.name }?.id)
        world.change(old) { $0.address = nil }
        for _ in 0..<40 {
            world.decide()
            let takesDown = world.lastPlan?.actions.contains { action in
                guard case .route(let route) = action else { return false }
                let serving = route.targets.filter {
                    !$0.isDraining && world.instances[$0.container]?.address != nil
                }
                return serving.count < 3 && route.targets.contains { $0.isDraining && $0.container != old }
            }
            #expect(takesDown != true)
            _ = world.advance(world.lastPlan?.wake)
        }
    }
}
