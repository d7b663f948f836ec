public import HTTPServer
public import Ports
internal import Model

/// Answers the requests of the API from a `ControlSurface`.
///
/// Over the Unix socket the file's permissions decide who may ask. Over TCP every request must bring the token,
/// except the two that say no more than yes or no.
public struct ControlRouter: Sendable {
    let surface: any ControlSurface
    let token: BearerToken?
    let readToken: BearerToken?
    let pace: Pace

    /// How often streams speak.
    public struct Pace: Sendable {
        /// Silence after which a comment line is sent.
        public var heartbeat: Duration
        /// The least time between two states on `/v1/watch`.
        public var watch: Duration
        public init(heartbeat: Duration = .seconds(15), watch: Duration = .milliseconds(200)) {
            self.heartbeat = heartbeat
            self.watch = watch
        }
    }

    /// - Parameters:
    ///   - token: what TCP requests must bring; `nil` refuses them all.
    ///   - readToken: lets those in who only look or plan.
    public init(
        surface: any ControlSurface, token: BearerToken?, readToken: BearerToken? = nil, pace: Pace = Pace()
    ) {
        self.readToken = readToken
        self.surface = surface
        self.token = token
        self.pace = pace
    }

    public func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        do throws(APIFailure) {
            return try await answer(request)
        } catch {
            return error.response
        }
    }

    private func answer(_ request: HTTPServerRequest) async throws(APIFailure) -> HTTPServerResponse {
        let match = Route.match(method: request.method, segments: request.segments)
        // Who may not ask does not learn what there is either.
        if case .found(let route, _) = match, !route.needsToken {
        } else if case .found(let route, _) = match {
            try authorise(request, mayOnlyLook: route.changesNothing)
        } else {
            try authorise(request)
        }
        switch match {
        case .notFound:
            throw APIFailure(404, "not_found", "no such address; see docs/openapi.json for those there are")
        case .wrongMethod(let allowed):
            let list = allowed.joined(separator: ", ")
            throw APIFailure(
                405, "method_not_allowed", "this address answers to \(list)", headers: [("Allow", list)])
        case .found(let route, let parameters):
            for key in request.query.keys.sorted() where !route.query.contains(key) {
                let known =
                    route.query.isEmpty ? "takes none" : "takes \(route.query.joined(separator: ", "))"
                throw .invalid("unknown query parameter; \(route.pattern) \(known)")
            }
            return try await perform(route.operation, RequestReader(request: request, parameters: parameters))
        }
    }

    /// - Parameter mayOnlyLook: the request changes nothing, so the token for looking is enough.
    private func authorise(
        _ request: HTTPServerRequest, mayOnlyLook: Bool = false
    ) throws(APIFailure) {
        guard request.listener == .tcp else { return }
        if mayOnlyLook, let readToken, let authorization = request.headers["authorization"],
            readToken.accepts(authorization: authorization)
        {
            return
        }
        if let token, let authorization = request.headers["authorization"],
            token.accepts(authorization: authorization)
        {
            return
        }
        throw APIFailure(
            401, "unauthorized", "over TCP a request needs the header 'Authorization: Bearer TOKEN'",
            headers: [("WWW-Authenticate", #"Bearer realm="slipway""#)])
    }

    private func perform(
        _ operation: Route.Operation, _ read: RequestReader
    ) async throws(APIFailure) -> HTTPServerResponse {
        switch operation {
        case .status, .appStatus, .history, .appHistory, .diff, .plan, .planFiles, .trace:
            return try await look(operation, read)
        case .sync, .retry, .rollback, .abort, .promote, .pause, .resume, .approve:
            return try await act(operation, read)
        case .testNotices:
            let channel = try read.body(NoticeTestRequest.self, ifEmpty: NoticeTestRequest()).channel
            return try await json { () throws(ControlError) in try await surface.testNotices(channel: channel)
            }
        case .logs: return try await logs(read)
        case .events: return try await events(read)
        case .watch: return await watch()
        case .metrics:
            let page = MetricsPage.text(
                status: await surface.status(), figures: await surface.metrics(),
                readiness: await surface.readiness())
            return .text(200, page, type: "text/plain; version=0.0.4; charset=utf-8")
        case .health: return .text(200, "ok\n")
        case .readiness: return await readiness(read.request)
        }
    }

    /// Requests that change nothing.
    private func look(
        _ operation: Route.Operation, _ read: RequestReader
    ) async throws(APIFailure) -> HTTPServerResponse {
        switch operation {
        case .appStatus:
            let app = try read.app()
            return try await json { () throws(ControlError) in try await surface.status(of: app) }
        case .history, .appHistory:
            let app = operation == .appHistory ? try read.app() : nil
            let limit = Int(try read.integer("limit", default: 50, in: 1...1_000))
            return try await json { () throws(ControlError) in
                try await surface.history(app: app, limit: limit)
            }
        case .diff:
            let app = try read.app()
            let from = try read.release("from")
            let to = try read.release("to")
            return try await json { () throws(ControlError) in
                try await surface.diff(app: app, from: from, to: to)
            }
        case .plan:
            let source = try read.name("source", SourceName.self)
            let head = try read.revision("head")
            let base = try read.revision("base")
            return try await json { () throws(ControlError) in
                try await surface.plan(source: source, head: head, base: base)
            }
        case .planFiles:
            let body = try read.body(PlanRequest.self)
            for file in body.files where !Self.isPlainPath(file.path) {
                throw .invalid(
                    "files: a path must be relative, without '..', control characters or empty parts")
            }
            return try await json { () throws(ControlError) in
                try await surface.plan(files: body.files, source: body.source)
            }
        case .trace:
            let container = try read.container()
            return try await json { () throws(ControlError) in try await surface.trace(container: container) }
        default:
            return try await json { () throws(ControlError) in await surface.status() }
        }
    }

    /// Requests that change something.
    private func act(
        _ operation: Route.Operation, _ read: RequestReader
    ) async throws(APIFailure) -> HTTPServerResponse {
        if operation == .sync {
            let source = try read.body(SyncRequest.self, ifEmpty: SyncRequest()).source
            return try await json { () throws(ControlError) in try await surface.sync(source: source) }
        }
        if operation == .approve {
            let what = try read.body(ApprovalRequest.self).what
            guard ApprovalRequest.isCommit(what) || AppName(what) != nil else {
                throw .invalid("what: must be 7 to 40 lower-case hex digits of a commit, or an app's name")
            }
            return try await json { () throws(ControlError) in try await surface.approve(what) }
        }
        let app = try read.app()
        let target =
            operation == .rollback ? try read.body(RollbackRequest.self, ifEmpty: RollbackRequest()) : nil
        let promotion =
            operation == .promote ? try read.body(PromotionRequest.self, ifEmpty: PromotionRequest()) : nil
        return try await json { () throws(ControlError) in
            switch operation {
            case .retry: try await surface.retry(app: app)
            case .rollback: try await surface.rollback(app: app, to: target?.release)
            case .abort: try await surface.abort(app: app)
            case .promote: try await surface.promote(app: app, full: promotion?.full ?? false)
            case .pause: try await surface.pause(app: app)
            default: try await surface.resume(app: app)
            }
        }
    }

    private func readiness(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard let missing = await surface.readiness() else { return .text(200, "ready\n") }
        // What it waits for names repositories and engines: for those who may ask only.
        let mayKnow = (try? authorise(request)) != nil
        return .text(503, mayKnow ? "not ready: \(missing)\n" : "not ready\n")
    }

    func json<Value: Encodable>(
        _ make: () async throws(ControlError) -> Value
    ) async throws(APIFailure) -> HTTPServerResponse {
        let value: Value
        do throws(ControlError) {
            value = try await make()
        } catch {
            throw APIFailure(error)
        }
        return try .json(value)
    }

    private static func isPlainPath(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= 4_096, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
        else {
            return false
        }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
        }
    }
}

extension HTTPServerResponse {
    static func text(
        _ status: Int, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: [("Content-Type", type), ("Cache-Control", "no-store")],
            body: .bytes(Array(text.utf8)))
    }

    static func json(_ value: some Encodable) throws(APIFailure) -> HTTPServerResponse {
        do {
            return HTTPServerResponse(
                status: 200, headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
                body: .bytes(try WireCoding.encode(value)))
        } catch {
            throw APIFailure(500, "internal", "the answer cannot be written as JSON")
        }
    }
}

extension ControlRouter {
    /// The longest body that a request may have, for `HTTPServerConfiguration.bodyLimitInBytes`.
    public static func bodyLimitInBytes(method: String, path: String) -> Int {
        guard method == "POST" else { return 4 << 10 }
        return path == "/v1/plan" ? 16 << 20 : 64 << 10
    }
}
