internal import Glibc
internal import Model
internal import Ports

/// A change that waits for its turn.
struct PendingChange {
    enum Kind {
        case set(Route)
        case remove(RouteKey)
    }
    var kind: Kind
    var continuation: CheckedContinuation<Result<Void, EdgeError>, Never>

    var key: RouteKey {
        switch kind {
        case .set(let route): route.key
        case .remove(let key): key
        }
    }
}

extension HAProxyEdge {
    /// Hands a change in and waits until HAProxy has confirmed it. Changes that need a reload share one.
    func submit(_ kind: PendingChange.Kind) async throws(EdgeError) {
        await loadCertificates()
        let result = await withCheckedContinuation { continuation in
            pending.append(PendingChange(kind: kind, continuation: continuation))
            if flushing == nil { flushing = Task { await self.flush() } }
        }
        await tellHosts()
        try result.get()
    }

    private func flush() async {
        if pending.contains(where: needsReload) {
            // Others that come at the same time come along.
            try? await Task.sleep(for: .milliseconds(5))
        }
        let batch = pending
        pending = []
        flushing = nil
        perform(batch)
    }

    private func needsReload(_ change: PendingChange) -> Bool {
        guard case .set(let route) = change.kind, let loaded else { return false }
        return needsReload(route, loaded)
    }

    private func needsReload(_ route: Route, _ loaded: LoadedConfiguration) -> Bool {
        guard loaded.frame.serves(route) else { return true }
        return loaded.structures[route.key] != files.structure(route, state, loaded.frame)
    }

    /// Does what was handed in, and answers everybody.
    private func perform(_ batch: [PendingChange]) {
        do throws(EdgeError) {
            try prepare()
        } catch {
            // HAProxy comes up with it when it does, if the directory is ours.
            if lock != nil { _ = remember(batch) }
            for change in batch { change.continuation.resume(returning: .failure(error)) }
            return
        }
        var results = remember(batch)
        var reloading: [Int] = []
        for (index, change) in batch.enumerated() where results[index].failure == nil {
            if needsReload(change) { reloading.append(index) }
        }
        let reloads = reloadCount
        if !reloading.isEmpty { reload(for: reloading, of: batch, &results) }
        for (index, change) in batch.enumerated() where results[index].failure == nil {
            if reloads != reloadCount {
                // The new worker has begun with all of it.
                if case .remove(let key) = change.kind { forgetFigures(key) }
                continue
            }
            do throws(EdgeError) {
                try applyAtRuntime(change.key)
            } catch {
                results[index].failure = error
                lostContact(error)
            }
        }
        for (index, change) in batch.enumerated() {
            let failure = results[index].failure
            if case .set = change.kind, failure == nil || failure?.code != .refused {
                refusals[change.key] = nil
            }
            if let failure, failure.code == .refused { refusals[change.key] = failure.message }
            change.continuation.resume(returning: failure.map { .failure($0) } ?? .success(()))
        }
    }

    struct Outcome {
        var previous: Route?
        var failure: EdgeError?
    }

    /// Writes the wish down before anything is done about it.
    private func remember(_ batch: [PendingChange]) -> [Outcome] {
        // Each file by itself costs some milliseconds; all of them together not much more.
        let isLarge = batch.count > 8
        var outcomes = batch.map { change in
            let previous = state.routes[change.key]
            do throws(EdgeError) {
                switch change.kind {
                case .set(let route): try remember(route, isDurable: !isLarge)
                case .remove(let key): try forget(key)
                }
                return Outcome(previous: previous)
            } catch {
                return Outcome(previous: previous, failure: error)
            }
        }
        guard isLarge else { return outcomes }
        do throws(EdgeError) {
            try memory.settle()
        } catch {
            for index in outcomes.indices { outcomes[index].failure = outcomes[index].failure ?? error }
        }
        return outcomes
    }

    private func remember(_ route: Route, isDurable: Bool) throws(EdgeError) {
        if let (name, owner) = state.conflict(route) {
            throw EdgeError(
                .refused,
                "\(route.key) wants `\(name)`, which is \(owner)'s; give it another domain, or take it from there"
            )
        }
        let previous = state.routes[route.key]
        if previous != route { try memory.save(route, isDurable: isDurable) }
        if previous?.secureHosts != route.secureHosts { hostsAreNews = true }
        state.set(route)
        leftOut.remove(route.key)
        figures.learn(route)
        latencies.learn(route)
        moved(route.key)
    }

    private func forget(_ key: RouteKey) throws(EdgeError) {
        try memory.forget(key)
        if state.routes[key]?.secureHosts.isEmpty == false { hostsAreNews = true }
        state.remove(key)
        refusals[key] = nil
        moved(key)
    }

    func moved(_ key: RouteKey) {
        changeCount += 1
        changes[key] = changeCount
        filesAreOld = true
        guard let frame = loaded?.frame else { return }
        loaded?.want(files.entries(of: key.app, state, frame), of: key.app)
        if let route = state.routes[key], loaded.map({ needsReload(route, $0) }) == true {
            loaded?.unread.insert(key)
        } else {
            loaded?.unread.remove(key)
        }
    }

    /// Reloads with everything; routes that HAProxy refuses are put back to what they were, and the others go on.
    private func reload(for indices: [Int], of batch: [PendingChange], _ results: inout [Outcome]) {
        var left = indices
        while !left.isEmpty {
            do throws(RefusedRoute) {
                try reloadNaming()
                return
            } catch {
                let guilty = left.filter { batch[$0].key == error.key }
                // Somebody else's is no reason to refuse these.
                if guilty.isEmpty, let key = error.key, leaveOut(key) { continue }
                for index in guilty.isEmpty ? left : guilty {
                    results[index].failure = error.error
                    putBack(batch[index].key, results[index].previous)
                }
                if guilty.isEmpty {
                    if error.error.code != .refused { lostContact(error.error) }
                    return
                }
                left.removeAll { guilty.contains($0) }
            }
        }
    }

    private func putBack(_ key: RouteKey, _ previous: Route?) {
        // A file that cannot be put back is seen as a difference by whoever looks next.
        if let previous {
            state.set(previous)
            try? memory.save(previous)
        } else {
            state.remove(key)
            try? memory.forget(key)
        }
        hostsAreNews = true
        moved(key)
    }

    func lostContact(_ error: EdgeError) {
        if error.code == .unreachable {
            loaded = nil
            nextStart = nil
        }
    }

    // MARK: At runtime

    /// Makes the servers and table entries of a process what the state says, and looks whether they are.
    private func applyAtRuntime(_ key: RouteKey) throws(EdgeError) {
        guard loaded != nil else {
            throw EdgeError(.unreachable, processProblem ?? "the edge's proxy does not run")
        }
        guard loaded?.structures[key] != nil else { return }
        try readTablesIfUnsure()
        try applyTables(key)
        var gone: [Reconciler.Leftover] = []
        for (backend, wanted) in wantedBackends(key) {
            let live = try calls.servers(of: backend)
            let (commands, leftovers) = changes(backend, key, wanted, live)
            if !leftovers.isEmpty { countLast(backend) }
            gone += leftovers
            guard !commands.isEmpty else { continue }
            try calls.run(commands)
            tellOldWorkers(commands)
            let left = changes(backend, key, wanted, try calls.servers(of: backend)).commands
            guard left.isEmpty else {
                throw EdgeError(.internal, "the edge's proxy has not done `\(left[0].text)`")
            }
        }
        for leftover in gone {
            try calls.endSessions(leftover)
            leftovers.insert(leftover)
        }
        if !gone.isEmpty { deleteLeftovers() }
        if state.routes[key] == nil { forgetFigures(key) }
    }

    private func forgetFigures(_ key: RouteKey) {
        figures.forget(key)
        latencies.forget(key)
    }

    /// Every backend that HAProxy has for the process; a process without a route keeps empty ones until the next
    /// reload.
    private func wantedBackends(_ key: RouteKey) -> [(name: String, servers: [WantedServer])] {
        if let route = state.routes[key] { return route.backends }
        let names = [ProxyName.backend(key)] + (hasTrialBackend(key) ? [ProxyName.trial(key)] : [])
        return names.map { ($0, []) }
    }

    private func hasTrialBackend(_ key: RouteKey) -> Bool { loaded?.structures[key]?.hasTrial ?? false }

    private func changes(
        _ backend: String, _ key: RouteKey, _ wanted: [WantedServer], _ live: [LiveServer]
    ) -> (commands: [Reconciler.Command], leftovers: [Reconciler.Leftover]) {
        let options = state.routes[key]?.options ?? EdgeSpec()
        return Reconciler.changes(
            backend: backend, wanted: wanted, live: live, options: ServerOptions(options),
            cookieKey: options.sticky == true ? state.cookieKey : nil)
    }

    /// The entries of the whole app: which process `http://APP.internal` means depends on all of them.
    private func applyTables(_ key: RouteKey) throws(EdgeError) {
        guard let frame = loaded?.frame else { return }
        let wanted = files.entries(of: key.app, state, frame)
        // In place: a copy of the tables of ten thousand apps would cost more than the change.
        for map in RouteMap.allCases {
            let entries = wanted.tables[map] ?? [:]
            var live: [String: String] = [:]
            for name in (loaded?.entries[key.app]?.tables[map] ?? [:]).keys where entries[name] == nil {
                // What another app has now is that one's.
                if let owner = state.owner(of: name), owner.app != key.app { continue }
                live[name] = loaded?.maps[map][name]
            }
            for name in entries.keys { live[name] = loaded?.maps[map][name] }
            let commands = Reconciler.changes(file: layout.map(map), wanted: entries, live: live)
            if commands.isEmpty { continue }
            // Until it is known to be done, what is there is to be looked at.
            loaded?.tablesAreSure = false
            try calls.run(commands)
            tellOldWorkers(commands)
            for name in live.keys { loaded?.maps.tables[map]?[name] = nil }
            for (name, value) in entries { loaded?.maps.tables[map, default: [:]][name] = value }
            loaded?.tablesAreSure = true
        }
        loaded?.entries[key.app] = wanted
    }
}
