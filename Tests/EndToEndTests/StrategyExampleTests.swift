import Model
import Testing

/// `examples/strategies` on a real engine.
@Suite struct StrategyExampleTests {
    /// Puts another version of the image into some of the files, and commits.
    private func change(_ files: [String], from old: String, to new: String, _ world: World) async throws {
        let paths = files.map { "\(world.repository.clone)/\($0).yaml" }
        try await Shell.succeed(["sed", "-i", "s|shop:\(old)|shop:\(new)|"] + paths)
        try await world.repository.commit(message: "\(files.joined(separator: ", ")): \(new)")
    }

    @Test func theExampleOfStrategiesTakesOverAsItSays() async throws {
        try await World.with { world in
            try await world.useExample("strategies")
            try await world.start()
            for app in ["canary", "switch", "api", "pages"] { try await world.converged(app, on: 1) }

            try await change(["canary", "switch"], from: "1.4.2", to: "1.5.0", world)
            let canary = try await world.wait(for: "canary", "bakes its first step") {
                $0.rollout?.step == 1 && $0.rollout?.nextInSeconds != nil
            }
            #expect(canary.rollout?.steps == 3)
            #expect(canary.rollout?.weightPercent == 25)
            #expect(canary.rollout?.weightKind == .instances)
            try await world.converged("canary", on: 2)
            let events = try await world.slipway("events", "-o", "json").text
            #expect(events.contains("v2 holds; step 2 begins"))
            #expect(events.contains("v2 holds; step 3 begins"))

            // The switch waits with both releases up, until a person has said yes.
            try await world.wait(for: "switch", "held") { $0.verdict == .held }
            #expect(try await world.containers("switch").count == 4)
            #expect(try await world.slipway("status", "switch", "--watch").exitCode == 3)
            let approved = try await world.slipway("approve", "switch", "--wait", "--timeout", "60s")
            #expect(approved.exitCode == 0, "\(approved)")
            try await world.wait(for: "switch", "two instances") { $0.instances.count == 2 }
            let refused = try await world.slipway("promote", "switch")
            #expect(refused.exitCode == 5)
            #expect(refused.errors.contains("nothing to promote"))
        }
    }

    @Test func theExampleOfAGroupGoesForwardAndBackAsOne() async throws {
        try await World.with { world in
            try await world.useExample("strategies")
            try await world.start()
            for app in ["api", "pages"] { try await world.converged(app, on: 1) }
            try await change(["api", "pages"], from: "1.4.2", to: "1.5.0", world)
            for app in ["api", "pages"] { try await world.converged(app, on: 2) }

            // One of the two is bad, so neither stays.
            try await Shell.succeed(["sed", "-i", "s|1.5.0|1.4.2|", "\(world.repository.clone)/api.yaml"])
            try await change(["pages"], from: "1.5.0", to: "1.6.0", world)
            let pages = try await world.rolledBack("pages", within: .seconds(90))
            let api = try await world.rolledBack("api", within: .seconds(90))
            #expect(pages.running?.number?.value == 2)
            #expect(api.running?.number?.value == 2)
            #expect(api.because.first?.message.contains("pages") == true, "\(api.because)")
            for app in ["api", "pages"] {
                let versions = Set(try await world.containers(app).map { $0.labels["slipway.release"] ?? "" })
                #expect(versions.count == 1)
            }
        }
    }
}
