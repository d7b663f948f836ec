import FoundationEssentials
import Model
import Testing

/// The controller comes and goes; its memory may be lost, old or full. What is healthy never notices.
@Suite struct MemoryTests {
    @Test func aRestartTouchesNothing() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers()
            let code = try await first.terminate()
            #expect(code == 0)
            #expect(try await world.slipway("status").exitCode == 4)
            #expect(try await world.containers() == before)
            try await world.start()
            try await world.converged("shop", on: 1)
            #expect(try await world.containers() == before)
        }
    }

    @Test func aQuarantineSurvivesARestart() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:answers-500").yaml(world)])
            _ = try await world.rolledBack("shop")
            let before = try await eventually("only the good instance is left") {
                let now = try await world.containers("shop")
                return now.count == 1 ? .yes(now) : .notYet("\(now.map(\.name))")
            }
            try await first.terminate()
            try await world.start()
            let status = try await world.rolledBack("shop")
            #expect(status.because.contains { $0.cause == .quarantined })
            try await always("it is not started again", for: .seconds(3)) {
                try await world.containers("shop") == before ? nil : "something was changed"
            }
            #expect(try await world.slipway("status", "shop").exitCode == 2)
        }
    }

    @Test func killedAtAwkwardMomentsOfAGoodRollout() async throws {
        try await World.with { world in
            var spec = SpecText(replicas: 3)
            try await world.repository.commit(["shop.yaml": spec.yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await CapacityWatcher.watch(world, floor: 3, ceiling: 4) {
                for round in 0..<3 {
                    spec.image = "app:\(round % 2 == 0 ? 2 : 3)"
                    try await world.repository.commit(["shop.yaml": spec.yaml(world)])
                    for _ in 0..<3 {
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...1_500)))
                        try await world.daemon?.killAtOnce()
                        try await world.start(waiting: false)
                    }
                    try await world.waitForAnswer()
                    try await world.wait(for: "shop", "converged on \(spec.image)", within: .seconds(90)) {
                        $0.verdict == .converged && $0.running?.image.contains(spec.image) == true
                    }
                }
            }
            let now = try await world.containers("shop")
            #expect(now.count == 3, "\(now.map(\.name))")
            #expect(Set(now.map(\.release)).count == 1)
        }
    }

    @Test func killedAtAwkwardMomentsOfABadRollout() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            try await CapacityWatcher.watch(world, floor: 2, ceiling: 3) {
                try await world.repository.commit([
                    "shop.yaml": SpecText(image: "app:answers-500", replicas: 2).yaml(world)
                ])
                for _ in 0..<5 {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...1_500)))
                    try await world.daemon?.killAtOnce()
                    try await world.start(waiting: false)
                }
                try await world.waitForAnswer()
                _ = try await world.rolledBack("shop", within: .seconds(90))
            }
            try await eventually("the good instances, untouched, and nothing else") {
                let now = try await world.containers("shop")
                return now == before ? .yes(()) : .notYet("\(now.map { "\($0.name) \($0.state)" })")
            }
        }
    }

    @Test func aLostStoreIsRebuilt() async throws {
        try await World.with { world in
            try await world.repository.commit([
                "shop.yaml": SpecText(replicas: 2).yaml(world),
                "other.yaml": SpecText(name: "other").yaml(world)
            ])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 2)
            try await world.converged("other", on: 1)
            let before = try await world.containers()
            try await first.terminate()
            try FileManager.default.removeItem(atPath: world.stateDirectory)
            try await world.start()
            try await world.converged("shop", on: 2)
            try await world.converged("other", on: 1)
            #expect(try await world.containers() == before)
            // And it can go on from there.
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:3", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 3)
        }
    }

    @Test func yesterdaysStoreIsCaughtUpWith() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.daemon?.terminate()
            try await Shell.succeed(["cp", "-a", world.stateDirectory, world.directory + "/backup"])

            try await world.start()
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await world.converged("shop", on: 2)
            let before = try await world.containers("shop")
            try await world.daemon?.terminate()
            try FileManager.default.removeItem(atPath: world.stateDirectory)
            try await Shell.succeed(["mv", world.directory + "/backup", world.stateDirectory])

            try await world.start()
            try await world.converged("shop", on: 2)
            let after = try await world.containers("shop")
            #expect(after == before, "\(world.log)")
        }
    }

    @Test func aStoreOfANewerSlipwayIsRefused() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers()
            try await first.terminate()
            let files = try await Shell.succeed(["find", world.stateDirectory, "-type", "f"]).lines
            // The version that a database says it has: four bytes at 60, the highest first.
            let database = try #require(
                try files.first { path in
                    try Data(contentsOf: URL(filePath: path)).prefix(15) == Data("SQLite format 3".utf8)
                })
            try await Shell.succeed(
                [
                    "sh", "-c",
                    #"printf '\000\000\377\377' | dd of="$0" bs=1 seek=60 conv=notrunc status=none"#, database
                ])
            let second = try await world.start(waiting: false)
            #expect(try await second.waitForEnd() != 0)
            #expect(second.log.lines.last?.contains("newer") == true, "\(second.log.lines.suffix(3))")
            #expect(try await world.containers() == before)
        }
    }

    @Test func aSecondControllerOnOneStateDirectoryIsRefused() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            let first = try await world.start()
            try await world.converged("shop", on: 1)
            let second = try await world.start(
                waiting: false, arguments: ["--socket", world.directory + "/second.sock"])
            #expect(try await second.waitForEnd() != 0)
            #expect(first.endedWith == nil)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 2)
        }
    }

    @Test func aFullDiskStopsNothing() async throws {
        try await World.with(World.Options(stateSizeInMebibytes: 8)) { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            _ = try await Shell.run(["dd", "if=/dev/zero", "of=\(world.stateDirectory)/ballast", "bs=64k"])
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2", replicas: 2).yaml(world)]
            )
            try await always("what is healthy stays", for: .seconds(4)) {
                let now = try await world.containers("shop")
                return Set(now).isSuperset(of: before) ? nil : "\(now.map { "\($0.name) \($0.state)" })"
            }
            // It still answers, and says what is wrong.
            let status = try await world.status()
            let reasons = status.because + status.sources.flatMap(\.because) + status.apps.flatMap(\.because)
            #expect(!reasons.isEmpty, "nothing says that the disk is full")
            try FileManager.default.removeItem(atPath: world.stateDirectory + "/ballast")
            try await world.converged("shop", on: 2)
        }
    }

    @Test func atRestNothingIsDone() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            func events() async throws -> String { try await world.slipway("events", "-o", "json").text }
            let before = try await events()
            let state = try await world.containers()
            try await always("no event, no change", for: .seconds(4), every: .milliseconds(500)) {
                guard try await events() == before else { return "events were written" }
                return try await world.containers() == state ? nil : "containers were changed"
            }
        }
    }
}
