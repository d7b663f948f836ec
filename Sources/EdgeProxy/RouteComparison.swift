internal import Model

/// What HAProxy does for a route, told as a route: the very one that was applied if it does just that, and a
/// different one if not.
struct RouteComparison {
    let route: Route
    /// What the route has in the tables; `nil`: they are known to be right.
    let entries: MapEntries?
    let reading: EdgeReading

    var observed: Route {
        var view = route
        let live = reading.servers[ProxyName.backend(route.key)] ?? []
        compare(route.servers, live, &view)
        if route.trial != nil {
            let live = reading.servers[ProxyName.trial(route.key)] ?? []
            // Whatever is wrong with it, the trial is not what was asked for.
            if !agrees(route.trialServers, live) { view.trial = nil }
        }
        if let entries { compare(entries, &view) }
        return view
    }

    private func compare(_ entries: MapEntries, _ view: inout Route) {
        func isMissing(_ name: String) -> Bool {
            guard let wanted = entries.tables[.hosts]?[name] else { return false }
            return reading.maps[.hosts][name] != wanted
        }
        view.domains.removeAll { isMissing(MapEntries.key($0.host, $0.path)) }
        if let host = route.trial?.host, isMissing(MapEntries.key(host, nil)) { view.trial = nil }
        let mark = ProxyName.backend(route.key)
        if reading.maps[.trials][mark] != entries.tables[.trials]?[mark] {
            view.trial = route.trial == nil ? Route.Trial() : nil
        }
        if (entries.tables[.inside] ?? [:]).contains(where: { reading.maps[.inside][$0.key] != $0.value }) {
            view.options.isInternal = nil
        }
    }

    /// HAProxy has not read it yet.
    var unloaded: Route {
        var view = route
        view.targets = []
        view.domains = []
        if view == route { view.options.isInternal = view.options.isInternal == nil ? false : nil }
        return view
    }

    private func compare(_ wanted: [WantedServer], _ live: [LiveServer], _ view: inout Route) {
        if agree(wanted, live) { return }
        let present = Dictionary(live.map { ($0.name, $0) }) { first, _ in first }
        var isSplitWrong = false
        for server in wanted {
            guard let index = view.targets.firstIndex(where: { $0.name == server.name }) else { continue }
            guard let now = present[server.name] else {
                view.targets.remove(at: index)
                continue
            }
            if now.address != server.address || now.port != server.port {
                view.targets[index].address = now.address
                view.targets[index].port = now.port
            }
            if now.isOut != server.isOut || now.isDraining { view.targets[index].isDraining.toggle() }
            if now.weight != server.weight, !server.isOut { isSplitWrong = true }
        }
        if isSplitWrong { view.split = route.split == nil ? [:] : nil }
        let names = Set(wanted.map(\.name))
        for server in live where !names.contains(server.name) && !server.isOut {
            guard let container = ContainerID(server.name) else { continue }
            view.targets.append(
                Route.Target(
                    container: container, name: server.name, release: .first, address: server.address,
                    port: server.port))
        }
    }

    /// The common case: the same few servers, in any order.
    private func agree(_ wanted: [WantedServer], _ live: [LiveServer]) -> Bool {
        wanted.count == live.count && wanted.count <= 16
            && wanted.allSatisfy { server in
                live.contains { now in
                    now.name == server.name && now.port == server.port && now.address == server.address
                        && now.isOut == server.isOut && !now.isDraining
                        && (now.weight == server.weight || server.isOut)
                }
            }
    }

    private func agrees(_ wanted: [WantedServer], _ live: [LiveServer]) -> Bool {
        var view = route
        view.targets = wanted.compactMap { server in route.targets.first { $0.name == server.name } }
        let before = view
        compare(wanted, live, &view)
        return view == before
    }
}
