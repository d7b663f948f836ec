import Model
import Testing

/// Deploys behind a real reverse proxy.
@Suite struct EdgeTests {
    private let host = "shop.example.com"

    private func spec(
        _ version: String, image: String = "web:1", replicas: Int = 2, env: [String: String] = [:],
        edge: [String] = ["https: off"], deploy: [String] = []
    ) -> SpecText {
        var environment = env
        environment["VERSION"] = version
        return SpecText(
            image: image, replicas: replicas, env: environment,
            web: ["domains: [\(host)]", "drain_timeout: 5s", "edge: {\(edge.joined(separator: ", "))}"],
            deploy: ["max_surge: 1", "timeout: 20s"] + deploy, startPeriod: "15s")
    }

    @Test func aDomainIsServedFromItsFirstDeployOn() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("one").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "one")
            #expect(try await world.ask("other.example.com").status == 404)
            let status = try await world.status()
            #expect(status.edge?.isReachable == true)
            #expect(status.edge?.version.contains("HAProxy") == true)
        }
    }

    @Test func noRequestIsLostInARollingUpdateAndARollback() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("one").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "one")
            let result = try await EdgeLoad.run(world, hosts: [host]) {
                try await world.repository.commit(["shop.yaml": spec("two").yaml(world)])
                try await world.converged("shop", on: 2)
                let bad = spec("bad", env: ["FAIL": "500"])
                try await world.repository.commit(["shop.yaml": bad.yaml(world)])
                _ = try await world.rolledBack("shop")
            }
            #expect(result.failures == [])
            #expect(result.requests > 50, "\(result.counts)")
            #expect(
                (result.versions["one"] ?? 0) > 0 && (result.versions["two"] ?? 0) > 0, "\(result.versions)")
            #expect(result.versions["bad"] == nil, "\(result.versions)")
        }
    }

    @Test func requestsGoOnWithoutTheController() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("one").yaml(world)])
            let daemon = try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "one")
            let result = try await EdgeLoad.run(world, hosts: [host]) {
                try await daemon.killAtOnce()
                try await world.answers(host, "one")
                try await world.start()
                try await world.repository.commit(["shop.yaml": spec("two").yaml(world)])
                try await world.converged("shop", on: 2)
            }
            #expect(result.failures == [])
            #expect((result.versions["two"] ?? 0) > 0, "\(result.versions)")
        }
    }
}
