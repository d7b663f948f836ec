import EdgeProxy
import HTTPClient
import Model
import Ports
import TestServers
import Testing

@Suite struct EdgeBasicsTests {
    @Test func aRouteIsServedSwitchedDrainedAndRemoved() async throws {
        try await withEdge { fixture, edge in
            let one = try backend("one"), two = try backend("two")
            let first = route([target("shop-web-v1-1", 1, one)])
            try await edge.apply(first)
            #expect(try await fixture.text("shop.example.com") == "one")
            #expect(try await edge.observe()[shop]?.route == first)

            let both = route([
                target("shop-web-v1-1", 1, one, draining: true), target("shop-web-v2-1", 2, two)
            ])
            try await edge.apply(both)
            #expect(try await edge.observe()[shop]?.route == both)
            for _ in 0..<20 { #expect(try await fixture.text("shop.example.com") == "two") }

            let second = route([target("shop-web-v2-1", 2, two)])
            try await edge.apply(second)
            let view = try #require(try await edge.observe()[shop])
            #expect(view.route == second)
            #expect(view.figures[release(1)]?.requests == 1)
            #expect(view.figures[release(2)]?.requests == 20)

            try await edge.remove(shop)
            #expect(try await edge.observe().isEmpty)
            #expect(try await fixture.get("shop.example.com").status == 404)
            try await edge.remove(shop)
        }
    }

    @Test func unknownHostsAndEmptyRoutesHaveTheirAnswers() async throws {
        try await withEdge { fixture, edge in
            try await edge.apply(route([]))
            let nobody = try await fixture.get("shop.example.com")
            #expect(nobody.status == 503)
            #expect(nobody.header("Retry-After") == "5")
            #expect(try await fixture.get("other.example.com").status == 404)
        }
    }

    @Test func sharesAreExact() async throws {
        try await withEdge { fixture, edge in
            let old = try (0..<3).map { _ in try backend("old") }
            let new = try backend("new")
            var targets = old.enumerated().map { target("shop-web-v1-\($0.offset)", 1, $0.element) }
            targets.append(target("shop-web-v2-1", 2, new))
            try await edge.apply(route(targets, split: [release(1): 75, release(2): 25]))
            var counts: [String: Int] = [:]
            for _ in 0..<1_000 { counts[try await fixture.text("shop.example.com"), default: 0] += 1 }
            #expect(counts == ["old": 750, "new": 250])

            try await edge.apply(route(targets, split: [release(1): 95, release(2): 5]))
            counts = [:]
            for _ in 0..<1_000 { counts[try await fixture.text("shop.example.com"), default: 0] += 1 }
            #expect(abs((counts["new"] ?? 0) - 50) <= 1)

            try await edge.apply(route(targets, split: [release(1): 100, release(2): 0]))
            counts = [:]
            for _ in 0..<100 { counts[try await fixture.text("shop.example.com"), default: 0] += 1 }
            #expect(counts == ["old": 100])
        }
    }

    @Test func pathsWildcardsAndRedirectsFindTheirWay() async throws {
        try await withEdge { fixture, edge in
            let main = try backend("main"), api = try backend("api"), any = try backend("any")
            try await edge.apply(route([target("a-web-v1-1", 1, main)], key: key("a"), host: "x.test"))
            var prefixed = route([target("b-web-v1-1", 1, api)], key: key("b"))
            prefixed.domains = [
                DomainSpec(host: "x.test", path: "/api"), DomainSpec(host: "old.test", redirect: "x.test")
            ]
            try await edge.apply(prefixed)
            try await edge.apply(route([target("c-web-v1-1", 1, any)], key: key("c"), host: "*.x.test"))
            for (host, path, answer) in [
                ("x.test", "/", "main"), ("X.TEST:81", "/apix", "main"), ("x.test", "/api", "api"),
                ("x.test", "/api/a?b", "api"), ("a.x.test", "/", "any")
            ] {
                #expect(try await fixture.text(host, path) == answer, "\(host)\(path)")
            }
            #expect(try await fixture.get("a.b.x.test").status == 404)
            let moved = try await fixture.get("old.test", "/a/b?c=d")
            #expect(moved.status == 301)
            #expect(moved.header("Location") == "http://x.test:\(fixture.port)/a/b?c=d")
        }
    }

    @Test func twoRoutesCannotHaveOneName() async throws {
        try await withEdge { _, edge in
            try await edge.apply(route([]))
            let error = await #expect(throws: EdgeError.self) {
                try await edge.apply(route([], key: key("thief")))
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("shop/web") == true)
            // A name that is free again can be had.
            try await edge.remove(shop)
            try await edge.apply(route([], key: key("thief")))
        }
    }
}
