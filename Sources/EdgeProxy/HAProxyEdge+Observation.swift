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
            if let reading = try recent() { return assemble(reading) }
            var reading = try await read()
            guard reloads == reloadCount, loaded != nil else {
                try prepare()
                continue
            }
            try refresh(&reading, since: stamp)
            lastReading = (reading, .now, changeCount, reloads)
            return assemble(reading)
        }
        throw EdgeError(.timeout, "the edge's proxy is reloaded again and again; its state is read later")
    }

    /// From so many routes on a reading of all of them serves for a second; what has changed since is read.
    private static let manyRoutes = 500

    private func recent() throws(EdgeError) -> EdgeReading? {
        guard state.routes.count >= Self.manyRoutes, var last = lastReading, last.reloads == reloadCount,
            loaded?.worker == last.reading.worker, ContinuousClock.now - last.at < .seconds(1),
            let maps = loaded?.maps
        else { return nil }
        let moved = changes.filter { $0.value > last.stamp }.keys
        guard moved.count < 20 else { return nil }
        // Not held twice, so that it is changed in place; a failure below leaves none.
        lastReading = nil
        // A table that a person has changed in this second is seen in the next.
        last.reading.maps = maps
        for key in moved { try read(key, into: &last.reading) }
        last.stamp = changeCount
        lastReading = last
        return last.reading
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

    private func assemble(_ reading: EdgeReading) -> [RouteKey: ObservedRoute] {
        figures.keep(workers: Set(reading.old.keys).union([reading.worker]))
        figures.add(reading.counters, worker: reading.worker)
        for (worker, rows) in reading.old { figures.add(rows, worker: worker) }
        var sessions: [String: [String: Int]] = [:]
        for row in reading.counters + reading.old.values.joined() where row.sessions > 0 {
            sessions[row.backend, default: [:]][row.server, default: 0] += row.sessions
        }
        let latencies = latencies.all
        // With the tables as they are to be, nobody has to look at them route by route.
        let tablesDiffer = loaded?.wantedMaps != reading.maps
        if tablesDiffer, loaded?.maps != reading.maps { loaded?.maps = reading.maps }
        let unread = loaded?.unread ?? []
        var observed: [RouteKey: ObservedRoute] = [:]
        observed.reserveCapacity(state.routes.count)
        for (key, route) in state.routes {
            let entries = tablesDiffer ? loaded.map { files.entries(route, state, $0.frame) } : nil
            let comparison = RouteComparison(route: route, entries: entries, reading: reading)
            var view = ObservedRoute(route: unread.contains(key) ? comparison.unloaded : comparison.observed)
            for target in route.targets {
                let count = route.backends.reduce(0) { $0 + (sessions[$1.name]?[target.name] ?? 0) }
                if count > 0 { view.sessions[target.container] = count }
            }
            view.figures = figures[key]
            for (release, counts) in latencies[key] ?? [:] {
                view.figures[release, default: TrafficFigures()].latency = counts
            }
            observed[key] = view
        }
        return observed
    }
}
