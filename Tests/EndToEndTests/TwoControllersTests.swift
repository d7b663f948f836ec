import FoundationEssentials
import Testing

@Suite struct TwoControllersTests {
    @Test func `a controller whose store another has claimed ends and says why`() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            let older = try await world.start()
            try await world.converged("shop", on: 1)
            // Without its file the lock keeps nobody out.
            try FileManager.default.removeItem(atPath: world.stateDirectory + "/slipway.lock")
            let socket = world.directory + "/newer.sock"
            let newer = try await world.start(waiting: false, arguments: ["--socket", socket])
            try await eventually("the newer one is ready") {
                FileManager.default.fileExists(atPath: socket) ? .yes(()) : .notYet("no socket")
            }
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            let code = try await eventually("the older one ends") {
                older.endedWith.map { .yes($0) } ?? .notYet("it runs")
            }
            #expect(code == 1)
            #expect(world.log.contains("slipwayd: another controller has claimed the store"))
            try await eventually("the newer one has brought it about") {
                let releases = try await world.containers("shop").map(\.release)
                return releases == ["2"] ? .yes(()) : .notYet("\(releases)")
            }
            #expect(newer.endedWith == nil)
        }
    }
}
