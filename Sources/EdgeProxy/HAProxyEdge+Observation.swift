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
            var reading = try await read()
            guard reloads == reloadCount, loaded != nil else {
                try prepare()
                continue
            }
            try refresh(&reading, since: stamp)
            return assemble(reading)
        }
        throw EdgeError(.timeout, "the edge's proxy is reloaded again and again; its state is read later")
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
        for key in moved {
            let backends = state.routes[key]?.backends.map(\.name) ?? [ProxyName.backend(key)]
            for backend in backends { reading.servers[backend] = try calls.servers(of: backend) }
        }
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
        let frame = loaded?.frame ?? ProxyFrame()
        if let tables = loaded?.maps, tables != reading.maps { loaded?.maps = reading.maps }
        var observed: [RouteKey: ObservedRoute] = [:]
        observed.reserveCapacity(state.routes.count)
        for (key, route) in state.routes {
            let entries = files.entries(route, state, frame)
            let comparison = RouteComparison(route: route, entries: entries, reading: reading)
            let isLoaded = loaded?.structures[key] == files.structure(route, state, frame)
            var view = ObservedRoute(route: isLoaded ? comparison.observed : comparison.unloaded)
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
