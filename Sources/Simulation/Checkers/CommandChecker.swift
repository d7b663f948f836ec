internal import Model
internal import Ports

/// I15.
public struct CommandChecker: Checker {
    public static let id = "I15"
    public static let rule = """
        A release's command is started at most once, never beside that of another release, and nothing of the release \
        starts before it has succeeded.
        """

    /// Where all containers of an app are gone and yesterday's store comes back, a number is given to another spec.
    private struct Key: Hashable {
        var app: AppName
        var release: ReleaseNumber
        var spec: ContentDigest
        init(_ labels: InstanceLabels) {
            (app, release, spec) = (labels.app, labels.release, labels.spec)
        }
    }

    /// The stamps of its starts, each with its container.
    private var starts: [Key: Set<String>] = [:]
    private var succeeded: Set<Key> = []
    /// Of apps that were removed since.
    private var succeededBefore: Set<Key> = []

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .life(let id, _):
            note(id, in: world)
            return []
        case .call(let call, .acted):
            switch call.action {
            case .startJob(let id, _): return started(id, in: world)
            case .launch(let order): return launched(order, in: world)
            default: return []
            }
        case .stored(let batch, _, nil):
            // Its numbers begin anew if it comes back.
            for app in batch.forgotten {
                starts = starts.filter { $0.key.app != app }
                succeededBefore.formUnion(succeeded.filter { $0.app == app })
                succeeded = succeeded.filter { $0.app != app }
            }
            return []
        case .fault(let sentence) where sentence.contains("store"):
            // Yesterday's knows an app that was removed today, and what its commands had done.
            succeeded.formUnion(succeededBefore)
            return []
        default: return []
        }
    }

    private mutating func note(_ id: ContainerID, in world: WorldTruth) {
        guard let job = world.jobs[id]?.observed, job.labels.job?.kind == .release,
            case .exited(code: 0, _) = job.state
        else { return }
        succeeded.insert(Key(job.labels))
    }

    private mutating func started(_ id: ContainerID, in world: WorldTruth) -> [String] {
        guard let job = world.jobs[id]?.observed, job.labels.job?.kind == .release, !job.startStamp.isEmpty
        else { return [] }
        let key = Key(job.labels)
        var breaches: [String] = []
        starts[key, default: []].insert("\(id) \(job.startStamp)")
        if let times = starts[key]?.count, times > 1 {
            breaches.append("the command of \(key.app) \(key.release) was started ×\(times)")
        }
        let beside = world.jobs.values.first { other in
            other.observed.labels.app == key.app && other.observed.labels.job?.kind == .release
                && other.observed.id != id && other.observed.state.isLive
        }
        if let beside { breaches.append("\(job.name) was started beside \(beside.observed.name)") }
        return breaches
    }

    /// What the store knows of the release says whether it has a command to wait for.
    private func launched(_ order: InstanceOrder, in world: WorldTruth) -> [String] {
        let key = Key(order.labels)
        guard let memory = world.stored.apps[key.app], memory.lastGood?.number != key.release,
            let rollout = memory.rollout, rollout.target.number == key.release,
            rollout.target.spec.release != nil, rollout.isAdopted != true, !rollout.isDirect,
            !succeeded.contains(key)
        else { return [] }
        return ["\(order.name) was started before the command of \(key.app) \(key.release) had succeeded"]
    }
}
