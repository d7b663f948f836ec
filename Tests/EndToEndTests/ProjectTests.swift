import FoundationEssentials
import Model
import TestServers
import Testing

/// Two projects in one installation: rules, claims, tokens. What they can reach of each other is in
/// `InternalNameTests`, as the addresses for names are one of a machine.
@Suite struct ProjectTests {
    @Test func rulesAreKept() async throws {
        let place = try ProjectPlace()
        try await World.with(place.options) { world in
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
            try await world.repository.commit([
                "retail/shop.yaml": ProjectPlace.shop.yaml(world), "press/README.md": "Nothing yet.\n"
            ])
            try await world.start(arguments: try place.write(world))
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
            try await world.start(arguments: try place.write(world))
            #expect(try await because("thief").contains("belongs to an app of another project already"))
            try await world.answers("shop.shared.test", "of-retail")
            let plan = try await world.slipway("plan", "--source", "press")
            #expect(plan.text.contains("belongs to an app of another project already"), "\(plan.text)")
        }
    }

    @Test func tokensOpenTheirProjectOnly() async throws {
        let place = try ProjectPlace()
        try await World.with(place.options) { world in
            try await world.repository.commit([
                "retail/shop.yaml": ProjectPlace.shop.yaml(world),
                "press/site.yaml": SpecText(name: "site", image: "app:1").yaml(world)
            ])
            try await world.start(arguments: try place.write(world))
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

    @Test func whatAProjectMayHaveOfTheHostItHas() async throws {
        let place = try ProjectPlace()
        try await World.with(place.options) { world in
            let media = world.directory + "/media"
            try await Shell.succeed(["sh", "-c", #"mkdir -p "$0" && echo on-the-host >"$0/note""#, media])
            let (port, taken) = (try closedPort(), try closedPort())
            let asking = [
                "capabilities: [NET_ADMIN]", "host_paths: [\"\(media):/media:ro\"]",
                "host_ports: [\"127.0.0.1:\(port):8080\"]"
            ]
            try await world.repository.commit([
                "retail/shop.yaml": SpecText(image: "app:1", web: asking).yaml(world),
                "press/site.yaml": SpecText(name: "site", image: "app:1", web: asking).yaml(world)
            ])
            try await world.start(
                arguments: try place.write(
                    world,
                    projects: [
                        "{name: retail, capabilities: [NET_ADMIN], host_paths: [\"\(media):ro\", /srv/not-there], host_ports: [\"\(port)\", \"\(taken)\"]}",
                        "{name: press}"
                    ]))
            try await world.converged("shop", on: 1)
            let name = try #require(try await world.containers("shop").first?.name)
            #expect(try await world.engine.docker("exec", name, "cat", "/media/note") == "on-the-host")
            let writing = try await Shell.run(
                [
                    "docker", "-H", "unix://" + world.engine.socket, "exec", name, "sh", "-c",
                    "echo x >/media/note"
                ])
            #expect(writing.errors.contains("Read-only"), "\(writing)")
            let added = try await world.engine.docker("inspect", "--format", "{{.HostConfig.CapAdd}}", name)
            #expect(added.contains("NET_ADMIN"))

            let site = try await world.wait(for: "site", "it is refused") { $0.verdict == .invalid }
            let words = site.because.map(\.message).joined(separator: " ")
            #expect(words.contains("NET_ADMIN") || words.contains("capabilit"), "\(words)")
            #expect(try await world.containers("site").isEmpty)

            // The old instance gives the port up before the new one takes it; a bad release gives it back.
            for (image, release) in [("app:2", 2), ("app:exits", 3)] {
                try await world.repository.commit([
                    "retail/shop.yaml": SpecText(image: image, web: asking).yaml(world)
                ])
                try await world.wait(for: "shop", "\(image) ends") {
                    $0.rollout == nil && $0.wanted?.number?.value == release && $0.verdict != .progressing
                }
                try await eventually("the port answers") {
                    let output = try await Shell.run(["curl", "-fs", "http://127.0.0.1:\(port)/health"])
                    return output.exitCode == 0 ? .yes(()) : .notYet("\(output)")
                }
            }
            #expect(try await world.containers("shop").map(\.release) == ["2"])

            // What the host cannot give: a path that is not there, a port that a stranger has.
            try await withProgram(
                ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "\(taken)"],
                whenReady: {
                    try await eventually("the stranger is there") {
                        let output = try await Shell.run([
                            "curl", "-fs", "-o", "/dev/null", "http://127.0.0.1:\(taken)/"
                        ])
                        return output.exitCode == 0 ? .yes(()) : .notYet("\(output)")
                    }
                },
                {
                    for line in [
                        "host_paths: [\"/srv/not-there:/media:ro\"]",
                        "host_ports: [\"127.0.0.1:\(taken):8080\"]"
                    ] {
                        let earlier = try await world.status(of: "shop")?.wanted?.number?.value ?? 0
                        try await world.repository.commit([
                            "retail/shop.yaml": SpecText(image: "app:2", web: [line]).yaml(world)
                        ])
                        try await world.wait(for: "shop", "\(line) is put back") {
                            $0.verdict == .rolledBack && $0.rollout == nil
                                && ($0.wanted?.number?.value ?? 0) > earlier
                        }
                        #expect(try await world.containers("shop").map(\.release) == ["2"])
                    }
                })
        }
    }

    @Test(arguments: [
        (["host_paths: [/]"], "retail cannot have the host path /: it holds, or is in"),
        (["host_paths: [/var/run/docker.sock]"], "retail cannot have the host path /var/run/docker.sock"),
        (
            ["host_paths: [srv]", "host_ports: [http]", "capabilities: [ALL]"],
            "`projects[0].host_paths` must be a list of such as"
        )
    ])
    func aRuleThatWouldGiveAwayTheHostIsRefused(lines: [String], words: String) async throws {
        var options = World.Options()
        options.source = ["project: retail"]
        options.configuration = ["projects:", "  - name: retail"] + lines.map { "    " + $0 }
        try await World.with(options) { world in
            let daemon = try await world.start(waiting: false)
            #expect(try await daemon.waitForEnd() == 64)
            #expect(daemon.log.contains(words), "\(daemon.log)")
            guard lines.count > 1 else { return }
            for key in ["host_ports", "capabilities"] {
                #expect(daemon.log.contains("`projects[0].\(key)` must be"), "\(daemon.log)")
            }
        }
    }

    @Test func peopleOfAnIdentityProviderHaveTheRolesOfTheirGroups() async throws {
        let place = try ProjectPlace()
        try await World.with(place.options) { world in
            try await world.repository.commit([
                "retail/shop.yaml": ProjectPlace.shop.yaml(world),
                "press/site.yaml": SpecText(name: "site", image: "app:1").yaml(world)
            ])
            try await TestProvider.with(in: world.directory + "/provider") { provider in
                let rules = [
                    "{claim: groups, value: press-team, role: developer, projects: [press]}",
                    #"{claim: groups, value: ops, role: operator, projects: ["*"]}"#
                ]
                try await world.start(
                    arguments: try place.write(world, more: provider.configuration(rules: rules)))
                for app in ["shop", "site"] { try await world.converged(app, on: 1) }
                func over(_ file: String, _ arguments: String...) async throws -> Shell.Output {
                    try await Shell.run(
                        [world.settings.programs + "/slipway"] + arguments
                            + ["--server", "http://127.0.0.1:\(place.api)", "--token-file", file])
                }
                let anna = try await provider.tokenFile("anna", groups: ["press-team"])
                let boss = try await provider.tokenFile("boss", groups: ["ops"])
                #expect(try await over(anna, "whoami").text.contains("developer in press"))
                let status = try WireCoding.decode(
                    InstallationStatus.self,
                    from: Array(try await over(anna, "status", "-o", "json").text.utf8))
                #expect(status.apps.map(\.name.rawValue) == ["site"])
                #expect(try await over(anna, "pause", "site").exitCode == 5)
                #expect(try await over(boss, "pause", "shop").exitCode == 0)
                let shop = try #require(try await world.status(of: "shop"))
                #expect(shop.because.contains { $0.cause == .paused })

                let nobody = try await over(
                    try await provider.tokenFile("carl", groups: ["guests"]), "status")
                #expect(nobody.exitCode == 5, "\(nobody)")
                let elsewhere = try await over(
                    try await provider.tokenFile("dora", groups: ["ops"], audience: "other"), "status")
                #expect(elsewhere.exitCode == 5, "\(elsewhere)")

                let audit = try await world.slipway("audit", "-o", "json")
                let records = try WireCoding.decode([AuditRecord].self, from: Array(audit.text.utf8))
                #expect(
                    records.contains {
                        $0.actor.contains("boss@example.com") && $0.action == "pause" && $0.result == .done
                    }, "\(audit)")
                #expect(
                    records.contains {
                        $0.actor.contains("anna@example.com") && $0.action == "pause" && $0.result == .denied
                    })
            }
        }
    }

    /// Rules for projects that come later restart nothing.
    @Test func anUpgradeToProjectsRestartsNothing() async throws {
        let place = try ProjectPlace()
        try await World.with(place.options) { world in
            try await world.repository.commit([
                "retail/shop.yaml": ProjectPlace.shop.yaml(world),
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
            try await world.start(arguments: try place.write(world))
            for app in ["shop", "site"] { try await world.converged(app, on: 1) }
            try await always("nothing is made or stopped", for: .seconds(3)) {
                let now = try await running()
                return now == before ? nil : "\(now)"
            }
            // What is deployed next goes on with the names that there are, and with the volume.
            var next = ProjectPlace.shop
            next.env["VERSION"] = "two"
            try await world.repository.commit(["retail/shop.yaml": next.yaml(world)])
            try await world.converged("shop", on: 2)
            let mounts = try await world.engine.docker(
                "inspect", "-f", "{{range .Mounts}}{{.Name}} {{end}}", "\(world.prefix)shop-web-v2-1")
            #expect(mounts == "\(world.prefix)shop-data")
        }
    }
}
