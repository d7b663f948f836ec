import Access
@testable import ControlAPI
import HTTPClient
import HTTPServer
import Model
import Ports
import Testing

@Suite struct RouterTests {
    private func expect<Value: Decodable & Equatable & Sendable>(
        _ running: Running, _ path: String, gives value: Value,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let response = try await running.get(path)
        #expect(response.status == 200, "\(path): \(response.text)", sourceLocation: sourceLocation)
        #expect(response.header("Content-Type") == "application/json", sourceLocation: sourceLocation)
        let decoded = try WireCoding.decode(Value.self, from: response.body)
        #expect(decoded == value, sourceLocation: sourceLocation)
    }

    @Test func everyReadGivesWhatTheControllerSays() async throws {
        let script = try Samples.script()
        try await Running.with(script) { running in
            try await expect(running, "/v1/status", gives: script.status)
            try await expect(running, "/v1/apps/shop", gives: script.status.apps[0])
            try await expect(running, "/v1/apps/shop/history?limit=5", gives: script.history)
            try await expect(running, "/v1/history", gives: script.history)
            try await expect(running, "/v1/apps/shop/diff?from=v41&to=42", gives: script.diff)
            try await expect(running, "/v1/plan?source=main&head=origin/shop-1.5", gives: script.plan)
            try await expect(running, "/v1/trace/shop-web-v42-1", gives: script.trace)
            try await expect(running, "/v1/apps/shop/logs?process=web&tail=7&since=2m", gives: script.logs)
            try await expect(running, "/v1/events?after=1", gives: [script.events[1]])
            #expect(
                running.surface.asked == [
                    "status shop", "history shop 5", "history * 50", "diff shop v41 v42",
                    "plan main origin/shop-1.5",
                    "trace shop-web-v42-1", "logs shop web 7 120 false", "events 1 false"
                ])
        }
    }

    @Test func everyCommandReachesTheController() async throws {
        try await Running.with(try Samples.script()) { running in
            for (path, body) in [
                ("/v1/sync", nil), ("/v1/sync", #"{"source":"main"}"#), ("/v1/apps/shop/retry", nil),
                ("/v1/apps/shop/rollback", nil), ("/v1/apps/shop/rollback", #"{"release":41}"#),
                ("/v1/apps/shop/abort", nil), ("/v1/apps/shop/pause", nil), ("/v1/apps/shop/resume", nil),
                ("/v1/apps/shop/promote", nil), ("/v1/apps/shop/promote", #"{"full":false}"#),
                ("/v1/apps/shop/promote", #"{"full":true}"#),
                ("/v1/approvals", #"{"what":"4f2c1e9"}"#), ("/v1/approvals", #"{"what":"shop"}"#),
                ("/v1/plan", #"{"files":[{"path":"apps/shop.yaml","content":"name: shop"}]}"#)
            ] as [(String, String?)] {
                let response = try await running.get(path, "POST", body: body ?? "")
                #expect(response.status == 200, "\(path): \(response.text)")
            }
            #expect(
                running.surface.asked == [
                    "sync -", "sync main", "retry shop", "rollback shop -", "rollback shop v41", "abort shop",
                    "pause shop", "resume shop", "promote shop", "promote shop", "promote shop in full",
                    "approve 4f2c1e9", "approve shop", "plan files apps/shop.yaml"
                ])
        }
    }

    @Test(
        arguments: [
            ("GET", "/v1/nothing", "", 404, "not_found"), ("GET", "/", "", 404, "not_found"),
            ("POST", "/v1/status", "", 405, "method_not_allowed"),
            ("GET", "/v1/sync", "", 405, "method_not_allowed"),
            ("GET", "/v1/apps/Shop", "", 400, "invalid"), ("GET", "/v1/apps/..%2f", "", 400, "invalid"),
            ("GET", "/v1/apps/nope", "", 404, "not_found"), ("GET", "/v1/trace/a%20b", "", 400, "invalid"),
            ("GET", "/v1/history?limit=0", "", 400, "invalid"),
            ("GET", "/v1/history?limit=99999999999999999999", "", 400, "invalid"),
            ("GET", "/v1/history?limti=5", "", 400, "invalid"),
            ("GET", "/v1/status?token=x", "", 400, "invalid"),
            ("GET", "/v1/apps/shop/diff?from=v0", "", 400, "invalid"),
            ("GET", "/v1/plan?head=--upload-pack=x", "", 400, "invalid"),
            ("GET", "/v1/plan?head=a..b", "", 400, "invalid"),
            ("GET", "/v1/plan?source=A", "", 400, "invalid"),
            ("GET", "/v1/events?follow=perhaps", "", 400, "invalid"),
            ("GET", "/v1/events?after=-1", "", 400, "invalid"),
            ("GET", "/v1/apps/shop/logs?since=soon", "", 400, "invalid"),
            ("POST", "/v1/approvals", "", 400, "invalid"), ("POST", "/v1/approvals", "{}", 400, "invalid"),
            ("POST", "/v1/approvals", #"{"what":"4F2C1E9"}"#, 400, "invalid"),
            ("POST", "/v1/approvals", #"{"what":"0123"}"#, 400, "invalid"),
            ("POST", "/v1/apps/shop/promote", #"{"full":"yes"}"#, 400, "invalid"),
            ("POST", "/v1/apps/Shop/promote", "", 400, "invalid"),
            ("POST", "/v1/approvals", "[[[", 400, "invalid"),
            ("POST", "/v1/apps/shop/rollback", #"{"release":0}"#, 400, "invalid"),
            ("POST", "/v1/sync", #"{"source":7}"#, 400, "invalid"),
            ("POST", "/v1/plan", #"{"files":[{"path":"../x","content":""}]}"#, 400, "invalid"),
            ("POST", "/v1/plan", #"{"files":[{"path":"/etc/x","content":""}]}"#, 400, "invalid")
        ] as [(String, String, String, Int, String)])
    func mistakes(
        _ method: String, _ path: String, _ body: String, _ status: Int, _ code: String
    ) async throws {
        try await Running.with(try Samples.script()) { running in
            let response = try await running.get(path, method, body: method == "POST" ? body : nil)
            #expect(response.status == status, "\(response.text)")
            let report = try WireCoding.decode(ErrorReport.self, from: response.body)
            #expect(report.error.code == code)
            #expect(!report.error.message.isEmpty)
            if status == 405 { #expect(response.header("Allow")?.isEmpty == false) }
        }
    }

    @Test(arguments: [
        (ControlError.Code.notFound, 404), (.conflict, 409), (.invalid, 400), (.unavailable, 503),
        (.internal, 500)
    ]) func errorsOfTheController(_ code: ControlError.Code, _ status: Int) async throws {
        var script = try Samples.script()
        script.error = ControlError(code, "because \u{1F}of \"that\"")
        try await Running.with(script) { running in
            let response = try await running.get("/v1/apps/shop/retry", "POST", body: "")
            #expect(response.status == status)
            let report = try WireCoding.decode(ErrorReport.self, from: response.body)
            #expect(report == ErrorReport(code: code.rawValue, message: "because \u{1F}of \"that\""))
        }
    }

    @Test func overTCPOnlyTheTokenOpens() async throws {
        try await Running.with(try Samples.script()) { running in
            for wrong in [
                nil, "", "Bearer", "Bearer ", "Bearer x", "Bearer \(Running.token)x",
                "Basic \(Running.token)", Running.token,
                "Bearer " + Running.token.dropLast(), "Bearer \(Running.token) \(Running.token)"
            ] as [String?] {
                for path in ["/v1/status", "/v1/nothing", "/metrics", "/v1/sync"] {
                    let response = try await running.overTCP(path, authorization: wrong)
                    #expect(response.status == 401, "\(wrong ?? "nil") \(path)")
                    #expect(response.header("WWW-Authenticate") != nil)
                    #expect(!response.text.contains(Running.token))
                }
            }
            #expect(running.surface.asked.isEmpty)
            for right in ["Bearer \(Running.token)", "bearer  \(Running.token)"] {
                #expect(try await running.overTCP("/v1/status", authorization: right).status == 200)
            }
            #expect(try await running.overTCP("/healthz", authorization: nil).status == 200)
            let inQuery = try await running.overTCP("/v1/status?token=\(Running.token)", authorization: nil)
            #expect(inQuery.status == 401)
        }
    }

    @Test func withoutATokenTCPIsShut() async throws {
        let surface = ScriptedSurface(try Samples.script())
        let router = ControlRouter(surface: surface, token: nil, now: { 0 })
        let request = HTTPServerRequest(
            method: "GET", path: "/v1/status", segments: ["v1", "status"],
            headers: ["authorization": "Bearer "],
            listener: .tcp, remote: "127.0.0.1:1")
        #expect(await router.handle(request).status == 401)
        #expect(BearerToken("") == nil)
        #expect(BearerToken("short") == nil)
        #expect(BearerToken("a long token with spaces in it") == nil)
    }

    /// Whoever may only look may also plan, and change nothing.
    @Test func aTokenForLooking() async throws {
        let router = ControlRouter(
            surface: ScriptedSurface(try Samples.script()), token: BearerToken("all-of-it-0123456789"),
            readToken: BearerToken("look-only-0123456789"), now: { 0 })
        for route in Route.all where route.needsToken && ![.watch, .events, .logs].contains(route.operation) {
            let segments = route.pattern.split(separator: "/").map { part in
                part == "{app}"
                    ? "shop"
                    : part == "{entry}" ? "nightly" : part == "{container}" ? "shop-web-v42-1" : String(part)
            }
            let isOfTokens = route.operation.rule.permission == .administer
            func status(_ token: String) async -> Int {
                await router.handle(
                    HTTPServerRequest(
                        method: route.method, path: "/" + segments.joined(separator: "/"), segments: segments,
                        headers: ["authorization": "Bearer \(token)"],
                        body: Array((route.operation == .planFiles ? #"{"files":[]}"# : "").utf8),
                        listener: .tcp, remote: "127.0.0.1:1")
                ).status
            }
            let isLooking = (route.method == "GET" || route.operation == .planFiles) && !isOfTokens
            #expect(await status("look-only-0123456789") == (isLooking ? 200 : 403), "\(route.pattern)")
            #expect(await status("all-of-it-0123456789") != 401, "\(route.pattern)")
            #expect(await status("look-only-012345678") == 401, "\(route.pattern)")
        }
    }

    @Test func readinessTellsItsReasonToThoseWhoMayKnow() async throws {
        var script = try Samples.script()
        script.readiness = "waits for source main"
        try await Running.with(script) { running in
            let known = try await running.get("/readyz")
            #expect(known.status == 503)
            #expect(known.text == "not ready: waits for source main\n")
            #expect(try await running.overTCP("/readyz", authorization: nil).text == "not ready\n")
            running.surface.change { $0.readiness = nil }
            #expect(try await running.get("/readyz").status == 200)
        }
    }

    @Test func metrics() async throws {
        var script = try Samples.script()
        script.figures = ControllerFigures(
            passes: 7, actionsSucceeded: [.launch: 3], actionsFailed: [.prepare: 1],
            rolloutsEnded: [.rolledBack: 2],
            probesPassed: 11, probesFailed: 4, fetches: 5, fetchFailures: 1)
        try await Running.with(script) { running in
            let text = try await running.get("/metrics").text
            for line in [
                "slipway_ready 1", "slipway_engine_up 1", "slipway_apps{verdict=\"progressing\"} 1",
                "slipway_app_verdict{app=\"shop\",verdict=\"progressing\"} 1",
                "slipway_app_verdict{app=\"shop\",verdict=\"converged\"} 0",
                "slipway_process_instances_wanted{app=\"shop\",process=\"web\"} 3",
                "slipway_process_instances_ready{app=\"shop\",process=\"web\"} 2",
                "slipway_app_release{app=\"shop\"} 41",
                "slipway_passes_total 7", "slipway_actions_total{kind=\"launch\",result=\"succeeded\"} 3",
                "slipway_actions_total{kind=\"prepare\",result=\"failed\"} 1",
                "slipway_rollouts_total{outcome=\"rolled_back\"} 2",
                "slipway_probes_total{result=\"failed\"} 4",
                "slipway_source_blocked{source=\"main\"} 1", "slipway_fetch_failures_total 1"
            ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
            // Each family is declared once, before its samples.
            let declared = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
            #expect(Set(declared).count == declared.count)
            #expect(!text.contains("shop.yaml") && !text.contains("4444444"))
        }
    }
}
