internal import Model

/// Turns the counters of workers, which begin anew with each of them, into figures that only rise.
struct FigureBook: Sendable {
    private struct Source: Hashable {
        var worker: Int32
        var backend: String
        var server: String
    }
    /// Of each process so many servers that have left are remembered: an old worker may still count for them.
    private static let rememberedServers = 64
    private static let rememberedReleases = 16

    private var keys: [String: RouteKey] = [:]
    private var releases: [RouteKey: [String: ReleaseNumber]] = [:]
    private var last: [Source: ServerCounters] = [:]
    private var sums: [RouteKey: [ReleaseNumber: TrafficFigures]] = [:]

    mutating func learn(_ route: Route) {
        keys[ProxyName.backend(route.key)] = route.key
        keys[ProxyName.trial(route.key)] = route.key
        var known = releases[route.key] ?? [:]
        if known.count > Self.rememberedServers { known = [:] }
        for target in route.targets { known[target.name] = target.release }
        releases[route.key] = known
        while (sums[route.key]?.count ?? 0) > Self.rememberedReleases,
            let oldest = sums[route.key]?.keys.min()
        {
            sums[route.key]?[oldest] = nil
        }
    }

    func owner(backend: String, server: String) -> (key: RouteKey, release: ReleaseNumber)? {
        guard let key = keys[backend], let release = releases[key]?[server] else { return nil }
        return (key, release)
    }

    /// Adds what the worker has counted since it was last read.
    mutating func add(_ rows: [ServerCounters], worker: Int32) {
        for row in rows {
            let source = Source(worker: worker, backend: row.backend, server: row.server)
            let before = last[source]
            last[source] = row
            guard let owner = owner(backend: row.backend, server: row.server) else { continue }
            // A server of the same name that has come again counts from zero.
            let isSame = before.map { $0.requests <= row.requests && $0.errors <= row.errors } ?? false
            let requests = row.requests - (isSame ? before?.requests ?? 0 : 0)
            let errors = row.errors - (isSame ? before?.errors ?? 0 : 0)
            guard requests > 0 || errors > 0 else { continue }
            sums[owner.key, default: [:]][owner.release, default: TrafficFigures()].requests += requests
            sums[owner.key, default: [:]][owner.release, default: TrafficFigures()].errors += errors
        }
    }

    /// What the worker has counted before our time is nobody's: with durations that begin at zero, so do the counts, and
    /// who compares with figures of a controller before sees them fall.
    mutating func begin(_ rows: [ServerCounters], worker: Int32) {
        for row in rows { last[Source(worker: worker, backend: row.backend, server: row.server)] = row }
    }

    /// Forgets the workers that are not there any more.
    mutating func keep(workers: Set<Int32>) {
        guard last.keys.contains(where: { !workers.contains($0.worker) }) else { return }
        last = last.filter { workers.contains($0.key.worker) }
    }

    /// Forgets a server that was deleted, so that one of the same name is counted from zero.
    mutating func forget(backend: String, server: String, worker: Int32) {
        last[Source(worker: worker, backend: backend, server: server)] = nil
    }

    mutating func forget(_ key: RouteKey) {
        sums[key] = nil
        releases[key] = nil
        keys[ProxyName.backend(key)] = nil
        keys[ProxyName.trial(key)] = nil
    }

    subscript(key: RouteKey) -> [ReleaseNumber: TrafficFigures] { sums[key] ?? [:] }
}
