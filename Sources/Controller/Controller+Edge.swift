import Model
import Planning
import Ports
import Telemetry

/// A release group of one source.
struct GroupKey: Hashable, Sendable {
    var source: SourceName
    var name: String
}

/// What the edge does, as it was last seen.
struct EdgeState {
    /// Read since it was last out of reach.
    var isCurrent = false
    var problem = "the edge has not answered yet"
    var routes: [AppName: [ProcessName: RouteView]] = [:]
    /// How the edge itself is, and its certificates.
    var report = EdgeReport()
    var windows: [RouteKey: TrafficWindow] = [:]
    /// The tick at which the newest reading began.
    var readTick: Int64 = 0
}

extension Controller {
    /// Routes and figures are read so often; an action reads them again when it is done.
    static let edgeInterval = TimeSpan.seconds(5)

    /// Follows the edge on a timer and whenever there is doubt.
    func watchEdge() async {
        var attempt = 0
        while !Task.isCancelled {
            let trigger = edgeHub.subscribe()
            do throws(EdgeError) {
                try await observeEdge()
                attempt = 0
                await askEdge()
            } catch {
                attempt += 1
                edgeLost(error)
            }
            let delay =
                attempt == 0
                ? Self.edgeInterval : Backoff.delay(attempt: attempt, longest: .seconds(10), seed: "edge")
            await wait(until: isPlanted(.edgeReadOnce) ? .distantFuture : clock.now() + delay, or: trigger)
        }
    }

    /// Reads all routes. An older reading never overwrites a newer one.
    func observeEdge() async throws(EdgeError) {
        guard let edge else { return }
        tick += 1
        let started = tick
        let observed = try await edge.observe()
        guard started > edgeState.readTick else { return }
        edgeState.readTick = started
        var routes: [AppName: [ProcessName: RouteView]] = [:]
        for (key, route) in observed {
            let before = edgeState.routes[key.app]?[key.process]
            routes[key.app, default: [:]][key.process] = view(route, after: before)
            edgeState.windows[key, default: TrafficWindow()].add(route.figures, at: clock.now())
        }
        for key in edgeState.windows.keys where observed[key] == nil { edgeState.windows[key] = nil }
        let wasCurrent = edgeState.isCurrent
        let before = edgeState.routes
        edgeState.isCurrent = true
        edgeState.routes = routes
        guard wasCurrent else {
            // What a lost store has forgotten is told by the listing and the routes together.
            wantRelist()
            return markAllDirty()
        }
        for name in Set(before.keys).union(routes.keys) {
            // Requests are counted all the time, and only a rollout is judged by them.
            let isNews =
                apps[name]?.memory.rollout != nil
                ? before[name] != routes[name]
                : before[name]?.mapValues(\.atRest) != routes[name]?.mapValues(\.atRest)
            if isNews { markDirty(name) }
        }
    }

    /// How the edge itself is: for people, and for nothing else.
    private func askEdge() async {
        guard let edge else { return }
        let report = await edge.report()
        if report.problems != edgeState.report.problems {
            for problem in report.problems {
                logger.error("the edge has a problem", ["problem": "\(problem.message)"])
            }
        }
        guard report != edgeState.report else { return }
        noteEdge(edgeState.report, report)
        edgeState.report = report
        changeHub.send(())
    }

    private func view(_ route: ObservedRoute, after before: RouteView?) -> RouteView {
        let now = clock.now()
        var draining: [ContainerID: Instant] = [:]
        for target in route.route.targets where target.isDraining {
            draining[target.container] = before?.drainingSince[target.container] ?? now
        }
        return RouteView(observed: route, drainingSince: draining)
    }

    private func edgeLost(_ error: EdgeError) {
        let wasCurrent = edgeState.isCurrent
        edgeState.isCurrent = false
        edgeState.problem = error.message
        if wasCurrent { logger.error("the edge does not answer", ["error": "\(error)"]) }
        markAllDirty()
    }

    func edgeView(of app: AppName) -> EdgeView {
        guard edge != nil else { return .none }
        guard edgeState.isCurrent else {
            let lastRead = edgeState.readTick > 0 ? edgeState.routes[app] ?? [:] : nil
            return .unreachable(edgeState.problem, lastRead: lastRead)
        }
        return .routes(edgeState.routes[app] ?? [:])
    }

    /// Asks the edge for something that an action is about, and reads what has become of it: until it is seen, the
    /// action counts as under way.
    func onEdge(_ body: (any Edge) async throws(EdgeError) -> Void) async throws(EngineError) {
        guard let edge else {
            throw EngineError(.internal, "this installation has no edge", call: "edge")
        }
        do throws(EdgeError) {
            try await body(edge)
            try await observeEdge()
        } catch {
            // It may have been done all the same: nothing counts as seen before the next reading.
            edgeLost(error)
            edgeHub.send(())
            throw EngineError(.internal, error.message, call: "edge")
        }
    }
}

extension RouteView {
    /// Without what changes with each request: what was counted, and who is served by whom takes requests anyhow.
    fileprivate var atRest: RouteView {
        var view = self
        view.observed.figures = [:]
        let leaving = Set(observed.route.targets.filter(\.isDraining).map(\.container))
        view.observed.sessions = observed.sessions.filter { leaving.contains($0.key) }
        return view
    }
}
