public import Access
public import HTTPServer
internal import Model
public import Ports

/// Answers the requests of the API from a `ControlSurface`.
///
/// Over the Unix socket the file's permissions decide who may ask, and whoever may may everything. Over TCP every
/// request must bring a token, except the two that say no more than yes or no; `AccessRule` says what it takes, and
/// `ScopedSurface` what of it there is for whom.
public struct ControlRouter: Sendable {
    let surface: any ControlSurface
    let gatekeeper: Gatekeeper
    /// `nil`: there is nowhere to keep tokens and an audit log.
    let access: AccessControl?
    let pace: Pace
    let sessions: SessionDesk
    let clock: @Sendable () -> Int64

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

    /// With tokens and an audit log.
    public init(
        surface: any ControlSurface, access: AccessControl, pace: Pace = Pace(),
        sessions: SessionLimits = SessionLimits()
    ) {
        self.surface = surface
        self.access = access
        gatekeeper = access.gatekeeper
        clock = access.now
        self.pace = pace
        self.sessions = SessionDesk(limits: sessions)
    }

    /// With the tokens of the configuration alone.
    ///
    /// - Parameters:
    ///   - token: what TCP requests must bring; `nil` refuses them all.
    ///   - readToken: lets those in who only look or plan.
    ///   - now: seconds since 1970.
    public init(
        surface: any ControlSurface, token: BearerToken?, readToken: BearerToken? = nil, pace: Pace = Pace(),
        sessions: SessionLimits = SessionLimits(), now: @escaping @Sendable () -> Int64
    ) {
        self.surface = surface
        access = nil
        gatekeeper = Gatekeeper(adminToken: token, readToken: readToken, now: now)
        clock = now
        self.pace = pace
        self.sessions = SessionDesk(limits: sessions)
    }

    public func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let match = Route.match(method: request.method, segments: request.segments)
        do throws(APIFailure) {
            return try await answer(request, match)
        } catch {
            return error.response
        }
    }

    private func answer(
        _ request: HTTPServerRequest, _ match: Route.Match
    ) async throws(APIFailure) -> HTTPServerResponse {
        if case .found(let route, _) = match, !route.needsToken { return try await open(route, request) }
        // Who may not ask does not learn what there is either.
        let caller = try await identify(request, match)
        switch match {
        case .notFound:
            throw APIFailure(404, "not_found", "no such address; see docs/openapi.json for those there are")
        case .wrongMethod(let allowed):
            let list = allowed.joined(separator: ", ")
            throw APIFailure(
                405, "method_not_allowed", "this address answers to \(list)", headers: [("Allow", list)])
        case .found(let route, let parameters):
            let read = RequestReader(request: request, parameters: parameters)
            let attempt = Attempt(
                route: route, read: read, caller: caller, surface: scoped(caller, route.operation.rule))
            return try await audited(attempt) { () throws(APIFailure) in
                try Self.check(route.operation.rule, caller)
                try checkQuery(route, request)
                return try await perform(attempt)
            }
        }
    }

    private func open(
        _ route: Route, _ request: HTTPServerRequest
    ) async throws(APIFailure) -> HTTPServerResponse {
        try checkQuery(route, request)
        guard route.operation == .readiness else { return .text(200, "ok\n") }
        return await readiness(request)
    }

    private func checkQuery(_ route: Route, _ request: HTTPServerRequest) throws(APIFailure) {
        for key in request.query.keys.sorted() where !route.query.contains(key) {
            let known = route.query.isEmpty ? "takes none" : "takes \(route.query.joined(separator: ", "))"
            throw .invalid("unknown query parameter; \(route.pattern) \(known)")
        }
    }

    /// What can be told from the caller alone; `ScopedSurface` looks at what it is about.
    private static func check(_ rule: AccessRule, _ caller: Caller) throws(APIFailure) {
        let (isAllowed, permission): (Bool, Permission?) =
            switch rule {
            case .open, .known: (true, nil)
            case .somewhere(let permission): (caller.maySomewhere(permission), permission)
            case .everywhere(let permission): (caller.mayEverywhere(permission), permission)
            // Whether there is such an app for the caller comes first: it may look, or it is told of none.
            case .app(let permission): (caller.maySomewhere(.look), permission)
            }
        guard !isAllowed, let permission else { return }
        let place = if case .everywhere = rule { "in all projects" } else { "in a project" }
        throw APIFailure(
            403, "forbidden",
            "this takes the role \(permission.leastRole.rawValue) \(place), which you do not have")
    }

    /// The controller itself for whoever may do such things everywhere, and narrowed for all others.
    private func scoped(_ caller: Caller, _ rule: AccessRule) -> any ControlSurface {
        if let permission = rule.permission, caller.mayEverywhere(permission), caller.mayEverywhere(.look) {
            return surface
        }
        return ScopedSurface(base: surface, caller: caller)
    }

    private func perform(_ attempt: Attempt) async throws(APIFailure) -> HTTPServerResponse {
        let (operation, read, surface) = (attempt.route.operation, attempt.read, attempt.surface)
        switch operation {
        case .status, .appStatus, .history, .appHistory, .diff, .plan, .planFiles, .trace:
            return try await look(operation, read, surface)
        case .sync, .retry, .rollback, .abort, .promote, .pause, .resume, .approve:
            return try await act(operation, read, surface)
        case .testNotices:
            let channel = try read.body(NoticeTestRequest.self, ifEmpty: NoticeTestRequest()).channel
            return try await json { () throws(ControlError) in try await surface.testNotices(channel: channel)
            }
        case .logs: return try await logs(read, surface)
        case .execute, .run: return try await openSession(operation, read, surface)
        case .runs:
            let app = try read.app()
            return try await json { () throws(ControlError) in try await surface.runs(of: app) }
        case .cronHistory, .cronRun: return try await cron(operation, read, surface)
        case .events: return try await events(read, surface)
        case .watch: return await watch(read, surface)
        case .whoami: return try .json(CallerReport(attempt.caller))
        case .tokens, .createToken, .revokeToken, .audit: return try await administer(attempt)
        case .metrics:
            let page = MetricsPage.text(
                status: await surface.status(), figures: await surface.metrics(),
                readiness: await surface.readiness())
            return .text(200, page, type: "text/plain; version=0.0.4; charset=utf-8")
        case .health, .readiness: return .text(200, "ok\n")
        }
    }

    /// Requests that change nothing.
    private func look(
        _ operation: Route.Operation, _ read: RequestReader, _ surface: any ControlSurface
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
        _ operation: Route.Operation, _ read: RequestReader, _ surface: any ControlSurface
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
        let mayKnow = (try? await caller(of: request))?.mayEverywhere(.look) == true
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
