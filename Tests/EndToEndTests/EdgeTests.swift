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
            deploy: ["max_surge: 1", "timeout: 15m"] + deploy, startPeriod: "15s", checkTimeout: "5s")
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
                try await EdgeWatcher.watch(world) {
                    try await world.repository.commit(["shop.yaml": spec("two").yaml(world)])
                    try await world.converged("shop", on: 2)
                    let bad = spec("bad", env: ["FAIL": "500"])
                    try await world.repository.commit(["shop.yaml": bad.yaml(world)])
                    _ = try await world.rolledBack("shop")
                }
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

    @Test func aCanaryGetsItsShareAndThoseWhoAskForIt() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("one").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "one")
            let canary = spec(
                "two",
                deploy: [
                    "strategy: canary", "steps: [20%, 100%]", "bake: 10m",
                    "canary_match: {header: X-Canary, value: always}", "preview: next.example.com"
                ])
            try await world.repository.commit(["shop.yaml": canary.yaml(world)])
            try await world.wait(for: "shop", "the canary bakes") {
                $0.rollout?.weightPercent == 20 && $0.rollout?.nextInSeconds != nil
            }
            let requests = 500
            let script =
                "for i in $(seq \(requests)); do curl -s -m 5 -H 'Host: \(host)' http://$0/ || exit 1; done"
            let answers = try await Shell.succeed(
                ["sh", "-c", script, try #require(world.options.edge).address])
            let share = answers.split(separator: "\n").count { $0 == "two" }
            #expect(
                (95...105).contains(share), "\(share) of \(requests) requests came to the canary, not 100")
            for _ in 0..<10 {
                #expect(try await world.ask(host, headers: ["X-Canary: always"]).body == "two")
                #expect(try await world.ask("next.example.com").body == "two")
            }
            let status = try await eventually("the status shows what is measured", within: .seconds(30)) {
                let app = try await world.status(of: "shop")
                let mine = app?.traffic?.first { $0.release.value == 2 }
                return mine.map { $0.requests >= 20 ? .yes($0) : .notYet("\($0)") } ?? .notYet("no traffic")
            }
            #expect(status.weight == 2_000)
            let text = try await world.slipway("status", "shop")
            #expect(text.text.contains("measured"), "\(text)")
            #expect(try await world.slipway("abort", "shop").exitCode == 0)
            try await world.answers(host, "one")
            try await world.wait(for: "shop", "the way back is done") { $0.rollout == nil }
            #expect(try await world.ask("next.example.com").status == 404)
        }
    }

    @Test func aCanaryThatAnswersWithErrorsIsPutBackByItsTraffic() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("one").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "one")
            let canary = spec(
                "two", env: ["ERRORS": "40"],
                deploy: [
                    "strategy: canary", "steps: [25%, 100%]", "bake: 10m",
                    "analysis: [{metric: error_rate, max: 1%, compare: last_good, min_requests: 20}]"
                ])
            let result = try await EdgeLoad.run(world, hosts: [host]) {
                try await world.repository.commit(["shop.yaml": canary.yaml(world)])
                let status = try await world.rolledBack("shop", within: .seconds(90))
                #expect(status.running?.number?.value == 1)
                let why = status.because.map(\.message).joined(separator: "\n")
                #expect(why.contains("errors in"), "\(why)")
            }
            #expect((result.versions["one"] ?? 0) > (result.versions["two"] ?? 0), "\(result.versions)")
            #expect(!result.failures.isEmpty, "the canary's errors are counted by the load, too")
        }
    }

    @Test func aBlueGreenReleaseIsSeenBeforeItIsPromoted() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("blue").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "blue")
            let green = spec(
                "green",
                deploy: ["strategy: blue_green", "approval: before_promote", "preview: next.example.com"])
            let result = try await EdgeLoad.run(world, hosts: [host]) {
                try await world.repository.commit(["shop.yaml": green.yaml(world)])
                try await world.wait(for: "shop", "a person is waited for") {
                    $0.verdict == .held && $0.because.first?.cause == .approval
                }
                try await world.answers("next.example.com", "green")
                #expect(try await world.ask(host).body == "blue")
                #expect(try await world.slipway("promote", "shop").exitCode == 0)
                try await world.answers(host, "green")
                try await world.converged("shop", on: 2)
                // The old instances are kept for a minute: the way back starts nothing.
                let before = try await world.containers("shop").filter(\.isRunning).map(\.id).sorted()
                #expect(try await world.slipway("rollback", "shop").exitCode == 0)
                try await world.answers(host, "blue", within: .seconds(10))
                let after = try await world.containers("shop").filter(\.isRunning).map(\.id).sorted()
                #expect(Set(after).isSubset(of: Set(before)))
            }
            #expect(result.failures == [])
        }
    }

    @Test func theEdgeComesBackWithWhatItDid() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            try await world.repository.commit(["shop.yaml": spec("one").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.answers(host, "one")
            let before = try await world.containers("shop").map(\.id).sorted()
            try await Shell.succeed(["pkill", "-9", "-f", world.stateDirectory + "/edge/"])
            try await world.answers(host, "one")
            // Somebody takes a server out by hand; it is put right.
            let socket = world.stateDirectory + "/edge/run/admin.sock"
            let script =
                #"import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"disable server shop.web/" + sys.argv[2].encode() + b"\n"); print(s.recv(4096))"#
            for container in try await world.containers("shop") {
                try await Shell.succeed(["/usr/bin/python3", "-c", script, socket, container.name])
            }
            try await world.answers(host, "one")
            #expect(try await world.containers("shop").map(\.id).sorted() == before)
        }
    }
}
