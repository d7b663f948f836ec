import Model
import Ports

/// Containers that the store does not know, because it was put in the place of another, or because a controller that
/// had stood still made them after its successor had begun. Where nothing but their labels tells them to be ours they
/// are nobody's, and are left alone: labels can be copied.
struct Strays {
    /// What is not on record for one of these reasons, and whether the store could account for it then.
    private var unrecorded: [ContainerID: Bool] = [:]

    mutating func observe(_ happening: Happening, in world: WorldTruth) {
        switch happening {
        case .fault(let words) where FaultWords.isNewStore(words):
            let ours = world.instances.filter { $0.value.isOurs && world.stored.owned[$0.key] == nil }
            unrecorded = ours.mapValues { Self.isAccountedFor($0, in: world) }
        case .call(let call, .acted):
            guard case .launch(let order) = call.action, call.incarnation < (world.incarnations.max() ?? 0),
                let made = world.instances.first(where: { $0.value.observed.name == order.name })
            else { return }
            unrecorded[made.key] = Self.isAccountedFor(made.value, in: world)
        case .stored(let batch, _, nil):
            for container in batch.owned { unrecorded[container.id] = nil }
        default: break
        }
    }

    func contains(_ id: ContainerID, in world: WorldTruth) -> Bool {
        guard let isAccountedFor = unrecorded[id], let instance = world.instances[id] else { return false }
        // Somebody may have renamed it before the controller came to see it.
        return !isAccountedFor || !Self.hasItsName(instance)
    }

    private static func hasItsName(_ instance: WorldTruth.Instance) -> Bool {
        let (name, labels) = (instance.observed.name, instance.observed.labels)
        let stem = "\(labels.app)-\(labels.process)-\(labels.release)-"
        return name.hasPrefix(stem) && name.dropFirst(stem.count).allSatisfy(\.isNumber)
    }

    /// Asked for when the controller ended; or under the very name that its labels lead to, and of a release that the
    /// store has, or has not numbered yet.
    static func isAccountedFor(_ instance: WorldTruth.Instance, in world: WorldTruth) -> Bool {
        let (name, labels) = (instance.observed.name, instance.observed.labels)
        if world.stored.openIntents.contains(where: { $0.object == name }) { return true }
        guard hasItsName(instance) else { return false }
        guard let memory = world.stored.apps[labels.app] else { return true }
        return labels.release >= memory.nextRelease
            || [memory.lastGood, memory.rollout?.target, memory.kept?.release].contains { release in
                release?.number == labels.release
                    && release?.templates[labels.process]?.digest == labels.template
            }
    }
}
