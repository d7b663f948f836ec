internal import Glibc
internal import Model
internal import Ports

/// A reload that was not done, and the route that is to blame, if it is one.
struct RefusedRoute: Error {
    var key: RouteKey?
    var error: EdgeError
}

extension HAProxyEdge {
    /// Reloads with whatever HAProxy takes: a route that it does not take any more, as after an upgrade, does not keep
    /// the others from being served.
    func reload() throws(EdgeError) {
        while true {
            do throws(RefusedRoute) {
                return try reloadNaming()
            } catch {
                guard let key = error.key, leaveOut(key) else { throw error.error }
            }
        }
    }

    /// Serves without the route until it is told anew; `false` if it is left out already.
    func leaveOut(_ key: RouteKey) -> Bool {
        log(refusals[key] ?? "HAProxy refuses the route of \(key)")
        return leftOut.insert(key).inserted
    }

    /// What HAProxy is to serve.
    private var acceptable: EdgeState {
        var state = state
        for key in leftOut { state.remove(key) }
        return state
    }

    /// Makes HAProxy read everything anew, and waits until the new worker says that it has. The listeners are handed
    /// over; the old worker finishes what it has.
    ///
    /// Refused: what is on disk and what runs stay as they are.
    func reloadNaming() throws(RefusedRoute) {
        var refused: RouteKey?
        do throws(EdgeError) {
            let generation = state.generation + 1
            var next: LoadedConfiguration
            (next, refused) = try writeCandidate(generation: generation)
            if let refused { throw refusalOf(refused) }
            state.generation = generation
            try memory.save(header: state)
            countAll()
            let before = try Files.read(layout.configuration)
            try Files.move(layout.candidate, to: layout.configuration)
            do throws(EdgeError) {
                next.worker = try handOver(generation)
            } catch {
                if let before { try Files.write(before, to: layout.configuration, isDurable: false) }
                throw error
            }
            loaded = next
            reloadCount += 1
            changes = [:]
            filesAreOld = false
            leftovers = []
            oldWorkersUntil = .now + configuration.hardStopAfter.duration
        } catch {
            throw RefusedRoute(key: refused, error: error)
        }
    }

    /// Writes what HAProxy is to read beside what it has read, and asks it; certificates that it does not take are
    /// left out.
    ///
    /// - Returns: the route that it does not take, if it is that; `refusals` says why.
    func writeCandidate(
        generation: Int
    ) throws(EdgeError) -> (next: LoadedConfiguration, refused: RouteKey?) {
        let state = acceptable
        let frame = ProxyFrame(state.routes.values, known: loaded?.frame ?? ProxyFrame())
        var next = files.loaded(
            state, generation: generation, frame: frame, certificates: certificateFiles)
        next.unread = leftOut
        let file = files.text(frame).file(state, generation: generation, structures: next.structures)
        while true {
            next.certificates = Set(certificateFiles.map(\.path))
            try files.writePages(state)
            try files.writeTables(next.maps, certificateFiles)
            try Files.write(file.text.utf8, to: layout.candidate, isDurable: false)
            do throws(ProxyFiles.Refusal) {
                try files.check()
                return (next, nil)
            } catch {
                if leaveOut(error) { continue }
                guard let key = error.line.flatMap({ file.owner(ofLine: $0) }) else {
                    throw EdgeError(
                        .refused,
                        "HAProxy refuses its configuration, and the one before stays: \(error.message)")
                }
                refusals[key] =
                    "HAProxy refuses the route of \(key), and what was before stays: \(error.message)"
                return (next, key)
            }
        }
    }

    private func refusalOf(_ key: RouteKey) -> EdgeError {
        EdgeError(.refused, refusals[key] ?? "HAProxy refuses the route of \(key)")
    }

    /// Tells the master, and waits until the new worker answers; returns its process id.
    private func handOver(_ generation: Int) throws(EdgeError) -> Int32 {
        // It hangs up in the middle of its answer, as it becomes another program.
        _ = try? master.call("reload")
        let limit = Duration.seconds(15) + .milliseconds(2 * state.routes.count)
        let deadline = ContinuousClock.now + limit
        var worker: Int32?
        var round = 0
        while ContinuousClock.now < deadline {
            if worker == nil, let info = try? calls.info(),
                info["description"] == ProxyText.description(generation)
            {
                version = info["Version"] ?? version
                worker = info["Pid"].flatMap { Int32($0) } ?? 0
            }
            // The master comes back a moment after its worker; without it the old one could not be asked.
            round += 1
            if worker != nil || round % 20 == 0,
                let view = (try? master.text("show proc")).flatMap(RuntimeAnswers.processes)
            {
                if let worker, view.workers.contains(worker) { return worker }
                guard view.failedReloads == 0 else {
                    throw EdgeError(
                        .unreachable,
                        "the edge's proxy could not be reloaded and goes on as before: \(process.complaints)")
                }
            }
            _ = poll(nil, 0, 5)
        }
        throw EdgeError(
            .timeout, "the edge's proxy has not taken its new configuration in \(limit); it goes on as before"
        )
    }

    /// Compares every server and every table entry with the state, and mends what differs.
    func repairAll() throws(EdgeError) {
        guard let loaded else { return }
        let live = Dictionary(grouping: try calls.servers(), by: \.backend)
        var commands: [Reconciler.Command] = []
        let maps = files.maps(state, loaded.frame)
        for map in RouteMap.allCases {
            let now = try calls.map(layout.map(map))
            commands += Reconciler.changes(file: layout.map(map), wanted: maps[map], live: now)
        }
        for route in state.routes.values {
            let cookieKey = route.options.sticky == true ? state.cookieKey : nil
            for (backend, wanted) in route.backends {
                let (changes, gone) = Reconciler.changes(
                    backend: backend, wanted: wanted, live: live[backend] ?? [],
                    options: ServerOptions(route.options), cookieKey: cookieKey)
                commands += changes
                leftovers.formUnion(gone)
            }
        }
        try calls.run(commands)
        self.loaded?.maps = maps
        self.loaded?.tablesAreSure = true
    }

    /// After a change that failed half-way, what is there is read before the next.
    func readTablesIfUnsure() throws(EdgeError) {
        guard loaded?.tablesAreSure == false else { return }
        for map in RouteMap.allCases { loaded?.maps.tables[map] = try calls.map(layout.map(map)) }
        loaded?.tablesAreSure = true
    }

    /// Workers that only finish what they have may get a request more on a connection that was idle; they are to send
    /// it where the new one does. What they do not take ends with them.
    func tellOldWorkers(_ commands: [Reconciler.Command]) {
        for worker in oldWorkers() {
            _ = try? master.call(commands.map { "@!\(worker) \($0.text)" }.joined(separator: "; "))
        }
    }

    func oldWorkers() -> [Int32] {
        guard let oldWorkersUntil else { return [] }
        if ContinuousClock.now > oldWorkersUntil {
            self.oldWorkersUntil = nil
            return []
        }
        guard let view = (try? master.text("show proc")).flatMap(RuntimeAnswers.processes) else { return [] }
        if view.oldWorkers.isEmpty { self.oldWorkersUntil = nil }
        return view.oldWorkers
    }

    // MARK: Counters that are about to go

    func countLast(_ backend: String) {
        guard let worker = loaded?.worker, let rows = try? calls.counters(of: backend) else { return }
        figures.add(rows, worker: worker)
    }

    private func countAll() {
        guard let worker = loaded?.worker, let rows = try? calls.counters() else { return }
        figures.add(rows, worker: worker)
    }
}
