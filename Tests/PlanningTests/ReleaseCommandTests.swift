import Model
import Planning
import Testing

/// The command of a release: before anything changes, once, whatever becomes of it.
@Suite struct ReleaseCommandTests {
    private func spec(
        _ image: String, hasCommand: Bool = true, timeout: TimeSpan = .minutes(5), reversible: Bool = true
    ) -> AppSpec {
        let web = ProcessSpec(name: ProcessName("web").require, replicas: 2, port: 80)
        return AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: [web], deploy: DeploySpec(minHealthyTime: .seconds(1), timeout: .minutes(2)),
            reversible: reversible,
            release: hasCommand ? ReleaseCommandSpec(command: ["migrate"], timeout: timeout) : nil)
    }

    /// The first release runs; the second, with a command, has begun.
    private func second(_ target: AppSpec) -> World {
        var world = World(seed: 1)
        world.commit(spec("one", hasCommand: false), behavior: .healthy)
        world.settle()
        world.commit(target, behavior: .healthy)
        return world
    }

    private func phase(_ world: World) -> JobRun.Phase? { world.memory.rollout?.command?.phase }
    private func isRunning(_ world: World) -> Bool {
        if case .running = phase(world) { true } else { false }
    }
    private func images(_ world: World) -> Set<String> { Set(world.instances.values.map(\.image)) }

    @Test func `nothing of the release starts before its command has succeeded`() throws {
        var world = second(spec("two"))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        let job = try #require(world.jobs.first)
        #expect(job.name == "shop-release-v2.1")
        #expect(job.labels.job?.kind == .release)
        let order = try #require(world.memory.rollout?.target)
        #expect(order.number.value == 2)
        for _ in 0..<20 { _ = world.step() }
        #expect(images(world) == ["one"])
        #expect(world.performed[.startJob] == 1)
        #expect(world.lastPlan?.phase == "release command")
        #expect(world.lastPlan?.because.first?.cause == .releaseCommand)
        world.endJob(code: 0)
        world.settle()
        #expect(world.memory.lastGood?.number.value == 2)
        #expect(images(world) == ["two"])
        #expect(world.performed[.startJob] == 1)
        #expect(world.violations == [])
    }

    @Test(arguments: [true, false])
    func `one that fails leaves the old release alone and keeps the new one out`(isReversible: Bool) throws {
        var world = second(spec("two", reversible: isReversible))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        let before = world.instances.keys.sorted()
        world.endJob(code: 3)
        world.decide()
        #expect(world.lastPlan?.jobLogsWanted == [try #require(world.jobs.first).id])
        world.jobLogs[try #require(world.jobs.first).id] = ["no such table"]
        world.settle()
        #expect(world.instances.keys.sorted() == before)
        let entry = try #require(world.memory.quarantine.first)
        #expect(entry.failure.cause == .releaseCommand)
        #expect(entry.failure.message == "release command exited 3")
        #expect(entry.failure.evidence == ["no such table"])
        #expect(world.outcomes.last == .rolledBack)
        #expect(world.lastPlan?.verdict == .rolledBack)
        #expect(world.performed[.startJob] == 1)
    }

    @Test func `a log that nobody can read delays the failure by seconds only`() throws {
        var world = second(spec("two"))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        world.endJob(code: 3)
        let failed = world.run { !$0.memory.quarantine.isEmpty }
        #expect(failed)
    }

    @Test func `one that runs too long is stopped`() throws {
        var world = second(spec("two", timeout: .seconds(30)))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        let since = world.now
        let ended = world.run { !$0.memory.quarantine.isEmpty }
        try #require(ended)
        #expect(world.now - since >= .seconds(30))
        #expect(world.performed[.stop] == 1)
        let message = world.memory.quarantine.first?.failure.message
        #expect(message == "release command did not end within its time and was stopped")
        #expect(images(world) == ["one"])
    }

    /// The intent stands and nobody knows whether the engine has heard of it.
    private func interrupted() throws -> World {
        var world = second(spec("two"))
        let made = world.run { $0.jobs.count == 1 }
        try #require(made)
        world.decide()
        try #require(phase(world) == .starting(since: nil))
        world.inFlight = []
        return world
    }

    @Test func `a start of unknown outcome is not made again`() throws {
        var world = try interrupted()
        let id = try #require(world.jobs.first?.id)
        // It comes late.
        for _ in 0..<3 { world.decide() }
        #expect(world.lastPlan?.actions.contains { $0.kind == .startJob } == false)
        world.job(id) { $0.state = .running }
        world.decide()
        #expect(isRunning(world))
        world.endJob(code: 0)
        world.settle()
        #expect(world.memory.lastGood?.number.value == 2)
        #expect(world.performed[.startJob] == nil)
    }

    @Test func `what was never started is taken away, and another container made`() throws {
        var world = try interrupted()
        let since = world.now
        let discarded = world.run { $0.jobs.isEmpty }
        try #require(discarded)
        #expect(world.now - since >= .seconds(90))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        #expect(world.jobs.map(\.name) == ["shop-release-v2.2"])
        #expect(world.performed[.startJob] == 1)
    }

    @Test func `one that was removed while it ran counts as failed, and is not run again`() throws {
        var world = second(spec("two"))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        world.jobs = []
        world.settle()
        #expect(world.performed[.startJob] == 1)
        #expect(world.memory.quarantine.first?.failure.message.contains("nobody knows") == true)
        #expect(images(world) == ["one"])
    }

    @Test func `a newer commit waits for a command that runs, and then takes over`() throws {
        var world = second(spec("two"))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        world.commit(spec("three"), behavior: .healthy)
        for _ in 0..<20 { _ = world.step() }
        #expect(world.jobs.count == 1)
        world.endJob(code: 0)
        let next = world.run { $0.jobs.last?.name == "shop-release-v3.1" && isRunning($0) }
        try #require(next)
        #expect(images(world) == ["one"])
        world.endJob(code: 0)
        world.settle()
        #expect(images(world) == ["three"])
    }

    @Test func `what the old release loses meanwhile comes back`() throws {
        var world = second(spec("two"))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        let lost = try #require(world.instances.keys.min())
        world.instances[lost] = nil
        world.health[lost] = nil
        let restored = world.run { $0.instances.count == 2 }
        #expect(restored)
        #expect(images(world) == ["one"])
    }

    @Test func `a lost store finds the command that has run and does not run it again`() throws {
        var world = second(spec("two"))
        let reached = world.run { isRunning($0) }
        try #require(reached)
        world.endJob(code: 0)
        let source = world.memory.source
        world.memory = AppMemory(
            source: source, path: "shop.yaml", project: ProjectName("retail").require, now: world.now)
        world.memory.lastGood = nil
        world.memory.catchUp(with: ReleaseNumber(1).require)
        world.settle()
        #expect(world.memory.lastGood?.number.value == 2)
        #expect(world.performed[.startJob] == 1)
    }

    @Test func `containers of earlier commands are kept for their logs, but not for ever`() throws {
        var world = second(spec("two"))
        for number in 2...7 {
            let reached = world.run { isRunning($0) }
            try #require(reached)
            world.endJob(code: 0)
            world.settle()
            world.commit(spec("image \(number)"), behavior: .healthy)
        }
        #expect(world.jobs.count <= 4)
        #expect(world.jobs.contains { $0.name == "shop-release-v7.1" })
    }
}
