import Model
import Testing

/// `http://APP.internal` from a container of another app.
@Suite struct InternalNameTests {
    @Test func anAppIsReachedByItsInternalName() async throws {
        let gateway = try await Shell.succeed([
            "sh", "-c", "ip -4 -o address show docker0 | sed 's/.* inet \\([0-9.]*\\).*/\\1/'"
        ])
        var place = EdgePlace()
        let port = EdgePlace.port()
        place.more = ["internal: {address: \"\(gateway):\(port)\"}"]
        try await World.with(.init(edge: place)) { world in
            func shop(_ version: String) -> SpecText {
                SpecText(
                    image: "web:1", env: ["VERSION": version], web: ["edge: {internal: true}"],
                    deploy: ["timeout: 30s"], startPeriod: "15s", checkTimeout: "5s")
            }
            let caller = SpecText(name: "caller", image: "app:1")
            try await world.repository.commit([
                "shop.yaml": shop("one").yaml(world), "caller.yaml": caller.yaml(world)
            ])
            try await world.start()
            for app in ["shop", "caller"] { try await world.converged(app, on: 1) }
            let container = try #require(try await world.containers("caller").first)
            func call(_ name: String) async throws -> Shell.Output {
                try await Shell.run([
                    "docker", "-H", "unix://\(world.engine.socket)", "exec", container.name, "timeout", "5",
                    "wget",
                    "-q", "-O", "-", "http://\(name):\(port)/"
                ])
            }
            try await eventually("shop.internal answers", within: .seconds(30)) {
                let output = try await call("shop.internal")
                return output.text.trimmed == "one" ? .yes(()) : .notYet("\(output)")
            }
            #expect(try await call("web.shop.internal").text.trimmed == "one")
            #expect(try await call("other.internal").exitCode != 0)
            // From outside it has no name.
            #expect(try await world.ask("shop.internal").status == 404)
            try await world.repository.commit(["shop.yaml": shop("two").yaml(world)])
            try await world.converged("shop", on: 2)
            #expect(try await call("shop.internal").text.trimmed == "two")
        }
    }
}
