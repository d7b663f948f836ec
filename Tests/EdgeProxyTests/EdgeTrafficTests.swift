import EdgeProxy
import Execution
import FoundationEssentials
import HTTPClient
import Model
import Ports
import Synchronization
import TestServers
import Testing

@Suite struct EdgeTrafficTests {
    @Test func `requests, errors and durations are counted by release, and over a reload`() async throws {
        let good = try backend("good")
        let bad = try RawServer { connection in
            while connection.request() != nil {
                connection.pause(milliseconds: 30)
                connection.answer("bad", status: "500 Oh")
            }
        }
        try await withEdge { fixture, edge in
            let targets = [target("shop-web-v1-1", 1, good), target("shop-web-v2-1", 2, bad)]
            let wanted = route(targets, split: [release(1): 80, release(2): 20])
            try await edge.apply(wanted)
            for _ in 0..<50 { _ = try await fixture.get("shop.example.com") }
            try await edge.apply(route([], key: key("other"), host: "other.test"))
            for _ in 0..<50 { _ = try await fixture.get("shop.example.com") }
            try await eventually("all log lines are read") {
                let figures = try await edge.observe()[shop]?.figures ?? [:]
                return figures.values.reduce(0) { $0 + $1.latency.reduce(0, +) } == 100
            }
            let figures = try #require(try await edge.observe()[shop]?.figures)
            #expect(figures[release(1)]?.requests == 80)
            #expect(figures[release(1)]?.errors == 0)
            #expect(figures[release(2)]?.requests == 20)
            #expect(figures[release(2)]?.errors == 20)
            #expect(figures[release(2)]?.latency.prefix(3).reduce(0, +) == 0)
            // A server that left and one of the same name that came again.
            try await edge.apply(route([targets[0]]))
            try await edge.apply(wanted)
            for _ in 0..<100 { _ = try await fixture.get("shop.example.com") }
            let later = try #require(try await edge.observe()[shop]?.figures)
            #expect(later.values.reduce(0) { $0 + $1.requests } == 200)
            // A server that joins a round under way gets its share from the next one on.
            #expect((32...44).contains(later[release(2)]?.requests ?? 0))
        }
    }

    @Test func `a draining server finishes what it has, also over a reload, and its sessions are seen`()
        async throws
    {
        let mayAnswer = Shared(false)
        let slow = try RawServer { connection in
            while connection.request() != nil {
                while !mayAnswer.value { connection.pause(milliseconds: 5) }
                connection.answer("slow")
            }
        }
        let fast = try backend("fast")
        try await withEdge { fixture, edge in
            let old = target("shop-web-v1-1", 1, slow)
            try await edge.apply(route([old]))
            async let answer = fixture.text("shop.example.com")
            try await eventually("the request is there") {
                try await edge.observe()[shop]?.sessions == [old.container: 1]
            }
            var draining = old
            draining.isDraining = true
            let both = route([draining, target("shop-web-v2-1", 2, fast)])
            try await edge.apply(both)
            #expect(try await fixture.text("shop.example.com") == "fast")
            // Another app comes in: the old worker finishes the request.
            try await edge.apply(route([], key: key("other"), host: "other.test"))
            let view = try #require(try await edge.observe()[shop])
            #expect(view.route == both)
            #expect(view.sessions == [old.container: 1])
            mayAnswer.value = true
            #expect(try await answer == "slow")
            try await eventually("nobody is left") { try await edge.observe()[shop]?.sessions == [:] }
        }
    }

    @Test func `a target that is dropped loses its sessions`() async throws {
        let silent = try RawServer { connection in
            _ = connection.request()
            connection.waitForClose()
        }
        try await withEdge { fixture, edge in
            try await edge.apply(route([target("shop-web-v1-1", 1, silent)]))
            async let answer = fixture.get("shop.example.com")
            try await eventually("the request is there") {
                try await edge.observe()[shop]?.sessions.count == 1
            }
            try await edge.apply(route([]))
            #expect(try await answer.status >= 500)
            try await eventually("it is deleted") {
                try fixture.admin("show servers state shop.web").contains("v1-1") == false
            }
        }
    }

    @Test func `WebSockets and event streams go through`() async throws {
        let server = try RawServer { connection in
            guard let request = connection.request()?.lowercased() else { return }
            if request.contains("upgrade: websocket") {
                connection.send(
                    "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
                while let text = connection.receive() { connection.send("echo \(text)") }
            } else {
                connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                connection.send("data: 1\n\n")
                connection.waitForClose()
            }
        }
        try await withEdge { fixture, edge in
            let options = EdgeSpec(timeout: .seconds(1), tunnelTimeout: .minutes(2))
            try await edge.apply(route([target("shop-web-v1-1", 1, server)], options: options))
            let socket = try #require(RawClient(port: fixture.port))
            socket.send(
                "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            #expect(socket.receive(until: "\r\n\r\n").contains("101"))
            socket.send("hello")
            #expect(socket.receive(until: "hello") == "echo hello")

            let events = try #require(RawClient(port: fixture.port))
            events.send("GET / HTTP/1.1\r\nHost: shop.example.com\r\nAccept: text/event-stream\r\n\r\n")
            // It is there while the answer is not at its end, and after the timeout for others.
            #expect(events.receive(until: "data: 1\n\n").contains("200"))
            let since = ContinuousClock.now
            try await eventually("the time of others has passed") {
                _ = try await edge.observe()
                return ContinuousClock.now - since > .milliseconds(1_500)
            }
            #expect(try await edge.observe()[shop]?.sessions.values.reduce(0, +) == 2)
            socket.send("again")
            #expect(socket.receive(until: "again") == "echo again")
        }
    }

    @Test func `HTTP2 without TLS reaches servers that speak it only`() async throws {
        let directory = "/tmp/edge-h2-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try "hi".write(toFile: directory + "/index.html", atomically: true, encoding: .utf8)
        let port = try closedPort()
        try await withEdge { fixture, edge in
            try await withProgram(["/usr/sbin/nghttpd", "--no-tls", "-d", directory, "\(port)"]) {
                try await eventually("nghttpd listens") { RawClient(port: port) != nil }
            } _: {
                let options = EdgeSpec(backendProtocol: .http2)
                try await edge.apply(route([], host: "grpc.test", options: options))
                // At runtime, as in a rollout.
                try await edge.apply(
                    route([target("shop-web-v1-1", 1, port: port)], host: "grpc.test", options: options))
                let answer = try await fixture.client.send(
                    HTTPRequest(
                        url: "http://127.0.0.1:\(fixture.port)/index.html", headers: [("Host", "grpc.test")],
                        timeout: .seconds(10), protocolVersion: .http2PriorKnowledge))
                #expect(answer.status == 200)
                #expect(String(decoding: answer.body, as: UTF8.self) == "hi")
                #expect(try await fixture.text("grpc.test", "/index.html") == "hi")
            }
        }
    }

    @Test func `the access log has a line for each request, and no secrets`() async throws {
        let server = try backend("ok")
        let logs = "/tmp/edge-log-\(UInt32.random(in: 0...UInt32.max))"
        defer { try? FileManager.default.removeItem(atPath: logs) }
        try await withEdge {
            $0.accessLogDirectory = logs
            $0.accessLogLimitInBytes = 1_000
        } _: { fixture, edge in
            try await edge.apply(route([target("shop-web-v1-1", 1, server)]))
            let path = "/a%22b%0ac"
            _ = try await fixture.get(
                "shop.example.com", "\(path)?token=hidden",
                headers: [("Cookie", "secret=hidden"), ("Authorization", "Bearer hidden")])
            let file = "\(logs)/shop.log"
            try await eventually("the line is there") {
                FileManager.default.fileExists(atPath: file)
            }
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(!text.contains("hidden"))
            struct Line: Decodable {
                var process: String
                var instance: String
                var method: String
                var host: String
                var path: String
                var status: Int
            }
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            #expect(line.path == path)
            #expect(line.status == 200)
            #expect(line.instance == "shop-web-v1-1")
            #expect(line.host == "shop.example.com")
            for _ in 0..<8 { _ = try await fixture.get("shop.example.com") }
            try await eventually("it is put aside") { FileManager.default.fileExists(atPath: file + ".1") }
        }
    }
}
