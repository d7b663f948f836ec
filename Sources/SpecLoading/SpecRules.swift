public import Model

/// Rules that hold between apps, over all specs of all sources.
public enum SpecRules {
    /// Errors of specs that are good by themselves but not beside each other.
    ///
    /// Of two that claim the same name, the first by path and line keeps it and the second has the error; a domain
    /// stays with who has had it before, and with rules for projects no quota is gone over.
    /// The work grows with the number of specs and dependencies, not with its square.
    /// - Parameters:
    ///   - known: names of further apps that exist, such as those whose spec is broken at the moment.
    ///   - sources: where each app comes from; a release group is one of a source. All from one if left out.
    ///   - standing: what apps have had since their specs were last accepted; of apps without a good spec as well.
    ///   - policy: the rules of projects; authors are told nothing of other projects where there are any.
    public static func crossCheck(
        _ specs: [LoadedSpec], known: Set<AppName> = [], sources: [AppName: SourceName] = [:],
        standing: [AppName: AppClaims] = [:], policy: ProjectPolicy = ProjectPolicy()
    ) -> [SpecFinding] {
        let view = ProjectView(policy: policy, standing: standing)
        let ordered = specs.sorted { ($0.path, $0.line) < ($1.path, $1.line) }
        var findings: [SpecFinding] = []
        let firsts = claimNames(ordered, &findings)
        claimObjects(firsts, view, &findings)
        claimDomains(firsts, view, &findings)
        claimHostPorts(firsts, view, &findings)
        checkQuotas(firsts, view, &findings)
        let cyclic = checkDependencies(firsts, known: known, view, &findings)
        checkGroups(firsts, sources, except: cyclic, &findings)
        return findings.sorted {
            ($0.path, $0.line, $0.app, $0.diagnostic.code, $0.diagnostic.message)
                < ($1.path, $1.line, $1.app, $1.diagnostic.code, $1.diagnostic.message)
        }
    }

    static func report(
        _ code: String, _ message: String, _ keyPath: String, _ spec: LoadedSpec,
        _ findings: inout [SpecFinding]
    ) {
        let diagnostic = Diagnostic(
            code: code, message: message, path: spec.path, line: spec.line, column: 1, keyPath: keyPath)
        findings.append(
            SpecFinding(path: spec.path, line: spec.line, app: spec.spec.name, diagnostic: diagnostic))
    }

    /// The specs that keep their name.
    private static func claimNames(_ specs: [LoadedSpec], _ findings: inout [SpecFinding]) -> [LoadedSpec] {
        var owners: [AppName: LoadedSpec] = [:]
        return specs.filter { spec in
            guard let owner = owners[spec.spec.name] else {
                owners[spec.spec.name] = spec
                return true
            }
            report(
                "duplicate_app",
                "the app `\(spec.spec.name)` stands already in \(owner.path):\(owner.line); give this"
                    + " one another name", "name", spec, &findings)
            return false
        }
    }

    /// Names on the engine and on the network are joined of two, so `a-b` + `c` and `a` + `b-c` would be one.
    private static func claimObjects(
        _ specs: [LoadedSpec], _ view: ProjectView, _ findings: inout [SpecFinding]
    ) {
        let projects = Dictionary(specs.map { ($0.spec.name, $0.spec.project) }) { first, _ in first }
        func taken(_ owner: AppName, _ spec: LoadedSpec) -> String {
            view.owner(owner, projects[owner], for: spec.spec.project)
        }
        var names: [String: AppName] = [:]
        var volumes: [String: AppName] = [:]
        for spec in specs { names[spec.spec.name.rawValue] = spec.spec.name }
        for spec in specs {
            let app = spec.spec.name
            for process in spec.spec.processes {
                claim(
                    "\(app)-\(process.name)", "processes.\(process.name)", "its containers", spec, &names,
                    &findings, taken)
            }
            for volume in spec.spec.volumes.keys.sorted() {
                claim("\(app)-\(volume)", "volumes.\(volume)", "its volume", spec, &volumes, &findings, taken)
            }
        }
    }

    private static func claim(
        _ name: String, _ keyPath: String, _ what: String, _ spec: LoadedSpec,
        _ owners: inout [String: AppName],
        _ findings: inout [SpecFinding], _ taken: (AppName, LoadedSpec) -> String
    ) {
        guard let owner = owners[name], owner != spec.spec.name else {
            owners[name] = spec.spec.name
            return
        }
        report(
            "names_collide",
            "`\(keyPath)`: \(what) would be called `\(name)`, which is taken by \(taken(owner, spec));"
                + " rename one of them", keyPath, spec, &findings)
    }

    /// - Returns: the apps whose dependencies lead in a circle.
    private static func checkDependencies(
        _ specs: [LoadedSpec], known: Set<AppName>, _ view: ProjectView, _ findings: inout [SpecFinding]
    ) -> Set<AppName> {
        let projects = view.standing.mapValues(\.project).merging(
            specs.map { ($0.spec.name, $0.spec.project) }
        ) { $1 }
        var edges: [AppName: [AppName]] = [:]
        for spec in specs { edges[spec.spec.name] = spec.spec.dependsOn }
        let names = Set(edges.keys).union(known)
        let sortedNames = names.map(\.rawValue).sorted()
        for spec in specs {
            // What is another project's does not exist here.
            func isThere(_ name: AppName) -> Bool {
                names.contains(name)
                    && (projects[name].map { view.mayTell(spec.spec.project, of: $0) } ?? true)
            }
            for dependency in spec.spec.dependsOn where !isThere(dependency) {
                let candidates =
                    view.policy.isSeparate
                    ? sortedNames.filter { AppName($0).map(isThere) ?? false } : sortedNames
                let meant = Suggestions.nearest(to: dependency.rawValue, among: candidates)
                let hint = meant.map { "; did you mean `\($0)`?" } ?? ""
                report(
                    "unknown_dependency",
                    "it depends on the app `\(dependency)`, which does not exist\(hint)",
                    "depends_on", spec, &findings)
            }
        }
        let cycles = DependencyCycles.find(edges)
        for spec in specs {
            guard let cycle = cycles[spec.spec.name] else { continue }
            let shown = cycle.apps.map(\.rawValue) + (cycle.isCut ? ["…"] : []) + [spec.spec.name.rawValue]
            report(
                "dependency_cycle",
                "its dependencies lead in a circle: \(shown.joined(separator: " → ")); remove one of"
                    + " them", "depends_on", spec, &findings)
        }
        return Set(cycles.keys)
    }

    private struct GroupKey: Hashable {
        var source: SourceName?
        var name: String
    }

    /// The apps of a group converge together, so none may wait until another one of them has, be it over apps outside.
    private static func checkGroups(
        _ specs: [LoadedSpec], _ sources: [AppName: SourceName], except cyclic: Set<AppName>,
        _ findings: inout [SpecFinding]
    ) {
        // A group counts as one app, its first.
        var first: [GroupKey: AppName] = [:]
        var stands: [AppName: AppName] = [:]
        var titles: [AppName: String] = [:]
        for spec in specs {
            let app = spec.spec.name
            guard let name = spec.spec.group else { continue }
            let key = GroupKey(source: sources[app], name: name)
            stands[app] = first[key] ?? app
            first[key] = stands[app]
            titles[stands[app] ?? app] = "the group `\(name)`"
        }
        guard !first.isEmpty else { return }
        var edges: [AppName: [AppName]] = [:]
        for spec in specs {
            let app = spec.spec.name
            let own = stands[app] ?? app
            for dependency in spec.spec.dependsOn {
                let other = stands[dependency] ?? dependency
                guard other == own else {
                    edges[own, default: []].append(other)
                    continue
                }
                // An app that depends on itself has been told.
                guard let group = spec.spec.group, dependency != app else { continue }
                report(
                    "depends_on_group",
                    "it depends on `\(dependency)`, which is in the same group `\(group)`: the apps of a group are"
                        + " rolled out together, so none can wait for another; remove one of the two",
                    "depends_on", spec, &findings)
            }
        }
        let cycles = DependencyCycles.find(edges)
        for spec in specs where !cyclic.contains(spec.spec.name) {
            guard let group = spec.spec.group, let cycle = cycles[stands[spec.spec.name] ?? spec.spec.name]
            else { continue }
            let shown = cycle.apps.dropFirst().map { titles[$0] ?? "`\($0)`" }.joined(
                separator: ", then for ")
            report(
                "depends_on_group",
                "its group `\(group)` waits for \(shown), which waits for the group in turn; remove one of the"
                    + " dependencies, or take an app out of the group", "depends_on", spec, &findings)
        }
    }
}

/// An error of one spec that only shows beside the others. A spec with one is not to be deployed.
public struct SpecFinding: Sendable, Hashable {
    /// With `line`, which of the loaded specs it is about.
    public var path: String
    public var line: Int
    public var app: AppName
    public var diagnostic: Diagnostic
    public init(path: String, line: Int, app: AppName, diagnostic: Diagnostic) {
        self.path = path
        self.line = line
        self.app = app
        self.diagnostic = diagnostic
    }
}
