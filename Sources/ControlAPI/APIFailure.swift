internal import HTTPServer
internal import Model
internal import Ports

/// A request that is not answered with success.
struct APIFailure: Error {
    var status: Int
    var report: ErrorReport
    var headers: [(String, String)] = []

    init(_ status: Int, _ code: String, _ message: String, headers: [(String, String)] = []) {
        self.status = status
        report = ErrorReport(code: code, message: message)
        self.headers = headers
    }

    init(_ error: ControlError) {
        let status =
            switch error.code {
            case .notFound: 404
            case .conflict: 409
            case .invalid: 400
            case .forbidden: 403
            case .unavailable: 503
            case .internal: 500
            }
        self.init(status, error.code.rawValue, error.message)
    }

    static func invalid(_ message: String) -> APIFailure { APIFailure(400, "invalid", message) }

    var response: HTTPServerResponse {
        // Two strings always encode; the fixed text is for the compiler.
        let body =
            (try? WireCoding.encode(report)) ?? Array(#"{"error":{"code":"internal","message":""}}"#.utf8)
        return HTTPServerResponse(
            status: status,
            headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")] + headers,
            body: .bytes(body))
    }
}
