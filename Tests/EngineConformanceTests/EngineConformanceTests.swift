import Testing

/// The simulated engine is held to the real one: each scenario is played on both, and both must tell the same.
///
/// The kinds of scenarios run beside each other, those of one kind one after the other: an engine does not get faster
/// beyond a few calls at once.
@Suite struct EngineConformanceTests {
    @Test(.serialized, arguments: Scenario.launches)
    func `launches`(_ scenario: Scenario) async throws { try await compare(scenario) }

    @Test(.serialized, arguments: Scenario.lifecycle)
    func `starts, stops and removals`(_ scenario: Scenario) async throws { try await compare(scenario) }

    @Test(.serialized, arguments: Scenario.restarts)
    func `restarts by the engine`(_ scenario: Scenario) async throws { try await compare(scenario) }

    @Test(.serialized, arguments: Scenario.repairs)
    func `repairs`(_ scenario: Scenario) async throws { try await compare(scenario) }

    @Test(.serialized, arguments: Scenario.surroundings)
    func `networks, images, commands, logs and events`(_ scenario: Scenario) async throws {
        try await compare(scenario)
    }

    @Test(.serialized, arguments: Scenario.jobs)
    func `jobs`(_ scenario: Scenario) async throws { try await compare(scenario) }

    @Test(.serialized, arguments: Scenario.races)
    func `races`(_ scenario: Scenario) async throws { try await compare(scenario) }

    private func compare(_ scenario: Scenario) async throws {
        let real = try await play(scenario, on: try await RealSubject())
        let simulated = try await play(scenario, on: SimulatedSubject())
        #expect(simulated == real)
    }

    private func play(_ scenario: Scenario, on subject: some Subject) async throws -> [String] {
        let stage = Stage(subject)
        do {
            try await scenario.play(stage)
        } catch {
            await stage.leave()
            throw error
        }
        await stage.leave()
        return await stage.transcript
    }
}
