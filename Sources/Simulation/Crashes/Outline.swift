internal import Model
internal import Ports

/// The world in a few lines: equal lines are an equal end.
enum Outline {
    /// - Parameter networks: those on the engine.
    static func lines(_ world: WorldTruth, networks: [String]) -> [String] {
        var lines: [String] = []
        for app in Set(world.stored.apps.keys).union(world.status?.apps.map(\.name) ?? []) {
            lines.append(line(app, world))
        }
        for app in Set(world.rollouts.map(\.app)) { lines.append(history(app, world)) }
        lines += world.instances.sorted { $0.key < $1.key }.compactMap { extra($0.key, $0.value, world) }
        lines += world.jobs.values.map { job in
            "job \(job.observed.labels.app) \(job.observed.labels.release) \(end(job.observed.state))"
        }
        lines += world.routes.map { route($0.key, $0.value) }
        lines += networks.map { "network \($0)" }
        lines += world.volumes.map { "volume \($0)" }
        lines += world.stored.openIntents.map { "no outcome: \($0.action.rawValue) \($0.object)" }
        for owned in world.stored.owned.values
        where world.instances[owned.id] == nil && world.jobs[owned.id] == nil {
            lines.append("recorded and gone: \(owned.name)")
        }
        return lines.sorted()
    }

    /// The same without what only the store knows: history, and the numbers of releases.
    static func essence(_ lines: [String]) -> [String] {
        lines.filter { !$0.contains(" history: ") }.map { line in
            line.split(separator: " ").map { word in
                word.first == "v" && word.dropFirst().allSatisfy { $0.isNumber || $0 == "," }
                    ? word.hasSuffix(",") ? "v," : "v" : word
            }
            .joined(separator: " ")
        }
        .sorted()
    }

    private static func tag(_ reference: String) -> String {
        String(reference.prefix { $0 != "@" }.split(separator: ":").last ?? "")
    }

    /// `shop: converged, v2 2-good, web 2`.
    private static func line(_ app: AppName, _ world: WorldTruth) -> String {
        let verdict = world.status?.apps.first { $0.name == app }?.verdict.rawValue ?? "not in the status"
        guard let memory = world.stored.apps[app] else { return "\(app): \(verdict), not stored" }
        var words = [verdict]
        if let release = memory.lastGood {
            words.append("\(release.number) \(tag(release.image.reference))")
            for process in release.spec.processes {
                let count = world.instances.values.count { fits($0, release, process.name) }
                words.append("\(process.name) \(count)")
            }
        }
        if let rollout = memory.rollout {
            words.append("\(phase(rollout)) \(rollout.target.number) \(tag(rollout.target.image.reference))")
        }
        words += memory.quarantine.map { "quarantined \($0.release)" }
        if let pin = memory.pin { words.append("pinned to \(pin.release.number)") }
        if let kept = memory.kept { words.append("kept \(kept.release.number)") }
        if !memory.path.hasPrefix("apps/") { words.append("in \(memory.path) of \(memory.source)") }
        if memory.isPaused { words.append("paused") }
        if memory.isBeingRemoved { words.append("being removed") }
        return "\(app): " + words.joined(separator: ", ")
    }

    private static func phase(_ rollout: Rollout) -> String {
        switch rollout.phase {
        case .moving: "moving to"
        case .rollingBack: "rolling back"
        case .held: "held"
        }
    }

    private static func fits(
        _ instance: WorldTruth.Instance, _ release: Release, _ process: ProcessName
    ) -> Bool {
        let labels = instance.observed.labels
        return instance.isOurs && instance.isReady && labels.app == release.app && labels.process == process
            && labels.template == release.templates[process]?.digest
    }

    private static func history(_ app: AppName, _ world: WorldTruth) -> String {
        let records = world.rollouts.filter { $0.app == app }
        let words = records.map { "\($0.release) \($0.outcome?.rawValue ?? "without end")" }
        return "\(app) history: " + words.joined(separator: ", ")
    }

    /// What no app accounts for.
    private static func extra(
        _ id: ContainerID, _ instance: WorldTruth.Instance, _ world: WorldTruth
    ) -> String? {
        let (observed, labels) = (instance.observed, instance.observed.labels)
        guard instance.isOurs else { return "stranger \(observed.name)" }
        if world.stored.owned[id] == nil { return "not recorded: \(observed.name)" }
        guard let release = world.stored.apps[labels.app]?.lastGood,
            fits(instance, release, labels.process)
        else {
            return "left over: \(observed.image.prefix { $0 != "@" }), \(state(observed.state))"
        }
        guard let wanted = release.templates[labels.process]?.container else { return nil }
        let effective = observed.effective
        let isAsWanted =
            effective.nanoCPUs == wanted.nanoCPUs && effective.memoryInBytes == wanted.memoryInBytes
            && effective.restart == wanted.restart && effective.networks == [wanted.network]
        return isAsWanted ? nil : "tampered with: \(observed.name)"
    }

    private static func end(_ state: ContainerState) -> String {
        if case .exited(let code, _) = state { "exited \(code)" } else { self.state(state) }
    }

    private static func state(_ state: ContainerState) -> String {
        switch state {
        case .created: "created"
        case .running: "running"
        case .paused: "paused"
        case .restarting: "restarting"
        case .exited: "exited"
        case .removing: "removing"
        case .dead: "dead"
        }
    }

    /// `route shop/web: v2 ×2 100 %`.
    private static func route(_ key: RouteKey, _ observed: ObservedRoute) -> String {
        let targets = observed.route.targets
        let words = Set(targets.map(\.release)).sorted().map { release in
            let count = targets.count { $0.release == release }
            return "\(release) ×\(count) \(Int(observed.route.share(of: release))) %"
        }
        let draining = targets.count(where: \.isDraining)
        let tail = draining > 0 ? ", \(draining) draining" : ""
        return "route \(key): " + (words.isEmpty ? "nobody" : words.joined(separator: ", ")) + tail
    }
}
