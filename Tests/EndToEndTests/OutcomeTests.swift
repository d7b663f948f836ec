import FoundationEssentials
import Model
import Testing

/// What git keeps of deploys, and what a controller makes of it that has nothing else.
@Suite struct OutcomeTests {
    private static let writing = World.Options(source: ["write: true"])

    /// The log of the branch with the notes of ours.
    private func log(_ world: World) async throws -> String {
        try await Shell.succeed(["git", "-C", world.repository.bare, "log", "--notes=slipway", "main"])
    }

    private func noted(_ world: World, _ text: String) async throws -> String {
        try await eventually("a note says: \(text)", within: .seconds(30)) {
            let log = try await log(world)
            return log.contains(text) ? .yes(log) : .notYet(log)
        }
    }

    /// Everything is gone but the repository: the store, the containers, and what the engine has of images' names.
    @Test func aControllerWithNothingButTheRepositoryRepeatsNoFailure() async throws {
        try await World.with(Self.writing) { world in
            try await world.repository.commit([
                "shop.yaml": SpecText(replicas: 2).yaml(world),
                "other.yaml": SpecText(name: "other").yaml(world)
            ])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            try await world.converged("other", on: 1)
            let bad = SpecText(
                image: "app:answers-500", replicas: 2, env: ["API_TOKEN": "s3ntinel-t0ken"])
            try await world.repository.commit(["shop.yaml": bad.yaml(world)], message: "shop: a bad one")
            _ = try await world.rolledBack("shop")
            let log = try await noted(world, "✗ shop v2 failed and was rolled back")
            #expect(log.contains("✓ shop v1 is deployed") && log.contains("✓ other v1 is deployed"), "\(log)")
            #expect(log.contains("500"), "\(log)")
            #expect(!log.contains("s3ntinel-t0ken"))
            try await eventually("all is told", within: .seconds(20)) {
                let source = try await world.status().sources.first
                return source?.deliveries == nil && source?.outcomes == .git
                    ? .yes(()) : .notYet("\(source as Any)")
            }

            try await first.terminate()
            try FileManager.default.removeItem(atPath: world.stateDirectory)
            let containers = try await world.engine.docker("ps", "-aq", "--filter", "name=\(world.id)").lines
            try await world.engine.docker(["rm", "-f", "-v"] + containers)

            try await world.start()
            let status = try await world.rolledBack("shop")
            #expect(status.because.contains { $0.cause == .quarantined }, "\(world.describe(status))")
            try await world.converged("other", on: 1)
            let back = try await eventually("the last good release is back in full") {
                let now = try await world.containers("shop").filter(\.isRunning)
                return now.count == 2 ? .yes(now) : .notYet("\(now.map(\.name))")
            }
            #expect(back.map(\.release) == ["v1", "v1"] || back.map(\.release) == ["1", "1"], "\(back)")
            try await always("the failed one is not started again", for: .seconds(3)) {
                let names = try await world.containers("shop").map(\.name)
                return names.contains { $0.contains("-v2-") } ? "\(names)" : nil
            }
            // And it goes on from there, with the next number.
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 3)
            _ = try await noted(world, "✓ shop v3 is deployed")
        }
    }

    /// The store alone is lost: what runs stays as it is, and what failed is known all the same.
    @Test func aLostStoreBesideRunningContainersRepeatsNoFailure() async throws {
        try await World.with(Self.writing) { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:answers-500", replicas: 2).yaml(world)
            ])
            _ = try await world.rolledBack("shop")
            _ = try await noted(world, "✗ shop v2 failed and was rolled back")
            let before = try await eventually("only the good instances are left") {
                let now = try await world.containers("shop")
                return now.count == 2 ? .yes(now) : .notYet("\(now.map(\.name))")
            }
            try await first.terminate()
            try FileManager.default.removeItem(atPath: world.stateDirectory)
            try await world.start()
            let status = try await world.rolledBack("shop")
            #expect(status.because.contains { $0.cause == .quarantined }, "\(world.describe(status))")
            try await always("nothing is touched", for: .seconds(3)) {
                let now = try await world.containers("shop")
                return now == before ? nil : "\(now.map(\.name))"
            }
        }
    }

    /// Nothing may be pushed: deploys go on, and the status says where outcomes are kept.
    @Test func aRepositoryThatTakesNothingDelaysNothing() async throws {
        try await World.with(Self.writing) { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            // As somebody leaves it who is killed while writing: nobody else may write then.
            let lock = world.repository.bare + "/refs/notes/slipway.lock"
            try await Shell.succeed(["mkdir", world.repository.bare + "/refs/notes"])
            try await Shell.succeed(["touch", lock])
            try await world.start()
            try await world.converged("shop", on: 1)
            let deliveries = try await eventually("the status tells what waits") {
                let found = try await world.status().sources.first?.deliveries ?? []
                return found.contains { $0.problem != nil } ? .yes(found) : .notYet("\(found)")
            }
            #expect(deliveries.map(\.to) == ["notes"] && deliveries.map(\.pending) == [1], "\(deliveries)")
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 2)

            // Over a restart nothing of it is lost.
            try await world.daemon?.killAtOnce()
            try await Shell.succeed(["rm", lock])
            try await world.start()
            let log = try await noted(world, "✓ shop v2 is deployed")
            #expect(log.contains("✓ shop v1 is deployed"))
        }
    }
}
