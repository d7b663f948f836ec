import Model
import Planning
import Testing

/// What is left over, cannot be put back or waits for a person, and what a plan makes of it.
@Suite struct LeftoverTests {
    private func spec(_ image: String, volume: Bool = false, healthy: TimeSpan = .seconds(1)) -> AppSpec {
        var web = ProcessSpec(name: ProcessName("web").require, replicas: 1, port: 80)
        if volume { web.volumes = [MountSpec(volume: VolumeName("data").require, target: "/data")] }
        return AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: [web], volumes: volume ? [VolumeName("data").require: VolumeSpec()] : [:],
            deploy: DeploySpec(minHealthyTime: healthy, timeout: .minutes(2)))
    }

    private func settled(_ spec: AppSpec) -> World {
        var world = World(seed: 1)
        world.commit(spec, behavior: .healthy)
        world.settle()
        return world
    }

    /// The container that a launch has made and not started.
    private func made(_ order: InstanceOrder) -> ObservedInstance {
        ObservedInstance(
            id: ContainerID("made").require, name: order.name, labels: order.labels,
            state: .created(error: "no such command"), startStamp: "", restartCount: 0, address: nil,
            effective: EffectiveSettings(
                nanoCPUs: order.template.nanoCPUs, memoryInBytes: order.template.memoryInBytes,
                restart: order.template.restart, networks: [order.template.network]),
            image: order.template.image)
    }

    @Test func `what was made for another release is not launched under its name`() throws {
        var world = settled(spec("one"))
        world.commit(spec("two"), behavior: .healthy)
        world.decide()
        let orders = try #require(world.lastPlan).actions.compactMap { action in
            if case .launch(let order) = action { order } else { nil }
        }
        let order = try #require(orders.first)
        world.inFlight = []
        let leftover = made(order)
        world.instances[leftover.id] = leftover
        world.names[leftover.id] = leftover.name
        // The same template under another number: only how it is deployed has changed.
        world.commit(spec("two", healthy: .seconds(2)), behavior: .healthy)
        let plan = Planner.plan(world.input)
        #expect(plan.memory.rollout?.target.number.value == 3)
        #expect(plan.actions.contains { $0.kind == .remove && $0.object == order.name })
        #expect(!plan.actions.contains { $0.kind == .launch && $0.object == order.name })
    }

    @Test func `what an overtaken first release has left makes room for the next where there is no surge`() {
        func spec(_ image: String) -> AppSpec {
            var web = ProcessSpec(name: ProcessName("web").require, replicas: 5, port: 80)
            web.healthcheck = HealthcheckSpec(check: .tcp(port: nil), startPeriod: .minutes(10))
            return AppSpec(
                name: AppName("shop").require, project: ProjectName("retail").require, image: image,
                processes: [web],
                deploy: DeploySpec(
                    maxSurge: .count(0), maxUnavailable: .count(2), minHealthyTime: .seconds(1),
                    timeout: .minutes(2)))
        }
        var world = World(seed: 1)
        // It runs and never answers, and has not been given up when the next commit comes.
        world.commit(spec("mute"), behavior: .sick)
        for _ in 0..<20 { _ = world.step() }
        #expect(world.instances.count == 5 && world.memory.rollout != nil)
        world.commit(spec("good"), behavior: .healthy)
        let deadline = world.now + .seconds(20)
        while world.memory.lastGood == nil, world.now < deadline { _ = world.step() }
        #expect(world.memory.lastGood?.spec.image == "good")
        #expect(world.instances.values.map(\.image) == Array(repeating: "good", count: 5))
    }

    @Test func `how long an old instance takes to stop is not held against the next release`() throws {
        func tight(_ image: String) -> AppSpec {
            var spec = spec(image)
            spec.deploy.maxSurge = .count(0)
            spec.deploy.maxUnavailable = .count(1)
            spec.deploy.timeout = .seconds(45)
            return spec
        }
        var world = settled(tight("deaf"))
        world.commit(tight("good"), behavior: .healthy)
        world.decide()
        let index = try #require(world.inFlight.firstIndex { $0.action.kind == .remove })
        world.inFlight[index].due = world.now + .minutes(1)
        repeat { _ = world.advance(world.lastPlan?.wake); world.decide() } while world.memory.rollout != nil
        #expect(world.memory.lastGood?.spec.image == "good")
    }

    @Test func `a limit that does not come off is asked for once`() throws {
        var world = settled(spec("one", volume: true))
        let instance = try #require(world.instances.values.first)
        world.change(instance.id) { $0.effective.memoryInBytes = 1 << 20 }
        var input = world.input
        #expect(Planner.plan(input).actions.map(\.kind) == [.repair])
        input.failures[ActionKey(kind: .repair, object: instance.name)] = ActionFailure(
            attempts: 1, firstAt: world.now, nextAttemptAt: world.now.earlier,
            message: "it cannot be taken off",
            isReleaseFault: true)
        let plan = Planner.plan(input)
        #expect(plan.actions.isEmpty)
        #expect(plan.verdict == .converged)
        #expect(plan.because.contains { $0.cause == .drift && $0.object == instance.name })
    }

    @Test func `a removal that waits for a person is named beside a rollout`() throws {
        var world = settled(spec("one"))
        world.commit(spec("two"), behavior: .healthy)
        world.decide()
        world.desired = .heldRemoval(
            CommitID(String(repeating: "b", count: 40)).require, message: "removes 2 of 2 apps")
        let plan = Planner.plan(world.input)
        #expect(plan.memory.rollout != nil)
        #expect(plan.because.first?.cause == .deletionBrake)
        #expect(plan.because.count > 1)
    }

    @Test func `what serves stays when its release is held against it and nothing better is there`() throws {
        var world = settled(spec("one"))
        let instance = try #require(world.instances.values.first)
        let release = try #require(world.memory.lastGood)
        // As after `retry` of a release that was held without an earlier one: a process of it is well.
        world.memory.lastGood = nil
        world.memory.quarantine = [
            Quarantined(
                spec: release.specDigest, image: nil, release: release.number,
                failure: Failure(cause: .probeFailed, message: "web failed its health check"), at: world.now)
        ]
        world.desired = .keep([], diagnostics: [], isInvalid: false)
        #expect(Planner.plan(world.input).actions.isEmpty)
        world.change(instance.id) { $0.state = .exited(code: 1, outOfMemory: false) }
        #expect(Planner.plan(world.input).actions.map(\.kind) == [.remove])
    }

    @Test func `a release that is held says what the next one waits for`() throws {
        var world = settled(spec("one"))
        var broken = spec("two")
        broken.deploy.rollback = false
        world.commit(broken, behavior: .crashes)
        world.settle()
        guard case .held = try #require(world.memory.rollout).phase else {
            Issue.record("it is not held")
            return
        }
        world.commit(spec("three"), behavior: .healthy)
        var input = world.input
        input.unmetDependencies = [AppName("database").require]
        let plan = Planner.plan(input)
        #expect(plan.verdict == .held)
        #expect(plan.because.contains { $0.cause == .dependency && $0.object == "database" })
    }

    @Test func `numbers that are found and were not given are remembered`() {
        let source = SourceName("main").require
        var memory = AppMemory(
            source: source, path: "shop.yaml", project: ProjectName("retail").require,
            now: Instant(nanoseconds: 0))
        let numbers = (1...6).compactMap { ReleaseNumber($0) }
        memory.catchUp(with: numbers[3])
        #expect(memory.nextRelease == numbers[4])
        #expect(memory.unnumbered == numbers[0]...numbers[3])
        memory.catchUp(with: numbers[2])
        #expect(memory.unnumbered == numbers[0]...numbers[3])
        memory.catchUp(with: numbers[5])
        #expect(memory.unnumbered == numbers[0]...numbers[5])
    }
}

extension Instant {
    fileprivate var earlier: Instant { Instant(nanoseconds: nanoseconds - 1) }
}
