import Model
import Planning
import Testing

/// The planner in a small world with chance in it: whatever is committed, the rules hold and it comes to rest.
@Suite struct RolloutPropertyTests {
    private static func spec(
        _ image: String, replicas: Int, surge: Portion? = nil, unavailable: Portion? = nil, workers: Int = 0,
        strategy: DeployStrategy? = nil, volume: Bool = false, rollback: Bool? = nil
    ) -> AppSpec {
        var web = ProcessSpec(
            name: ProcessName("web").require, replicas: replicas, port: 80,
            healthcheck: HealthcheckSpec(
                check: .http(path: "/", host: nil, port: nil), startPeriod: .seconds(10)))
        if volume { web.volumes = [MountSpec(volume: VolumeName("data").require, target: "/data")] }
        var processes = [web]
        if workers > 0 {
            processes.append(ProcessSpec(name: ProcessName("worker").require, replicas: workers))
        }
        return AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: processes, volumes: volume ? [VolumeName("data").require: VolumeSpec()] : [:],
            deploy: DeploySpec(
                strategy: strategy, maxSurge: surge, maxUnavailable: unavailable, minHealthyTime: .seconds(3),
                timeout: .minutes(2), rollback: rollback))
    }

    private func images(_ world: World) -> Set<String> { Set(world.instances.values.map(\.image)) }

    @Test(arguments: 1...7, [Portion.percent(25), .count(1), .count(3), .percent(100)])
    func aGoodReleaseReplacesAnother(replicas: Int, surge: Portion) {
        var world = World(seed: UInt64(replicas))
        world.commit(Self.spec("one", replicas: replicas, surge: surge, workers: 1), behavior: .healthy)
        world.settle()
        #expect(world.memory.lastGood?.number == .first)
        world.commit(Self.spec("two", replicas: replicas, surge: surge, workers: 2), behavior: .slow)
        world.settle()
        #expect(world.violations == [])
        #expect(world.memory.lastGood?.number.value == 2)
        #expect(images(world) == ["two"])
        #expect(world.instances.count == replicas + 2)
        #expect(world.outcomes == [.succeeded, .succeeded])
        #expect(world.lastPlan?.verdict == .converged)
    }

    @Test(arguments: 1...6, [World.Behavior.sick, .crashes])
    func aBadReleaseIsPutBack(replicas: Int, behavior: World.Behavior) {
        var world = World(seed: UInt64(replicas))
        world.commit(Self.spec("good", replicas: replicas, workers: 1), behavior: .healthy)
        world.settle()
        let before = Set(world.instances.keys)
        world.commit(Self.spec("bad", replicas: replicas, workers: 1), behavior: behavior)
        world.settle()
        #expect(world.violations == [])
        #expect(world.memory.lastGood?.number == .first)
        #expect(Set(world.instances.keys) == before, "nothing healthy was touched")
        #expect(world.outcomes == [.succeeded, .rolledBack])
        #expect(world.lastPlan?.verdict == .rolledBack)
        #expect(world.memory.quarantine.map(\.release.value) == [2])
    }

    @Test func aQuarantinedReleaseIsNotStartedAgain() {
        var world = World(seed: 9)
        world.commit(Self.spec("good", replicas: 2), behavior: .healthy)
        world.settle()
        world.commit(Self.spec("bad", replicas: 2), behavior: .sick)
        world.settle()
        let actions = world.actions
        for _ in 0..<200 { _ = world.step() }
        #expect(world.actions == actions)
        #expect(world.lastPlan?.because.map(\.cause) == [.rolledBack, .quarantined])
    }

    @Test func aFirstReleaseThatFailsIsTakenAwayAndHeld() {
        var world = World(seed: 3)
        world.commit(Self.spec("bad", replicas: 3), behavior: .crashes)
        world.settle()
        #expect(world.instances.isEmpty)
        #expect(world.outcomes == [.held])
        #expect(world.lastPlan?.verdict == .held)
        #expect(world.lastPlan?.because.first?.cause == .noLastGood)
    }

    @Test func withRollbackOffTheFailedReleaseStays() {
        var world = World(seed: 4)
        world.commit(Self.spec("good", replicas: 2), behavior: .healthy)
        world.settle()
        world.commit(Self.spec("bad", replicas: 2, rollback: false), behavior: .sick)
        for _ in 0..<300 { _ = world.step() }
        #expect(world.violations == [])
        #expect(world.lastPlan?.verdict == .held)
        #expect(images(world) == ["good", "bad"])
        #expect(world.instances.values.count { $0.image == "good" } == 2)
    }

    @Test(arguments: [DeployStrategy.recreate, .rolling])
    func aSingleWriterStopsBeforeItsSuccessorStarts(strategy: DeployStrategy) {
        var world = World(seed: 5)
        world.commit(Self.spec("one", replicas: 1, strategy: strategy, volume: true), behavior: .healthy)
        world.settle()
        world.commit(Self.spec("two", replicas: 1, strategy: strategy, volume: true), behavior: .healthy)
        world.settle()
        #expect(world.violations == [])
        #expect(images(world) == ["two"])
        world.commit(Self.spec("three", replicas: 1, strategy: strategy, volume: true), behavior: .sick)
        world.settle()
        #expect(world.violations == [])
        #expect(images(world) == ["two"], "the stopped container was started again")
        #expect(world.instances.values.allSatisfy { $0.state == .running })
        #expect(world.outcomes.last == .rolledBack)
    }

    /// Any number of commits of any kind, at any moment, with instances dying in between.
    @Test(arguments: 1...40)
    func chance(seed: Int) {
        var world = World(seed: UInt64(seed))
        let portions: [Portion?] = [nil, .count(1), .percent(50), .count(2)]
        var isLastGoodBehavior = true
        for number in 0..<6 {
            let replicas = Int(world.random.next() % 5) + 1
            let kind = world.random.next() % 5
            let behavior: World.Behavior =
                kind == 0 ? .sick : kind == 1 ? .crashes : kind == 2 ? .slow : .healthy
            isLastGoodBehavior = kind >= 2
            let surge = portions[Int(world.random.next() % 4)]
            let unavailable: Portion? = world.random.next() % 3 == 0 ? .count(1) : nil
            world.commit(
                Self.spec(
                    "image-\(number)", replicas: replicas, surge: surge, unavailable: unavailable,
                    workers: Int(world.random.next() % 3)), behavior: behavior)
            for _ in 0..<(world.random.next() % 60) { _ = world.step() }
            if world.random.next() % 3 == 0, let id = world.instances.keys.sorted().first {
                world.change(id) { $0.state = .exited(code: 137, outOfMemory: false) }
            }
        }
        world.settle()
        let floors = world.violations.filter { !$0.hasPrefix("I1") }
        #expect(floors == [], "seed \(seed)")
        #expect(world.memory.rollout == nil)
        let verdict = world.lastPlan?.verdict
        #expect(
            isLastGoodBehavior ? verdict == .converged : verdict == .rolledBack || verdict == .held,
            "seed \(seed) ended as \(String(describing: verdict))")
        #expect(world.memory.lastGood == nil || images(world).count <= 1, "only one release is left")
        let actions = world.actions
        for _ in 0..<50 { _ = world.step() }
        #expect(world.actions == actions, "I10: idle is silent")
    }
}
