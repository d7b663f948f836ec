internal import Model

extension SpecDecoder {
    /// Rules between the parts of one spec.
    func checkAcross(
        _ top: Fields, app: AppName?, processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec],
        deploy: DeploySpec
    ) {
        if let app { checkLengths(top, app: app, processes: processes) }
        checkStrategy(top, processes: processes, volumes: volumes, deploy: deploy)
        checkGroup(top, processes: processes, volumes: volumes, deploy: deploy)
        checkUnused(top, processes: processes, volumes: volumes)
        checkDomains(top, processes: processes, deploy: deploy)
    }

    /// An instance answers under the joined name, and a DNS label has 63 bytes.
    private func checkLengths(_ top: Fields, app: AppName, processes: [ProcessSpec]) {
        for process in processes {
            let name = "\(app)-\(process.name)"
            guard name.utf8.count > 63 else { continue }
            let entry = top["processes"]?.node.entries?.first { $0.key == process.name.rawValue }
            error(
                "name_too_long",
                "the names of app and process make `\(name)`, which has \(name.utf8.count) bytes; at most 63 are allowed",
                at: entry?.keyMark ?? top.mark, "processes.\(process.name)")
        }
    }

    private func checkStrategy(
        _ top: Fields, processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec], deploy: DeploySpec
    ) {
        let strategy = deploy.effectiveStrategy
        guard strategy.movesTraffic, !processes.isEmpty, let field = top["deploy"] else { return }
        let name = strategy.rawValue
        func refuse(_ code: String, _ message: String) {
            error(code, message, at: field.node["strategy"]?.mark ?? field.mark, "deploy.strategy")
        }
        guard processes.contains(where: { $0.port != nil }) else {
            return refuse(
                "strategy_without_port",
                "`\(name)` moves traffic, but no process has a `port`; give `web` one, or use `rolling`")
        }
        let running = processes.filter { $0.effectiveReplicas > 0 }
        guard !running.isEmpty || strategy != .canary else {
            return refuse(
                "canary_without_replicas",
                "`canary` tries a release on some instances first, and no process has `replicas` above 0")
        }
        if strategy == .canary, let process = running.first(where: { isFirstStepTooLarge($0, deploy) }) {
            refuse(
                "first_step_too_large",
                "the first step takes more instances of `\(process.name)` than `max_surge` and `max_unavailable` have"
                    + " room for, and none of the old ones may go before the step gets requests; raise `max_surge`, or"
                    + " begin with a smaller step")
        }
        if !running.isEmpty, running.allSatisfy({ $0.hasSingleWriter(volumes) }) {
            refuse(
                "strategy_stop_first",
                "`\(name)` runs the new release beside the old one, but \(Self.writers(running, volumes)), so the old"
                    + " one must stop first; mark the volume `shared: true` if two may write to it, or use `rolling`"
            )
        }
    }

    /// Behind the edge a step gets its requests when all of it is there, and the old instances have them until then.
    private func isFirstStepTooLarge(_ process: ProcessSpec, _ deploy: DeploySpec) -> Bool {
        let steps = deploy.effectiveSteps
        guard process.isRouted, steps.count > 1, let share = steps.first else { return false }
        let want = process.effectiveReplicas
        let room =
            deploy.effectiveMaxSurge.roundedUp(of: want)
            + deploy.effectiveMaxUnavailable.roundedDown(of: want)
        // Where both come to 0 for so few instances, one is taken beside the old ones all the same.
        return Portion.percent(share).roundedUp(of: want) > max(1, room)
    }

    /// `the one instance of `web` writes to a volume`, for a message.
    private static func writers(_ processes: [ProcessSpec], _ volumes: [VolumeName: VolumeSpec]) -> String {
        let writing = processes.filter { $0.hasSingleWriter(volumes) }
        let names = writing.map { "`\($0.name)`" }.joined(separator: " and of ")
        let hasPort = writing.allSatisfy { $0.hostAccess?.ports.isEmpty == false }
        let isOnHost = writing.allSatisfy { $0.volumes.allSatisfy(\.isReadOnly) }
        let what =
            hasPort
            ? "has a port of the host" : isOnHost ? "writes to a path of the host" : "writes to a volume"
        return "the one instance of \(names) \(what)"
    }

    /// Members of a release group wait for each other with both releases up.
    private func checkGroup(
        _ top: Fields, processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec], deploy: DeploySpec
    ) {
        guard let field = top["group"] else { return }
        let why = "the apps of a `group` keep the old release up until the new one of all of them is proven"
        if deploy.effectiveStrategy == .recreate {
            error(
                "group_stop_first",
                "\(why), and `strategy: recreate` stops it first; use another strategy, or leave the group",
                at: field.mark, field.path)
        }
        let writing = processes.filter { $0.effectiveReplicas > 0 && $0.hasSingleWriter(volumes) }
        guard !writing.isEmpty else { return }
        error(
            "group_stop_first",
            "\(why), but \(Self.writers(writing, volumes)), so its old release must stop first; mark the volume"
                + " `shared: true` if two may write to it, or leave the group",
            at: field.mark, field.path)
    }

    private func checkUnused(_ top: Fields, processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec]) {
        guard let field = top["volumes"], !processes.isEmpty else { return }
        let used = Set(processes.flatMap(\.volumes).map(\.volume))
        for name in volumes.keys.sorted() where !used.contains(name) {
            let mark = field.node.entries?.first { $0.key == name.rawValue }?.keyMark ?? field.mark
            warning("unused_volume", "no process mounts the volume `\(name)`", at: mark, "volumes.\(name)")
        }
    }

    private func checkDomains(_ top: Fields, processes: [ProcessSpec], deploy: DeploySpec) {
        var seen: Set<DomainClaim> = []
        if let preview = deploy.preview {
            seen.insert(DomainClaim(DomainSpec(host: preview)))
            if processes.allSatisfy(\.effectiveDomains.isEmpty) {
                error(
                    "preview_without_domains",
                    "`preview` shows the new release of a process with `domains`, and there is none",
                    at: top["deploy"]?.mark ?? top.mark, "deploy.preview")
            }
        }
        for process in processes {
            for domain in process.effectiveDomains where !seen.insert(DomainClaim(domain)).inserted {
                error(
                    "duplicate_domain",
                    "`\(domain.host)\(domain.path ?? "")` is given twice in this app; keep one",
                    at: top.mark, "processes.\(process.name).domains")
            }
        }
    }
}
