internal import Model

/// Finds the apps that wait for themselves.
enum DependencyCycles {
    /// A cycle as one of its apps sees it.
    struct Cycle {
        /// How many apps of a cycle are kept: enough for a message, and of no weight even where all apps of an
        /// installation are on one.
        static let limit = 10
        /// The app itself first.
        var apps: [AppName]
        var isCut: Bool
    }

    /// For each app on a cycle, the shortest such cycle. Apps that only lead to a cycle are not in it.
    ///
    /// No recursion, and a bounded number of searches: the graph comes from files of others. Past the bound an app
    /// gets the apps that it is entangled with instead of its shortest cycle.
    static func find(_ edges: [AppName: [AppName]]) -> [AppName: Cycle] {
        var cycles: [AppName: Cycle] = [:]
        for component in components(edges) where component.count > 1 {
            let members = Set(component)
            var searches = 0
            for app in component.sorted() where cycles[app] == nil {
                searches += 1
                guard searches <= 50 else {
                    let others = component.prefix(Cycle.limit).filter { $0 != app }
                    cycles[app] = Cycle(apps: [app] + others, isCut: component.count > others.count + 1)
                    continue
                }
                guard let cycle = shortest(from: app, edges, within: members) else { continue }
                // All on the same circle see it from where they stand.
                for (offset, member) in cycle.enumerated() where cycles[member] == nil {
                    cycles[member] = seen(cycle, from: offset)
                }
            }
        }
        for (app, targets) in edges where targets.contains(app) {
            cycles[app] = Cycle(apps: [app], isCut: false)
        }
        return cycles
    }

    private static func seen(_ cycle: [AppName], from offset: Int) -> Cycle {
        let ahead = cycle[offset...].prefix(Cycle.limit)
        let behind = cycle[..<offset].prefix(Cycle.limit - ahead.count)
        return Cycle(apps: Array(ahead + behind), isCut: cycle.count > Cycle.limit)
    }

    private static func shortest(
        from start: AppName, _ edges: [AppName: [AppName]], within members: Set<AppName>
    ) -> [AppName]? {
        var parents: [AppName: AppName] = [:]
        var queue = [start]
        var next = 0
        while next < queue.count {
            let app = queue[next]
            next += 1
            for target in edges[app] ?? [] where members.contains(target) {
                if target == start { return path(to: app, from: start, parents) }
                if parents[target] == nil {
                    parents[target] = app
                    queue.append(target)
                }
            }
        }
        return nil
    }

    private static func path(to end: AppName, from start: AppName, _ parents: [AppName: AppName]) -> [AppName]
    {
        var path = [end]
        while let last = path.last, last != start, let parent = parents[last] { path.append(parent) }
        return path.reversed()
    }

    /// Tarjan's strongly connected components, with a stack of its own.
    private static func components(_ edges: [AppName: [AppName]]) -> [[AppName]] {
        var search = Search(edges: edges)
        for app in edges.keys.sorted() { search.visit(app) }
        return search.components
    }

    private struct Search {
        let edges: [AppName: [AppName]]
        var components: [[AppName]] = []
        private var order: [AppName: Int] = [:]
        private var lowest: [AppName: Int] = [:]
        private var open: [AppName] = []
        private var isOpen: Set<AppName> = []

        init(edges: [AppName: [AppName]]) { self.edges = edges }

        mutating func visit(_ root: AppName) {
            guard order[root] == nil else { return }
            var calls: [(app: AppName, nextEdge: Int)] = []
            enter(root, &calls)
            while let call = calls.last {
                let targets = edges[call.app] ?? []
                guard call.nextEdge < targets.count else {
                    calls.removeLast()
                    leave(call.app, parent: calls.last?.app)
                    continue
                }
                calls[calls.count - 1].nextEdge += 1
                let target = targets[call.nextEdge]
                if order[target] == nil {
                    enter(target, &calls)
                } else if isOpen.contains(target), let seen = order[target] {
                    lowest[call.app] = min(lowest[call.app] ?? seen, seen)
                }
            }
        }

        private mutating func enter(_ app: AppName, _ calls: inout [(app: AppName, nextEdge: Int)]) {
            order[app] = order.count
            lowest[app] = order[app]
            open.append(app)
            isOpen.insert(app)
            calls.append((app, 0))
        }

        private mutating func leave(_ app: AppName, parent: AppName?) {
            let own = lowest[app] ?? 0
            if own == order[app] {
                var component: [AppName] = []
                while let last = open.popLast() {
                    isOpen.remove(last)
                    component.append(last)
                    if last == app { break }
                }
                components.append(component)
            }
            if let parent { lowest[parent] = min(lowest[parent] ?? own, own) }
        }
    }
}
