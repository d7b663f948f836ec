import Model
import Ports

/// I20.
///
/// What each commit wants is noted when it is pushed; what is launched is compared with it.
public struct OriginChecker: Checker {
    public static let id = "I20"
    public static let rule = """
        What is deployed is exactly what was read: the spec that the commit on the label has for the app, and one \
        image digest for all instances of a release.
        """

    private var history: [CommitID: [AppName: AppSpec]] = [:]
    private var checked: [AppName: [ReleaseNumber: ContentDigest]] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .pushed(let commit): history[commit] = world.wanted
        case .fault: checked = [:]
        case .call(let call, .began):
            guard case .launch(let order) = call.action else { return [] }
            return judge(order, in: world)
        default: break
        }
        return []
    }

    private mutating func judge(_ order: InstanceOrder, in world: WorldTruth) -> [String] {
        let labels = order.labels
        let memory = world.stored.apps[labels.app]
        let releases = [memory?.rollout?.target, memory?.lastGood, memory?.kept?.release].compactMap { $0 }
        guard let release = releases.first(where: { $0.number == labels.release }) else {
            // Overtaken between the decision and the call; another rule counts these.
            return []
        }
        var found: [String] = []
        if release.specDigest != labels.spec || release.origin.commit.id != labels.commit
            || release.templates[labels.process]?.digest != labels.template
        {
            found.append("\(order.name): its labels are not those of \(labels.release)")
        }
        if order.template.image != release.image.pinned {
            found.append(
                "\(order.name): runs \(order.template.image), and \(release.image.pinned) was resolved")
        }
        guard checked[labels.app]?[labels.release] != labels.spec else { return found }
        checked[labels.app, default: [:]][labels.release] = labels.spec
        guard let tree = history[labels.commit] else {
            return found + ["\(order.name): commit \(labels.commit.short) was never on the branch"]
        }
        if tree[labels.app] != release.spec {
            found.append("\(order.name): its spec is not that of commit \(labels.commit.short)")
        }
        return found
    }
}

/// I24, as far as there is something secret: values that begin with a mark of the simulation.
public struct SilenceChecker: Checker {
    public static let id = "I24"
    public static let rule = """
        Values of the environment are never shown: not in events, failures, evidence, the journal or the status.
        """
    /// What is looked for.
    public static let sentinel = "SENTINEL-"

    /// The reading of the status that was looked at last.
    private var seen = 0

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .stored(let batch, _, nil): return look(at: batch) + lookAtStatus(in: world)
        case .call(_, .answered), .ended: return lookAtStatus(in: world)
        default: return []
        }
    }

    private mutating func lookAtStatus(in world: WorldTruth) -> [String] {
        guard world.statusNumber == 0 || world.statusNumber != seen else { return [] }
        seen = world.statusNumber
        return look(at: world.status)
    }

    private func look(at batch: StoreBatch) -> [String] {
        var places: [(String, [String])] = [
            ("an event", batch.events.map(\.message)),
            ("the journal", batch.intents.map(\.object) + batch.outcomes.map(\.message)),
            ("the history", batch.rollouts.flatMap(\.evidence))
        ]
        for memory in batch.apps.values {
            let failures = memory.quarantine.map(\.failure) + [memory.lastOutcome?.failure].compactMap { $0 }
            places.append(("a failure", failures.flatMap { [$0.message] + $0.evidence }))
        }
        return told(places)
    }

    private func look(at status: InstallationStatus?) -> [String] {
        guard let status else { return [] }
        var texts = status.because.map(\.message)
        for app in status.apps {
            texts +=
                app.because.map(\.message) + app.instances.map(\.message) + app.diagnostics.map(\.message)
        }
        return told([("the status", texts)])
    }

    private func told(_ places: [(String, [String])]) -> [String] {
        places.filter { $0.1.contains(where: Self.isLoud) }.map { "a secret value stands in \($0.0)" }
    }

    static func isLoud(_ text: String) -> Bool { text.holds(sentinel) }
}
