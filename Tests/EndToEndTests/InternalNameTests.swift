import Model
import TestServers
import Testing

/// `http://APP.internal` from a container of another app.
// One after the other: the name servers of two worlds would want the same address.
@Suite(.serialized) struct InternalNameTests {
    @Test func anAppIsReachedByItsInternalName() async throws {
        let gateway = try await Shell.succeed([
            "sh", "-c", "ip -4 -o address show docker0 | sed 's/.* inet \\([0-9.]*\\).*/\\1/'"
        ])
        var place = try EdgePlace()
        let port = try closedPort()
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

    private func run(
        _ world: World, _ container: Engine.Container, _ command: String...
    ) async throws -> Shell.Output {
        try await Shell.run(
            ["docker", "-H", "unix://\(world.engine.socket)", "exec", container.name, "timeout", "5"]
                + command)
    }

    @Test func projectsDoNotReachEachOther() async throws {
        let gateway = try await Shell.succeed([
            "sh", "-c", "ip -4 -o address show docker0 | sed 's/.* inet \\([0-9.]*\\).*/\\1/'"
        ])
        var place = try ProjectPlace()
        let port = try closedPort()
        place.inside = "\(gateway):\(port)"
        try await World.with(place.options) { world in
            let caller = SpecText(name: "caller", image: "app:1")
            let site = SpecText(name: "site", image: "app:1")
            try await world.repository.commit([
                "retail/shop.yaml": ProjectPlace.shop.yaml(world), "retail/caller.yaml": caller.yaml(world),
                "press/site.yaml": site.yaml(world)
            ])
            try await world.start(arguments: try place.write(world))
            for app in ["shop", "caller", "site"] { try await world.converged(app, on: 1) }
            let neighbour = try #require(try await world.containers("caller").first)
            let stranger = try #require(try await world.containers("site").first)
            #expect(neighbour.name == "\(world.prefix)retail.caller-web-v1-1")
            #expect(stranger.name == "\(world.prefix)press.site-web-v1-1")
            let status = try #require(try await world.status(of: "shop"))
            let instance = try #require(status.instances.first)
            let address = try #require(instance.address)
            func wget(_ from: Engine.Container, _ url: String) async throws -> Shell.Output {
                try await run(world, from, "wget", "-q", "-O", "-", url)
            }
            // Whoever belongs to it reaches it in every way: so a failure below says something.
            let inside = "http://shop.internal:\(port)/"
            try await eventually("shop.internal answers", within: .seconds(30)) {
                let output = try await wget(neighbour, inside)
                return output.text.trimmed == "of-retail" ? .yes(()) : .notYet("\(output)")
            }
            for url in ["http://\(address):8080/", "http://shop:8080/", "http://\(instance.name):8080/"] {
                #expect(try await wget(neighbour, url).text.trimmed == "of-retail", "\(url)")
            }
            for url in [
                "http://\(address):8080/", "http://shop:8080/", "http://shop-web:8080/",
                "http://\(instance.name):8080/",
                inside, "http://web.shop.internal:\(port)/"
            ] {
                let output = try await wget(stranger, url)
                #expect(output.exitCode != 0 && !output.text.contains("of-retail"), "\(url): \(output)")
            }
            // Not even by asking the edge inside for another name.
            let host = try await run(
                world, stranger, "wget", "-q", "-O", "-", "--header", "Host: shop.internal",
                "http://\(gateway):\(port)/")
            #expect(host.exitCode != 0 && !host.text.contains("of-retail"))
            // Each on the network of its project alone, and with the volumes of its own app.
            for (container, project) in [(neighbour, "retail"), (stranger, "press")] {
                let found = try await world.engine.docker(
                    "inspect", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}",
                    container.name)
                #expect(found == "\(world.prefix)slipway-\(project)")
            }
            let mounts = try await world.engine.docker(
                "inspect", "-f", "{{range .Mounts}}{{.Name}} {{end}}", instance.name)
            #expect(mounts == "\(world.prefix)retail.shop-data")
            // Public names are public.
            try await world.answers("shop.shared.test", "of-retail")
        }
    }
}
