internal import Model

extension SpecDecoder {
    /// Rules between the parts of one spec.
    func checkAcross(
        _ top: Fields, app: AppName?, processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec],
        deploy: DeploySpec
    ) {
        if let app { checkLengths(top, app: app, processes: processes) }
        checkStrategy(top, processes: processes, deploy: deploy)
        checkUnused(top, processes: processes, volumes: volumes)
        checkDomains(top)
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

    private func checkStrategy(_ top: Fields, processes: [ProcessSpec], deploy: DeploySpec) {
        let strategy = deploy.effectiveStrategy
        guard strategy == .canary || strategy == .blueGreen, let field = top["deploy"] else { return }
        guard !processes.isEmpty, !processes.contains(where: { $0.port != nil }) else { return }
        let value = field.node["strategy"]
        error(
            "strategy_without_port",
            "`\(strategy.rawValue)` moves traffic, but no process has a `port`; give `web` one, or use `rolling`",
            at: value?.mark ?? field.mark, "deploy.strategy")
    }

    private func checkUnused(_ top: Fields, processes: [ProcessSpec], volumes: [VolumeName: VolumeSpec]) {
        guard let field = top["volumes"], !processes.isEmpty else { return }
        let used = Set(processes.flatMap(\.volumes).map(\.volume))
        for name in volumes.keys.sorted() where !used.contains(name) {
            let mark = field.node.entries?.first { $0.key == name.rawValue }?.keyMark ?? field.mark
            warning("unused_volume", "no process mounts the volume `\(name)`", at: mark, "volumes.\(name)")
        }
    }

    private func checkDomains(_ top: Fields) {
        var seen: Set<DomainClaim> = []
        for (process, domains) in later.domains.sorted(by: { $0.key < $1.key }) {
            for domain in domains where !seen.insert(DomainClaim(domain)).inserted {
                error(
                    "duplicate_domain",
                    "`\(domain.host)\(domain.path ?? "")` is given twice in this app; keep one",
                    at: top.mark, "processes.\(process).domains")
            }
        }
    }
}

/// What only one process of an installation may have: a host and a path below it.
struct DomainClaim: Hashable {
    var host: String
    var path: String

    init(_ domain: DomainSpec) {
        host = domain.host
        var trimmed = (domain.path ?? "/")[...]
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        path = String(trimmed)
    }
}
