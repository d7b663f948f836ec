import EdgeProxy
import HTTPClient
import Model
import Ports
import TestServers
import Testing

@Suite struct EdgeTrialTests {
    @Test func `marked requests and the preview reach the release that moves in, without a reload`()
        async throws
    {
        try await withEdge { fixture, edge in
            let old = try backend("old"), new = try backend("new")
            let targets = [target("shop-web-v1-1", 1, old), target("shop-web-v2-1", 2, new)]
            let match = TrialMatch(part: .header, name: "X-Canary", value: "yes")
            let atRest = Route.Trial(match: match, host: "preview.test")
            let resting = route([targets[0]], trial: atRest)
            try await edge.apply(resting)
            #expect(try await edge.observe()[shop]?.route == resting)
            #expect(try await fixture.text("shop.example.com", headers: [("x-canary", "yes")]) == "old")
            #expect(try await fixture.get("preview.test").status == 404)
            let generation = try fixture.generation()

            var moving = atRest
            moving.release = release(2)
            let split = [release(1): 100, release(2): 0]
            let dark = route(targets, split: split, trial: moving)
            try await edge.apply(dark)
            #expect(try await edge.observe()[shop]?.route == dark)
            for _ in 0..<4 {
                #expect(try await fixture.text("shop.example.com", headers: [("x-canary", "yes")]) == "new")
                #expect(try await fixture.text("shop.example.com", headers: [("x-canary", "no")]) == "old")
                #expect(try await fixture.text("shop.example.com", headers: [("x-canary", "")]) == "old")
                #expect(try await fixture.text("shop.example.com") == "old")
                #expect(try await fixture.text("preview.test") == "new")
            }
            try await edge.apply(resting)
            #expect(try await edge.observe()[shop]?.route == resting)
            #expect(try await fixture.text("shop.example.com", headers: [("x-canary", "yes")]) == "old")
            #expect(try fixture.generation() == generation)
        }
    }

    @Test func `a mark of any value, and marks of several apps`() async throws {
        try await withEdge { fixture, edge in
            for (name, match) in [
                ("a", TrialMatch(part: .cookie, name: "beta")),
                ("b", TrialMatch(part: .header, name: "x-b", value: "1"))
            ] {
                let old = try backend("\(name)-old"), new = try backend("\(name)-new")
                try await edge.apply(
                    route(
                        [target("\(name)-web-v1-1", 1, old), target("\(name)-web-v2-1", 2, new)],
                        key: key(name), host: "\(name).test", split: [release(1): 100, release(2): 0],
                        trial: Route.Trial(match: match, release: release(2))))
                // Kept alive by the route's test below.
                fixture.servers.value += [old, new]
            }
            #expect(try await fixture.text("a.test", headers: [("Cookie", "x=1; beta=whatever")]) == "a-new")
            #expect(try await fixture.text("a.test", headers: [("Cookie", "x=1; beta=")]) == "a-old")
            #expect(try await fixture.text("a.test", headers: [("x-b", "1")]) == "a-old")
            #expect(try await fixture.text("b.test", headers: [("x-b", "1")]) == "b-new")
            #expect(try await fixture.text("b.test", headers: [("x-b", "2")]) == "b-old")
            #expect(try await fixture.text("b.test", headers: [("Cookie", "beta=1")]) == "b-old")
        }
    }
}
