internal import Execution
public import Model
public import Ports

/// What HAProxy's sockets say of all routes, read in a few calls.
struct EdgeReading: Sendable {
    var servers: [String: [LiveServer]] = [:]
    var maps = RouteMaps()
    var worker: Int32 = 0
    var counters: [ServerCounters] = []
    /// Of workers that only finish what they have.
    var old: [Int32: [ServerCounters]] = [:]
}

extension HAProxyEdge {
    public func observe() async throws(EdgeError) -> [RouteKey: ObservedRoute] {
        await loadCertificates()
        try prepare()
        // A reload in the middle of a reading leaves halves of two workers; a third one in a row is not waited for.
        for _ in 0..<3 {
            let reloads = reloadCount
            let stamp = changeCount
            if let observed = try recent() { return observed }
            var reading = try await read()
            guard reloads == reloadCount, loaded != nil else {
                try prepare()
                continue
            }
            try refresh(&reading, since: stamp)
            let observed = assemble(reading)
            lastReading = LastReading(
                observed: observed, at: .now, stamp: changeCount, reloads: reloads, worker: reading.worker,
                old: reading.old)
            return observed
        }
        throw EdgeError(.timeout, "the edge's proxy is reloaded again and again; its state is read later")
    }

    /// What a reading has shown, for a moment.
    struct LastReading {
        var observed: [RouteKey: ObservedRoute]
        var at: ContinuousClock.Instant
        var stamp: Int
        var reloads: Int
        var worker: Int32
        var old: [Int32: [ServerCounters]]
    }

    /// From so many routes on a reading of all of them serves for a second; what has changed since is read.
    private static let manyRoutes = 500

    private func recent() throws(EdgeError) -> [RouteKey: ObservedRoute]? {
        guard state.routes.count >= Self.manyRoutes, let last = lastReading, last.reloads == reloadCount,
            loaded?.worker == last.worker, ContinuousClock.now - last.at < .seconds(1)
        else { return nil }
        let moved = changes.filter { $0.value > last.stamp }.keys
        guard moved.count < 20 else { return nil }
        var reading = EdgeReading(worker: last.worker, old: last.old)
        for key in moved { try read(key, into: &reading) }
        // A table that a person has changed in this second is seen in the next.
        let parts = assemble(reading, only: Set(moved))
        for key in moved { lastReading?.observed[key] = parts[key] }
        lastReading?.stamp = changeCount
        return lastReading?.observed
    }

    private func read(_ key: RouteKey, into reading: inout EdgeReading) throws(EdgeError) {
        let backends = state.routes[key]?.backends.map(\.name) ?? [ProxyName.backend(key)]
        for backend in backends {
            reading.servers[backend] = try calls.servers(of: backend)
            let counters = try calls.counters(of: backend)
            reading.counters.removeAll { $0.backend == backend }
            reading.counters += counters
        }
    }

    private func read() async throws(EdgeError) -> EdgeReading {
        guard let worker = loaded?.worker else {
            throw EdgeError(.unreachable, processProblem ?? "the edge's proxy does not run")
        }
        let old = oldWorkers()
        let calls = calls
        let layout = layout
        let master = master
        do throws(EdgeError) {
            return try await pool.run { () throws(EdgeError) -> EdgeReading in
                var reading = EdgeReading(worker: worker)
                reading.servers = Dictionary(grouping: try calls.servers(), by: \.backend)
                for map in RouteMap.allCases { reading.maps.tables[map] = try calls.map(layout.map(map)) }
                reading.counters = try calls.counters()
                for worker in old {
                    // One that has ended meanwhile has no more to say.
                    guard let answer = try? master.call("@!\(worker) show stat -1 4 -1") else { continue }
                    reading.old[worker] = RuntimeAnswers.counters(answer)
                }
                return reading
            }
        } catch {
            lostContact(error)
            throw error
        }
    }

    /// Reads again what has moved while it was read.
    private func refresh(_ reading: inout EdgeReading, since stamp: Int) throws(EdgeError) {
        let moved = changes.filter { $0.value > stamp }.keys
        guard !moved.isEmpty else { return }
        for map in RouteMap.allCases { reading.maps.tables[map] = try calls.map(layout.map(map)) }
        for key in moved { try read(key, into: &reading) }
    }

    /// - Parameter keys: what was read, without the tables; `nil`: everything.
    private func assemble(
        _ reading: EdgeReading, only keys: Set<RouteKey>? = nil
    ) -> [RouteKey: ObservedRoute] {
        figures.keep(workers: Set(reading.old.keys).union([reading.worker]))
        figures.add(reading.counters, worker: reading.worker)
        for (worker, rows) in reading.old { figures.add(rows, worker: worker) }
        var sessions: [String: [String: Int]] = [:]
        for row in reading.counters where row.sessions > 0 {
            sessions[row.backend, default: [:]][row.server, default: 0] += row.sessions
        }
        for row in reading.old.values.joined() where row.sessions > 0 {
            sessions[row.backend, default: [:]][row.server, default: 0] += row.sessions
        }
        let tablesDiffer = keys == nil && hasOtherTables(reading)
        var observed: [RouteKey: ObservedRoute] = [:]
        guard let keys else {
            let latencies = latencies.all
            observed.reserveCapacity(state.routes.count)
            for route in state.routes.values {
                observed[route.key] = view(
                    route, reading, sessions, tablesDiffer: tablesDiffer, latencies[route.key] ?? [:])
            }
            return observed
        }
        for key in keys {
            guard let route = state.routes[key] else { continue }
            observed[key] = view(route, reading, sessions, tablesDiffer: false, latencies[key])
        }
        return observed
    }

    /// With the tables as they are to be, nobody has to look at them route by route.
    private func hasOtherTables(_ reading: EdgeReading) -> Bool {
        guard loaded?.wantedMaps != reading.maps else { return false }
        if loaded?.maps != reading.maps { loaded?.maps = reading.maps }
        return true
    }

    private func view(
        _ route: Route, _ reading: EdgeReading, _ sessions: [String: [String: Int]], tablesDiffer: Bool,
        _ latencies: [ReleaseNumber: [Int64]]
    ) -> ObservedRoute {
        let entries = tablesDiffer ? loaded.map { files.entries(route, state, $0.frame) } : nil
        let comparison = RouteComparison(route: route, entries: entries, reading: reading)
        let isUnread = loaded?.unread.contains(route.key) ?? true
        var view = ObservedRoute(route: isUnread ? comparison.unloaded : comparison.observed)
        if !sessions.isEmpty {
            let names = [ProxyName.backend(route.key), ProxyName.trial(route.key)]
            for target in route.targets {
                let count = names.reduce(0) { $0 + (sessions[$1]?[target.name] ?? 0) }
                if count > 0 { view.sessions[target.container] = count }
            }
        }
        view.figures = figures[route.key]
        for (release, counts) in latencies {
            view.figures[release, default: TrafficFigures()].latency = counts
        }
        return view
    }
}
