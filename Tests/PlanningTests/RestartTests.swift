import Model
import Planning
import Testing

/// What a controller that has just started, or has just restarted something, takes for known.
@Suite struct RestartTests {
    private let web = ProcessName("web").require

    private func settled(edge: Bool = false) -> World {
        var world = World(seed: 7)
        if edge { world.routes = [:] }
        world.commit(
            AppSpec(
                name: AppName("shop").require, project: ProjectName("retail").require, image: "one",
                processes: [
                    ProcessSpec(
                        name: web, replicas: 3, port: 80,
                        domains: edge ? [DomainSpec(host: "shop.example.com")] : nil,
                        healthcheck: HealthcheckSpec(check: .http(path: "/", host: nil, port: nil)))
                ],
                deploy: DeploySpec(minHealthyTime: .seconds(3))),
            behavior: .healthy)
        world.settle()
        return world
    }

    @Test func aControllerThatStartsLeavesTheRequestsWhereTheyAre() {
        var world = settled(edge: true)
        let before = world.routes?[web]?.observed.route
        #expect(before?.targets.count == 3)
        world.restartController()
        world.decide()
        #expect(world.lastPlan?.actions == [], "nobody has been asked yet, and nobody is taken out")
        world.settle()
        #expect(world.routes?[web]?.observed.route == before)
    }

    @Test func whatIsSickAfterARestartOfTheControllerLeavesTheEdge() throws {
        var world = settled(edge: true)
        world.restartController()
        world.failingChecks = ["/"]
        for _ in 0..<400 where world.routes?[web]?.observed.route.targets.isEmpty == false {
            _ = world.step()
        }
        #expect(world.routes?[web]?.observed.route.targets == [], "three bad answers are enough")
    }

    @Test func aRestartCountsAsOneWhateverIsRead() throws {
        let world = settled()
        let instance = try #require(world.instances.values.first)
        let policy = ProbePolicy(ProcessSpec(name: web, port: 80))
        var health = InstanceHealth(instance, now: .zero)
        health.probed(true, message: "", policy: policy, now: .zero)
        for second in 1...3 {
            health.probed(false, message: "no", policy: policy, now: .zero + .seconds(Int64(second)))
        }
        #expect(health.readiness == .unhealthy)
        health.restarted(now: .zero + .seconds(4))
        #expect(health.readiness == .starting, "what was known of the start before counts no more")
        #expect(health.consecutiveFailures == 0)
    }

    @Test func aRenamedLeftoverIsTakenAwayNotLaunched() throws {
        var world = settled()
        let victim = try #require(world.instances.values.min { $0.name < $1.name })
        world.change(victim.id) { instance in
            instance.name += "-old"
            instance.state = .created(error: nil)
        }
        world.decide()
        let actions = world.lastPlan?.actions ?? []
        #expect(actions.contains { $0.kind == .remove && $0.object == victim.name + "-old" })
        #expect(!actions.contains { $0.kind == .launch && $0.object == victim.name + "-old" })
        world.settle()
        #expect(world.instances.count == 3 && world.instances.values.allSatisfy { $0.state == .running })
    }
}
