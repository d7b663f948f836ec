import Model
import Ports

/// When each instance was really ready, so that a moment that nobody could have noticed is not held against anyone.
struct ReadinessTrail {
    struct Path {
        var name: String
        var app: AppName
        var process: ProcessName
        var template: ContentDigest
        var startedAt: Instant
        /// The first time that it was ready since that start.
        var firstReadyAt: Instant?
        /// The last time that it was, as of when it ceased to be: see `lastReady`.
        fileprivate(set) var lastReadyAt: Instant?
        /// Spans since that start in which it was not ready after it had been; the last eight.
        var gaps: [(from: Instant, to: Instant)] = []
        var isReady = false
        /// Since when it has been alive without a break.
        var liveSince: Instant?
        var wasProvenBefore = false
        /// The controller itself has taken it down: nobody has to tell it.
        var isDownByCall = false

        /// Since when it counts as ready for somebody who does not notice gaps up to `blind`; `nil`: it does not.
        func readySince(blind: TimeSpan, now: Instant) -> Instant? {
            guard var since = firstReadyAt, let last = lastReady(now), now - last <= blind else { return nil }
            for gap in gaps where gap.to - gap.from > blind { since = max(since, gap.to) }
            return since
        }

        /// The last time that it was ready, looked at now; `nil`: it never was.
        func lastReady(_ now: Instant) -> Instant? { isReady ? now : lastReadyAt }
    }

    private(set) var paths: [ContainerID: Path] = [:]
    /// When a call of the controller last brought up a container of that name.
    private var ownStarts: [String: Instant] = [:]
    /// Instances that a call of the controller is about to take down.
    private var beingTaken: Set<ContainerID> = []
    /// Instances that the engine said it had stopped or removed, and had not.
    private var saidToBeGone: [ContainerID: Instant] = [:]
    /// When the instances were last looked at: those that were ready then have been so until then.
    private var lookedAt = Instant.zero
    /// How many of the changes have been looked at.
    private var seen = 0
    /// Gone, and remembered for as long as somebody may not have noticed.
    private var gone: Set<ContainerID> = []
    /// When the first of them is forgotten.
    private var forgetsAt = Instant.distantFuture
    private static let memory = TimeSpan.minutes(10)

    mutating func observe(_ happening: Happening, in world: WorldTruth) {
        var subject: ContainerID?
        switch happening {
        case .call(let call, .began): subject = noteTaking(call.action, isOver: false)
        case .call(let call, .answered(let error)):
            subject = noteTaking(call.action, isOver: true)
            if error == nil { noteLie(call.action, in: world) }
        case .call(let call, .acted): subject = note(call, in: world)
        case .fault(let words): if FaultWords.isNewStore(words) { forgetTaking(in: world) }
        case .life, .tick, .calm, .ended, .started: break
        case .crashed: beingTaken = []
        case .routed, .stored, .pushed, .asked: return
        }
        if let changes = world.changes {
            for id in changes[seen...] { look(at: id, in: world) }
            seen = changes.count
            if let subject { look(at: subject, in: world) }
        } else {
            for id in world.instances.keys { look(at: id, in: world) }
            for id in paths.keys where world.instances[id] == nil { look(at: id, in: world) }
        }
        lookedAt = world.now
        if world.now >= forgetsAt { forget(now: world.now) }
    }

    /// - Returns: whom the call is about to take down, or has taken down.
    private mutating func noteTaking(_ action: Action, isOver: Bool) -> ContainerID? {
        switch action {
        case .stop(let id, _, _), .restart(let id, _, _), .remove(let id, _, _):
            if isOver { beingTaken.remove(id) } else { beingTaken.insert(id) }
            return id
        case .prepare, .launch, .start, .repair, .removeNetwork, .route, .unroute, .createJob, .startJob,
            .discardJob:
            return nil
        }
    }

    /// What was on its way out is not on record any more, and a process that is ending looks like any that runs.
    private mutating func forgetTaking(in world: WorldTruth) {
        for (id, path) in paths where path.isDownByCall && world.instances[id]?.observed.state == .running {
            paths[id]?.isDownByCall = false
        }
    }

    private mutating func noteLie(_ action: Action, in world: WorldTruth) {
        switch action {
        case .stop(let id, _, _), .remove(let id, _, _):
            guard let instance = world.instances[id], instance.observed.state.isLive else { return }
            saidToBeGone[id] = world.now
        case .restart, .prepare, .launch, .start, .repair, .removeNetwork, .route, .unroute, .createJob,
            .startJob, .discardJob:
            break
        }
    }

    /// - Returns: whom the call has taken down.
    private mutating func note(_ call: EngineCall, in world: WorldTruth) -> ContainerID? {
        switch call.action {
        case .launch(let order): ownStarts[order.name] = world.now
        case .start(_, let name), .repair(_, let name, _): ownStarts[name] = world.now
        case .restart(let id, let name, _):
            ownStarts[name] = world.now
            paths[id]?.isDownByCall = true
            return id
        case .stop(let id, _, _), .remove(let id, _, _):
            paths[id]?.isDownByCall = true
            return id
        case .prepare, .removeNetwork, .route, .unroute, .createJob, .startJob, .discardJob: break
        }
        return nil
    }

    private mutating func look(at id: ContainerID, in world: WorldTruth) {
        if let instance = world.instances[id] {
            update(id, instance, now: world.now)
        } else if paths[id] != nil {
            end(id)
        }
    }

    private mutating func update(_ id: ContainerID, _ instance: WorldTruth.Instance, now: Instant) {
        let isReady = instance.isReady
        let isLive = instance.observed.state.isLive
        gone.remove(id)
        guard var path = paths[id] else {
            let labels = instance.observed.labels
            paths[id] = Path(
                name: instance.observed.name, app: labels.app, process: labels.process,
                template: labels.template, startedAt: instance.startedAt,
                firstReadyAt: isReady ? instance.healthySince ?? now : nil, lastReadyAt: isReady ? now : nil,
                isReady: isReady, liveSince: isLive ? instance.startedAt : nil)
            return
        }
        if path.isReady { path.lastReadyAt = lookedAt }
        if path.startedAt != instance.startedAt {
            path.wasProvenBefore = path.firstReadyAt != nil
            (path.startedAt, path.firstReadyAt, path.gaps) = (instance.startedAt, nil, [])
        }
        path.liveSince = isLive ? path.liveSince ?? now : nil
        if isReady {
            if path.firstReadyAt == nil {
                path.firstReadyAt = max(instance.healthySince ?? now, path.startedAt)
            } else if !path.isReady, let from = path.lastReadyAt {
                path.gaps.append((from, instance.healthySince ?? now))
                if path.gaps.count > 8 { path.gaps.removeFirst() }
            }
            path.lastReadyAt = now
            path.isDownByCall = false
        } else if beingTaken.contains(id) {
            path.isDownByCall = true
        }
        path.isReady = isReady
        paths[id] = path
    }

    private mutating func end(_ id: ContainerID) {
        guard var path = paths[id] else { return }
        if path.isReady { path.lastReadyAt = lookedAt }
        path.isReady = false
        path.liveSince = nil
        paths[id] = path
        gone.insert(id)
        forgetsAt = min(forgetsAt, path.lastReadyAt.map { $0 + Self.memory } ?? .zero)
    }

    private mutating func forget(now: Instant) {
        forgetsAt = .distantFuture
        for id in gone {
            if let last = paths[id]?.lastReadyAt, now - last < Self.memory {
                forgetsAt = min(forgetsAt, last + Self.memory)
            } else {
                paths[id] = nil
                gone.remove(id)
            }
        }
    }

    /// Instances that are not ready any more by no call of the controller, and were at or after `since`; those included
    /// that have fallen in this very moment, such as all of them with their engine.
    func lost(
        _ app: AppName, _ process: ProcessName, since: Instant, without gone: Set<ContainerID>,
        in world: WorldTruth
    ) -> [Path] {
        paths.filter { id, path in
            guard path.app == app, path.process == process, !gone.contains(id) else { return false }
            if path.isReady { return world.instances[id]?.isReady != true && !beingTaken.contains(id) }
            return !path.isDownByCall && path.lastReadyAt.map { $0 >= since } ?? false
        }
        .map(\.value)
    }

    /// It is ready for the first time since its last start, and was not before `since`.
    func hasComeUp(_ id: ContainerID, since: Instant) -> Bool {
        paths[id]?.firstReadyAt.map { $0 >= since } ?? false
    }

    /// It was not ready for a while that ended after `since`.
    func hasRecovered(_ id: ContainerID, since: Instant) -> Bool {
        paths[id]?.gaps.last.map { $0.to >= since } ?? false
    }

    /// Somebody else than the controller brought it up after `since`, or the engine said then that it was gone.
    func isUnseen(_ id: ContainerID, since: Instant) -> Bool {
        if let lie = saidToBeGone[id], lie > since { return true }
        guard let path = paths[id], let live = path.liveSince, live > since else { return false }
        guard let own = ownStarts[path.name] else { return true }
        return live - own > .seconds(60)
    }
}
