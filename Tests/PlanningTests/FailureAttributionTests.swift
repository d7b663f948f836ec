import Model
import Planning
import Testing

/// Whose fault a failed action is.
@Suite struct FailureAttributionTests {
    private func world() -> World {
        var world = World(seed: 1)
        world.commit(spec("one"), behavior: .healthy)
        world.settle()
        world.commit(spec("two"), behavior: .healthy)
        return world
    }

    private func spec(_ image: String) -> AppSpec {
        AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: [ProcessSpec(name: ProcessName("web").require, replicas: 1, port: 80)],
            deploy: DeploySpec(minHealthyTime: .seconds(1), timeout: .minutes(2)))
    }

    private func failure(_ world: World, isReleaseFault: Bool) -> ActionFailure {
        ActionFailure(
            attempts: 1, firstAt: world.now, nextAttemptAt: world.now + .seconds(1),
            message: "no such command",
            isReleaseFault: isReleaseFault)
    }

    private func plan(_ world: World, _ object: String, isReleaseFault: Bool) -> AppPlan {
        var input = world.input
        // The rollout is begun by a first plan; the failure came while it was under way.
        input.memory = Planner.plan(input).memory
        input.failures[ActionKey(kind: .launch, object: object)] = failure(
            world, isReleaseFault: isReleaseFault)
        return Planner.plan(input)
    }

    @Test func aStartThatTheReleasePreventsFailsIt() {
        let plan = plan(world(), "shop-web-v2-1", isReleaseFault: true)
        #expect(plan.events.contains { $0.kind == .rolloutFailed })
        #expect(plan.memory.quarantine.map(\.release.value) == [2])
    }

    @Test func aFailedStartOfAnEarlierReleaseIsNotHeldAgainstThisOne() {
        let plan = plan(world(), "shop-web-v1-7", isReleaseFault: true)
        #expect(!plan.events.contains { $0.kind == .rolloutFailed })
    }

    @Test func whatCannotBeRepairedIsReplacedWithoutAGap() throws {
        var world = World(seed: 2)
        world.commit(spec("one"), behavior: .healthy)
        world.settle()
        let instance = try #require(world.instances.values.first)
        world.change(instance.id) { $0.effective.memoryInBytes = 1 << 20 }
        var input = world.input
        #expect(Planner.plan(input).actions.map(\.kind) == [.repair])
        let key = ActionKey(kind: .repair, object: instance.name)
        input.failures[key] = failure(world, isReleaseFault: true)
        let plan = Planner.plan(input)
        #expect(plan.actions.map(\.kind) == [.launch], "the new one first")
        #expect(plan.verdict == .degraded)
    }

    @Test func theWorldsFaultIsWaitedOut() {
        let plan = plan(world(), "shop-web-v2-1", isReleaseFault: false)
        #expect(!plan.events.contains { $0.kind == .rolloutFailed })
        #expect(plan.verdict == .progressing)
        #expect(plan.because.contains { $0.cause == .engine && $0.message == "no such command" })
        #expect(plan.actions.isEmpty, "tried again when its time has come")
        #expect(plan.wake != nil)
    }
}
