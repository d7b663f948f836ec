import Crypto
import FoundationEssentials
import Model
@testable import Notices
import Ports
import Synchronization
import TestServers
import Testing

@Suite struct HTTPNoticeTests {
    private func answering(_ status: String, headers: String = "") throws -> RawServer {
        try RawServer { connection in
            while connection.request() != nil { connection.answer("x", status: status, headers: headers) }
        }
    }

    private func body(_ request: String) throws -> String {
        String(request[try #require(request.firstRange(of: "\r\n\r\n")).upperBound...])
    }

    @Test func aWebhookIsSigned() async throws {
        let server = try answering("204 No Content")
        let key = "0123456789abcdef"
        try await channel("http://127.0.0.1:\(server.port)/hook", .webhook(secret: key)).send(try sample())
        let request = try #require(server.requests.withLock { $0.first })
        let body = try body(request)
        let code = MessageAuthentication.hmacSHA256(key: Array(key.utf8), message: Array(body.utf8))
        #expect(request.contains("X-Slipway-Signature: sha256=\(Hex.encode(code))\r\n"))
        #expect(request.hasPrefix("POST /hook HTTP/1.1\r\n"))
        #expect(request.contains("Content-Type: application/json\r\n"))
        struct Hook: Decodable {
            var version: Int
            var id, kind, app, title, message, commit: String
            var release: Int
            var at: Int64
        }
        let hook = try JSONDecoder().decode(Hook.self, from: Data(body.utf8))
        #expect(hook.version == 1 && hook.kind == "failed" && hook.app == "shop" && hook.release == 5)
        #expect(hook.id == "main-1764000000-7" && hook.title == "shop: failed" && hook.at == 1_764_000_000)
    }

    @Test func slackIsGivenNothingThatItObeys() async throws {
        let server = try answering("200 OK")
        try await channel("http://127.0.0.1:\(server.port)/services/T/B/x", .slack).send(try sample())
        let body = try body(try #require(server.requests.withLock { $0.first }))
        #expect(
            body.contains(
                #""text":"*shop: failed*\nv5 failed: web exited 3 — &lt;!channel&gt; &amp; more\n"#),
            "\(body)")
        #expect(body.contains("slipway why shop"))
    }

    @Test func ntfyHasTopicAndPriority() async throws {
        let server = try answering("200 OK")
        try await channel("http://127.0.0.1:\(server.port)", .ntfy(topic: "ops", token: "tk_secret")).send(
            try sample())
        let request = try #require(server.requests.withLock { $0.first })
        #expect(request.contains("Authorization: Bearer tk_secret\r\n"))
        #expect(try body(request).contains(#""priority":4"#))
        #expect(try body(request).contains(#""topic":"ops""#))
    }

    @Test(arguments: [
        ("500 Oh", NoticeError.Code.unavailable), ("503 Later", .unavailable), ("404 None", .rejected),
        ("401 Who", .rejected), ("429 Slow", .rateLimited), ("302 There", .rejected)
    ]) func refusalsAreTold(status: String, code: NoticeError.Code) async throws {
        let server = try answering(status, headers: "Retry-After: 7\r\nLocation: http://169.254.169.254/\r\n")
        let error = try #require(
            await failure(
                try channel("http://user:hunter2@127.0.0.1:\(server.port)/secret-path?key=1"), try sample()))
        #expect(error.code == code)
        if code == .rateLimited { #expect(error.retryAfterSeconds == 7) }
        #expect(error.message.contains("127.0.0.1:\(server.port)"))
        #expect(!error.message.contains("secret-path") && !error.message.contains("hunter2"))
        #expect(server.requests.withLock { $0.count } == 1, "a redirect is not followed")
    }

    @Test func whoDoesNotAnswerIsGivenUpInTime() async throws {
        let silent = try RawServer { $0.waitForClose() }
        let clock = ContinuousClock()
        let start = clock.now
        let error = await failure(
            try channel("http://127.0.0.1:\(silent.port)/", timeoutInMilliseconds: 300), try sample())
        #expect(error?.code == .timeout)
        #expect(clock.now - start < .seconds(5))
        let gone = await failure(try channel("http://127.0.0.1:1/"), try sample())
        #expect(gone?.code == .unreachable)
        let endless = try RawServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 120, count: 65_536)) {}
        }
        let large = await failure(try channel("http://127.0.0.1:\(endless.port)/"), try sample())
        #expect(large?.code == .unreachable, "an answer without end is not read to the end")
    }

    @Test func aCancelledTaskDoesNotWait() async throws {
        let silent = try RawServer { $0.waitForClose() }
        let slow = try channel("http://127.0.0.1:\(silent.port)/", timeoutInMilliseconds: 60_000)
        let notice = try sample()
        let task = Task { await failure(slow, notice) }
        try await silent.waitForConnection()
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .unreachable)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test(arguments: ["file:///etc/passwd", "gopher://127.0.0.1/", "http://", "nonsense"])
    func otherSchemesAreRefused(url: String) async throws {
        #expect(await failure(try channel(url), try sample()) != nil)
    }
}
