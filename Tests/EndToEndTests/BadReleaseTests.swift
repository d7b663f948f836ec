import Model
import Testing

/// A release that does not prove itself goes, and what ran before was never touched.
@Suite struct BadReleaseTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var spec: SpecText
        /// One of these is among the reasons.
        var causes: Set<Blocker.Cause>
        var words: String
        var testDescription: String { name }
    }

    static let all: [Bad] = [
        Bad(
            name: "exits", spec: SpecText(image: "app:exits", replicas: 2), causes: [.rolledBack],
            words: "exited 3"),
        Bad(
            name: "answers 500", spec: SpecText(image: "app:answers-500", replicas: 2), causes: [.rolledBack],
            words: "500"),
        Bad(
            name: "fails late, within the gate",
            spec: SpecText(image: "app:fails-late", replicas: 2, minHealthyTime: "4s"), causes: [.rolledBack],
            words: "500"),
        Bad(
            name: "has no command", spec: SpecText(image: "app:no-command", replicas: 2),
            causes: [.rolledBack],
            words: "command"),
        Bad(
            name: "names a program that is not there",
            spec: SpecText(image: "app:wrong-command", replicas: 2),
            causes: [.rolledBack], words: "no-such-program"),
        Bad(
            name: "refuses the health check's host", spec: SpecText(image: "app:checks-host", replicas: 2),
            causes: [.rolledBack], words: "400"),
        Bad(
            name: "eats its memory",
            spec: SpecText(
                image: "app:leaks", replicas: 2, web: ["resources: {memory: 32M}"], minHealthyTime: "4s",
                // An engine under load tells of the exit later than two refused checks take.
                checkRetries: 20),
            causes: [.rolledBack], words: "memory"),
        Bad(
            name: "is slower than its start period",
            spec: SpecText(
                image: "app:1", replicas: 2, env: ["START_DELAY": "60"],
                deploy: ["max_surge: 1", "timeout: 4s"]),
            causes: [.rolledBack], words: "")
    ]

    @Test(arguments: all)
    func isRolledBack(_ bad: Bad) async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")

            try await CapacityWatcher.watch(world, floor: 2, ceiling: 3) {
                try await world.repository.commit(["shop.yaml": bad.spec.yaml(world)], message: "make it bad")
                let status = try await world.rolledBack("shop", within: .seconds(90))
                #expect(status.running?.number?.value == 1)
                #expect(!bad.causes.isDisjoint(with: status.because.map(\.cause)), "\(status.because)")
                let text = status.because.map(\.message).joined(separator: "\n")
                #expect(bad.words.isEmpty || text.contains(bad.words), "\(text)")
            }
            // The very same containers, never restarted, and nothing of the bad release.
            try await eventually("only the good instances are left") {
                let now = try await world.containers("shop")
                return now == before ? .yes(()) : .notYet("\(now.map { "\($0.name) \($0.state)" })")
            }
            let output = try await world.slipway("status", "shop")
            #expect(output.exitCode == 2, "\(output)")
            let history = try await world.history("shop")
            #expect(history.first?.outcome == .rolledBack)
            #expect(history.first?.evidence.isEmpty == false)

            // It stays away: neither the next polls nor another commit start it again.
            try await world.repository.commit(["other.txt": "x"])
            try await always("the bad release stays away", for: .seconds(2)) {
                let now = try await world.containers("shop")
                return now.count == before.count ? nil : "\(now.map(\.name))"
            }
            // A fix is deployed.
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await world.wait(for: "shop", "the fix runs") {
                $0.verdict == .converged && $0.running?.image.contains("app:2") == true
            }
        }
    }

    @Test func aBadFirstReleaseIsHeld() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:exits").yaml(world)])
            try await world.start()
            let status = try await world.wait(for: "shop", "held") { $0.verdict == .held }
            #expect(status.because.contains { $0.cause == .noLastGood })
            #expect(try await world.slipway("status").exitCode == 3)
            try await eventually("nothing of it runs") {
                let left = try await world.containers("shop").filter(\.isRunning)
                return left.isEmpty ? .yes(()) : .notYet("\(left.map(\.name))")
            }
        }
    }

    @Test func aMissingImageIsWaitedFor() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            let image = "app:\(world.id)"
            try await world.repository.commit(["shop.yaml": SpecText(image: image).yaml(world)])
            let status = try await world.wait(for: "shop", "the image is missed") {
                $0.because.contains { $0.cause == .imagePull }
            }
            #expect(status.verdict == .waiting || status.verdict == .held)
            #expect(try await world.containers("shop") == before)

            let address = "\(world.settings.registry)/\(image)"
            try await world.engine.docker("tag", "\(world.settings.registry)/app:2", address)
            try await world.engine.docker("push", "-q", address)
            try await world.engine.docker("rmi", address)
            #expect(try await world.slipway("retry", "shop").exitCode == 0)
            try await world.wait(for: "shop", "it is deployed") {
                $0.verdict == .converged && $0.running?.image.contains(image) == true
            }
        }
    }

    @Test func anInstanceThatIgnoresSIGTERMIsKilledAfterItsGrace() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:stubborn").yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 2)
            #expect(try await world.containers("shop").map(\.release) == ["2"])
        }
    }

    @Test func theOtherAppsGoOnBesideABadOne() async throws {
        try await World.with { world in
            try await world.repository.commit([
                "bad.yaml": SpecText(name: "bad", image: "app:answers-500").yaml(world),
                "good.yaml": SpecText(name: "good").yaml(world)
            ])
            try await world.start()
            try await world.converged("good", on: 1)
            try await world.wait(for: "bad", "held") { $0.verdict == .held }
            try await world.repository.commit([
                "good.yaml": SpecText(name: "good", image: "app:2").yaml(world)
            ])
            try await world.converged("good", on: 2)
        }
    }
}
