import Model
import Ports

/// I11.
///
/// Two questions: when an app begins to be removed, whether the commit that was read lacks it and the brake lets it
/// go; and whenever a really healthy instance is stopped or removed, whether something asks for that.
public struct DeletionChecker: Checker {
    public static let id = "I11"
    public static let rule = """
        An app is removed only if git was read, lacks it, and the commit removes no more than the brake allows or a \
        person has approved it; a healthy instance is taken away only for such a removal, for a release that \
        replaces it, or because fewer are wanted.
        """

    private struct Tree {
        var apps: Set<AppName>
        /// All of its files load.
        var isWhole: Bool
    }

    private var book = ChargeBook()
    private var weather = Weather()
    private var watch = CallWatch()
    private var trees: [CommitID: Tree] = [:]
    private var known: [AppName: AppMemory] = [:]
    private var hasApproved = false
    /// What the branch has been since the controller started: it can have heard of nothing else.
    private var heads: Set<CommitID> = []

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        defer { known = world.stored.apps }
        book.observe(happening)
        weather.observe(happening, in: world)
        let taken = watch.observe(happening, book, in: world)
        switch happening {
        case .started:
            // One that only stands still may have heard of more.
            if world.incarnations.count < 2 { heads = [] }
            if let head = world.head { heads.insert(head) }
        case .pushed(let commit):
            heads.insert(commit)
            trees[commit] = Tree(
                apps: Set(world.wanted.keys).union(world.broken), isWhole: world.broken.isEmpty)
            hasApproved = false
        case .asked(let words):
            if words.split(separator: " ").contains("approve") { hasApproved = true }
        case .stored(let batch, _, nil):
            return judge(batch, in: world)
        default: break
        }
        return taken.flatMap { judge($0, in: world) }
    }

    // MARK: Apps

    private func judge(_ batch: StoreBatch, in world: WorldTruth) -> [String] {
        var found: [String] = []
        for (app, memory) in batch.apps {
            guard memory.isBeingRemoved, known[app]?.isBeingRemoved != true else { continue }
            let commits = [world.stored.sources[memory.source]?.commit?.id, world.head].compactMap { $0 }
            let lacking = commits.filter(heads.contains).compactMap { trees[$0] }.filter {
                $0.isWhole && !$0.apps.contains(app)
            }
            guard let tree = lacking.first else {
                found.append("\(app) is removed, and no commit that was read in full lacks it")
                continue
            }
            guard !hasApproved, isBraked(app, memory.source, tree) else { continue }
            found.append("\(app) is removed with more apps than the brake allows, and nobody has approved it")
        }
        return found
    }

    /// More than one app and more than a fifth, or all that there are.
    private func isBraked(_ app: AppName, _ source: SourceName, _ tree: Tree) -> Bool {
        if tree.apps.isEmpty { return true }
        let owned = known.filter { $0.value.source == source && !$0.value.isBeingRemoved }.keys
        let absent = owned.filter { !tree.apps.contains($0) }
        return absent.count > max(1, owned.count / 5)
    }

    // MARK: Instances

    private func judge(_ taken: Takedown, in world: WorldTruth) -> [String] {
        if case .restart = taken.call.action { return [] }
        let labels = taken.labels
        let charges = [taken.plan.charge, book.charge(of: labels.app, in: world)]
        let blind = (charges.map { $0.detection(labels.process) }.max() ?? .zero)
            .and(weather.seeing(at: taken.plan.at))
        // Who decided this had last seen it sick, or as it was before.
        guard let since = taken.healthySince, taken.plan.at - since > blind else { return [] }
        guard !charges.contains(where: { isJustified(taken, by: $0, in: world) }) else { return [] }
        return ["\(taken.call.action.kind) of \(taken.call.action.object), which is healthy and wanted"]
    }

    private func isJustified(_ taken: Takedown, by charge: Charge, in world: WorldTruth) -> Bool {
        let labels = taken.labels
        if charge.isBeingRemoved { return true }
        guard let heir = charge.heir else {
            if charge.phase == .rollingBack { return charge.target?.specDigest == labels.spec }
            let quarantine = world.stored.apps[labels.app]?.quarantine ?? []
            return quarantine.contains { $0.spec == labels.spec }
        }
        guard charge.phase != .held else { return false }
        guard let template = heir.templates[labels.process], template.digest == labels.template else {
            return true
        }
        let settings = taken.effective
        if settings.nanoCPUs != template.container.nanoCPUs
            || settings.memoryInBytes != template.container.memoryInBytes
            || settings.restart != template.container.restart
        {
            // Changed by hand in a way that only a new container puts right.
            return true
        }
        let ready = world.instances.filter { id, instance in
            let its = instance.observed.labels
            return id != taken.id && instance.isOurs && instance.isReady && its.app == labels.app
                && its.process == labels.process && its.template == labels.template
        }
        return ready.count >= Limits.want(labels.process, in: heir.spec)
    }
}

/// I12.
public struct VolumeChecker: Checker {
    public static let id = "I12"
    public static let rule = "No volume is ever deleted."

    private var known: Set<String> = []

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        if world.volumes == known { return [] }
        defer { known = world.volumes }
        // What a person prunes by hand is told as a fault.
        if case .fault = happening { return [] }
        let gone = known.subtracting(world.volumes)
        return gone.sorted().map { "volume \($0) is gone" }
    }
}

/// I13.
public struct StrangerChecker: Checker {
    public static let id = "I13"
    public static let rule = """
        Slipway touches only what it has made: containers of others are left alone, whatever their labels and names.
        """

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .call(let call, .began): return judge(call.action, in: world)
        case .routed(.route(let route), .began):
            return route.targets.filter { world.instances[$0.container]?.isOurs == false }.map {
                "\(route.key): requests go to \($0.name), which is not ours"
            }
        default: return []
        }
    }

    private func judge(_ action: Action, in world: WorldTruth) -> [String] {
        switch action {
        case .start(let id, let name), .stop(let id, let name, _), .restart(let id, let name, _),
            .remove(let id, let name, _), .repair(let id, let name, _), .startJob(let id, let name),
            .discardJob(let id, let name):
            guard (world.instances[id] ?? world.jobs[id])?.isOurs == false else { return [] }
            return ["\(action.kind) of \(name), which is not ours"]
        case .prepare, .launch, .removeNetwork, .route, .unroute, .createJob: return []
        }
    }
}

/// I16.
///
/// Looked at every ten seconds in calm weather: an app that has been shown as converged for some minutes has exactly
/// its instances; and at the end, that the store owns exactly what there is.
public struct OrphanChecker: Checker {
    public static let id = "I16"
    public static let rule = """
        When an app is converged, the containers and routes that Slipway has made for it are exactly those that its \
        release asks for: nothing is missing, and nothing is left over.
        """

    private var weather = Weather()
    private var convergedSince: [AppName: Instant] = [:]
    private var lastLookedAt = Instant.zero

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        switch happening {
        case .life, .fault, .crashed, .started, .asked, .pushed, .call(_, .began), .routed(_, .began):
            convergedSince = [:]
        case .tick where world.now - lastLookedAt >= .seconds(10): return look(in: world)
        case .ended: return look(in: world) + ownership(in: world)
        default: break
        }
        return []
    }

    private mutating func look(in world: WorldTruth) -> [String] {
        lastLookedAt = world.now
        guard let status = world.status, !weather.isFoul(at: world.now) else {
            convergedSince = [:]
            return []
        }
        var found: [String] = []
        for app in status.apps {
            guard app.verdict == .converged else {
                convergedSince[app.name] = nil
                continue
            }
            let since = convergedSince[app.name] ?? world.now
            convergedSince[app.name] = since
            guard world.now - since > .seconds(150), let release = world.stored.apps[app.name]?.lastGood
            else { continue }
            if let misfit = world.misfit(of: app.name, with: release) {
                found.append("\(app.name) is converged, and \(misfit)")
            }
            for key in world.routes.keys where key.app == app.name && release.spec.process(key.process) == nil
            {
                found.append("\(app.name) is converged, and there is a route to \(key.process)")
            }
        }
        return found
    }

    private func ownership(in world: WorldTruth) -> [String] {
        guard !weather.isFoul(at: world.now), world.status != nil else { return [] }
        let ours = Set(
            world.instances.filter { $0.value.isOurs && !world.isLeftAlone($0.value) }.keys)
        let owned = Set(world.stored.owned.keys).subtracting(world.jobs.keys)
        return ours.subtracting(owned).sorted().map {
            "container \(world.name($0)) was made and is not recorded as ours"
        }
            + owned.subtracting(ours).sorted().map {
                "container \($0.short) is recorded as ours and is not there"
            }
    }
}

extension WorldTruth {
    func name(_ id: ContainerID) -> String { instances[id]?.observed.name ?? id.short }

    /// The store that knew it is lost, and somebody has renamed it, or its number is one that the store in place has
    /// given to something else: labels alone can be copied, so nothing tells any more who has made it. It is declared
    /// to be left alone.
    func isBeyondKnowing(_ instance: Instance) -> Bool {
        guard instance.isOurs, stored.owned[instance.observed.id] == nil else { return false }
        if let name = instance.madeAs, name != instance.observed.name { return true }
        if orphans.contains(instance.observed.id) { return true }
        return isNumberedTwice(instance.observed)
    }

    /// A new store has numbered anew, and one from before it has come back: two releases have had that number. To the
    /// store that is there now it means another commit with another image, which its own history says.
    private func isNumberedTwice(_ instance: ObservedInstance) -> Bool {
        let labels = instance.labels
        let given = rollouts.filter { $0.app == labels.app && $0.release == labels.release }
        return !given.isEmpty
            && given.allSatisfy { $0.commit.id != labels.commit && $0.image != instance.image }
    }

    /// The same, and the controller says so; it names ten at most.
    func isLeftAlone(_ instance: Instance) -> Bool {
        guard isBeyondKnowing(instance), let status else { return false }
        let told = status.because.filter { $0.cause == .foreignObject }
        return told.count >= 10 || told.contains { $0.object == instance.observed.name }
    }

    /// What differs from exactly the ready instances of `release`; `nil`: nothing does. Those that are kept a while
    /// for an instant way back do not count, nor while their way out may still take its time.
    func misfit(of app: AppName, with release: Release) -> String? {
        let kept = stored.apps[app]?.kept.flatMap { $0.until + .seconds(30) > now ? $0.release : nil }
        var counts: [ProcessName: Int] = [:]
        for instance in instances.values where instance.isOurs && instance.observed.labels.app == app {
            let labels = instance.observed.labels
            if isBeyondKnowing(instance) { continue }
            guard release.templates[labels.process]?.digest == labels.template else {
                if kept?.templates[labels.process]?.digest == labels.template { continue }
                return "\(instance.observed.name) is left over"
            }
            guard instance.isReady else { return "\(instance.observed.name) is not ready" }
            counts[labels.process, default: 0] += 1
        }
        for process in release.spec.processes {
            let have = counts[process.name] ?? 0
            guard have != process.effectiveReplicas else { continue }
            return "\(process.name) has \(have) of \(process.effectiveReplicas) instances"
        }
        return nil
    }
}
