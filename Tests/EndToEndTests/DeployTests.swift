import HTTPClient
import Model
import Testing

@Suite struct DeployTests {
    @Test func aFirstDeployRuns() async throws {
        try await World.with { world in
            let commit = try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            let status = try await world.converged("shop", on: 1)
            #expect(status.running?.commit.id.rawValue == commit)
            #expect(status.because.isEmpty)
            #expect(status.processes.map(\.ready) == [2])

            let containers = try await world.containers("shop")
            #expect(
                containers.map(\.name) == ["\(world.prefix)shop-web-v1-1", "\(world.prefix)shop-web-v1-2"])
            for container in containers {
                #expect(container.isRunning)
                #expect(container.labels["slipway.commit"] == commit)
                let answer = try await HTTPClient().send(
                    HTTPRequest(url: "http://\(container.address):8080/version"))
                #expect(answer.body == Array("1\n".utf8))
            }
            let exit = try await world.slipway("status").exitCode
            #expect(exit == 0)
        }
    }

    @Test func theExampleRepositoryRuns() async throws {
        try await World.with { world in
            try await world.useExample()
            try await world.start()
            try await eventually("everything is converged", within: .seconds(90)) {
                let status = try await world.status()
                return status.verdict == .converged && status.apps.count == 6
                    ? .yes(()) : .notYet("\(status.apps.map { "\($0.name) \($0.verdict) \($0.because)" })")
            }
            let apps = try await world.containers().reduce(into: [String: Int]()) {
                $0[$1.app, default: 0] += 1
            }
            #expect(apps == ["admin": 1, "catalog": 2, "database": 1, "mail": 1, "notes": 1, "shop": 5])

            // Dependencies were waited for.
            let database = try #require(try await world.containers("database").first)
            let catalog = try #require(try await world.containers("catalog").first)
            let shop = try #require(try await world.containers("shop").first)
            #expect(database.startedAt < catalog.startedAt)
            #expect(catalog.startedAt < shop.startedAt)

            // Files, env files and names on the project's network.
            let name = "\(world.prefix)shop-web-v1-1"
            #expect(try await world.engine.docker("exec", name, "cat", "/etc/shop/shop.toml").contains("EUR"))
            #expect(try await world.engine.docker("exec", name, "sh", "-c", "echo $GREETING") == "welcome")
            #expect(
                try await world.engine.docker(
                    "exec", name, "wget", "-q", "-O", "-", "http://catalog:8080/version")
                    == "2.3.0")
            let volumes = try await world.engine.docker(
                "volume", "ls", "-q", "--filter", "name=\(world.prefix)"
            ).lines
            #expect(Set(volumes) == ["\(world.prefix)database-data", "\(world.prefix)notes-notes"])
        }
    }

    @Test func aRollingUpdateNeverGoesBelowTheFloor() async throws {
        try await World.with { world in
            var spec = SpecText(replicas: 3)
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            spec.image = "app:2"
            try await CapacityWatcher.watch(world, floor: 3, ceiling: 4) {
                try await world.repository.commit(["shop.yaml": spec.yaml(world)])
                try await world.converged("shop", on: 2)
            }
            let containers = try await world.containers("shop")
            #expect(containers.map(\.release) == ["2", "2", "2"])
        }
    }

    @Test func aConfigurationChangeIsARelease() async throws {
        try await World.with { world in
            var spec = SpecText()
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)

            // A comment is not one.
            let comment = try await world.repository.commit(["shop.yaml": "# said\n" + spec.yaml(world)])
            try await world.read(comment)
            try await always("a comment changes nothing", for: .seconds(2)) {
                try await world.status(of: "shop")?.wanted?.number?.value == 1
                    ? nil : "another release is wanted"
            }
            spec.env = ["COLOR": "blue"]
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.converged("shop", on: 2)
            let name = "\(world.prefix)shop-web-v2-1"
            #expect(try await world.engine.docker("exec", name, "sh", "-c", "echo $COLOR") == "blue")
        }
    }

    @Test func aSlowStartPassesWithinItsPeriod() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:slow").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
        }
    }

    @Test func aHealthCheckMayNameAHost() async throws {
        try await World.with { world in
            let spec = SpecText(
                image: "app:checks-host", healthcheck: "path: /health, host: shop.example.com")
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
        }
    }

    @Test(arguments: ["tcp: 8080", "command: [test, -d, /run/app]"])
    func otherHealthChecksPass(_ check: String) async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(healthcheck: check).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
        }
    }

    @Test func theNewestCommitWinsDuringARollout() async throws {
        try await World.with { world in
            var spec = SpecText(replicas: 2)
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await CapacityWatcher.watch(world, floor: 2, ceiling: 3) {
                spec.image = "app:2"
                spec.minHealthyTime = "3s"
                try await world.repository.commit(["shop.yaml": spec.yaml(world)])
                try await world.wait(for: "shop", "moving to v2") { $0.rollout?.to?.value == 2 }
                spec.image = "app:3"
                spec.minHealthyTime = "500ms"
                try await world.repository.commit(["shop.yaml": spec.yaml(world)])
                try await world.converged("shop", on: 3)
            }
            let outcomes = try await world.history("shop")
            #expect(outcomes.map(\.outcome) == [.succeeded, .superseded, .succeeded])
        }
    }

    @Test func aVolumeWithOneWriterHasOneWriterOnly() async throws {
        try await World.with { world in
            var spec = SpecText(web: ["volumes: [\"data:/data\"]"], top: ["volumes: {data: {}}"])
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await CapacityWatcher.watch(world, floor: 0, ceiling: 1) {
                spec.image = "app:2"
                try await world.repository.commit(["shop.yaml": spec.yaml(world)])
                try await world.converged("shop", on: 2)
            }
            // Both wrote into the same volume.
            let name = "\(world.prefix)shop-web-v2-1"
            #expect(try await world.engine.docker("exec", name, "cat", "/data/starts").lines.count == 2)
        }
    }

    @Test func replicasAreScaledWithoutANewStart() async throws {
        try await World.with { world in
            var spec = SpecText(replicas: 1)
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            spec.replicas = 3
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            let status = try await world.wait(for: "shop", "3 of 3") {
                $0.verdict == .converged && $0.processes.first?.want == 3
            }
            #expect(status.processes.first?.ready == 3)
            spec.replicas = 0
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await eventually("no instance is left") {
                let left = try await world.containers("shop").filter(\.isRunning)
                return left.isEmpty ? .yes(()) : .notYet("\(left.map(\.name))")
            }
        }
    }
}
