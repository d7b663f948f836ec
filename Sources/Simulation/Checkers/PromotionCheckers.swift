import Model
import Ports

/// Rollouts as the store has them, to see what a batch changes.
struct RolloutBook {
    struct Key: Hashable {
        var app: AppName
        var release: ReleaseNumber
        var startedAt: WallTime
    }
    private(set) var rollouts: [AppName: Rollout] = [:]

    mutating func take(_ batch: StoreBatch) {
        for (app, memory) in batch.apps { rollouts[app] = memory.rollout }
        for app in batch.forgotten { rollouts[app] = nil }
    }

    /// The movement that the record ends, if it was seen.
    func ended(by record: RolloutRecord) -> Rollout? {
        guard let rollout = rollouts[record.app], rollout.target.number == record.release else { return nil }
        return rollout
    }

    static func isSame(_ left: Rollout, _ right: Rollout) -> Bool {
        left.target.number == right.target.number && left.startedAt == right.startedAt
    }
}

/// What a step of a strategy asks for, by the words of the spec alone.
struct Stage {
    /// Shares in whole per cent.
    var instances: Int
    var traffic: Int
    var bake: TimeSpan

    init(of release: Release, step: Int) {
        let deploy = release.spec.deploy
        switch deploy.effectiveStrategy {
        case .canary where deploy.effectiveSteps.indices.contains(step):
            let share = deploy.effectiveSteps[step]
            (instances, traffic, bake) = (share, share, deploy.effectiveBake)
        case .blueGreen where step == 0:
            // The new set stands beside the old one, and gets nothing yet.
            (instances, traffic, bake) = (100, 0, .zero)
        case .blueGreen, .canary:
            (instances, traffic, bake) = (100, 100, deploy.effectiveBake)
        case .rolling, .recreate:
            (instances, traffic, bake) = (100, 100, .zero)
        }
    }

    static func count(of release: Release) -> Int {
        switch release.spec.deploy.effectiveStrategy {
        case .canary: release.spec.deploy.effectiveSteps.count
        case .blueGreen: 2
        case .rolling, .recreate: 1
        }
    }

    /// A first release, one that changes no container, and the way back go in one step without a bake.
    static func isStaged(_ rollout: Rollout, from old: Release?) -> Bool {
        guard let old, !rollout.isDirect, count(of: rollout.target) > 1 else { return false }
        return rollout.target.spec.processes.contains { process in
            rollout.target.templates[process.name]?.digest != old.templates[process.name]?.digest
        }
    }
}

/// I3.
///
/// Looked at whenever the store takes a success or a further step. An instance counts if it has really been ready
/// since its last start for `min_healthy_time`. Breaks shorter than what `retries` probes need to notice do not end
/// that time, and one that has fallen only just now still counts.
public struct PromotionChecker: Checker {
    public static let id = "I3"
    public static let rule = """
        A step is passed, and a release is called good, only when every instance that it needs has been healthy \
        without a break for `min_healthy_time` since its last start; what is not known does not count as healthy.
        """

    private var weather = Weather()
    private var trail = ReadinessTrail()
    private var book = RolloutBook()

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        trail.observe(happening, in: world)
        guard case .stored(let batch, _, nil) = happening else { return [] }
        defer { book.take(batch) }
        var found: [String] = []
        for record in batch.rollouts where record.outcome == .succeeded {
            let good = batch.apps[record.app]?.lastGood ?? book.ended(by: record)?.target
            guard let good, good.number == record.release else { continue }
            found += judge(good, share: 100, "is called good", isLast: true, in: world)
        }
        for (app, memory) in batch.apps {
            guard let before = book.rollouts[app], let after = memory.rollout, after.phase == .moving,
                RolloutBook.isSame(before, after), after.step > before.step
            else { continue }
            let isLast = after.step >= Stage.count(of: after.target)
            found += judge(
                after.target, share: Stage(of: after.target, step: before.step).instances,
                "passes step \(before.step + 1)", isLast: isLast, in: world)
        }
        return found
    }

    /// - Parameter isLast: processes that are stopped first take part; they go last in line.
    private func judge(
        _ release: Release, share: Int, _ what: String, isLast: Bool, in world: WorldTruth
    ) -> [String] {
        let window = release.spec.deploy.effectiveMinHealthyTime
        var found: [String] = []
        for process in release.spec.processes {
            let need = Limits.instances(ofStep: share, want: process.effectiveReplicas)
            guard need > 0, let template = release.templates[process.name]?.digest else { continue }
            guard isLast || !Limits.isStopFirst(process.name, in: release.spec) else { continue }
            let blind = Limits.detection(process).and(weather.seeing(at: world.now))
            let proven = trail.paths.values.count { path in
                path.app == release.app && path.process == process.name && path.template == template
                    && !path.isDownByCall && isProven(path, window, blind, now: world.now)
            }
            guard proven < need else { continue }
            found.append(
                "\(release.app)/\(process.name): \(release.number) \(what) with \(proven) of \(need) instances"
                    + " that were healthy for \(window)")
        }
        return found
    }

    private func isProven(
        _ path: ReadinessTrail.Path, _ window: TimeSpan, _ blind: TimeSpan, now: Instant
    ) -> Bool {
        if path.wasProvenBefore, path.startedAt >= now.earlier(by: weather.seeing(at: now)) { return true }
        return path.readySince(blind: blind, now: now).map { now - $0 >= window } ?? false
    }
}

/// I4.
///
/// The time of a step is taken from what really was: when the store took the step, when the last instance that the
/// step needs was started, and when the edge really gave the release its share.
public struct BakeChecker: Checker {
    public static let id = "I4"
    public static let rule = """
        Each step of a canary, and the switch of a blue-green deploy, is held for its whole `bake`, counted from \
        its last start and from when the traffic was really there; only a person can make it shorter, what needs a \
        person's word waits for it, and what waits for nothing goes on when its time is over.
        """

    private struct Step {
        var rollout: Rollout
        var old: Release?
        var enteredAt: Instant
        /// When each process first had the step's share.
        var servedAt: [ProcessName: Instant] = [:]
    }

    private static let write = TimeSpan.milliseconds(200)
    private var weather = Weather()
    private var steps: [AppName: Step] = [:]
    /// When a person last let the app go on.
    private var asked: [AppName: Instant] = [:]
    /// When a person last held the app up, or let it go on again.
    private var halted: [AppName: Instant] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        switch happening {
        case .asked(let words):
            noteWord(words, in: world)
            return []
        case .routed(let action, .acted):
            if case .route(let route) = action { noteTraffic(route.key, in: world) }
            return []
        case .call(let call, .began):
            guard case .launch(let order) = call.action else { return [] }
            return judgeStart(order, in: world)
        case .stored(let batch, _, nil):
            return take(batch, in: world)
        default:
            return []
        }
    }

    private mutating func noteWord(_ words: String, in world: WorldTruth) {
        let parts = words.split(separator: " ")
        if parts.contains("pause") || parts.contains("resume") {
            for app in world.wanted.keys where parts.contains(where: { $0 == app.rawValue }) {
                halted[app] = world.now
            }
        }
        let isForAll = parts.contains("approve")
        guard isForAll || parts.contains("promote") else { return }
        // `approve` takes a commit as well, and means all that waits for it.
        for app in Set(world.wanted.keys).union(world.stored.apps.keys)
        where isForAll || parts.contains(where: { $0 == app.rawValue }) {
            asked[app] = world.now
        }
    }

    private mutating func noteTraffic(_ key: RouteKey, in world: WorldTruth) {
        guard let step = steps[key.app], step.servedAt[key.process] == nil,
            let route = world.routes[key]?.route,
            Self.share(of: step.rollout.target, route, in: world) >= stage(step.rollout).traffic
        else { return }
        steps[key.app]?.servedAt[key.process] = world.now
    }

    private func stage(_ rollout: Rollout) -> Stage { Stage(of: rollout.target, step: rollout.step) }

    /// Of the requests, in whole per cent, rounded up; two releases may share an instance.
    private static func share(of release: Release, _ route: Route, in world: WorldTruth) -> Int {
        let template = release.templates[route.key.process]?.digest
        let serving = route.targets.filter { route.serves($0.container) }
        let mine = serving.filter { world.instances[$0.container]?.observed.labels.template == template }
        guard !mine.isEmpty else { return 0 }
        guard route.split != nil else { return (mine.count * 100 + serving.count - 1) / serving.count }
        return Int(Set(mine.map(\.release)).reduce(0) { $0 + route.share(of: $1) } + 0.5)
    }

    private mutating func take(_ batch: StoreBatch, in world: WorldTruth) -> [String] {
        var found: [String] = []
        for record in batch.rollouts where record.outcome == .succeeded {
            guard let step = steps[record.app], step.rollout.target.number == record.release else { continue }
            found += judge(step, "is called good", in: world)
            let deploy = step.rollout.target.spec.deploy
            if deploy.effectiveApproval == .beforePromote, asked[record.app] == nil,
                Stage.isStaged(step.rollout, from: step.old)
            {
                found.append(
                    "\(record.app): \(record.release) is called good before a person has approved it")
            }
        }
        for (app, memory) in batch.apps {
            guard let after = memory.rollout, after.phase == .moving else {
                steps[app] = nil
                continue
            }
            guard let before = steps[app], RolloutBook.isSame(before.rollout, after) else {
                enter(app, after, memory.lastGood, in: world)
                continue
            }
            if after.step > before.rollout.step {
                found += judge(before, "goes on from step \(before.rollout.step + 1)", in: world)
            }
            if after.step != before.rollout.step {
                enter(app, after, memory.lastGood, in: world)
            } else {
                steps[app]?.rollout = after
            }
        }
        return found
    }

    private mutating func enter(_ app: AppName, _ rollout: Rollout, _ old: Release?, in world: WorldTruth) {
        steps[app] = Step(rollout: rollout, old: old, enteredAt: world.now)
        for key in world.routes.keys where key.app == app { noteTraffic(key, in: world) }
    }

    private func judge(_ step: Step, _ what: String, in world: WorldTruth) -> [String] {
        let rollout = step.rollout
        let target = rollout.target
        let stage = stage(rollout)
        let bake = stage.bake
        guard bake > .zero, Stage.isStaged(rollout, from: step.old) else { return [] }
        guard rollout.promotedStep.map({ $0 < rollout.step }) ?? true else { return [] }
        if let word = asked[target.app], word >= step.enteredAt { return [] }
        var begun = step.enteredAt
        let isLast = rollout.step + 1 >= Stage.count(of: target)
        // What is stopped first goes last in line, all at once.
        for process in target.spec.processes
        where isLast || !Limits.isStopFirst(process.name, in: target.spec) {
            if let last = lastStart(process, target, stage.instances, in: world) { begun = max(begun, last) }
            let key = RouteKey(app: target.app, process: process.name)
            // What both releases make alike, and what nobody wants, has no share of its own.
            let isUnchanged =
                step.old?.templates[process.name]?.digest == target.templates[process.name]?.digest
            guard world.routes[key] != nil, !isUnchanged, process.effectiveReplicas > 0 else { continue }
            guard let served = step.servedAt[process.name] else {
                return [
                    "\(key): \(target.number) \(what) without ever having had \(stage.traffic) % of the requests"
                ]
            }
            begun = max(begun, served)
        }
        // A step is entered by a write, which ends a moment after the plan that it holds was made.
        guard (world.now - begun).and(Self.write) < bake else { return late(step, begun, what, in: world) }
        return ["\(target.app): \(target.number) \(what) after \(world.now - begun) of a bake of \(bake)"]
    }

    /// A step that nothing and nobody holds up goes on when its time is over.
    private func late(_ step: Step, _ begun: Instant, _ what: String, in world: WorldTruth) -> [String] {
        let target = step.rollout.target
        let deploy = target.spec.deploy
        guard isFree(step, in: world), weather.isClear(since: begun) else { return [] }
        let healthy = world.instances.values.compactMap { instance -> Instant? in
            guard instance.isOurs, instance.observed.labels.app == target.app else { return nil }
            return instance.healthySince ?? world.now
        }
        let due =
            (max(begun, healthy.max() ?? begun) + deploy.effectiveMinHealthyTime) + stage(step.rollout).bake
        guard world.now - due > Self.promptness else { return [] }
        return ["\(target.app): \(target.number) \(what) \(world.now - due) after its time was over"]
    }

    /// Neither a person nor an analysis, a group or a process that goes last has a say in the step.
    private func isFree(_ step: Step, in world: WorldTruth) -> Bool {
        let spec = step.rollout.target.spec
        return step.rollout.waitingSince == nil && spec.deploy.effectiveApproval == .none
            && spec.deploy.analysis?.isEmpty != false && spec.group == nil
            && spec.processes.allSatisfy { !Limits.isStopFirst($0.name, in: spec) }
            && world.stored.apps[spec.name]?.isPaused != true
            && halted[spec.name].map { $0 < step.enteredAt } ?? true
    }

    /// A pull of the next one, a start, and the round through the edge.
    private static let promptness = TimeSpan.seconds(20)

    /// When the last of the instances that the step needs was started, as far as that could be seen.
    private func lastStart(
        _ process: ProcessSpec, _ target: Release, _ share: Int, in world: WorldTruth
    ) -> Instant? {
        let need = Limits.instances(ofStep: share, want: process.effectiveReplicas)
        guard need > 0, let template = target.templates[process.name]?.digest else { return nil }
        let unseen = world.now.earlier(by: weather.seeing(at: world.now))
        let starts = world.instances.values.filter { instance in
            let labels = instance.observed.labels
            return instance.isOurs && labels.app == target.app && labels.process == process.name
                && labels.template == template && instance.isReady && instance.startedAt < unseen
        }
        return starts.map(\.startedAt).sorted().prefix(need).last
    }

    private func judgeStart(_ order: InstanceOrder, in world: WorldTruth) -> [String] {
        let app = order.labels.app
        guard asked[app] == nil, let rollout = world.stored.apps[app]?.rollout, rollout.phase == .moving,
            rollout.target.number == order.labels.release, rollout.isAdopted != true,
            rollout.target.spec.deploy.effectiveApproval == .beforeDeploy
        else { return [] }
        return ["\(app): \(order.name) is started before a person has approved the deploy"]
    }
}

/// I26.
public struct TogetherChecker: Checker {
    public static let id = "I26"
    public static let rule = """
        Apps of one release group are promoted together or not at all: none is called good while another one that \
        moves with it is not, and none after another one of them has failed.
        """

    private var book = RolloutBook()
    /// Movements beside which another member of the group has failed.
    private var doomed: [AppName: Rollout] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        guard case .stored(let batch, _, nil) = happening else { return [] }
        var found: [String] = []
        let good = Set(batch.rollouts.filter { $0.outcome == .succeeded }.map(\.app))
        for app in good.sorted() {
            guard let rollout = book.rollouts[app], rollout.phase == .moving,
                let group = rollout.target.spec.group
            else { continue }
            if let other = doomed[app], RolloutBook.isSame(other, rollout) {
                found.append(
                    "\(app): \(rollout.target.number) is called good after another of group \(group) has failed"
                )
            }
            for other in members(of: group, beside: rollout) where !good.contains(other) {
                // Git may have taken either out of the group meanwhile.
                let isTogether = [app, other].allSatisfy { world.wanted[$0]?.group == group }
                if !isTogether || wasOvertaken(other, in: batch) { continue }
                found.append(
                    "\(app): \(rollout.target.number) is called good without \(other) of group \(group)")
            }
        }
        noteFailures(batch)
        book.take(batch)
        for (app, rollout) in doomed
        where book.rollouts[app].map({ !RolloutBook.isSame($0, rollout) }) ?? true {
            doomed[app] = nil
        }
        return found
    }

    /// What a person sent back, or what was found running, is not the group's movement.
    private static func takesPart(_ rollout: Rollout) -> Bool {
        !rollout.isDirect && rollout.isAdopted != true
    }

    /// Other apps of the group that are on the move, from the same source.
    private func members(of group: String, beside rollout: Rollout) -> [AppName] {
        book.rollouts.filter { app, other in
            app != rollout.target.app && other.phase == .moving && Self.takesPart(other)
                && other.target.spec.group == group
                && other.target.origin.source == rollout.target.origin.source
        }
        .map(\.key).sorted()
    }

    private func wasOvertaken(_ app: AppName, in batch: StoreBatch) -> Bool {
        batch.forgotten.contains(app)
            || batch.rollouts.contains { $0.app == app && $0.outcome == .superseded }
    }

    private mutating func noteFailures(_ batch: StoreBatch) {
        for (app, memory) in batch.apps {
            guard let before = book.rollouts[app], before.phase == .moving, Self.takesPart(before),
                let after = memory.rollout, RolloutBook.isSame(before, after), after.phase != .moving,
                let group = before.target.spec.group
            else { continue }
            for other in members(of: group, beside: before) { doomed[other] = book.rollouts[other] }
        }
    }
}
