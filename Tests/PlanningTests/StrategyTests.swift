import Model
import Planning
import Testing

/// Canary, blue-green, approvals and what a person says to them, step by step.
@Suite struct StrategyTests {
    private let web = ProcessName("web").require

    private func spec(
        _ image: String, _ deploy: DeploySpec, replicas: Int = 4, domains: Bool = false,
        reversible: Bool? = nil
    ) -> AppSpec {
        AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: [
                ProcessSpec(
                    name: web, replicas: replicas, port: 80,
                    domains: domains ? [DomainSpec(host: "shop.example.com")] : nil,
                    healthcheck: HealthcheckSpec(
                        check: .http(path: "/", host: nil, port: nil), startPeriod: .seconds(10)))
            ],
            deploy: deploy, reversible: reversible)
    }

    private func deploy(
        _ strategy: DeployStrategy, approval: Approval? = nil, steps: [Int]? = nil, bake: TimeSpan? = nil,
        analysis: [AnalysisSpec]? = nil, timeout: TimeSpan = .minutes(2)
    ) -> DeploySpec {
        DeploySpec(
            strategy: strategy, minHealthyTime: .seconds(3), timeout: timeout, approval: approval,
            steps: steps,
            bake: bake, analysis: analysis)
    }

    private func errorRate(_ policy: AnalysisSpec.EvidencePolicy? = nil, least: Int = 40) -> AnalysisSpec {
        AnalysisSpec(
            check: .metric(
                .errorRate, max: .share(500), comparesWithLastGood: false, tolerance: nil, minRequests: least),
            onInsufficient: policy)
    }

    /// A world in which `one` is proven and `two` has just been committed.
    private func world(
        _ deploy: DeploySpec, _ behavior: World.Behavior = .healthy, replicas: Int = 4, edge: Bool = false,
        reversible: Bool? = nil
    ) -> World {
        var world = World(seed: 11)
        if edge { world.routes = [:] }
        world.commit(
            spec("one", self.deploy(.rolling), replicas: replicas, domains: edge), behavior: .healthy)
        world.settle()
        world.commit(
            spec("two", deploy, replicas: replicas, domains: edge, reversible: reversible), behavior: behavior
        )
        return world
    }

    /// Steps until the condition holds, at most a thousand times.
    private func run(_ world: inout World, until condition: (World) -> Bool) {
        for _ in 0..<1_000 where !condition(world) { _ = world.step() }
        #expect(condition(world), "\(String(describing: world.lastPlan?.because))")
    }

    private func count(_ image: String, _ world: World) -> Int {
        world.instances.values.count { $0.image == image && $0.state.isLive }
    }

    private func share(_ world: World) -> Double? {
        world.memory.rollout.flatMap { world.routes?[web]?.observed.route.share(of: $0.target.number) }
    }

    /// A share that rounds down to nothing of two, and to one of three: then a surge of 0 is a surge of 0.
    @Test func theWayBackToFewerHasNoMoreAliveThanThereMayBe() {
        let tight = DeploySpec(
            strategy: .rolling, maxSurge: .count(0), maxUnavailable: .percent(34),
            minHealthyTime: .seconds(3),
            timeout: .minutes(2))
        var world = World(seed: 11)
        world.commit(spec("one", tight, replicas: 2), behavior: .healthy)
        world.settle()
        world.commit(spec("two", deploy(.recreate), replicas: 3), behavior: .sick)
        var most = 0
        run(&world) { world in
            most = max(most, world.instances.values.count { $0.state.isLive })
            return world.outcomes.last == .rolledBack
        }
        #expect(most == 3)
        #expect(count("one", world) == 2 && count("two", world) == 0)
    }

    /// Yesterday the process had no instances and no domain. Today's release of it has, and is to be proven anew.
    @Test func whatServesAheadOfAnOldStoreGoesOnServing() {
        var world = World(seed: 11)
        world.routes = [:]
        world.commit(spec("one", deploy(.rolling), replicas: 0), behavior: .healthy)
        world.settle()
        let yesterday = world.memory
        world.commit(spec("two", deploy(.blueGreen), replicas: 2, domains: true), behavior: .healthy)
        world.settle()
        #expect(world.routes?[web]?.observed.route.targets.count == 2)

        world.memory = yesterday
        world.prepared?.adoptedNumber = ReleaseNumber(2)
        run(&world) { world in
            #expect(world.lastPlan?.actions.contains { $0.kind == .unroute } != true)
            return world.memory.lastGood?.number.value == 2
        }
        world.settle()
        #expect(world.routes?[web]?.observed.route.targets.count == 2)
        #expect(world.violations == [])
    }

    /// Yesterday's store knows the release before the one that runs, and git cannot be asked.
    @Test func whatIsAheadOfAnOldStoreStaysUntilGitIsHeard() {
        var world = World(seed: 12)
        world.commit(spec("one", deploy(.rolling), replicas: 2), behavior: .healthy)
        world.settle()
        let yesterday = world.memory
        world.commit(spec("two", deploy(.rolling), replicas: 2), behavior: .healthy)
        world.settle()
        let running = Set(world.instances.keys)

        world.memory = yesterday
        world.desired = .keep([], diagnostics: [], isInvalid: false)
        for _ in 0..<120 { _ = world.step() }
        #expect(Set(world.instances.keys) == running)
    }

    @Test func aCanaryGrowsStepByStep() {
        var world = world(deploy(.canary, steps: [25, 50, 100], bake: .seconds(20)))
        for (step, wanted) in [1, 2].enumerated() {
            run(&world) { $0.memory.rollout?.step == step && $0.memory.rollout?.bakingSince != nil }
            #expect(count("two", world) == wanted)
            #expect(count("one", world) == 4 - wanted, "the share of instances is that of the step")
            let status = world.lastPlan?.rollout
            #expect(
                status?.step == step + 1 && status?.steps == 3 && status?.weightPercent == wanted * 25,
                "\(String(describing: status))")
            #expect(status?.weightKind == .instances)
            let began = world.memory.rollout?.bakingSince ?? world.now
            run(&world) { $0.memory.rollout?.step == step + 1 }
            #expect(world.now - began >= .seconds(20), "the bake is not cut short")
        }
        world.settle()
        #expect(world.violations == [])
        #expect(count("two", world) == 4 && count("one", world) == 0)
        #expect(world.outcomes == [.succeeded, .succeeded])
    }

    @Test func theEdgeSplitsRequestsAsTheStepSays() {
        var world = world(deploy(.canary, steps: [5, 100], bake: .seconds(20)), edge: true)
        run(&world) { $0.memory.rollout?.bakingSince != nil }
        #expect(share(world) == 5)
        #expect(count("one", world) == 4, "with an edge the old instances stay")
        #expect(world.lastPlan?.rollout?.weightKind == .traffic)
        run(&world) { $0.memory.lastGood?.number.value == 2 }
        #expect(world.memory.kept?.release.number == .first)
        #expect(count("one", world) > 0, "kept for an instant way back")
        world.settle()
        #expect(world.violations == [])
        #expect(count("one", world) == 0)
    }

    @Test func theSixthInstanceIsNotSilent() {
        var world = world(deploy(.rolling), replicas: 6)
        world.settle()
        guard let last = world.instances.values.max(by: { $0.name < $1.name }) else { return }
        world.change(last.id) { $0.state = .exited(code: 1, outOfMemory: false) }
        world.decide()
        #expect(world.lastPlan?.verdict == .degraded)
        #expect(world.lastPlan?.because.isEmpty == false)
    }

    @Test func aStepThatIsInPlaceAtOnceStartsNothingTwice() {
        var world = world(deploy(.canary, steps: [50, 100], bake: .seconds(20)), replicas: 1)
        run(&world) { world in
            world.inFlight.isEmpty && count("one", world) == 0 && world.memory.rollout?.bakingSince != nil
        }
        // The same containers under another strategy: the first step stands, and the second one begins in one plan.
        world.commit(spec("two", deploy(.blueGreen, bake: .seconds(20)), replicas: 1), behavior: .healthy)
        world.decide()
        let launches = world.lastPlan?.actions.filter { $0.kind == .launch } ?? []
        #expect(world.memory.rollout?.step == 1 && launches.count == 1, "\(launches.map(\.object))")
        world.settle()
        #expect(world.violations == [])
    }

    @Test func aCanaryThatAnswersErrorsGoesBackBeforeTheNextStep() {
        let analysis = [errorRate()]
        var world = world(
            deploy(.canary, steps: [25, 100], bake: .minutes(1), analysis: analysis), .failing, edge: true)
        run(&world) { $0.outcomes.contains(.rolledBack) }
        #expect(world.violations == [])
        #expect(world.memory.quarantine.last?.failure.cause == .analysis)
        #expect(world.memory.quarantine.last?.failure.message.contains("had 20 % errors") == true)
        world.settle()
        #expect(count("one", world) == 4 && count("two", world) == 0)
    }

    @Test func theLastStepIsNotComparedWithAReleaseThatGetsNothing() {
        let compared = AnalysisSpec(
            check: .metric(
                .errorRate, max: .share(500), comparesWithLastGood: true, tolerance: nil, minRequests: 5))
        var world = world(
            deploy(.canary, steps: [25, 50, 100], bake: .seconds(30), analysis: [compared]), edge: true)
        world.settle()
        #expect(world.outcomes == [.succeeded, .succeeded])
    }

    @Test(arguments: [AnalysisSpec.EvidencePolicy.hold, .proceed, .rollback])
    func tooFewRequestsAreNoEvidence(policy: AnalysisSpec.EvidencePolicy) {
        let analysis = [errorRate(policy, least: 1_000_000)]
        var world = world(
            deploy(.canary, steps: [25, 100], bake: .seconds(5), analysis: analysis), edge: true)
        switch policy {
        case .hold:
            run(&world) { $0.lastPlan?.verdict == .held }
            #expect(world.lastPlan?.because.first?.cause == .evidence)
            let since = world.now
            for _ in 0..<200 { _ = world.step() }
            #expect(world.now - since > .minutes(3), "a person takes their time")
            #expect(world.memory.rollout?.phase == .moving && world.memory.rollout?.step == 0)
            world.promote()
            run(&world) { $0.memory.rollout?.step == 1 && $0.lastPlan?.verdict == .held }
            world.promote()
            world.settle()
            #expect(world.outcomes == [.succeeded, .succeeded])
        case .proceed:
            world.settle()
            #expect(world.outcomes == [.succeeded, .succeeded])
        case .rollback:
            world.settle()
            #expect(world.outcomes == [.succeeded, .rolledBack])
            #expect(world.memory.quarantine.last?.failure.cause == .evidence)
        }
        #expect(world.violations == [])
    }

    @Test func blueGreenSwitchesAtOnceWhenAPersonSaysSo() {
        var world = world(deploy(.blueGreen, approval: .beforePromote), edge: true)
        run(&world) { $0.lastPlan?.verdict == .held }
        #expect(world.lastPlan?.because.first?.cause == .approval)
        #expect(count("one", world) == 4 && count("two", world) == 4)
        #expect(share(world) == 0, "nobody reaches the new release before it is promoted")
        for _ in 0..<300 { _ = world.step() }
        #expect(world.memory.rollout?.phase == .moving, "waiting for a person uses up no deadline")
        world.promote()
        run(&world) { $0.memory.lastGood?.number.value == 2 }
        #expect(count("one", world) == 4, "kept for an instant way back")
        world.settle()
        #expect(world.violations == [])
        #expect(count("one", world) == 0 && count("two", world) == 4)
    }

    @Test func theWayBackFromABlueGreenSwitchIsInstant() throws {
        var world = world(deploy(.blueGreen), edge: true)
        let one = try #require(world.memory.lastGood)
        let launchesBefore = { (world: World) in world.performed[.launch] ?? 0 }
        run(&world) { $0.memory.lastGood?.number.value == 2 }
        let launches = launchesBefore(world)
        guard case .spec(let candidate) = world.desired else { return }
        world.memory.pin = Pin(release: one, unlessSpecIs: candidate.digest)
        let began = world.now
        run(&world) { $0.memory.lastGood?.number == .first }
        run(&world) { $0.routes?[web]?.observed.route.share(of: .first) == 100 }
        #expect(launchesBefore(world) == launches, "nothing had to be started")
        #expect(world.now - began < .seconds(20))
        #expect(world.violations == [])
    }

    @Test func anOldInstanceThatDiesDuringABakeIsReplaced() throws {
        var world = world(deploy(.blueGreen, approval: .beforePromote))
        run(&world) { $0.lastPlan?.verdict == .held }
        let victim = try #require(world.instances.values.first { $0.image == "one" }?.id)
        world.instances[victim] = nil
        world.health[victim] = nil
        run(&world) { count("one", $0) == 4 }
        #expect(world.violations == [])
    }

    @Test func nothingIsDeployedBeforeItsApproval() {
        var world = world(deploy(.rolling, approval: .beforeDeploy))
        for _ in 0..<100 { _ = world.step() }
        #expect(count("two", world) == 0)
        #expect(world.lastPlan?.verdict == .held)
        #expect(world.lastPlan?.because.first?.cause == .approval)
        world.promote()
        world.settle()
        #expect(count("two", world) == 4)
    }

    @Test func anIrreversibleReleaseThatFailsIsHeld() {
        var world = world(deploy(.rolling), .sick, reversible: false)
        run(&world) { $0.lastPlan?.verdict == .held }
        for _ in 0..<200 { _ = world.step() }
        #expect(world.lastPlan?.because.map(\.cause).contains(.irreversible) == true)
        #expect(count("two", world) > 0 && count("one", world) == 4)
        world.abort(held: true)
        world.settle()
        #expect(count("two", world) == 0 && count("one", world) == 4)
        #expect(world.violations == [])
    }

    @Test func aCrashDuringABakeStartsItAnew() throws {
        var world = world(deploy(.canary, steps: [50, 100], bake: .seconds(30)))
        run(&world) { $0.memory.rollout?.bakingSince != nil }
        let first = try #require(world.memory.rollout?.bakingSince)
        let id = try #require(world.instances.values.first { $0.image == "two" }?.id)
        world.change(id) { $0.startStamp += "+" }
        run(&world) { $0.memory.rollout?.bakingSince == nil }
        run(&world) { $0.memory.rollout?.bakingSince != nil }
        let second = try #require(world.memory.rollout?.bakingSince)
        #expect(second - first >= .seconds(3))
        run(&world) { $0.memory.rollout?.step == 1 }
        #expect(world.now - second >= .seconds(30))
    }
}
