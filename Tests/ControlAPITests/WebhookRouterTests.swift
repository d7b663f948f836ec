import ControlAPI
import HTTPServer
import Model
import Testing

/// Forges are answered with a number and a word, and learn nothing else.
@Suite struct WebhookRouterTests {
    @Test(
        arguments: [
            ("POST", ["webhooks", "main"], "push", 202), ("POST", ["webhooks", "main"], "none", 401),
            ("POST", ["webhooks", "main"], "bad", 400), ("POST", ["webhooks", "main"], "large", 413),
            ("POST", ["webhooks", "other"], "push", 401), ("POST", ["webhooks", "../x"], "push", 401),
            ("GET", ["webhooks", "main"], "push", 405), ("POST", ["webhooks"], "push", 404),
            ("POST", ["v1", "status"], "push", 404), ("POST", [], "push", 404)
        ] as [(String, [String], String, Int)])
    func answers(method: String, segments: [String], body: String, status: Int) async throws {
        let surface = ScriptedSurface(try Samples.script())
        let source = try #require(SourceName("main"))
        let router = WebhookRouter(
            surface: surface,
            readers: [
                source: { _, body in
                    switch String(decoding: body, as: UTF8.self) {
                    case "push": .success(.push(branch: "main"))
                    case "bad": .failure(.malformed("not as documented"))
                    case "large": .failure(.tooLarge)
                    default: .failure(.unsigned)
                    }
                }
            ])
        let answer = await router.handle(
            HTTPServerRequest(
                method: method, path: "/" + segments.joined(separator: "/"), segments: segments,
                body: Array(body.utf8), listener: .tcp, remote: "127.0.0.1:1"))
        #expect(answer.status == status)
        // Only what is signed is heard.
        #expect(surface.asked.count == (status == 202 ? 1 : 0))
    }
}
