internal import Model

/// What the edge has been told, which it keeps over restarts.
struct EdgeState: Sendable {
    /// Of the newest configuration that was written to be loaded; only rises.
    var generation = 0
    /// Makes the cookies of sticky processes; stays, so that visitors stay where they are.
    var cookieKey = ""
    private(set) var routes: [RouteKey: Route] = [:]
    /// Which route each host and path belongs to.
    private var owners: [String: RouteKey] = [:]
    private var processes: [AppName: Set<ProcessName>] = [:]

    mutating func set(_ route: Route) {
        remove(route.key)
        routes[route.key] = route
        processes[route.key.app, default: []].insert(route.key.process)
        for name in Self.names(route) { owners[name] = route.key }
    }

    mutating func remove(_ key: RouteKey) {
        guard let old = routes.removeValue(forKey: key) else { return }
        processes[key.app]?.remove(key.process)
        if processes[key.app]?.isEmpty == true { processes[key.app] = nil }
        for name in Self.names(old) where owners[name] == key { owners[name] = nil }
    }

    /// Another route that has one of the route's names already, and that name.
    func conflict(_ route: Route) -> (name: String, owner: RouteKey)? {
        for name in Self.names(route) {
            if let owner = owners[name], owner != route.key { return (name, owner) }
        }
        return nil
    }

    /// Who has a key of the table of hosts.
    func owner(of name: String) -> RouteKey? { owners[name] }

    /// Routes of the same app.
    func siblings(of app: AppName) -> [Route] {
        (processes[app] ?? []).sorted().compactMap { routes[RouteKey(app: app, process: $0)] }
    }

    /// Whether `http://APP.internal` means this process: `web`, or else the first one that is reached so.
    func isMain(_ key: RouteKey) -> Bool {
        let inside = siblings(of: key.app).filter(\.options.effectiveIsInternal).map(\.key.process.rawValue)
        return key.process.rawValue == (inside.contains("web") ? "web" : inside.first)
    }

    private static func names(_ route: Route) -> [String] {
        route.domains.map { MapEntries.key($0.host, $0.path) }
            + (route.trial?.host.map { [MapEntries.key($0, nil)] } ?? [])
    }

    /// Hosts that need a certificate.
    var secureHosts: Set<String> {
        var hosts: Set<String> = []
        for route in routes.values { hosts.formUnion(route.secureHosts) }
        return hosts
    }
}

extension Route {
    /// Hosts of the route that need a certificate.
    var secureHosts: [String] {
        guard options.effectiveHTTPS != .off else { return [] }
        return domains.map(\.host) + (trial?.host.map { [$0] } ?? [])
    }
}
