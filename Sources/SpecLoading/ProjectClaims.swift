internal import Model

/// What is told apart by project when specs are looked at beside each other.
struct ProjectView {
    var policy: ProjectPolicy
    /// What each app has had since its spec was last accepted, of apps without a good spec now as well.
    var standing: [AppName: AppClaims]

    /// Whether the author of a spec in `project` may be told about one in `other`.
    func mayTell(_ project: ProjectName, of other: ProjectName?) -> Bool {
        !policy.isSeparate || other == project
    }

    /// Words for the owner of something: of another project no more than that it is.
    func owner(_ app: AppName, _ project: ProjectName?, for asker: ProjectName) -> String {
        mayTell(asker, of: project) ? "the app `\(app)`" : "an app of another project"
    }
}

extension SpecRules {
    /// Domains belong to who had them first: those that an app has had with its last accepted spec before all others,
    /// then by path and line. An app whose spec is broken, or not read yet, keeps what it had.
    static func claimDomains(_ specs: [LoadedSpec], _ view: ProjectView, _ findings: inout [SpecFinding]) {
        var book = DomainBook(isSeparate: view.policy.isSeparate)
        let present = Set(specs.map(\.spec.name))
        for (app, claims) in view.standing where !present.contains(app) {
            for domain in claims.domains { book.take(domain, for: app, in: claims.project) }
        }
        func standing(_ spec: LoadedSpec) -> Set<DomainClaim> {
            Set(view.standing[spec.spec.name]?.domains ?? [])
        }
        for spec in specs {
            let held = standing(spec)
            for (claim, _) in spec.claims where held.contains(claim) && book.owner(claim, of: spec) == nil {
                book.take(claim, for: spec.spec.name, in: spec.spec.project)
            }
        }
        for spec in specs {
            for (claim, keyPath) in spec.claims {
                guard let owner = book.owner(claim, of: spec) else {
                    book.take(claim, for: spec.spec.name, in: spec.spec.project)
                    continue
                }
                let who = view.owner(owner.app, owner.project, for: spec.spec.project)
                report("domain_taken", "`\(claim)` belongs to \(who) already", keyPath, spec, &findings)
            }
        }
    }

    /// Ports of the host go to who had them first, as domains do.
    static func claimHostPorts(_ specs: [LoadedSpec], _ view: ProjectView, _ findings: inout [SpecFinding]) {
        typealias Taken = (claim: HostPortClaim, app: AppName, project: ProjectName)
        let present = Set(specs.map(\.spec.name))
        var taken: [Taken] = view.standing.filter { !present.contains($0.key) }.flatMap { app, claims in
            (claims.hostPorts ?? []).map { ($0, app, claims.project) }
        }
        func owner(_ claim: HostPortClaim, besides app: AppName) -> Taken? {
            taken.first { $0.app != app && $0.claim.isSame(as: claim) }
        }
        var asking: [(spec: LoadedSpec, claim: HostPortClaim, path: String)] = []
        for spec in specs {
            let held = Set(view.standing[spec.spec.name]?.hostPorts ?? [])
            for process in spec.spec.processes {
                for port in process.hostAccess?.ports ?? [] {
                    if held.contains(port.claim), owner(port.claim, besides: spec.spec.name) == nil {
                        taken.append((port.claim, spec.spec.name, spec.spec.project))
                    } else {
                        asking.append((spec, port.claim, "processes.\(process.name).host_ports"))
                    }
                }
            }
        }
        for (spec, claim, path) in asking {
            guard let owner = owner(claim, besides: spec.spec.name) else {
                taken.append((claim, spec.spec.name, spec.spec.project))
                continue
            }
            let who = view.owner(owner.app, owner.project, for: spec.spec.project)
            report(
                "host_port_taken", "the port \(claim) of the host belongs to \(who) already", path, spec,
                &findings)
        }
    }

    /// Quotas count all apps of a project at rest. Who asks for no more than it has keeps it; of those that ask for
    /// more, the first by path and line get it, and whoever goes over is refused and stays as it is.
    static func checkQuotas(_ specs: [LoadedSpec], _ view: ProjectView, _ findings: inout [SpecFinding]) {
        guard view.policy.isSeparate else { return }
        let present = Set(specs.map(\.spec.name))
        var totals: [ProjectName: ProjectUsage] = [:]
        for (app, claims) in view.standing where !present.contains(app) {
            totals[claims.project] = (totals[claims.project] ?? .none) + claims.usage
        }
        var growing: [(spec: LoadedSpec, wanted: ProjectUsage)] = []
        // What the growing ones have is theirs, whatever becomes of the growth.
        var reserved: [AppName: ProjectUsage] = [:]
        for spec in specs {
            let wanted = ProjectUsage(spec.spec)
            let project = spec.spec.project
            let standing = view.standing[spec.spec.name].flatMap { $0.project == project ? $0.usage : nil }
            if let standing, wanted.fits(in: standing) {
                totals[project] = (totals[project] ?? .none) + wanted
            } else {
                growing.append((spec, wanted))
                reserved[spec.spec.name] = standing
            }
        }
        for (spec, wanted) in growing {
            let project = spec.spec.project
            var others = totals[project] ?? .none
            for (other, _) in growing where other.spec.project == project && other.spec.name != spec.spec.name
            {
                if let usage = reserved[other.spec.name] { others = others + usage }
            }
            let quota = view.policy[project]?.quota ?? ProjectQuota()
            let own = reserved.removeValue(forKey: spec.spec.name)
            guard let excess = (others + wanted).excess(over: quota) else {
                totals[project] = (totals[project] ?? .none) + wanted
                continue
            }
            if let own { totals[project] = (totals[project] ?? .none) + own }
            report(
                "quota_exceeded",
                "with this app the project `\(project)` would have \(excess.asked) \(excess.what), and its quota is"
                    + " \(excess.allowed); make it smaller, or ask who runs the controller for more",
                excess.what, spec, &findings)
        }
    }
}

extension LoadedSpec {
    /// What the spec claims, and where.
    fileprivate var claims: [(DomainClaim, String)] {
        let named = spec.processes.flatMap { process in
            process.effectiveDomains.map { (DomainClaim($0), "processes.\(process.name).domains") }
        }
        let preview = spec.deploy.preview.map { (DomainClaim(DomainSpec(host: $0)), "deploy.preview") }
        return named + (preview.map { [$0] } ?? [])
    }
}

/// Who has which domain.
private struct DomainBook {
    struct Owner {
        var app: AppName
        var project: ProjectName
    }
    /// Between projects a host belongs to one of them as a whole: a path below it, or a name that a wildcard stands
    /// for, would take requests away from its owner.
    let isSeparate: Bool
    private var owners: [DomainClaim: Owner] = [:]
    private var hosts: [String: Owner] = [:]
    /// By what stands behind the first dot: hosts with and without a wildcard.
    private var below: [String: [ProjectName: Owner]] = [:]

    init(isSeparate: Bool) { self.isSeparate = isSeparate }

    mutating func take(_ claim: DomainClaim, for app: AppName, in project: ProjectName) {
        let owner = Owner(app: app, project: project)
        owners[claim] = owners[claim] ?? owner
        guard isSeparate else { return }
        hosts[claim.host] = hosts[claim.host] ?? owner
        if let parent = Self.parent(claim.host), below[parent]?[project] == nil {
            below[parent, default: [:]][project] = owner
        }
    }

    /// Somebody else who has it.
    func owner(_ claim: DomainClaim, of spec: LoadedSpec) -> Owner? {
        let (app, project) = (spec.spec.name, spec.spec.project)
        if let owner = owners[claim], owner.app != app { return owner }
        guard isSeparate else { return nil }
        if let owner = hosts[claim.host], owner.project != project { return owner }
        guard let parent = Self.parent(claim.host) else { return nil }
        if claim.host.hasPrefix("*.") {
            return below[parent]?.filter { $0.key != project }.min { $0.key < $1.key }?.value
        }
        return hosts["*.\(parent)"].flatMap { $0.project != project ? $0 : nil }
    }

    private static func parent(_ host: String) -> String? {
        host.firstIndex(of: ".").map { String(host[host.index(after: $0)...]) }
    }
}
