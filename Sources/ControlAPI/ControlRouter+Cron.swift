internal import HTTPServer
internal import Model
internal import Ports

extension ControlRouter {
    /// Commands that are run by the clock.
    func cron(
        _ operation: Route.Operation, _ read: RequestReader, _ surface: any ControlSurface
    ) async throws(APIFailure) -> HTTPServerResponse {
        let app = try read.app()
        switch operation {
        case .cronRun:
            let entry = try read.entry()
            return try await json { () throws(ControlError) in
                try await surface.runCron(app: app, entry: entry)
            }
        default:
            let entry = try read.name("entry", ProcessName.self)
            let limit = Int(try read.integer("limit", default: 50, in: 1...1_000))
            return try await json { () throws(ControlError) in
                try await surface.cronHistory(app: app, entry: entry, limit: limit)
            }
        }
    }
}
