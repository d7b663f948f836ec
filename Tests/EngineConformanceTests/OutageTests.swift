import Model
import Simulation
import Testing

/// What becomes of containers when the engine goes away and comes back.
@Suite struct OutageTests {
    @Test(.serialized, arguments: FakeEngine.Outage.allCases)
    func `the simulated engine comes back as the real one`(_ outage: FakeEngine.Outage) async throws {
        let archive = try #require(
            RealSubject.variable("SLIPWAY_TEST_ROOTFS"), "this test needs an image: run it with scripts/test")
        let engine = try await PrivateEngine.start(rootFileSystem: archive)
        do {
            let real = try await RealSubject(socketPath: engine.socketPath, registry: "", reference: "app:1")
            let told = try await play(real) { try await engine.goThrough(outage) }
            let simulated = try SimulatedSubject()
            let retold = try await play(simulated) { simulated.fake.goThrough(outage) }
            #expect(retold == told)
        } catch {
            await engine.takeAway()
            throw error
        }
        await engine.takeAway()
    }

    private func play(_ subject: some Subject, outage: () async throws -> Void) async throws -> [String] {
        let stage = Stage(subject)
        for policy in RestartPolicy.allCases { try await fill(stage, policy) }
        await stage.list()
        try await stage.openEvents()
        try await outage()
        try await stage.eventsEnd()
        await stage.list()
        for short in RestartPolicy.allCases.flatMap({ ["\($0)-restarted", "\($0)-running"] }) {
            await stage.look(try await stage.find(short))
        }
        return await stage.transcript
    }

    /// Everything that a container may be doing, under one policy.
    private func fill(_ stage: Stage, _ policy: RestartPolicy) async throws {
        await stage.settle(try await stage.launched("\(policy)-running", restart: policy))
        let stopped = try await stage.launched("\(policy)-stopped", restart: policy)
        try await stage.byHand(.stop, stopped)
        let paused = try await stage.launched("\(policy)-paused", restart: policy)
        try await stage.byHand(.pause, paused)
        await stage.launch(try await stage.order("\(policy)-broken", .missing, restart: policy))
        if policy == .never || policy == .onFailure {
            let finished = try await stage.launched("\(policy)-finished", restart: policy)
            try await stage.byHand(.end(code: 0), finished)
            try await stage.waitForExit(finished)
        }
        // Its restarts are counted, and forgotten when the engine starts it anew.
        let restarted = try await stage.launched("\(policy)-restarted", restart: policy)
        if policy != .never { try await stage.endAndComeBack(restarted, code: 3) }
        await stage.settle(restarted)
        await stage.look(restarted)
    }
}
