import Model
import Planning

/// What tells projects apart: names, networks, and who has what first.
extension Controller {
    /// The names of an app's objects.
    func naming(of app: AppName) -> Naming {
        configuration.naming.scoped(to: apps[app]?.memory.nameScope)
    }

    /// The project in the container's name; `nil`: there is none.
    func nameScope(of instance: ObservedInstance) -> ProjectName? {
        let project = instance.labels.project
        return instance.name.hasPrefix("\(configuration.naming.prefix)\(project).") ? project : nil
    }

    /// An app that the store does not know has the names that its containers show: with others it would have other
    /// volumes.
    func takeNameScope(_ instance: ObservedInstance) {
        let scope = nameScope(of: instance)
        guard let memory = apps[instance.labels.app]?.memory, memory.lastGood == nil, memory.rollout == nil,
            memory.nextRelease == .first, memory.nameScope != scope
        else { return }
        apps[instance.labels.app]?.memory.nameScope = scope
        // What was worked out with the other names.
        apps[instance.labels.app]?.prepared = nil
    }

    /// Remembers what accepted specs claim, so that it is theirs when somebody else asks for it later. Between two
    /// passes, as everything that changes a memory.
    func noteClaims(_ desired: [AppName: DesiredApp]) {
        var news: [AppName: AppClaims] = [:]
        for (name, wanted) in desired {
            guard case .spec(let candidate) = wanted, candidate.isConfirmed else { continue }
            let claims = AppClaims(candidate.spec)
            if apps[name]?.memory.claims != claims { news[name] = claims }
        }
        guard !news.isEmpty else { return }
        requests.append { [news] controller in
            for (name, claims) in news where controller.apps[name] != nil {
                controller.apps[name]?.memory.claims = claims
                controller.changedMemories.insert(name)
                controller.dirty.insert(name)
            }
        }
        ring()
    }

    /// Whether people of `project` may be told about the app.
    func mayTell(_ project: ProjectName, of app: AppName) -> Bool {
        !configuration.projects.isSeparate || apps[app]?.memory.project == project
    }

    /// Whether a plan for the source, which may stand in a comment on a pull request, tells of the app.
    func isToldOf(_ app: AppName, _ wanted: DesiredApp, in source: SourceName) -> Bool {
        guard configuration.projects.isSeparate, let watched = sources[source]?.source else { return true }
        var project = apps[app]?.memory.project
        if case .spec(let candidate) = wanted { project = candidate.spec.project }
        return project.map { $0 == watched.project || watched.otherProjects.contains($0) } ?? true
    }

    /// The first container of a project makes its network, which only a listing shows; until then nobody could call its
    /// apps by their internal names. Asked for once.
    func expectNetwork(of project: ProjectName) {
        guard edge != nil, networksByProject[project] == nil, awaitedNetworks.insert(project).inserted else {
            return
        }
        wantRelist()
    }

    /// Releases stay as history when their app is gone, and its name comes free: those of the project before are not
    /// the next one's.
    func isOfProject(_ release: Release, _ app: AppName) -> Bool {
        !configuration.projects.isSeparate || release.spec.project == apps[app]?.memory.project
    }

    static func byProject(_ networks: [EngineSnapshot.OwnedNetwork]) -> [ProjectName: [String]] {
        Dictionary(grouping: networks, by: \.project).mapValues { Set($0.flatMap(\.subnets)).sorted() }
    }
}

extension AppRecord {
    /// What the app has for itself: that of its last accepted spec, or of what runs; nothing once it is to go.
    var standingClaims: AppClaims? {
        guard !memory.isBeingRemoved else { return nil }
        return memory.claims ?? (memory.lastGood ?? memory.rollout?.target).map { AppClaims($0.spec) }
    }
}
