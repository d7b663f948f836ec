import Model
import Testing

/// What people do by hand is put back, with as little harm as can be.
@Suite struct DriftTests {
    /// Does `change` to one of two instances; afterwards all must be as it was, with `sameContainer` not even replaced.
    private func repaired(
        web: [String] = [], sameContainer: Bool, sameStart: Bool,
        _ change: (World, String) async throws -> Void
    ) async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2, web: web).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            let name = "\(world.prefix)shop-web-v1-1"
            try await change(world, name)
            let after = try await eventually("all is as it was") {
                let now = try await world.containers("shop")
                let isBack =
                    now.map(\.name) == before.map(\.name) && now.allSatisfy(\.isRunning)
                    && now.map(\.memoryInBytes) == before.map(\.memoryInBytes)
                    && now.allSatisfy { !$0.address.isEmpty }
                return isBack ? .yes(now) : .notYet("\(now)")
            }
            try await world.converged("shop", on: 1)
            #expect(after.last == before.last, "the other instance was touched")
            if sameContainer { #expect(after.first?.id == before.first?.id) }
            if sameStart { #expect(after.first?.startedAt == before.first?.startedAt) }
            let state = try await world.engine.docker("inspect", "-f", "{{.State.Paused}}", name)
            #expect(state == "false")
        }
    }

    @Test func killed() async throws {
        try await repaired(sameContainer: false, sameStart: false) { world, name in
            try await world.engine.docker("kill", name)
        }
    }

    @Test func stopped() async throws {
        try await repaired(sameContainer: false, sameStart: false) { world, name in
            try await world.engine.docker("stop", "-t", "2", name)
        }
    }

    @Test func removed() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            let other = try #require(before.last)
            try await world.engine.docker("rm", "-f", "\(world.prefix)shop-web-v1-1")
            // The replacement may have another number: the old name may be on its way out still.
            let after = try await eventually("two run again") {
                let now = try await world.containers("shop")
                return now.count == 2 && now.allSatisfy(\.isRunning) ? .yes(now) : .notYet("\(now)")
            }
            #expect(after.contains(other), "the other instance was touched")
            try await world.converged("shop", on: 1)
        }
    }

    @Test func paused() async throws {
        try await repaired(sameContainer: true, sameStart: true) { world, name in
            try await world.engine.docker("pause", name)
        }
    }

    @Test func renamed() async throws {
        try await repaired(sameContainer: true, sameStart: true) { world, name in
            try await world.engine.docker("rename", name, "\(world.prefix)by-hand")
        }
    }

    @Test func limited() async throws {
        try await repaired(web: ["resources: {memory: 64M}"], sameContainer: true, sameStart: true) {
            world, name in
            try await world.engine.docker("update", "--memory", "48m", "--memory-swap", "48m", name)
        }
    }

    @Test func disconnected() async throws {
        try await repaired(sameContainer: true, sameStart: true) { world, name in
            let network = try await world.engine.docker(
                "inspect", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}", name)
            try await world.engine.docker("network", "disconnect", "-f", network, name)
        }
    }

    @Test func aFailingInstanceIsRestarted() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            try await world.engine.docker("exec", "\(world.prefix)shop-web-v1-1", "touch", "/run/app/fail")
            try await eventually("the instance is started again") {
                let now = try await world.containers("shop")
                return now.first?.startedAt != before.first?.startedAt ? .yes(()) : .notYet("\(now)")
            }
            try await world.converged("shop", on: 1)
            let after = try await world.containers("shop")
            let other = try #require(before.last)
            #expect(after.count == 2, "\(after.map(\.name))")
            #expect(after.contains(other), "\(after) instead of \(other)\n\(world.log)")
        }
    }

    @Test func aStrangerWithCopiedLabelsIsLeftAlone() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let ours = try #require(try await world.containers("shop").first)
            var arguments = ["run", "-d", "--name", "\(world.prefix)stranger"]
            for (key, value) in ours.labels where key.hasPrefix("slipway.") {
                arguments += ["--label", "\(key)=\(value)"]
            }
            try await world.engine.docker(arguments + ["\(world.settings.registry)/app:3"])
            let stranger = try #require(try await world.engine.container("\(world.prefix)stranger"))

            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 2)
            #expect(try await world.engine.container("\(world.prefix)stranger") == stranger)
            try await world.repository.commit(
                ["other.yaml": SpecText(name: "other").yaml(world)], removing: ["shop.yaml"])
            try await eventually("shop is gone") {
                let left = try await world.containers("shop").filter { $0.id != stranger.id }
                return left.isEmpty ? .yes(()) : .notYet("\(left.map(\.name))")
            }
            #expect(try await world.engine.container("\(world.prefix)stranger") == stranger)
        }
    }

    @Test func aNameThatIsTakenIsSaid() async throws {
        try await World.with { world in
            let name = "\(world.prefix)shop-web-v1-1"
            try await world.engine.docker("run", "-d", "--name", name, "\(world.settings.registry)/app:3")
            let stranger = try #require(try await world.engine.container(name))
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.wait(for: "shop", "the name is named") { status in
                status.verdict != .converged
                    && status.because.contains { $0.message.contains(name) || $0.object == name }
            }
            #expect(try await world.engine.container(name) == stranger)
            try await world.engine.docker("rm", "-f", name)
            try await world.converged("shop", on: 1)
        }
    }
}
