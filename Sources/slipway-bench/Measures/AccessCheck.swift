import Access
import ControlAPI
import Controller
import HTTPServer
import Model
import StateStore

/// What it costs to find out who asks and whether they may: a token of one project against the Unix socket, where
/// nothing is checked. Both get the same answer of the same controller.
struct AccessCheck: Measure {
    let name = "access_check_1k_calls"
    let summary = "1,000 calls for the status of one app, with a token that is good for its project"
    let unit = Unit.processorMilliseconds
    let aim = "≤ 1.5 × the baseline"
    let against = "the same calls over the Unix socket, without any check"
    let needsEngine = false
    private let calls = 1_000

    func run(_ bench: Bench) async throws -> Samples {
        try await bench.withFolder { folder in
            try await SimulatedWorld().withConverged(apps: 100) { controller in
                let store = try await SQLiteStore(directory: "\(folder)/state")
                let access = try await AccessControl(store: store, now: { 1_795_236_000 })
                let router = ControlRouter(surface: controller, access: access)
                guard let app = await controller.status().apps.first else {
                    throw BenchError("there is no app")
                }
                let admin = Caller(name: "bench", way: .socket, grants: [Grant(.admin)])
                // As many as an installation may have, so that finding the right one is part of it.
                for number in 0..<500 {
                    _ = try await access.create(
                        TokenRequest(name: "token \(number)", grants: [Grant(.viewer)]), by: admin)
                }
                let token = try await access.create(
                    TokenRequest(name: "ci", grants: [Grant(.viewer, in: app.project)]), by: admin
                ).token
                var samples = Samples()
                for round in 0..<11 {
                    let value = try await measure(
                        router, app.name, ["authorization": "Bearer \(token)"], .tcp)
                    let baseline = try await measure(router, app.name, [:], .unix)
                    if round > 0 { samples.add(value, baseline: baseline) }
                }
                await store.close()
                return samples
            }
        }
    }

    private func measure(
        _ router: ControlRouter, _ app: AppName, _ headers: [String: String],
        _ listener: HTTPServerRequest.Listener
    ) async throws -> Double {
        let request = HTTPServerRequest(
            method: "GET", path: "/v1/apps/\(app)", segments: ["v1", "apps", app.rawValue], headers: headers,
            listener: listener, remote: "192.0.2.1:9")
        let before = Usage.processorMilliseconds()
        for _ in 0..<calls {
            guard await router.handle(request).status == 200 else { throw BenchError("a call was refused") }
        }
        return Usage.processorMilliseconds() - before
    }
}
