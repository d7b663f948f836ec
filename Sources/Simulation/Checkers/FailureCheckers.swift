import Model
import Ports

/// I7.
public struct RollbackChecker: Checker {
    public static let id = "I7"
    public static let rule = """
        A rollback ends exactly at the last good release, its count restored and nothing else left, straight and \
        without steps: the failed release gets no further request from the moment it failed, and no registry is asked.
        """

    private var weather = Weather()
    private var trail = ReadinessTrail()
    private var book = RolloutBook()
    private var routes = RouteWatch()
    private var strays = Strays()
    /// When the newest commit that wants the image came.
    private var wantedAt: [String: Instant] = [:]
    /// When the present movement of each app was first seen.
    private var begun: [AppName: (release: ReleaseNumber, at: Instant)] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        strays.observe(happening, in: world)
        trail.observe(happening, in: world)
        if case .pushed = happening {
            for spec in world.wanted.values { wantedAt[spec.image] = world.now }
        }
        let change = routes.observe(happening, in: world)
        var found: [String] = []
        if let change, let after = change.after { found += judge(change.before, after, in: world) }
        if case .call(let call, .began) = happening, case .prepare(let image, _) = call.action {
            found += judge(pull: image, in: world)
        }
        guard case .stored(let batch, _, nil) = happening else { return found }
        for record in batch.rollouts where record.outcome == .rolledBack || record.outcome == .aborted {
            guard !batch.forgotten.contains(record.app) else { continue }
            found += judge(record, in: world)
        }
        for (app, memory) in batch.apps {
            if let number = memory.rollout?.target.number, begun[app]?.release != number {
                begun[app] = (number, world.now)
            }
            guard let before = book.rollouts[app], let after = memory.rollout,
                RolloutBook.isSame(before, after),
                before.phase != .moving, after.step > before.step
            else { continue }
            found.append("\(app): \(after.target.number) goes a step further after it has failed")
        }
        book.take(batch)
        return found
    }

    /// The way back has what it needs on the engine. A commit may want the same image again: a later one, or one that
    /// had been pushed already and is seen only now.
    private func judge(pull image: String, in world: WorldTruth) -> [String] {
        if world.wanted.values.contains(where: { $0.image == image }) { return [] }
        return world.stored.apps.keys.sorted().compactMap { app in
            guard let memory = world.stored.apps[app], case .rollingBack? = memory.rollout?.phase,
                memory.lastGood?.image.reference == image, let begun = begun[app]?.at,
                wantedAt[image].map({ $0 < begun }) ?? true
            else { return nil }
            return "\(app): the way back asks the registry for \(image)"
        }
    }

    private func judge(_ before: Route, _ after: Route, in world: WorldTruth) -> [String] {
        guard let rollout = world.stored.apps[after.key.app]?.rollout, case .rollingBack = rollout.phase,
            world.stored.apps[after.key.app]?.lastGood != nil
        else { return [] }
        let number = rollout.target.number
        guard after.share(of: number) > before.share(of: number) + 0.5 else { return [] }
        // What is left when the others fall gets all there is.
        guard after.split != nil, after.split != before.split else { return [] }
        return ["\(after.key): \(number) has failed and gets \(after.share(of: number)) % of the requests"]
    }

    private func judge(_ record: RolloutRecord, in world: WorldTruth) -> [String] {
        let app = record.app
        guard let good = world.stored.apps[app]?.lastGood else {
            return [
                "\(app): \(record.release) is recorded as rolled back, and there is nothing that it went back to"
            ]
        }
        let seeing = weather.seeing(at: world.now)
        var found: [String] = []
        for process in good.spec.processes {
            let template = good.templates[process.name]?.digest
            let blind = Limits.detection(process).and(seeing)
            let ready = trail.paths.values.count { path in
                path.app == app && path.process == process.name && path.template == template
                    && !path.isDownByCall
                    && path.lastReady(world.now).map { world.now - $0 <= blind } ?? false
            }
            guard ready < process.effectiveReplicas else { continue }
            found.append(
                "\(app)/\(process.name): back at \(good.number) with \(ready) of \(process.effectiveReplicas) ready"
            )
        }
        let templates = Set(good.templates.values.map(\.digest))
        var hidden = weather.hidden(at: world.now)
        for (id, instance) in world.instances where instance.isOurs && instance.observed.labels.app == app {
            guard !templates.contains(instance.observed.labels.template), instance.observed.state.isLive,
                !trail.isUnseen(id, since: world.now.earlier(by: seeing)), !strays.contains(id, in: world)
            else { continue }
            hidden -= 1
            guard hidden < 0 else { continue }
            found.append("\(app): back at \(good.number), and \(instance.observed.name) still runs")
        }
        return found
    }
}

/// I8.
///
/// The list is the checker's own: every release that was turned back or held after a failure of its own. A lost store
/// loses it too, which is declared; a restart or a poll does not.
public struct QuarantineChecker: Checker {
    public static let id = "I8"
    public static let rule = """
        A release that has failed is not started again, not by the next poll, a restart or a reboot, before its spec \
        changes or a person says `slipway retry`.
        """

    private var failed: [AppName: [ContentDigest: Instant]] = [:]
    /// The rollout of each app that was last seen to have failed, by when it began: it fails once.
    private var turned: [AppName: Instant] = [:]
    private var book = ChargeBook()
    private var watch = CallWatch()

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        book.observe(happening)
        _ = watch.observe(happening, book, in: world)
        switch happening {
        case .stored(let batch, _, nil): note(batch, now: world.now)
        case .asked(let words): release(words)
        case .fault(let words): if FaultWords.isNewStore(words) { keepWhatIsStored(in: world) }
        case .call(let call, .began): return judge(call, in: world)
        default: break
        }
        return []
    }

    private mutating func note(_ batch: StoreBatch, now: Instant) {
        for (app, memory) in batch.apps {
            if let rollout = memory.rollout, let cause = Self.failure(of: rollout)?.cause, cause != .group,
                turned[app] != rollout.startedAt
            {
                // A person may let it out of quarantine while it is still on its way back.
                turned[app] = rollout.startedAt
                add(rollout.target.specDigest, app, now)
            }
            for entry in memory.quarantine where entry.failure.cause != .group { add(entry.spec, app, now) }
        }
        for app in batch.forgotten { failed[app] = nil }
    }

    static func failure(of rollout: Rollout) -> Failure? {
        switch rollout.phase {
        case .moving: nil
        case .rollingBack(let failure), .held(let failure): failure
        }
    }

    private mutating func add(_ spec: ContentDigest, _ app: AppName, _ now: Instant) {
        if failed[app]?[spec] == nil { failed[app, default: [:]][spec] = now }
    }

    /// `retry shop` takes all of the app out, and so does `rollback shop`, which names a release by its number.
    private mutating func release(_ words: String) {
        let parts = words.split(separator: " ")
        guard parts.contains("retry") || parts.contains("rollback") else { return }
        for app in failed.keys where parts.contains(where: { $0 == app.rawValue }) { failed[app] = nil }
    }

    private mutating func keepWhatIsStored(in world: WorldTruth) {
        for (app, entries) in failed {
            let stored = Set(world.stored.apps[app]?.quarantine.map(\.spec) ?? [])
            failed[app] = entries.filter { stored.contains($0.key) }
        }
    }

    private func judge(_ call: EngineCall, in world: WorldTruth) -> [String] {
        let labels: InstanceLabels
        switch call.action {
        case .launch(let order): labels = order.labels
        case .start(let id, _), .restart(let id, _, _):
            guard let found = world.instances[id]?.observed.labels else { return [] }
            labels = found
        case .stop, .remove, .repair, .prepare, .removeNetwork, .route, .unroute, .createJob, .startJob,
            .discardJob:
            return []
        }
        guard let since = failed[labels.app]?[labels.spec] else { return [] }
        let plan = watch.plan(call.action, app: labels.app, book, in: world)
        guard plan.at > since else { return [] }
        // An instance that the last good release has in the same form is started for its sake; so is one that a new
        // spec has, which differs in how it is deployed.
        let charge = book.charge(of: labels.app, in: world)
        let target = charge.phase == .moving ? charge.target : nil
        let isForAnother = [charge.lastGood, target].contains { release in
            release?.templates[labels.process]?.digest == labels.template
                && release.map { failed[labels.app]?[$0.specDigest] == nil || $0 == charge.lastGood } ?? false
        }
        guard !isForAnother else { return [] }
        return ["\(labels.app): \(call.action.kind) of \(call.action.object), whose release has failed"]
    }
}

/// I9.
///
/// The clock of a rollout counts only while all is well, a controller runs and nobody is waited for. It begins anew
/// with each phase, each step, and each new maximum of really ready instances. The limit is the spec's `timeout` and
/// `bake`, with the times that stopping, draining and the longest back-off may take on top.
public struct BoundedChecker: Checker {
    public static let id = "I9"
    public static let rule = """
        Every rollout ends within `deploy.timeout` of its last progress, in succeeded, rolled back or held, even if \
        nothing of it ever started; restarts are no progress.
        """

    private struct Run {
        var rollout: Rollout
        var elapsed = TimeSpan.zero
        var best = 0
        var isTold = false
    }

    private var weather = Weather()
    private var open: [RolloutBook.Key: WallTime] = [:]
    private var runs: [AppName: Run] = [:]
    private var lastTick: Instant?

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        switch happening {
        case .stored(let batch, _, nil): return take(batch)
        case .fault, .started: forgetWhatIsNotStored(in: world)
        case .tick: return goOn(in: world)
        default: break
        }
        return []
    }

    // MARK: The history

    private mutating func take(_ batch: StoreBatch) -> [String] {
        for record in batch.rollouts {
            let key = RolloutBook.Key(app: record.app, release: record.release, startedAt: record.startedAt)
            open[key] = record.outcome == nil ? record.startedAt : nil
        }
        var found: [String] = []
        for (app, memory) in batch.apps {
            note(app, memory.rollout)
            for key in open.keys where key.app == app {
                if let rollout = memory.rollout, rollout.target.number == key.release,
                    rollout.startedAtWall == key.startedAt
                {
                    continue
                }
                open[key] = nil
                found.append(
                    "\(app): the rollout of \(key.release) was dropped without an end in the history")
            }
        }
        for app in batch.forgotten {
            runs[app] = nil
            for key in open.keys where key.app == app { open[key] = nil }
        }
        return found
    }

    private mutating func note(_ app: AppName, _ rollout: Rollout?) {
        guard let rollout else {
            runs[app] = nil
            return
        }
        guard let run = runs[app], RolloutBook.isSame(run.rollout, rollout), run.rollout.step == rollout.step,
            Charge.Phase(rollout) == Charge.Phase(run.rollout)
        else {
            runs[app] = Run(rollout: rollout)
            return
        }
        runs[app]?.rollout = rollout
    }

    /// What a lost or older store does not know has no end to be waited for.
    private mutating func forgetWhatIsNotStored(in world: WorldTruth) {
        for key in open.keys {
            let isKnown = world.rollouts.contains {
                $0.app == key.app && $0.release == key.release && $0.startedAt == key.startedAt
            }
            if !isKnown { open[key] = nil }
        }
        for app in runs.keys where world.stored.apps[app]?.rollout == nil { runs[app] = nil }
    }

    // MARK: The clock

    private mutating func goOn(in world: WorldTruth) -> [String] {
        defer { lastTick = world.now }
        guard let lastTick, !runs.isEmpty, !weather.isFoul(at: world.now),
            !world.incarnations.isEmpty
        else { return [] }
        var found: [String] = []
        for app in runs.keys.sorted() {
            guard var run = runs[app], let memory = world.stored.apps[app], !isWaiting(run.rollout, memory)
            else {
                continue
            }
            run.elapsed = run.elapsed.and(world.now - lastTick)
            let ready = ready(run.rollout, memory, in: world)
            if ready > run.best { (run.best, run.elapsed) = (ready, .zero) }
            let limit = limit(run.rollout, memory)
            if run.elapsed > limit, !run.isTold {
                run.isTold = true
                found.append(
                    "\(app): \(run.rollout.target.number) is \(Charge.Phase(run.rollout)) without progress for"
                        + " \(run.elapsed), and \(limit) is the longest that it may be")
            }
            runs[app] = run
        }
        return found
    }

    private func isWaiting(_ rollout: Rollout, _ memory: AppMemory) -> Bool {
        memory.isPaused || rollout.waitingSince != nil || rollout.isReadyForGroup
            || Charge.Phase(rollout) == .held
    }

    private func ready(_ rollout: Rollout, _ memory: AppMemory, in world: WorldTruth) -> Int {
        let release = rollout.phase == .moving ? rollout.target : memory.lastGood
        guard let release else { return 0 }
        return release.spec.processes.reduce(0) { sum, process in
            let template = release.templates[process.name]?.digest
            let count = world.instances.values.count { instance in
                let labels = instance.observed.labels
                return instance.isReady && labels.app == release.app && labels.process == process.name
                    && labels.template == template
            }
            return sum + min(count, process.effectiveReplicas)
        }
    }

    private func limit(_ rollout: Rollout, _ memory: AppMemory) -> TimeSpan {
        let releases = [rollout.target, memory.lastGood].compactMap { $0 }
        let deploy =
            rollout.phase == .moving
            ? rollout.target.spec.deploy : (releases.last ?? rollout.target).spec.deploy
        let stopping = releases.flatMap(\.spec.processes).map { process in
            process.effectiveStopGrace.and(process.effectiveDrainTimeout)
        }
        return deploy.effectiveTimeout.and(deploy.effectiveBake).and(deploy.effectiveMinHealthyTime)
            .and(stopping.max() ?? .zero).and(.seconds(120))
    }
}

extension Charge.Phase {
    init(_ rollout: Rollout) {
        switch rollout.phase {
        case .moving: self = .moving
        case .rollingBack: self = .rollingBack
        case .held: self = .held
        }
    }
}
