import Model
import TestServers
import Testing

/// HTTPS with a certificate from a real ACME server, and who may enter.
@Suite struct EdgeSecurityTests {
    private func spec(_ edge: String, name: String = "shop", more: [String] = []) -> SpecText {
        SpecText(
            name: name, image: "web:1", env: ["VERSION": name],
            web: ["domains: [\(name).example.com]", "edge: {\(edge)}"] + more,
            deploy: ["timeout: 30s"], startPeriod: "15s", checkTimeout: "5s")
    }

    /// What curl sees of `https://shop.example.com`: the version of HTTP, the status, and the body.
    private func askSecurely(
        _ world: World, _ server: ACMEServer, _ options: String...
    ) async throws -> Shell.Output {
        guard let edge = world.options.edge, let port = edge.https else {
            throw Expired(what: "https", last: "this world has none")
        }
        return try await Shell.run(
            [
                "curl", "-s", "-m", "10", "--cacert", server.directory + "/root.pem", "--resolve",
                "shop.example.com:\(port):127.0.0.1", "-w", " %{http_version} %{http_code}"
            ] + options + ["https://shop.example.com:\(port)/"])
    }

    @Test func aCertificateComesWithTheFirstDeploy() async throws {
        var place = try EdgePlace()
        place.https = try closedPort()
        try await ACMEServer.with(validationPort: place.http) { server in
            place.more = server.configuration
            try await World.with(.init(edge: place)) { world in
                try await world.repository.commit(["shop.yaml": spec("https: redirect").yaml(world)])
                try await world.start()
                try await world.converged("shop", on: 1)
                // Until the certificate is there, TLS works with one that nobody trusts.
                try await eventually("a certificate that is trusted", within: .seconds(60)) {
                    let output = try await askSecurely(world, server)
                    return output.exitCode == 0 && output.text == "shop\n 2 200"
                        ? .yes(()) : .notYet("\(output)")
                }
                let plain = try await world.ask("shop.example.com", options: ["-o", "/dev/null"])
                #expect(plain.status == 301 || plain.status == 308, "\(plain)")
                let certificate = try await eventually("the status shows it", within: .seconds(20)) {
                    let found = try await world.status().edge?.certificates.first {
                        $0.host == "shop.example.com"
                    }
                    return found?.kind == .issued ? .yes(found) : .notYet("\(String(describing: found))")
                }
                #expect(certificate?.problem == nil)
            }
        }
    }

    @Test func whoMayNotEnterDoesNot() async throws {
        try await World.with(.init(edge: EdgePlace())) { world in
            let hash = try await Shell.succeed(["openssl", "passwd", "-6", "-salt", "saltsalt", "open sesame"]
            )
            let closed = spec("https: off, allow: [192.0.2.0/24]", name: "closed")
            let guarded = spec(#"https: both, basic_auth: {anna: "\#(hash)"}, max_body: 10"#, name: "guarded")
            try await world.repository.commit([
                "closed.yaml": closed.yaml(world), "guarded.yaml": guarded.yaml(world)
            ])
            try await world.start()
            for app in ["closed", "guarded"] { try await world.converged(app, on: 1) }
            try await eventually("the edge knows both", within: .seconds(20)) {
                let answers = try await (world.ask("closed.example.com"), world.ask("guarded.example.com"))
                return answers.0.status == 403 && answers.1.status == 401 ? .yes(()) : .notYet("\(answers)")
            }
            let anna = ["-u", "anna:open sesame"]
            #expect(try await world.ask("guarded.example.com", options: anna).status == 200)
            #expect(try await world.ask("guarded.example.com", options: ["-u", "anna:guess"]).status == 401)
            let large = anna + ["-d", "more than ten bytes of it"]
            #expect(try await world.ask("guarded.example.com", options: large).status == 413)
            // What a client claims about itself does not come through.
            let headers = try await world.ask(
                "guarded.example.com", path: "/headers",
                headers: [
                    "X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9"
                ],
                options: anna)
            #expect(headers.body.contains(#""x-forwarded-for": "127.0.0.1""#), "\(headers.body)")
            #expect(!headers.body.contains("203.0.113.9"), "\(headers.body)")
        }
    }

    @Test func aPortThatIsTakenIsToldAndStopsNothingElse() async throws {
        try await World.with(.init(edge: EdgePlace())) { other in
            try await other.start()
            try await eventually("the other one's edge listens", within: .seconds(20)) {
                try await other.ask("nobody.example.com").status == 404 ? .yes(()) : .notYet("not yet")
            }
            try await World.with(.init(edge: other.options.edge)) { world in
                let worker = SpecText(name: "plain", image: "app:1")
                try await world.repository.commit(["plain.yaml": worker.yaml(world)])
                try await world.start()
                try await world.converged("plain", on: 1)
                let port = try #require(other.options.edge).http
                try await eventually("the port is named", within: .seconds(30)) {
                    let status = try await world.status()
                    let text = status.because.map(\.message).joined(separator: "\n")
                    return text.contains("\(port)") ? .yes(()) : .notYet(text)
                }
            }
        }
    }
}
