import FoundationEssentials
import Model
import Testing

/// The controller's own state is saved while it works, lost, and put back.
@Suite struct BackupTests {
    private func lose(_ world: World) async throws {
        try await world.daemon?.killAtOnce()
        try await Shell.succeed(["rm", "-rf", world.stateDirectory])
    }

    private func restore(_ world: World, _ arguments: String...) async throws -> Shell.Output {
        try await Shell.run(
            [
                world.settings.programs + "/slipway", "restore", world.directory + "/backup.tar",
                "--state-dir", world.stateDirectory
            ]
                + arguments, timeout: .seconds(60))
    }

    private func backUp(_ world: World) async throws {
        let output = try await Shell.run(
            [
                world.settings.programs + "/slipway", "backup", world.directory + "/backup.tar",
                "--state-dir",
                world.stateDirectory, "--config", world.directory + "/sources.yaml"
            ], timeout: .seconds(60))
        #expect(output.exitCode == 0, "\(output)")
    }

    private func options() -> World.Options {
        var options = World.Options()
        options.source = ["project: retail"]
        return options
    }

    @Test func anEmptyMachineWithTheBackupGoesOnWhereItWas() async throws {
        try await World.with(options()) { world in
            let shop = SpecText(replicas: 2), mail = SpecText(name: "mail", image: "app:2")
            try await world.repository.commit(["shop.yaml": shop.yaml(world), "mail.yaml": mail.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.converged("mail", on: 1)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 2)
            try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:answers-500", replicas: 2).yaml(world)
            ])
            _ = try await world.rolledBack("shop")
            try await eventually("only good instances are left") {
                let now = try await world.containers("shop")
                return now.count == 2 ? .yes(()) : .notYet("\(now.map(\.name))")
            }
            let before = try await world.containers()
            let history = try await world.history("shop")
            try await backUp(world)
            let running = try await restore(world, "--force", "--state-only")
            #expect(running.exitCode == 1 && "\(running)".contains("another controller"), "\(running)")

            try await lose(world)
            try await Shell.succeed(["rm", world.directory + "/sources.yaml"])
            let restored = try await restore(world, "--config-dir", world.directory)
            #expect(restored.exitCode == 0, "\(restored)")
            #expect(FileManager.default.fileExists(atPath: world.directory + "/sources.yaml"))
            try await world.start()
            // Not even what failed is tried again, as the quarantine is in the store.
            let status = try await world.rolledBack("shop")
            #expect(status.running?.number?.value == 2)
            #expect(status.because.contains { $0.cause == .quarantined })
            try await world.converged("mail", on: 1)
            #expect(try await world.history("shop") == history)
            try await always("what stands is not touched", for: .seconds(3)) {
                try await world.containers() == before ? nil : "something was changed"
            }
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:3", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 4)
        }
    }

    @Test func aBackupOlderThanTheWorldIsCaughtUpWith() async throws {
        try await World.with(options()) { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await backUp(world)
            try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world),
                "mail.yaml": SpecText(name: "mail").yaml(world)
            ])
            try await world.converged("shop", on: 2)
            try await world.converged("mail", on: 1)
            let before = try await world.containers()
            try await lose(world)
            let restored = try await restore(world, "--state-only")
            #expect(restored.exitCode == 0, "\(restored)")
            try await world.start()
            try await world.converged("shop", on: 2)
            try await world.converged("mail", on: 1)
            #expect(
                try await world.containers() == before, "nothing healthy is restarted, and nothing removed")
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:3", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 3)
        }
    }
}
