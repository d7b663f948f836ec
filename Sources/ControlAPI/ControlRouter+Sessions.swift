internal import Access
internal import HTTPServer
internal import Model
internal import Ports

extension ControlRouter {
    /// Opens a session; with the answer the connection leaves HTTP for `SessionFrame`s.
    func openSession(
        _ operation: Route.Operation, _ read: RequestReader, _ surface: any ControlSurface
    ) async throws(APIFailure) -> HTTPServerResponse {
        let app = try read.app()
        do throws(ControlError) {
            try await surface.admitSession(in: app)
        } catch {
            throw APIFailure(error)
        }
        let asked = read.request.headers["upgrade"]?.lowercased()
        guard asked == SessionOrder.protocolName || read.order?.detached == true else {
            throw APIFailure(
                426, "upgrade_required",
                "this address speaks \(SessionOrder.protocolName) only; use `slipway exec` or `slipway run`",
                headers: [("Upgrade", SessionOrder.protocolName)])
        }
        guard let order = read.order else {
            throw .invalid(
                "the header \(SessionOrder.header) must be Base64 of JSON as described, at most "
                    + "\(SessionOrder.limitInBytes) bytes of it")
        }
        if let objection = order.objection { throw .invalid(objection) }
        let isRun = operation == .run
        guard isRun || order.timeoutInSeconds == nil && order.detached == nil else {
            throw .invalid("only one-off runs have a time and are detached")
        }
        guard !isRun || order.instance == nil else {
            throw .invalid("a one-off run is in a container of its own, and in no instance")
        }
        if order.detached == true {
            return try await json { () throws(ControlError) in try await surface.startRun(order, of: app) }
        }
        guard let place = sessions.place() else {
            throw APIFailure(
                503, "unavailable",
                "\(sessions.limits.concurrent) sessions are open, and no more are let in; end one of them")
        }
        let opened: OpenedSession
        do throws(ControlError) {
            opened =
                isRun
                ? try await surface.openRun(order, of: app) : try await surface.openSession(order, in: app)
        } catch {
            throw APIFailure(error)
        }
        let (limits, isGood, session) = (sessions.limits, stillGood(read.request), opened.session)
        return HTTPServerResponse(
            status: 101, headers: [(SessionOrder.instanceHeader, opened.instance)],
            body: .upgrade(
                HTTPServerUpgrade(name: SessionOrder.protocolName) { channel in
                    await SessionRelay(channel: channel, session: session, limits: limits, isGood: isGood)
                        .run()
                    withExtendedLifetime(place) {}
                }))
    }
}

extension RequestReader {
    /// `nil` where there is none, or it makes no sense.
    var order: SessionOrder? {
        request.headers[SessionOrder.header.lowercased()].flatMap(SessionOrder.init(headerValue:))
    }
}
