import Model
import Planning
import Ports
import SpecLoading

/// Whether a commit does what people were shown before the merge.
extension Controller {
    /// What would happen to each app of a source that changes, in a form that is equal where the same would happen.
    func changes(_ desired: [AppName: DesiredApp], of source: SourceName) -> [AppName: String] {
        var changes: [AppName: String] = [:]
        for (name, wanted) in desired {
            let memory = apps[name]?.memory
            let from = memory?.lastGood?.specDigest.short ?? "nothing"
            switch wanted {
            case .spec(let candidate) where candidate.origin.source == source:
                guard memory?.lastGood?.specDigest != candidate.digest,
                    memory?.rollout?.target.specDigest != candidate.digest,
                    memory?.quarantine.contains(where: { $0.spec == candidate.digest }) != true
                else { continue }
                changes[name] = "\(from) → \(candidate.digest.short)"
            case .remove where memory?.source == source && memory?.isBeingRemoved != true,
                .heldRemoval where memory?.source == source:
                changes[name] = "\(from) → removed"
            case .spec, .remove, .heldRemoval, .keep: continue
            }
        }
        return changes
    }

    /// What runs of these apps now: a plan is of this very state.
    func generation(of names: some Collection<AppName>) -> [AppName: String] {
        var generation: [AppName: String] = [:]
        for name in names {
            guard let record = apps[name] else { continue }
            let live = record.instances.values.filter { $0.state.isLive }
            generation[name] =
                "\(record.memory.nextRelease) \(record.memory.lastGood?.specDigest.short ?? "-") \(live.count)"
        }
        return generation
    }

    /// Looks at each source that wants plans: its newest commit goes ahead if a plan of the very same was shown.
    func admit(_ desired: [AppName: DesiredApp]) {
        unplanned = [:]
        for (name, record) in sources where record.source.dealings.requiresPlan && record.fetchedAt != nil {
            guard let head = record.tree?.commit.id, record.memory.approvedPlan != head else { continue }
            let changes = changes(desired, of: name)
            let plans = record.memory.plans ?? []
            let shown = plans.last { $0.changes == changes }
            if changes.isEmpty || shown != nil {
                sources[name]?.memory.approvedPlan = head
                sources[name]?.memory.plannedImages = changes.isEmpty ? nil : shown?.images
                pending.sources[name] = sources[name]?.memory
                continue
            }
            unplanned[name] = Self.difference(changes, plans, head)
        }
    }

    /// In which way a commit differs from the plan that is nearest to it.
    private static func difference(
        _ changes: [AppName: String], _ plans: [ShownPlan], _ head: CommitID
    ) -> String {
        let start = "\(head.short) waits for approval: "
        guard let nearest = plans.max(by: { common($0.changes, changes) < common($1.changes, changes) }),
            common(nearest.changes, changes) > 0
        else { return start + "nobody was shown before the merge what it does" }
        var words: [String] = []
        for (app, change) in changes.sorted(by: { $0.key < $1.key }) where nearest.changes[app] != change {
            words.append(
                nearest.changes[app].map { "\(app) goes \(change) and was shown as \($0)" }
                    ?? "\(app) goes \(change) and was not in the plan")
        }
        for app in nearest.changes.keys.sorted() where changes[app] == nil {
            words.append("\(app) was in the plan and does not change")
        }
        return start + "it is not what plan \(nearest.id) has shown: "
            + words.prefix(5).joined(separator: "; ")
    }

    private static func common(_ left: [AppName: String], _ right: [AppName: String]) -> Int {
        left.keys.count { right[$0] != nil }
    }

    /// An image that was resolved just now: the tag may have been moved since the plan was shown.
    func admit(_ image: ResolvedImage, of name: AppName) {
        unplannedImages[name] = nil
        guard let candidate = apps[name]?.candidate, let record = sources[candidate.origin.source],
            record.source.dealings.requiresPlan, let planned = record.memory.plannedImages?[name],
            planned != image.digest
        else { return }
        unplannedImages[name] = (
            candidate.digest,
            "\(candidate.spec.image) is \(image.digest.short) now, and the plan has shown \(planned.short)"
        )
        reconsider(name)
        markDirty(name)
    }

    /// A person lets a commit through that nobody was shown.
    func approvePlan(of id: CommitID) {
        for (name, record) in sources
        where record.tree?.commit.id == id && record.source.dealings.requiresPlan {
            sources[name]?.memory.approvedPlan = id
            sources[name]?.memory.plannedImages = nil
            pending.sources[name] = sources[name]?.memory
        }
        unplannedImages = unplannedImages.filter { name, _ in
            apps[name]?.candidate.map { sources[$0.origin.source]?.tree?.commit.id != id } ?? false
        }
        emit(.approved, commit: id, message: "what \(id.short) does is approved without a plan")
        rebuildDesired()
    }

    /// Commits that wait because of their plan.
    var unplannedCommits: Set<CommitID> {
        let moved = unplannedImages.compactMap { name, image in
            apps[name]?.candidate.flatMap { $0.digest == image.spec ? $0.origin.source : nil }
        }
        return Set((Array(unplanned.keys) + moved).compactMap { sources[$0]?.tree?.commit.id })
    }

    /// Nothing of a commit begins that waits for approval of its plan.
    func heldForPlan(_ wanted: DesiredApp, of name: AppName) -> DesiredApp {
        switch wanted {
        case .spec(var candidate):
            let image = unplannedImages[name].flatMap { $0.spec == candidate.digest ? $0.message : nil }
            guard let message = unplanned[candidate.origin.source] ?? image else { return wanted }
            let short =
                sources[candidate.origin.source]?.tree?.commit.id.short ?? candidate.origin.commit.id.short
            candidate.hold = Blocker(
                cause: .unplanned, object: short, message: message, command: "slipway approve \(short)")
            return .spec(candidate)
        case .remove:
            guard let memory = apps[name]?.memory, !memory.isBeingRemoved,
                let message = unplanned[memory.source],
                let head = sources[memory.source]?.tree?.commit.id
            else { return wanted }
            return .heldRemoval(head, message: message)
        case .keep, .heldRemoval: return wanted
        }
    }
}
