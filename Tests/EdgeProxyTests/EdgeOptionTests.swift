import EdgeProxy
import FoundationEssentials
import HTTPClient
import Model
import Ports
import Synchronization
import TestServers
import Testing

@Suite struct EdgeOptionTests {
    /// One app with these options, and a server that answers with the request it got.
    private func withApp(
        _ options: EdgeSpec, _ change: (inout EdgeConfiguration) -> Void = { _ in },
        _ body: (EdgeFixture, HAProxyEdge, RawServer) async throws -> Void
    ) async throws {
        let server = try RawServer { connection in
            while let request = connection.request() { connection.answer(request) }
        }
        try await withEdge(change) { fixture, edge in
            let wanted = route([target("shop-web-v1-1", 1, server)], options: options)
            try await edge.apply(wanted)
            #expect(try await edge.observe()[shop]?.route == wanted)
            try await body(fixture, edge, server)
        }
    }

    @Test func `the client's address is what the edge says it is`() async throws {
        try await withApp(EdgeSpec()) { fixture, _, _ in
            let spoofed = [
                ("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"), ("X-Real-IP", "6.6.6.6"),
                ("X-Forwarded-Proto", "https"), ("X-Forwarded-Anything", "6.6.6.6")
            ]
            let request = try await fixture.text("shop.example.com", headers: spoofed).lowercased()
            #expect(!request.contains("6.6.6.6"))
            #expect(request.contains("x-forwarded-for: 127.0.0.1\r\n"))
            #expect(request.contains("x-real-ip: 127.0.0.1\r\n"))
            #expect(request.contains("x-forwarded-proto: http\r\n"))
            #expect(request.contains("x-forwarded-host: shop.example.com\r\n"))
            #expect(request.contains("host: shop.example.com\r\n"))
        }
    }

    @Test func `too many requests are 429`() async throws {
        try await withApp(EdgeSpec(rateLimit: 2)) { fixture, _, _ in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await fixture.get("shop.example.com").status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } >= 2)
            #expect(statuses.contains(429))
        }
    }

    @Test func `only networks of the list enter`() async throws {
        try await withApp(EdgeSpec(allow: ["10.0.0.0/8", "fd00::/8"])) { fixture, edge, server in
            #expect(try await fixture.get("shop.example.com").status == 403)
            var options = EdgeSpec(allow: (0..<100).map { "10.0.\($0).0/24" })
            options.allow?.append("127.0.0.0/8")
            try await edge.apply(route([target("shop-web-v1-1", 1, server)], options: options))
            #expect(try await fixture.get("shop.example.com").status == 200)
        }
    }

    @Test func `users have passwords`() async throws {
        let users = [EdgeUser(name: "ann", passwordHash: try passwordHash("secret"))]
        try await withApp(EdgeSpec(users: users)) { fixture, _, _ in
            let refused = try await fixture.get("shop.example.com")
            #expect(refused.status == 401)
            #expect(refused.header("WWW-Authenticate")?.contains("shop") == true)
            func enter(_ text: String) async throws -> Int {
                let token = Data(text.utf8).base64EncodedString()
                return try await fixture.get(
                    "shop.example.com", headers: [("Authorization", "Basic \(token)")]
                ).status
            }
            #expect(try await enter("ann:secret") == 200)
            #expect(try await enter("ann:wrong") == 401)
            #expect(try await enter("bob:secret") == 401)
        }
    }

    @Test func `large bodies are 413, and bodies of unknown length 411`() async throws {
        try await withApp(EdgeSpec(maxBodyInBytes: 1_000)) { fixture, _, _ in
            func post(_ size: Int, _ headers: [(String, String)] = []) async throws -> Int {
                try await fixture.get(
                    "shop.example.com", headers: headers, method: "POST",
                    body: Array(repeating: 65, count: size)
                ).status
            }
            let fitting = try await post(1_000)
            let large = try await post(1_001)
            let unknown = try await post(10, [("Transfer-Encoding", "chunked")])
            #expect([fitting, large, unknown] == [200, 413, 411])
        }
    }

    @Test func `the app's own page stands while nobody is ready`() async throws {
        let page = "<p>" + String(repeating: "x", count: 16_000) + "</p>"
        let options = EdgeSpec(
            maintenancePage: PageSpec(source: "pages/down.html", content: FileContent(Data(page.utf8))))
        try await withApp(options) { fixture, edge, _ in
            #expect(try await fixture.get("shop.example.com").status == 200)
            try await edge.apply(route([], options: options))
            let down = try await fixture.get("shop.example.com")
            #expect(down.status == 503)
            #expect(String(decoding: down.body, as: UTF8.self) == page)
            #expect(down.header("Content-Type") == "text/html; charset=utf-8")
            #expect(down.header("Retry-After") == "5")
            // A server that refuses is as good as none.
            let closed = try closedPort()
            try await edge.apply(route([target("shop-web-v1-2", 1, port: closed)], options: options))
            let refused = try await fixture.get("shop.example.com")
            #expect(refused.status == 503)
            #expect(String(decoding: refused.body, as: UTF8.self) == page)
        }
    }

    @Test func `a sticky visitor stays with the instance while it serves`() async throws {
        try await withEdge { fixture, edge in
            let servers = try (1...3).map { try backend("\($0)") }
            let options = EdgeSpec(sticky: true)
            func targets(_ count: Int, draining: Int? = nil) -> [Route.Target] {
                (0..<count).map {
                    target("shop-web-v1-\($0 + 1)", 1, servers[$0], draining: $0 + 1 == draining)
                }
            }
            try await edge.apply(route(targets(1), options: options))
            // Those that come at runtime have cookies, too.
            try await edge.apply(route(targets(3), options: options))
            var cookies: [String: String] = [:]
            for _ in 0..<6 {
                let answer = try await fixture.get("shop.example.com")
                let cookie = try #require(answer.header("Set-Cookie"))
                cookies[String(decoding: answer.body, as: UTF8.self)] =
                    cookie.split(separator: ";").first.map(String.init)
            }
            #expect(Set(cookies.values).count == 3)
            for (name, cookie) in cookies {
                for _ in 0..<3 {
                    #expect(try await fixture.text("shop.example.com", headers: [("Cookie", cookie)]) == name)
                }
            }
            try await edge.apply(route(targets(3, draining: 2), options: options))
            let cookie = try #require(cookies["2"])
            #expect(try await fixture.text("shop.example.com", headers: [("Cookie", cookie)]) != "2")
        }
    }

    @Test func `challenges go to the authority's helper and nowhere else`() async throws {
        let helper = try backend("challenge")
        try await withApp(EdgeSpec(), { $0.challengeAddress = "127.0.0.1:\(helper.port)" }) {
            fixture, edge, _ in
            var moved = route([], key: key("old"), host: "old.test")
            moved.domains[0].redirect = "shop.example.com"
            try await edge.apply(moved)
            for host in ["shop.example.com", "old.test", "unknown.test"] {
                #expect(
                    try await fixture.text(host, "/.well-known/acme-challenge/x") == "challenge", "\(host)")
            }
            #expect(try await fixture.get("old.test").status == 301)
        }
    }

    @Test func `containers reach processes by name`() async throws {
        let inside = try closedPort()
        let options = EdgeSpec(
            users: [EdgeUser(name: "a", passwordHash: try passwordHash("b"))], isInternal: true)
        try await withApp(options, { $0.internalAddress = "127.0.0.1:\(inside)" }) { fixture, edge, server in
            func status(_ host: String, _ port: Int) async throws -> Int {
                try await fixture.get(host, port: port).status
            }
            #expect(try await status("shop.internal", inside) == 200)
            #expect(try await status("web.shop.internal", inside) == 200)
            #expect(try await status("api.shop.internal", inside) == 404)
            #expect(try await status("shop.internal", fixture.port) == 404)
            #expect(try await status("shop.example.com", fixture.port) == 401)
            var api = route(
                [target("shop-api-v1-1", 1, server)], key: key("shop", "api"),
                options: EdgeSpec(isInternal: true))
            api.domains = []
            try await edge.apply(api)
            #expect(try await edge.observe()[key("shop", "api")]?.route == api)
            #expect(try await status("api.shop.internal", inside) == 200)
        }
    }

    @Test func `a request that may have been done is not repeated`() async throws {
        let silent = try RawServer { connection in
            _ = connection.request()
            connection.close()
        }
        try await withEdge { fixture, edge in
            try await edge.apply(route([target("shop-web-v1-1", 1, silent)]))
            #expect(try await fixture.get("shop.example.com", method: "POST", body: [65]).status == 502)
            #expect(silent.requests.withLock { $0.count } == 1)
            #expect(try await fixture.get("shop.example.com").status == 502)
            #expect(silent.requests.withLock { $0.count } > 2)
        }
    }
}
