import Model
import Ports

/// A breach of a limit of one app.
struct Finding {
    var app: AppName
    var sentence: String
}

/// I1.
///
/// Looked at whenever a stop, restart or removal that the controller asked for takes an instance down that was really
/// ready, and whenever a new route takes requests away from one. The floor is the lower one of when the action was
/// decided and of now: a commit in between may ask for more than there ever was. Instances that fell by themselves
/// count as standing if nobody could have seen them fall before the decision: within seconds for an exit, within
/// `retries` probes for one that answers no more, within a listing's age while the world is faulty. Nor is one missed
/// that nobody could have seen come, or come back, before the decision. Calls that act after the controller had their
/// answer, or after its death, are not judged.
public struct FloorChecker: Checker {
    public static let id = "I1"
    public static let rule = """
        Nothing that Slipway does leaves fewer ready instances than `replicas − max_unavailable`, in a rollout, a \
        rollback, an abort, a restart or when a newer commit comes in between; processes that are stopped first \
        (`recreate`, or one writer on a volume) are the declared exception.
        """

    private var book = ChargeBook()
    private var weather = Weather()
    private var trail = ReadinessTrail()
    private var watch = CallWatch()
    private var routes = RouteWatch()
    private var strays = Strays()

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        findings(happening, in: world).map(\.sentence)
    }

    mutating func findings(_ happening: Happening, in world: WorldTruth) -> [Finding] {
        book.observe(happening)
        weather.observe(happening, in: world)
        strays.observe(happening, in: world)
        let taken = watch.observe(happening, book, in: world)
        let rerouted = routes.observe(happening, in: world)
        var found: [Finding] = []
        for fallen in taken { found += judge(fallen, in: world) }
        if let rerouted { found += judge(rerouted, in: world) }
        trail.observe(happening, in: world)
        return found
    }

    private func judge(_ taken: Takedown, in world: WorldTruth) -> [Finding] {
        let key = RouteKey(app: taken.labels.app, process: taken.labels.process)
        if let route = taken.route?.route, !route.serves(taken.id) {
            // It had no requests any more: nothing is missed.
            return []
        }
        guard taken.plan.charge.misses(taken.labels.template, key.process) else { return [] }
        if isUnnoticed(taken.id, key.process, taken.plan) { return [] }
        return judge(
            key, without: [taken.id], taken.plan, "\(taken.call.action.kind) of \(taken.call.action.object)",
            route: taken.route?.route, in: world)
    }

    /// It had only just recovered, or come up: who decided had last seen it sick.
    private func isUnnoticed(_ id: ContainerID, _ process: ProcessName, _ plan: CallWatch.Plan) -> Bool {
        let seeing = weather.seeing(at: plan.at)
        let recovered = plan.at.earlier(by: plan.charge.detection(process).and(seeing))
        let started = plan.at.earlier(by: plan.charge.awakening(process).and(seeing))
        return trail.hasRecovered(id, since: recovered) || trail.hasComeUp(id, since: started)
    }

    private func judge(_ change: RouteWatch.Change, in world: WorldTruth) -> [Finding] {
        let action = change.after.map(Action.route) ?? .unroute(change.before.key)
        let plan = watch.plan(action, app: change.before.key.app, book, in: world)
        let left = change.before.targets.filter { target in
            change.before.serves(target.container) && !(change.after?.serves(target.container) ?? false)
                && !strays.contains(target.container, in: world)
                && world.instances[target.container].map {
                    $0.isReady && plan.charge.misses($0.observed.labels.template, change.before.key.process)
                } ?? false
        }
        let unnoticed = left.filter { isUnnoticed($0.container, change.before.key.process, plan) }
        let lost = left.filter { !unnoticed.contains($0) }
        // One that takes over from another in the same moment makes nobody missing.
        let gained = (change.after?.targets ?? []).count { target in
            change.after?.serves(target.container) == true && !change.before.serves(target.container)
                && world.instances[target.container]?.isReady == true
        }
        guard lost.count > gained else { return [] }
        guard change.after != nil || plan.charge.heir?.spec.process(change.before.key.process) != nil else {
            return []
        }
        return judge(
            change.before.key, without: Set(lost.map(\.container)), plan,
            "a new route (\(change.after?.outline ?? "none"), before \(change.before.outline))",
            route: change.after, standing: Set(unnoticed.map(\.container)), in: world)
    }

    private func judge(
        _ key: RouteKey, without gone: Set<ContainerID>, _ plan: CallWatch.Plan, _ what: String,
        route: Route?, standing: Set<ContainerID> = [], in world: WorldTruth
    ) -> [Finding] {
        let charges = [plan.charge, book.charge(of: key.app, in: world)]
        let floor = charges.map { $0.floor(key.process) }.min() ?? 0
        guard floor > 0 else { return [] }
        var ready: [ContentDigest: Int] = [:]
        for (id, instance) in world.instances where instance.isOurs && !gone.contains(id) {
            let labels = instance.observed.labels
            guard labels.app == key.app, labels.process == key.process, instance.isReady else { continue }
            if let route, !route.serves(id), !standing.contains(id) { continue }
            ready[labels.template, default: 0] += 1
        }
        let blind = (charges.map { $0.detection(key.process) }.max() ?? .zero).and(
            weather.seeing(at: plan.at))
        let since = plan.at.earlier(by: blind)
        for path in trail.lost(key.app, key.process, since: since, without: gone, in: world) {
            ready[path.template, default: 0] += 1
        }
        let total = ready.values.reduce(0, +)
        guard total < floor else { return [] }
        for charge in charges {
            // Back to all that the last good release is meant to have is no fall, however many were to come.
            if let good = charge.lastGood, let template = good.templates[key.process]?.digest {
                let want = Limits.want(key.process, in: good.spec)
                let least = want - Limits.unavailable(good.spec.deploy, of: want)
                if want > 0, ready[template, default: 0] >= least { return [] }
            }
            if let enough = charge.enough(key.process), ready[enough.template, default: 0] >= enough.count {
                return []
            }
        }
        return [
            Finding(app: key.app, sentence: "\(key): \(total) ready after \(what), and the floor is \(floor)")
        ]
    }
}

/// I2.
///
/// Looked at whenever the controller begins to bring an instance up. The ceiling is the higher one of when that was
/// decided and of now. An instance that somebody else brought up (a person, the engine) counts once it could be seen.
public struct CeilingChecker: Checker {
    public static let id = "I2"
    public static let rule = """
        There are never more instances alive or on their way than `replicas + max_surge` (twice `replicas` for \
        `blue_green`, `replicas` for processes that are stopped first), those that are stopping included; and two \
        releases never have a single-writer volume open at once.
        """

    private var book = ChargeBook()
    private var weather = Weather()
    private var trail = ReadinessTrail()
    private var watch = CallWatch()
    private var strays = Strays()

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        findings(happening, in: world).map(\.sentence)
    }

    mutating func findings(_ happening: Happening, in world: WorldTruth) -> [Finding] {
        book.observe(happening)
        weather.observe(happening, in: world)
        strays.observe(happening, in: world)
        _ = watch.observe(happening, book, in: world)
        trail.observe(happening, in: world)
        guard case .call(let call, let stage) = happening,
            let labels = Self.raised(by: call.action, in: world)
        else {
            return []
        }
        // One that only stood still goes on with what it had decided; the newer one puts that right.
        guard call.incarnation >= (world.incarnations.max() ?? 0) else { return [] }
        let plan = watch.plan(call.action, app: labels.app, book, in: world)
        switch stage {
        case .began: return count(call, labels, plan, in: world)
        case .acted:
            return world.incarnations.contains(call.incarnation) ? writers(call, labels, plan, in: world) : []
        case .answered: return []
        }
    }

    static func raised(by action: Action, in world: WorldTruth) -> InstanceLabels? {
        switch action {
        case .launch(let order): order.labels
        case .start(let id, _): world.instances[id]?.observed.labels
        case .stop, .restart, .remove, .repair, .prepare, .removeNetwork, .route, .unroute, .createJob,
            .startJob, .discardJob:
            nil
        }
    }

    private func count(
        _ call: EngineCall, _ labels: InstanceLabels, _ plan: CallWatch.Plan, in world: WorldTruth
    ) -> [Finding] {
        let ceilings = [plan.charge, book.charge(of: labels.app, in: world)].map {
            $0.ceiling(labels.process)
        }
        guard var ceiling = ceilings.compactMap(\.self).max() else { return [] }
        ceiling += weather.hidden(at: world.now)
        let since = plan.at.earlier(by: weather.seeing(at: plan.at))
        var names = others(labels, unseenSince: since, in: world)
        names.insert(call.action.object)
        // What a controller that was stopped has asked for and not got yet, its successor cannot know.
        for other in world.inFlight where other.incarnation == call.incarnation {
            guard let coming = Self.raised(by: other.action, in: world), coming.app == labels.app,
                coming.process == labels.process
            else { continue }
            names.insert(other.action.object)
        }
        guard names.count > ceiling else { return [] }
        let sentence =
            "\(labels.app)/\(labels.process): \(names.count) alive or coming with \(call.action.kind) of"
            + " \(call.action.object), and the ceiling is \(ceiling): \(names.sorted().joined(separator: " "))"
        return [Finding(app: labels.app, sentence: sentence)]
    }

    /// Names of the instances of the process that are alive and could be seen.
    private func others(
        _ labels: InstanceLabels, unseenSince since: Instant, in world: WorldTruth
    ) -> Set<String> {
        var names: Set<String> = []
        for (id, instance) in world.instances where instance.isOurs && instance.observed.state.isLive {
            let its = instance.observed.labels
            guard its.app == labels.app, its.process == labels.process, !trail.isUnseen(id, since: since),
                !strays.contains(id, in: world)
            else { continue }
            names.insert(instance.observed.name)
        }
        return names
    }

    private func writers(
        _ call: EngineCall, _ labels: InstanceLabels, _ plan: CallWatch.Plan, in world: WorldTruth
    ) -> [Finding] {
        let charge = book.charge(of: labels.app, in: world)
        guard let spec = charge.release(of: labels.template, labels.process)?.spec,
            let process = spec.process(labels.process), Limits.hasSingleWriter(process, in: spec)
        else { return [] }
        let since = plan.at.earlier(by: weather.seeing(at: plan.at))
        let others = world.instances.filter { id, instance in
            let its = instance.observed.labels
            return instance.isOurs && its.app == labels.app && its.process == labels.process
                && its.template != labels.template && instance.observed.state.isLive
                && !trail.isUnseen(id, since: since) && !strays.contains(id, in: world)
        }
        guard let other = others.values.map(\.observed.name).min() else { return [] }
        return [
            Finding(
                app: labels.app,
                sentence:
                    "\(labels.app)/\(labels.process): \(call.action.object) has the volume of one writer open"
                    + " beside \(other)")
        ]
    }
}

/// I21: the two limits, counted only where a commit has overtaken another, and that the newer one wins.
public struct SupersedeChecker: Checker {
    public static let id = "I21"
    public static let rule = """
        A commit that comes in the middle of a rollout replaces its target: the limits hold over all releases \
        together, and what was overtaken is not started again.
        """

    private var floor = FloorChecker()
    private var ceiling = CeilingChecker()
    /// Releases that were overtaken in the movement that is under way, and when.
    private var overtaken: [AppName: [ReleaseNumber: Instant]] = [:]
    private var book = ChargeBook()
    private var watch = CallWatch()

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        book.observe(happening)
        _ = watch.observe(happening, book, in: world)
        var found = floor.findings(happening, in: world) + ceiling.findings(happening, in: world)
        switch happening {
        case .stored(let batch, _, nil): note(batch, now: world.now)
        case .call(let call, .began):
            if case .launch(let order) = call.action { found += judge(order, call, in: world) }
        default: break
        }
        guard !found.isEmpty else { return [] }
        return found.filter { overtaken[$0.app] != nil }.map(\.sentence)
    }

    private mutating func note(_ batch: StoreBatch, now: Instant) {
        for record in batch.rollouts {
            switch record.outcome {
            case .superseded: overtaken[record.app, default: [:]][record.release] = now
            // A person may ask for an older release again.
            case nil: overtaken[record.app]?[record.release] = nil
            case .succeeded, .rolledBack, .held, .aborted: overtaken[record.app] = nil
            }
        }
        for app in batch.forgotten { overtaken[app] = nil }
    }

    private func judge(_ order: InstanceOrder, _ call: EngineCall, in world: WorldTruth) -> [Finding] {
        let labels = order.labels
        guard let since = overtaken[labels.app]?[labels.release],
            watch.plan(call.action, app: labels.app, book, in: world).at > since
        else { return [] }
        // What is wanted now may share a template with what was overtaken.
        let wanted = book.charge(of: labels.app, in: world).all
        guard !wanted.contains(where: { $0.templates[labels.process]?.digest == labels.template }) else {
            return []
        }
        return [
            Finding(
                app: labels.app, sentence: "\(order.name) is started although \(labels.release) was overtaken"
            )
        ]
    }
}
