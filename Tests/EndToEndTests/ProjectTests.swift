import FoundationEssentials
import Model
import Testing

/// Two projects on one engine, with what keeps them apart.
@Suite struct ProjectTests {
    /// Where the parts of a world with projects listen.
    private struct Place {
        var edge = EdgePlace()
        var inside = EdgePlace.port()
        var api = EdgePlace.port()
        var gateway: String

        init() async throws {
            gateway = try await Shell.succeed([
                "sh", "-c", "ip -4 -o address show docker0 | sed 's/.* inet \\([0-9.]*\\).*/\\1/'"
            ]).trimmed
        }

        /// The whole configuration file.
        func write(_ world: World, projects: [String]) throws -> [String] {
            let file = world.directory + "/projects.yaml"
            var lines = [
                "edge:", "  http: [\"\(edge.address)\"]", "  internal: {address: \"\(gateway):\(inside)\"}",
                "api: {listen: \"127.0.0.1:\(api)\"}"
            ]
            if !projects.isEmpty { lines += ["projects:"] + projects.map { "  - " + $0 } }
            lines.append("sources:")
            for name in ["retail", "press"] {
                lines.append(
                    "  - {name: \(name), repository: \(world.repository.bare), branch: main, path: \(name), project: \(name),"
                        + " poll: 1s}")
            }
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
            return ["--config", file]
        }
    }

    private static let projects = [
        "{name: retail, domains: [\"*.retail.test\", \"*.shared.test\"], quota: {replicas: 6}}",
        "{name: press, domains: [\"*.press.test\", \"*.shared.test\"], quota: {replicas: 2, apps: 3}}"
    ]

    private func run(
        _ world: World, _ container: Engine.Container, _ command: String...
    ) async throws -> Shell.Output {
        try await Shell.run(
            ["docker", "-H", "unix://\(world.engine.socket)", "exec", container.name, "timeout", "5"]
                + command)
    }

    private func shop() -> SpecText {
        SpecText(
            image: "web:1", env: ["VERSION": "of-retail"],
            web: ["edge: {internal: true}", "domains: [shop.shared.test]", "volumes: [\"data:/data\"]"],
            top: ["volumes: {data: {}}"], deploy: ["strategy: recreate", "timeout: 30s"], startPeriod: "15s",
            checkTimeout: "5s")
    }

    @Test func projectsDoNotReachEachOther() async throws {
        let place = try await Place()
        try await World.with(.init(edge: place.edge, source: ["write: false"])) { world in
            let caller = SpecText(name: "caller", image: "app:1")
            let site = SpecText(name: "site", image: "app:1")
            try await world.repository.commit([
                "retail/shop.yaml": shop().yaml(world), "retail/caller.yaml": caller.yaml(world),
                "press/site.yaml": site.yaml(world)
            ])
            try await world.start(arguments: try place.write(world, projects: Self.projects))
            for app in ["shop", "caller", "site"] { try await world.converged(app, on: 1) }
            let neighbour = try #require(try await world.containers("caller").first)
            let stranger = try #require(try await world.containers("site").first)
            #expect(neighbour.name == "\(world.prefix)retail.caller-web-v1-1")
            #expect(stranger.name == "\(world.prefix)press.site-web-v1-1")
            let status = try #require(try await world.status(of: "shop"))
            let instance = try #require(status.instances.first)
            let address = try #require(instance.address)
            func wget(_ from: Engine.Container, _ url: String) async throws -> Shell.Output {
                try await run(world, from, "wget", "-q", "-T", "3", "-O", "-", url)
            }
            // Whoever belongs to it reaches it in every way: so a failure below says something.
            let inside = "http://shop.internal:\(place.inside)/"
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
                inside, "http://web.shop.internal:\(place.inside)/"
            ] {
                let output = try await wget(stranger, url)
                #expect(output.exitCode != 0 && !output.text.contains("of-retail"), "\(url): \(output)")
            }
            // Not even by asking the edge inside for another name.
            let host = try await run(
                world, stranger, "wget", "-q", "-T", "3", "-O", "-", "--header", "Host: shop.internal",
                "http://\(place.gateway):\(place.inside)/")
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

    @Test func rulesAreKept() async throws {
        let place = try await Place()
        try await World.with(.init(edge: place.edge, source: ["write: false"])) { world in
            // A volume that another project has left behind, under the very name that press would use.
            let volume = "\(world.prefix)press.blog-data"
            try await world.engine.docker(
                "volume", "create", "--label", "slipway.installation=\(world.id)", "--label",
                "slipway.project=retail",
                volume)
            func press(_ name: String, _ change: (inout SpecText) -> Void) -> String {
                var spec = SpecText(name: name, image: "app:1")
                change(&spec)
                return spec.yaml(world)
            }
            try await world.repository.commit(["retail/shop.yaml": shop().yaml(world)])
            try await world.start(arguments: try place.write(world, projects: Self.projects))
            try await world.converged("shop", on: 1)
            try await world.repository.commit([
                "press/foreign.yaml": press("foreign") { $0.web = ["domains: [a.retail.test]"] },
                "press/big.yaml": press("big") { $0.replicas = 3 },
                "press/thief.yaml": press("thief") { $0.web = ["domains: [shop.shared.test]"] },
                "press/blog.yaml": press("blog") {
                    $0.web = ["volumes: [\"data:/data\"]"]
                    $0.top = ["volumes: {data: {}}"]
                }
            ])
            func because(_ app: String) async throws -> String {
                let status = try await world.wait(for: app, "invalid") { $0.verdict == .invalid }
                return status.because.map { "\($0.object) \($0.message)" }.joined(separator: "\n")
            }
            let foreign = try await because("foreign")
            #expect(foreign.hasPrefix("press/foreign.yaml:9:15 "), "\(foreign)")
            #expect(
                foreign.contains("`a.retail.test` is no domain that apps of the project `press` may have"))
            #expect(foreign.contains("`*.press.test`"))
            #expect(try await because("big").contains("quota is 2"))
            let thief = try await because("thief")
            #expect(
                thief.contains("`shop.shared.test` belongs to an app of another project already"), "\(thief)")
            #expect(!thief.contains("app `shop`"))
            // The volume is looked at when the container is made.
            try await eventually("the volume is refused", within: .seconds(40)) {
                let text = try await world.slipway("why", "blog").text
                return text.contains("is not of the project press") ? .yes(()) : .notYet(text)
            }
            // The claim is still the first one's after a restart, and its app runs.
            try await world.daemon?.terminate()
            try await world.start(arguments: try place.write(world, projects: Self.projects))
            #expect(try await because("thief").contains("belongs to an app of another project already"))
            try await world.answers("shop.shared.test", "of-retail")
            let plan = try await world.slipway("plan", "--source", "press")
            #expect(plan.text.contains("belongs to an app of another project already"), "\(plan.text)")
        }
    }

    @Test func tokensOpenTheirProjectOnly() async throws {
        let place = try await Place()
        try await World.with(.init(edge: place.edge, source: ["write: false"])) { world in
            try await world.repository.commit([
                "retail/shop.yaml": shop().yaml(world),
                "press/site.yaml": SpecText(name: "site", image: "app:1").yaml(world)
            ])
            try await world.start(arguments: try place.write(world, projects: Self.projects))
            for app in ["shop", "site"] { try await world.converged(app, on: 1) }
            let made = try await world.slipway(
                "token", "create", "ci", "--role", "developer", "--project", "press", "--expires", "1h", "-o",
                "json")
            #expect(made.exitCode == 0, "\(made)")
            let created = try WireCoding.decode(CreatedToken.self, from: Array(made.text.utf8))
            let file = world.directory + "/token"
            try Data((created.token + "\n").utf8).write(to: URL(filePath: file))
            try await Shell.succeed(["chmod", "600", file])
            func over(_ arguments: String...) async throws -> Shell.Output {
                try await Shell.run(
                    [world.settings.programs + "/slipway"] + arguments
                        + ["--server", "http://127.0.0.1:\(place.api)", "--token-file", file])
            }
            let status = try WireCoding.decode(
                InstallationStatus.self, from: Array(try await over("status", "-o", "json").text.utf8))
            #expect(status.apps.map(\.name.rawValue) == ["site"])
            #expect(try await over("logs", "site").exitCode == 0)
            for arguments in [
                ["logs", "shop"], ["rollback", "shop"], ["trace", "\(world.prefix)retail.shop-web-v1-1"]
            ] {
                let output = try await Shell.run(
                    [world.settings.programs + "/slipway"] + arguments
                        + ["--server", "http://127.0.0.1:\(place.api)", "--token-file", file])
                #expect(output.exitCode == 5, "\(arguments) \(output)")
                #expect(
                    output.errors.contains("there is no app shop") || output.errors.contains("no container"))
            }
            #expect(
                try await over("rollback", "site").errors.contains("takes the role operator in project press")
            )
            #expect(try await over("token", "list").exitCode == 5)
            #expect(try await over("whoami").text.contains("developer in press"))
            let audit = try await world.slipway("audit", "--actor", "ci", "-o", "json")
            let records = try WireCoding.decode([AuditRecord].self, from: Array(audit.text.utf8))
            #expect(
                records.contains {
                    $0.action == "rollback" && $0.result == .denied && $0.app?.rawValue == "site"
                })
            #expect(
                records.contains {
                    $0.action == "logs" && $0.result == .denied && $0.project?.rawValue == "retail"
                })
            let mine = try await world.slipway("audit", "-o", "json")
            #expect(mine.text.contains("\"action\" : \"createToken\"") || mine.text.contains("createToken"))
            #expect(mine.text.contains("socket uid 0"))
            // It is a secret wherever one looks.
            let secret = String(created.token.suffix(43))
            for text in [
                audit.text, mine.text, world.log, try await world.slipway("events", "-o", "json").text
            ] {
                #expect(!text.contains(secret))
            }
            let found = try await Shell.run(["grep", "-rlF", secret, world.stateDirectory])
            #expect(found.text.trimmed.isEmpty)
            #expect(try await world.slipway("token", "revoke", "ci").exitCode == 0)
            let after = try await over("status")
            #expect(after.exitCode == 5 && after.errors.contains("the token was revoked"), "\(after)")
        }
    }

    /// Rules for projects that come later restart nothing.
    @Test func anUpgradeToProjectsRestartsNothing() async throws {
        let place = try await Place()
        try await World.with(.init(edge: place.edge, source: ["write: false"])) { world in
            try await world.repository.commit([
                "retail/shop.yaml": shop().yaml(world),
                "press/site.yaml": SpecText(name: "site", image: "app:1", replicas: 2).yaml(world)
            ])
            try await world.start(arguments: try place.write(world, projects: []))
            for app in ["shop", "site"] { try await world.converged(app, on: 1) }
            func running() async throws -> [String] {
                try await world.engine.docker(
                    "ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}", "--filter", "name=\(world.id)"
                ).lines.sorted()
            }
            let before = try await running()
            #expect(before.contains { $0.hasSuffix(" \(world.prefix)shop-web-v1-1") })
            try await world.daemon?.terminate()
            try await world.start(arguments: try place.write(world, projects: Self.projects))
            for app in ["shop", "site"] { try await world.converged(app, on: 1) }
            try await always("nothing is made or stopped", for: .seconds(3)) {
                let now = try await running()
                return now == before ? nil : "\(now)"
            }
            // What is deployed next goes on with the names that there are, and with the volume.
            var next = shop()
            next.env["VERSION"] = "two"
            try await world.repository.commit(["retail/shop.yaml": next.yaml(world)])
            try await world.converged("shop", on: 2)
            let mounts = try await world.engine.docker(
                "inspect", "-f", "{{range .Mounts}}{{.Name}} {{end}}", "\(world.prefix)shop-web-v2-1")
            #expect(mounts == "\(world.prefix)shop-data")
        }
    }
}
