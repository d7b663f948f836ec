internal import Access
internal import HTTPServer
internal import Model
internal import Ports

/// One request of somebody who is known.
struct Attempt {
    var route: Route
    var read: RequestReader
    var caller: Caller
    /// As the caller may see it.
    var surface: any ControlSurface
}

extension ControlRouter {
    /// Who asks.
    func caller(of request: HTTPServerRequest) async throws(AccessDenial) -> Caller {
        guard request.listener == .tcp else {
            let user = request.peerUser.map { " uid \($0)" } ?? ""
            return Caller(name: "socket\(user)", way: .socket, grants: [Grant(.admin)])
        }
        return try await gatekeeper.caller(
            authorization: request.headers["authorization"], address: Self.address(request) ?? "")
    }

    /// Who asks; whoever is not let in is answered here, and noted.
    func identify(_ request: HTTPServerRequest, _ match: Route.Match) async throws(APIFailure) -> Caller {
        do throws(AccessDenial) {
            return try await caller(of: request)
        } catch {
            let action = if case .found(let route, _) = match { route.operation.rawValue } else { "unknown" }
            // A request without a token is what every scanner sends; it says nothing of anybody.
            if error.code != .missing {
                await access?.audit.note(
                    AuditRecord(
                        at: wall, actor: error.actor ?? "nobody", way: .none, address: Self.address(request),
                        action: action, result: .denied, reason: "token \(error.code.rawValue)"))
            }
            throw Self.failure(error)
        }
    }

    private static func failure(_ denial: AccessDenial) -> APIFailure {
        if let wait = denial.retryAfterInSeconds {
            return APIFailure(429, "too_many_attempts", denial.message, headers: [("Retry-After", "\(wait)")])
        }
        return APIFailure(
            401, "unauthorized", denial.message, headers: [("WWW-Authenticate", #"Bearer realm="slipway""#)])
    }

    /// Whether what a stream was opened with is still good: a token that is taken away ends its streams, too.
    func stillGood(_ request: HTTPServerRequest) -> @Sendable () -> Bool {
        guard request.listener == .tcp else { return { true } }
        let (gatekeeper, authorization) = (gatekeeper, request.headers["authorization"])
        return { gatekeeper.isStillGood(authorization: authorization) }
    }

    var wall: WallTime { WallTime(secondsSince1970: clock()) }

    /// The peer's without its port; `nil` over the Unix socket.
    static func address(_ request: HTTPServerRequest) -> String? {
        guard request.listener == .tcp else { return nil }
        return request.remote.lastIndex(of: ":").map { String(request.remote[..<$0]) } ?? request.remote
    }

    // MARK: What is written down

    /// Performs, and writes down what changed something, or was refused.
    func audited(
        _ attempt: Attempt, _ perform: () async throws(APIFailure) -> HTTPServerResponse
    ) async throws(APIFailure) -> HTTPServerResponse {
        guard let access else { return try await perform() }
        // Before it is done: an app that is removed has no project afterwards.
        let subject = attempt.route.operation.isAudited ? await subject(of: attempt) : nil
        do throws(APIFailure) {
            let response = try await perform()
            if var subject {
                // What was reached, where the request left it open.
                let instance = response.headers.first { $0.0 == SessionOrder.instanceHeader }?.1
                if let instance { subject.object = "\(instance): \(subject.object ?? "")" }
                await access.audit.note(record(attempt, subject, .done))
            }
            return response
        } catch {
            let isHidden = error.status == 404 && attempt.surface is ScopedSurface
            if error.status == 403 || isHidden {
                let subject = if let subject { subject } else { await self.subject(of: attempt) }
                // What is nobody's is not an attempt at somebody's.
                if error.status == 403 || subject.project != nil {
                    let reason =
                        error.status == 403 ? "the role does not allow it" : "it is another project's"
                    await access.audit.note(record(attempt, subject, .denied, reason))
                }
            } else if let subject {
                await access.audit.note(record(attempt, subject, .failed, error.report.error.code))
            }
            throw error
        }
    }

    private struct Subject {
        var app: AppName?
        var project: ProjectName?
        var object: String?
    }

    private func record(
        _ attempt: Attempt, _ subject: Subject, _ result: AuditRecord.Result, _ reason: String? = nil
    ) -> AuditRecord {
        AuditRecord(
            at: wall, actor: attempt.caller.name, way: attempt.caller.way,
            address: Self.address(attempt.read.request), action: attempt.route.operation.rawValue,
            app: subject.app, project: subject.project, object: subject.object, result: result, reason: reason
        )
    }

    /// What a request is about; what is malformed is about nothing.
    private func subject(of attempt: Attempt) async -> Subject {
        let read = attempt.read
        if read.parameters["app"] != nil {
            guard let app = try? read.app() else { return Subject() }
            // Of a command its name alone: its arguments may be secrets.
            return Subject(
                app: app, project: (try? await surface.status(of: app))?.project,
                object: read.order.map { ActorName.printable($0.programName) })
        }
        switch attempt.route.operation {
        case .trace:
            guard let container = try? read.container() else { return Subject() }
            let app = await surface.status().apps.first { app in
                app.instances.contains { $0.name == container || $0.id.rawValue.hasPrefix(container) }
            }
            return Subject(app: app?.name, project: app?.project, object: container)
        case .sync:
            let source = (try? read.body(SyncRequest.self, ifEmpty: SyncRequest()))?.source
            return Subject(project: await project(of: source), object: source?.rawValue)
        case .plan, .planFiles:
            let source = try? read.name("source", SourceName.self)
            return Subject(project: await project(of: source), object: source?.rawValue)
        case .approve:
            guard let what = try? read.body(ApprovalRequest.self).what, what.utf8.count <= 40 else {
                return Subject()
            }
            let app = AppName(what)
            let status: AppStatus? = if let app { try? await surface.status(of: app) } else { nil }
            return Subject(app: status?.name, project: status?.project, object: ActorName.printable(what))
        case .createToken:
            guard let request = try? read.body(TokenRequest.self) else { return Subject() }
            let projects = Set(request.grants.map(\.project))
            return Subject(
                project: projects.count == 1 ? projects.first ?? nil : nil,
                object: ActorName.printable(String(request.name.prefix(64))))
        case .revokeToken:
            return Subject(
                object: read.parameters["token"].map { ActorName.printable(String($0.prefix(64))) })
        default: return Subject()
        }
    }

    private func project(of source: SourceName?) async -> ProjectName? {
        guard let source else { return nil }
        return await surface.status().sources.first { $0.name == source }?.project
    }

    // MARK: Tokens and the audit log

    func administer(_ attempt: Attempt) async throws(APIFailure) -> HTTPServerResponse {
        guard let access else {
            throw APIFailure(503, "unavailable", "this controller keeps no tokens and no audit log")
        }
        let (read, caller) = (attempt.read, attempt.caller)
        switch attempt.route.operation {
        case .tokens: return try .json(access.tokens(for: caller))
        case .createToken:
            let request = try read.body(TokenRequest.self)
            return try await json { () throws(ControlError) in try await access.create(request, by: caller) }
        case .revokeToken:
            let key = read.parameters["token"] ?? ""
            return try await json { () throws(ControlError) in try await access.revoke(key, by: caller) }
        default: return try await records(access, read, caller)
        }
    }

    private func records(
        _ access: AccessControl, _ read: RequestReader, _ caller: Caller
    ) async throws(APIFailure) -> HTTPServerResponse {
        var query = AuditQuery(
            app: try read.name("app", AppName.self), actor: read.request.query["actor"],
            since: try read.seconds("since").map { WallTime(secondsSince1970: clock() - $0) },
            limit: Int(try read.integer("limit", default: 100, in: 1...1_000)))
        let project = try read.name("project", ProjectName.self)
        if let project { query.projects = [project] }
        if !caller.mayEverywhere(.administer) {
            let mine = Set(caller.grants.compactMap(\.project).filter { caller.may(.administer, in: $0) })
            // Another project has no records for the caller, as if it did not exist.
            query.projects = project.map { mine.intersection([$0]) } ?? mine
        }
        return try await json { () throws(ControlError) in
            do throws(StoreError) {
                return try await access.audit.records(query)
            } catch {
                throw ControlError(.unavailable, error.message)
            }
        }
    }
}
