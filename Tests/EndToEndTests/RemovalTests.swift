import Model
import Testing

@Suite struct RemovalTests {
    private func isGone(_ world: World, _ app: String) async throws {
        try await eventually("\(app) is gone") {
            let left = try await world.containers(app)
            return left.isEmpty ? .yes(()) : .notYet("\(left.map(\.name))")
        }
        try await eventually("\(app) is out of the status") {
            try await world.status(of: app) == nil ? .yes(()) : .notYet("it is there")
        }
    }

    @Test func aRemovedFileIsPrunedAndItsVolumeStays() async throws {
        try await World.with { world in
            let notes = SpecText(
                name: "notes", web: ["volumes: [\"data:/data\"]"], top: ["volumes: {data: {}}"])
            try await world.repository.commit([
                "notes.yaml": notes.yaml(world), "shop.yaml": SpecText().yaml(world)
            ])
            try await world.start()
            try await world.converged("notes", on: 1)
            try await world.converged("shop", on: 1)
            let shop = try await world.containers("shop")
            try await world.repository.commit(removing: ["notes.yaml"])
            try await isGone(world, "notes")
            #expect(
                try await world.engine.docker("volume", "ls", "-q", "--filter", "name=\(world.prefix)").lines
                    == ["\(world.prefix)notes-data"])
            #expect(try await world.containers("shop") == shop)

            // It comes back with what it had.
            try await world.repository.commit(["notes.yaml": notes.yaml(world)])
            let status = try await world.wait(for: "notes", "converged again") { $0.verdict == .converged }
            let name = "\(world.prefix)notes-web-\(try #require(status.running?.number))-1"
            #expect(try await world.engine.docker("exec", name, "cat", "/data/starts").lines.count == 2)
        }
    }

    private static let five = ["one", "two", "three", "four", "five"]

    private func deployFive(_ world: World) async throws -> [Engine.Container] {
        var files: [String: String] = [:]
        for name in Self.five { files["\(name).yaml"] = SpecText(name: name).yaml(world) }
        try await world.repository.commit(files)
        try await world.start()
        for name in Self.five { try await world.converged(name, on: 1, within: .seconds(90)) }
        return try await world.containers()
    }

    @Test func aMassRemovalIsHeldUntilItIsApproved() async throws {
        try await World.with { world in
            let before = try await deployFive(world)
            let commit = try await world.repository.commit(
                ["one.yaml": SpecText(name: "one", image: "app:2").yaml(world)],
                removing: ["two.yaml", "three.yaml", "four.yaml"])
            for name in ["two", "three", "four"] {
                let status = try await world.wait(for: name, "held") { $0.verdict == .held }
                #expect(
                    status.because.contains {
                        $0.cause == .deletionBrake && $0.command?.contains("approve") == true
                    })
            }
            #expect(try await world.slipway("status").exitCode == 3)
            // What the commit asks for beside the removals is done.
            try await world.converged("one", on: 2)
            let now = try await world.containers().filter { $0.app != "one" }
            #expect(now == before.filter { $0.app != "one" })

            let unknown = try await world.slipway("approve", "0123456789")
            #expect(unknown.exitCode != 0)
            let approval = try await world.slipway("approve", String(commit.prefix(12)))
            #expect(approval.exitCode == 0, "\(approval)")
            for name in ["two", "three", "four"] { try await isGone(world, name) }
            #expect(try await world.containers("five") == before.filter { $0.app == "five" })
        }
    }

    @Test func anEmptiedRepositoryIsHeldAndComesBackUnharmed() async throws {
        try await World.with { world in
            let before = try await deployFive(world)
            try await world.repository.commit(removing: Self.five.map { $0 + ".yaml" })
            try await world.wait(for: "one", "held") { $0.verdict == .held }
            #expect(try await world.containers() == before)
            try await world.repository.revert()
            for name in Self.five { try await world.converged(name, on: 1) }
            #expect(try await world.containers() == before)
        }
    }

    @Test func aBrokenSpecKeepsItsAppAndTheOthersGoOn() async throws {
        try await World.with { world in
            try await world.repository.commit([
                "shop.yaml": SpecText().yaml(world), "other.yaml": SpecText(name: "other").yaml(world)
            ])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.converged("other", on: 1)
            let before = try await world.containers("shop")
            try await world.repository.commit([
                "shop.yaml": SpecText(top: ["replcas: 3"]).yaml(world),
                "other.yaml": SpecText(name: "other", image: "app:2").yaml(world)
            ])
            let status = try await world.wait(for: "shop", "invalid") { $0.verdict == .invalid }
            #expect(status.diagnostics.contains { $0.path == "shop.yaml" && $0.keyPath.contains("replcas") })
            try await world.converged("other", on: 2)
            #expect(try await world.containers("shop") == before)

            // While the tree is broken, nothing is removed either.
            try await world.repository.commit(["third.yaml": SpecText(name: "third").yaml(world)])
            try await world.converged("third", on: 1)
            let commit = try await world.repository.commit(removing: ["third.yaml"])
            try await world.read(commit)
            try await always("an incomplete tree removes nothing", for: .seconds(2)) {
                try await world.containers("third").isEmpty ? "third was removed" : nil
            }
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.converged("shop", on: 1)
            try await isGone(world, "third")
            #expect(try await world.containers("shop") == before)
        }
    }

    @Test func aBranchThatIsGoneRemovesNothing() async throws {
        try await World.with { world in
            let commit = try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            try await Shell.succeed([
                "git", "-C", world.repository.bare, "update-ref", "-d", "refs/heads/main"
            ])
            try await eventually("the source says so") {
                let status = try await world.status()
                return status.sources.first?.because.isEmpty == false
                    ? .yes(()) : .notYet("\(status.sources)")
            }
            #expect(try await world.containers("shop") == before)
            try await Shell.succeed([
                "git", "-C", world.repository.bare, "update-ref", "refs/heads/main", commit
            ])
            try await eventually("the source is well again") {
                let status = try await world.status()
                return status.sources.first?.because.isEmpty == true ? .yes(()) : .notYet("\(status.sources)")
            }
            #expect(try await world.containers("shop") == before)
        }
    }
}
