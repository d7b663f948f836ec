internal import Model
internal import Ports

/// The edge as one incarnation reaches it.
struct SimulatedEdge: Edge {
    let world: World
    let incarnation: Incarnation

    func observe() async throws(EdgeError) -> [RouteKey: ObservedRoute] {
        guard await world.pause(world.latencyChance.milliseconds(1, 6), incarnation) else {
            throw EdgeError(.unreachable, "the caller has ended")
        }
        if world.edgeTrouble == .unreachable || world.lacksDescriptors(.controller) {
            throw EdgeError(.unreachable, "connection refused")
        }
        world.settleEdge()
        return world.truth.routes
    }

    func apply(_ route: Route) async throws(EdgeError) {
        try await perform(.route(route)) { world in world.apply(route) }
    }

    func remove(_ key: RouteKey) async throws(EdgeError) {
        try await perform(.unroute(key)) { world in
            world.settleEdge()
            world.truth.routes[key] = nil
            return .done(())
        }
    }

    private func perform(
        _ action: Action, _ effect: @escaping (World) -> Effect<Void>
    ) async throws(EdgeError) {
        do throws(EngineError) {
            try await world.perform(action, incarnation, takes: 5...60) { effect(world) }
        } catch {
            let code: EdgeError.Code =
                switch error.code {
                case .unreachable: .unreachable
                case .timeout: .timeout
                case .invalid: .refused
                default: .internal
                }
            throw EdgeError(code, error.message)
        }
    }
}

/// What the edge keeps beside its routes.
struct EdgeState {
    var settledAt = Instant.zero
    var drainingSince: [ContainerID: Instant] = [:]
    /// Parts of requests that are not counted yet.
    var rest: [RouteKey: Double] = [:]
    /// The same by release, where a script leaves nothing to chance.
    var restOfRelease: [RouteKey: [ReleaseNumber: Double]] = [:]
}

extension World {
    private var requestsPerSecond: Double { script == nil ? 12 : ScriptedTimes.requestsPerSecond }

    var edgeTrouble: EdgeTrouble? {
        for window in windows {
            if case .edge(let trouble, _) = window.occurrence.kind { return trouble }
        }
        return nil
    }

    func apply(_ route: Route) -> Effect<Void> {
        if edgeTrouble == .refuses { return .failed(Self.error(.invalid, "the configuration is refused")) }
        settleEdge()
        lastChange = now
        var observed = truth.routes[route.key] ?? ObservedRoute(route: route)
        observed.route = route
        let targets = Set(route.targets.map(\.container))
        observed.sessions = observed.sessions.filter { targets.contains($0.key) }
        for target in route.targets {
            if !target.isDraining {
                edge.drainingSince[target.container] = nil
                observed.sessions[target.container] = 6
            } else if edge.drainingSince[target.container] == nil {
                edge.drainingSince[target.container] = now
            }
        }
        truth.routes[route.key] = observed
        return .done(())
    }

    /// A crash of the edge: what it had counted begins anew, and its routes are gone.
    func forgetEdge() {
        truth.routes = [:]
        edge = EdgeState()
        edge.settledAt = now
    }

    /// Lets the requests come that would have come since the last time.
    func settleEdge() {
        guard plan.hasEdge, now > edge.settledAt else { return }
        let seconds = Double(now.nanoseconds - edge.settledAt.nanoseconds) / 1_000_000_000
        edge.settledAt = now
        for (key, var observed) in truth.routes.sorted(by: { $0.key < $1.key }) {
            drain(&observed)
            serve(key, &observed, seconds)
            truth.routes[key] = observed
        }
    }

    private func drain(_ observed: inout ObservedRoute) {
        for target in observed.route.targets where target.isDraining {
            guard let since = edge.drainingSince[target.container] else { continue }
            // A session ends every two seconds; all of them when their instance does.
            let isThere = lives[target.container]?.isRunning ?? false
            let ended = Int((now - since).milliseconds / (script == nil ? 2_000 : ScriptedTimes.session))
            observed.sessions[target.container] = isThere ? max(0, 6 - ended) : 0
        }
    }

    /// How many of `requests` the release gets.
    private func requestCount(_ requests: Int64, _ route: Route, _ release: ReleaseNumber) -> Int64 {
        let share = Double(requests) * route.share(of: release) / 100
        guard script != nil else { return Int64(share) }
        let total = share + (edge.restOfRelease[route.key]?[release] ?? 0)
        edge.restOfRelease[route.key, default: [:]][release] = total - total.rounded(.down)
        return Int64(total)
    }

    private func serve(_ key: RouteKey, _ observed: inout ObservedRoute, _ seconds: Double) {
        let total = seconds * requestsPerSecond + (edge.rest[key] ?? 0)
        let requests = Int64(total)
        edge.rest[key] = total - Double(requests)
        guard requests > 0 else { return }
        let serving = observed.route.targets.filter { !$0.isDraining }
        for release in Set(serving.map(\.release)).sorted() {
            let mine = serving.filter { $0.release == release }
            let count = requestCount(requests, observed.route, release)
            let broken = mine.count { lives[$0.container]?.isHealthy != true }
            let faulty = mine.count { lives[$0.container]?.temper == .errors }
            var errors = count * Int64(broken) / Int64(max(1, mine.count))
            errors += (count - errors) * Int64(faulty) / Int64(max(1, mine.count)) / 4
            var figures = observed.figures[release] ?? TrafficFigures()
            if figures.latency.isEmpty {
                figures.latency = Array(repeating: 0, count: TrafficFigures.bounds.count + 1)
            }
            figures.requests += count
            figures.errors += errors
            // Where a script wants bad answers, they are late as well.
            let duration: Int64 = script != nil && faulty > 0 ? 2_500 : 50
            figures.latency[TrafficFigures.latencyClass(milliseconds: duration)] += count
            observed.figures[release] = figures
        }
    }
}
