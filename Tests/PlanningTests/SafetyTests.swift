import Model
import Planning
import Testing

/// Moments at which a careless plan does harm: each is set up by hand, and one plan is looked at.
@Suite struct SafetyTests {
    private func spec(
        _ image: String, replicas: Int = 1, workers: Int = 0, volume: Bool = false,
        strategy: DeployStrategy? = nil,
        check: String = "/"
    ) -> AppSpec {
        var web = ProcessSpec(
            name: ProcessName("web").require, replicas: replicas, port: 80,
            healthcheck: HealthcheckSpec(
                check: .http(path: check, host: nil, port: nil), startPeriod: .seconds(10)))
        if volume { web.volumes = [MountSpec(volume: VolumeName("data").require, target: "/data")] }
        var processes = [web]
        if workers > 0 {
            processes.append(ProcessSpec(name: ProcessName("worker").require, replicas: workers))
        }
        return AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: processes, volumes: volume ? [VolumeName("data").require: VolumeSpec()] : [:],
            deploy: DeploySpec(strategy: strategy, minHealthyTime: .seconds(3), timeout: .minutes(2)))
    }

    private func settled(_ spec: AppSpec) -> World {
        var world = World(seed: 1)
        world.commit(spec, behavior: .healthy)
        world.settle()
        return world
    }

    private func kinds(_ plan: AppPlan) -> [Action.Kind] { plan.actions.map(\.kind) }

    /// Steps until `condition` holds.
    private func run(_ world: inout World, until condition: (World) -> Bool) {
        for _ in 0..<500 where !condition(world) { _ = world.step() }
        let isReached = condition(world)
        #expect(isReached)
    }

    @Test func anInstanceThatIsRestartedIsNotReplaced() throws {
        var world = settled(spec("one", volume: true))
        let id = try #require(world.instances.keys.first)
        world.inFlight.append((.restart(id, name: "shop-web-v1-1", grace: .seconds(1)), .distantFuture))
        #expect(kinds(Planner.plan(world.input)) == [])
    }

    @Test func aWriterThatIsBeingRemovedIsGoneBeforeAnotherIsMade() throws {
        var world = settled(spec("one", volume: true))
        let id = try #require(world.instances.keys.first)
        world.inFlight.append((.remove(id, name: "shop-web-v1-1", grace: .seconds(1)), .distantFuture))
        #expect(kinds(Planner.plan(world.input)) == [])
    }

    @Test func theOldWriterWaitsForALaunchUnderWay() {
        var world = settled(spec("one", volume: true))
        world.commit(spec("two", volume: true), behavior: .healthy)
        run(&world) { $0.instances.values.allSatisfy { !$0.state.isLive } }
        world.decide()
        #expect(world.inFlight.map(\.action.kind) == [.launch])
        world.commit(spec("one", volume: true), behavior: .healthy)
        #expect(kinds(Planner.plan(world.input)) == [])
    }

    @Test func aThirdReleaseWaitsForALaunchUnderWayOfTheSecond() {
        var world = settled(spec("one", replicas: 3, strategy: .recreate))
        world.commit(spec("two", replicas: 3, strategy: .recreate), behavior: .healthy)
        run(&world) { $0.instances.values.allSatisfy { !$0.state.isLive } }
        world.decide()
        #expect(world.inFlight.map(\.action.kind) == [.launch, .launch, .launch])
        world.inFlight.removeLast(2)
        world.commit(spec("three", replicas: 3, strategy: .recreate), behavior: .healthy)
        #expect(kinds(Planner.plan(world.input)) == [])
    }

    @Test func aPauseDoesNotBringTheOldWriterBack() {
        var world = settled(spec("one", volume: true))
        world.commit(spec("two", volume: true), behavior: .slow)
        run(&world) { world in world.instances.values.contains { $0.image == "two" && $0.state == .running } }
        world.memory.isPaused = true
        #expect(kinds(Planner.plan(world.input)) == [])
    }

    @Test func aProcessThatIsDroppedStaysUntilTheReleaseIsProven() {
        var world = settled(spec("one", replicas: 2, workers: 2))
        world.commit(spec("two", replicas: 2), behavior: .slow)
        run(&world) { world in
            let workers = world.instances.values.count { $0.labels.process.rawValue == "worker" }
            let leaving = world.inFlight.contains { action, _ in
                action.kind == .remove && action.object.contains("worker")
            }
            #expect(world.memory.lastGood?.number.value == 2 || workers == 2 && !leaving)
            return world.memory.lastGood?.number.value == 2
        }
        world.settle()
        #expect(world.instances.count == 2)
    }

    @Test func whatCouldNotBeStartedComesUpOneByOne() {
        var world = settled(spec("one", replicas: 4))
        world.commit(spec("two", replicas: 4), behavior: .healthy)
        _ = world.step()
        // Three were made and could not be started; by now the engine is well again.
        world.inFlight = []
        for index in 1...3 { world.plant("shop-web-v2-\(index)", as: .created(error: "engine busy")) }
        let plan = Planner.plan(world.input)
        #expect(kinds(plan) == [.launch], "I2: four run, and one may be added")
    }

    /// The containers stay the same, so only the new question can tell whether the release is good.
    @Test func aNewCheckIsProvenOnTheInstancesThatAreKept() {
        var world = settled(spec("one", replicas: 2))
        let before = Set(world.instances.keys)
        world.failingChecks = ["/wrong"]
        world.commit(spec("one", replicas: 2, check: "/wrong"), behavior: .healthy)
        world.settle()
        #expect(world.outcomes == [.succeeded, .rolledBack])
        #expect(world.memory.lastGood?.number == .first)
        #expect(world.performed[.restart] == nil, "a wrong question restarts nothing")
        #expect(Set(world.instances.keys) == before)
        world.commit(spec("one", replicas: 2, check: "/right"), behavior: .healthy)
        world.decide()
        #expect(world.memory.rollout != nil, "I3: not proven before it is asked")
        world.settle()
        #expect(world.outcomes.last == .succeeded)
        #expect(Set(world.instances.keys) == before)
    }

    @Test func whatTheWorldRefusesDoesNotUseUpTheDeadline() {
        var world = settled(spec("one"))
        world.commit(spec("two"), behavior: .healthy)
        world.decide()
        world.inFlight = []
        let start = world.now
        let key = ActionKey(kind: .launch, object: "shop-web-v2-1")
        for minute in 1...5 {
            world.now = start + .minutes(Int64(minute))
            world.failures[key] = ActionFailure(
                attempts: minute, firstAt: start, nextAttemptAt: world.now + .seconds(30),
                message: "disk full",
                isReleaseFault: false)
            world.decide()
        }
        #expect(world.lastPlan?.verdict == .held)
        world.failures = [:]
        world.settle()
        #expect(world.outcomes == [.succeeded, .succeeded])
        #expect(world.memory.quarantine.isEmpty)
    }

    @Test func anEngineThatIsAwayDoesNotUseUpTheDeadline() {
        var world = settled(spec("one"))
        world.commit(spec("two"), behavior: .healthy)
        world.decide()
        world.isEngineCurrent = false
        world.decide()
        world.now = world.now + .minutes(30)
        world.decide()
        world.isEngineCurrent = true
        world.settle()
        #expect(world.outcomes == [.succeeded, .succeeded])
    }

    @Test func aPauseOnTheWayBackIsTold() {
        var world = settled(spec("one", replicas: 2))
        world.commit(spec("two", replicas: 2), behavior: .sick)
        run(&world) { world in
            if case .rollingBack = world.memory.rollout?.phase { return true }
            return false
        }
        world.memory.isPaused = true
        let plan = Planner.plan(world.input)
        #expect(plan.verdict == .held)
        #expect(plan.because.first?.cause == .paused)
    }

    /// I25: a person went back to v1, v1 failed, and v2 runs again: that is no success.
    @Test func aWayBackThatFailedIsNotCalledConverged() throws {
        var world = settled(spec("one"))
        let old = try #require(world.memory.lastGood)
        world.commit(spec("two"), behavior: .healthy)
        world.settle()
        let wanted = try #require(world.memory.lastGood?.specDigest)
        world.behaviors["one"] = .crashes
        world.memory.pin = Pin(release: old, unlessSpecIs: wanted)
        world.settle()
        #expect(world.memory.lastGood?.number.value == 2)
        #expect(world.lastPlan?.verdict == .rolledBack)
    }

    /// A lost store knows no last good release; what runs under the wanted spec is proven, and never taken away.
    @Test func whatRanBeforeTheStoreIsKept() {
        var world = settled(spec("one", replicas: 2))
        let before = Set(world.instances.keys)
        for id in before { world.change(id) { $0.restartCount = 7 } }
        let adopted = world.memory.lastGood?.number
        world.forgetHealth()
        world.memory = AppMemory(
            source: world.memory.source, path: world.memory.path, project: world.memory.project,
            now: world.now)
        world.prepared?.adoptedNumber = adopted
        world.decide()
        #expect(world.memory.rollout?.phase == .moving, "old restarts are no failure")
        world.behaviors["one"] = .sick
        for _ in 0..<200 { _ = world.step() }
        #expect(world.lastPlan?.verdict == .held)
        #expect(Set(world.instances.keys) == before)
    }

    @Test func oneOnItsWayMakesNobodySuperfluous() throws {
        var world = settled(spec("one", replicas: 2))
        let template = try #require(world.memory.lastGood?.templates.values.first)
        var labels = try #require(world.instances.values.first).labels
        labels.template = template.digest
        world.inFlight.append(
            (
                .launch(InstanceOrder(name: "shop-web-v1-3", labels: labels, template: template.container)),
                .distantFuture
            ))
        #expect(kinds(Planner.plan(world.input)) == [], "I1")
    }

    @Test func aRemovalUnderWayIsNotTakenBackWhileGitIsSilent() {
        var world = settled(spec("one", replicas: 2))
        world.desired = .remove
        _ = world.step()
        #expect(world.memory.isBeingRemoved)
        world.inFlight = []
        world.instances.removeValue(forKey: world.instances.keys.sorted()[0])
        world.desired = .keep(
            [Blocker(cause: .source, object: "main", message: "not read yet")], diagnostics: [],
            isInvalid: false)
        let plan = Planner.plan(world.input)
        #expect(plan.memory.isBeingRemoved)
        #expect(kinds(plan) == [])
        #expect(plan.because.map(\.cause) == [.source])
    }
}
