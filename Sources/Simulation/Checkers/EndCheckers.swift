import Model
import Ports

/// Whether an app is where it may stay.
enum EndState {
    /// What is not as it has to be at the end; `nil`: all is.
    ///
    /// - Parameter hadTrouble: something has happened that a good release may have failed by.
    static func flaw(of app: AppName, in world: WorldTruth, hadTrouble: Bool) -> String? {
        guard let status = world.status?.apps.first(where: { $0.name == app }) else {
            return "it is not in the status"
        }
        let memory = world.stored.apps[app]
        if status.verdict != .converged, status.because.isEmpty {
            return "nothing says why it is \(status.verdict.rawValue)"
        }
        switch status.verdict {
        case .converged:
            guard let release = memory?.lastGood else { return "it is converged without a good release" }
            guard release.spec == world.wanted[app] else { return "\(release.number) is not what git wants" }
            return world.misfit(of: app, with: release)
        case .rolledBack:
            guard let release = memory?.lastGood else { return "it is rolled back to nothing" }
            if let wanted = world.wanted[app], release.spec == wanted {
                return "it is rolled back from what it runs"
            }
            let isForGroup = memory?.quarantine.contains { $0.failure.cause == .group } ?? false
            if !hadTrouble, !isForGroup, isGood(app, in: world) { return "a good release was rolled back" }
            return fault(of: release, app, in: world)
        case .held:
            if let flaw = unexplained(status, app, in: world, hadTrouble: hadTrouble) { return flaw }
            guard let release = memory?.lastGood, memory?.rollout == nil else { return nil }
            return fault(of: release, app, in: world)
        case .waiting:
            let causes = Set(status.because.map(\.cause))
            if causes.contains(.dependency) { return nil }
            if causes.contains(.imagePull), !isGood(app, in: world) { return nil }
            if causes.contains(.group) { return nil }
            return "it still waits: \(reason(status))"
        case .degraded:
            guard let release = memory?.lastGood, isBad(release.image.reference, in: world) else {
                return "it is degraded: \(reason(status))"
            }
            return nil
        case .progressing where waitsForHeldMember(status, app, in: world):
            return nil
        case .progressing, .unknown, .unplaceable, .invalid:
            return "it is \(status.verdict.rawValue): \(reason(status))"
        }
    }

    /// What is wrong with the instances of the release that was gone back to; a release that dies minutes after it
    /// was proven cannot be held to it.
    private static func fault(of release: Release, _ app: AppName, in world: WorldTruth) -> String? {
        isBad(release.image.reference, in: world) ? nil : world.misfit(of: app, with: release)
    }

    /// A wait for a person that neither the spec nor a person's act explains.
    private static func unexplained(
        _ status: AppStatus, _ app: AppName, in world: WorldTruth, hadTrouble: Bool
    ) -> String? {
        let causes = Set(status.because.map(\.cause))
        let byPerson: Set<Blocker.Cause> = [.paused, .approval, .aborted, .pinned, .deletionBrake]
        let bySpec: Set<Blocker.Cause> = [
            .rollbackOff, .noLastGood, .evidence, .irreversible, .group, .quarantined, .rolledBack
        ]
        if !causes.isDisjoint(with: byPerson) { return nil }
        if causes.contains(.imagePull) {
            return isGood(app, in: world) ? "its image is there: \(reason(status))" : nil
        }
        guard !causes.isDisjoint(with: bySpec) else {
            return "it is held and only the world explains it: \(reason(status))"
        }
        if !hadTrouble, isGood(app, in: world), causes.isDisjoint(with: [.evidence, .group]) {
            return "a good release is held: \(reason(status))"
        }
        return nil
    }

    /// All of it is proven, and another app of its group waits for a person.
    private static func waitsForHeldMember(_ status: AppStatus, _ app: AppName, in world: WorldTruth) -> Bool
    {
        guard status.because.contains(where: { $0.cause == .group }), let group = world.wanted[app]?.group
        else {
            return false
        }
        return world.status?.apps.contains { other in
            other.name != app && other.verdict == .held && world.wanted[other.name]?.group == group
        } ?? false
    }

    static func reason(_ status: AppStatus) -> String { status.because.first?.message ?? "no reason" }
    private static func isGood(_ app: AppName, in world: WorldTruth) -> Bool {
        world.wanted[app].map { world.goodImages.contains($0.image) } ?? false
    }
    static func isBad(_ image: String, in world: WorldTruth) -> Bool { !world.goodImages.contains(image) }

    /// What is left of apps that git does not have any more.
    static func leftOver(in world: WorldTruth) -> [String] {
        // A file that does not load may hide any app.
        guard world.broken.isEmpty, let status = world.status else { return [] }
        let ours = world.instances.values.filter { $0.isOurs && !world.isBeyondKnowing($0) }
        let names = Set(ours.map(\.observed.labels.app)).union(world.stored.apps.keys)
        return names.sorted().compactMap { app in
            guard world.wanted[app] == nil else { return nil }
            let shown = status.apps.first { $0.name == app }
            if shown?.because.contains(where: { $0.cause == .deletionBrake }) == true { return nil }
            return
                "\(app) is gone from git and still there: \(shown.map(reason) ?? "it is not in the status")"
        }
    }
}

/// What may have made a good release fail.
struct Trouble {
    private(set) var hasBeen = false

    mutating func observe(_ happening: Happening) {
        switch happening {
        case .fault, .asked, .crashed: hasBeen = true
        case .call(_, .answered(let error?)) where error.fault == .world: hasBeen = true
        default: break
        }
    }
}

/// L1.
public struct ConvergenceChecker: Checker {
    public static let id = "L1"
    public static let rule = """
        When all faults are over, every app comes, from whatever state, to exactly what git wants, or to its last \
        good release with the verdict `rolled_back` or `held` and the reason; for a person waits only what the spec \
        or a person has said should. What goes wrong around a release is not held against it.
        """

    private var trouble = Trouble()
    private var isCalm = false

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        trouble.observe(happening)
        switch happening {
        case .calm: isCalm = true
        case .stored(let batch, _, nil): return judge(batch, in: world)
        case .ended where isCalm: return judge(in: world)
        default: break
        }
        return []
    }

    /// A release whose image starts cannot have failed by a start.
    private func judge(_ batch: StoreBatch, in world: WorldTruth) -> [String] {
        batch.apps.keys.sorted().compactMap { app in
            guard let rollout = batch.apps[app]?.rollout,
                world.goodImages.contains(rollout.target.spec.image),
                let failure = QuarantineChecker.failure(of: rollout), failure.cause != .group,
                failure.message.holds("could not be started")
            else { return nil }
            return "\(app): \(rollout.target.number) is blamed for what the engine did: \(failure.message)"
        }
    }

    private func judge(in world: WorldTruth) -> [String] {
        guard !world.incarnations.isEmpty, world.status != nil else { return ["no controller runs"] }
        let flaws = world.wanted.keys.sorted().compactMap { app in
            EndState.flaw(of: app, in: world, hadTrouble: trouble.hasBeen).map { "\(app): \($0)" }
        }
        return flaws + EndState.leftOver(in: world)
    }
}

/// L2.
///
/// Looked at every half minute: an app that was once where it may stay does not leave that again, unless somebody or
/// something gives it a reason. At rest is only who has nothing left to read: the controller has seen the head of git,
/// what it says is of after the last reason, and the image of what git wants is not being fetched.
public struct StabilityChecker: Checker {
    public static let id = "L2"
    public static let rule =
        "Once everything has come to rest it stays so, for as long as nobody gives it a reason."

    private var isCalm = false
    private var settled: Set<AppName> = []
    private var lastLookedAt = Instant.zero
    private var lastReason = Instant.zero
    /// The status is read so often.
    private static let reading = TimeSpan.seconds(10)

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .calm: (isCalm, lastReason) = (true, world.now)
        case .pushed, .asked, .fault, .crashed, .started: (settled, lastReason) = ([], world.now)
        case .life(let id, _):
            if let app = world.instances[id]?.observed.labels.app { settled.remove(app) }
        case .tick where isCalm && world.now - lastLookedAt >= .seconds(30): return look(in: world)
        case .ended where isCalm: return look(in: world)
        default: break
        }
        return []
    }

    private mutating func look(in world: WorldTruth) -> [String] {
        lastLookedAt = world.now
        // Nobody is there to say anything: a controller that was told to end, and the next one not started yet.
        guard world.status != nil else { return [] }
        var found: [String] = []
        for app in world.wanted.keys.sorted() {
            guard let flaw = EndState.flaw(of: app, in: world, hadTrouble: true) else {
                // Who waits for another app goes on when that one does.
                let status = world.status?.apps.first { $0.name == app }
                let verdict = status?.verdict
                let isKeeping = world.stored.apps[app]?.kept != nil
                // So does who waits for an image that may come any minute.
                let waitsForImage = status?.because.contains { $0.cause == .imagePull } ?? false
                // And who is being repaired, even if a release that dies of itself may stay so for good: once it is
                // well again, what waited for that is done.
                if verdict == .waiting || verdict == .progressing || verdict == .degraded || isKeeping
                    || waitsForImage || !hasReadAll(for: app, in: world)
                {
                    settled.remove(app)
                } else {
                    settled.insert(app)
                }
                continue
            }
            // An image that has come at last is a reason to move.
            let because = world.status?.apps.first { $0.name == app }?.because ?? []
            let isForImage = because.contains { $0.cause == .imagePull || $0.cause == .preparing }
            if settled.remove(app) != nil, !isForImage {
                found.append("\(app) was at rest, and now \(flaw)")
            }
        }
        return found
    }

    private func hasReadAll(for app: AppName, in world: WorldTruth) -> Bool {
        guard world.now - lastReason >= Self.reading, let status = world.status else { return false }
        let isFetching = world.inFlight.contains { call in
            if case .prepare(let reference, _) = call.action {
                reference == world.wanted[app]?.image
            } else {
                false
            }
        }
        // Its own release may be held, and the next one wait until another app is there.
        let shown = status.apps.first { $0.name == app }
        let waits = shown?.because.contains { $0.cause == .dependency } ?? false
        return !isFetching && !waits && status.sources.allSatisfy { $0.commit?.id == world.head }
    }
}

/// I17: only runs in which events were lost count.
public struct LevelChecker: Checker {
    public static let id = "I17"
    public static let rule = """
        Events of the engine only hasten things: with all of them lost or doubled, delayed and out of order, the end \
        is the same.
        """

    private var sawEventFault = false
    private var convergence = ConvergenceChecker()

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        if case .fault(let words) = happening, FaultWords.isOfEvents(words) { sawEventFault = true }
        let found = convergence.observe(happening, in: world)
        return sawEventFault ? found : []
    }
}

/// Starts that are written down and have not been called for.
struct StartQueue {
    /// By the number of what was written down.
    private var waiting: [Int64: (name: String, since: Instant)] = [:]
    /// Numbers of the calls that start something now.
    private var running: Set<Int> = []

    mutating func observe(_ happening: Happening, now: Instant) {
        switch happening {
        case .stored(let batch, _, nil):
            for intent in batch.intents where intent.action == .launch || intent.action == .start {
                waiting[intent.sequence] = (intent.object, now)
            }
            // What is not wanted any more when its turn comes ends without a call.
            for outcome in batch.outcomes { waiting[outcome.sequence] = nil }
        case .call(let call, let stage):
            guard let name = Self.started(by: call.action) else { return }
            switch stage {
            case .began:
                waiting = waiting.filter { $0.value.name != name }
                running.insert(call.number)
            case .acted: break
            case .answered:
                running.remove(call.number)
                beginAnew(now: now)
            }
        case .crashed, .started: (waiting, running) = ([:], [])
        default: break
        }
    }

    private static func started(by action: Action) -> String? {
        switch action {
        case .launch(let order): order.name
        case .start(_, let name): name
        default: nil
        }
    }

    mutating func beginAnew(now: Instant) {
        for sequence in waiting.keys { waiting[sequence]?.since = now }
    }

    /// Those that have waited for longer than `limit` while nothing was being started; each once.
    mutating func takeLate(now: Instant, limit: TimeSpan) -> [String] {
        guard running.isEmpty else { return [] }
        let late = waiting.filter { now - $0.value.since > limit }
        for sequence in late.keys { waiting[sequence] = nil }
        return late.values.map(\.name).sorted()
    }
}

/// I18.
///
/// Counts the changes of healthy apps that depend on nobody and belong to no group. The clock runs while git, the
/// registry, the store and the engine work and a controller is there; how the other apps fare is no excuse.
public struct IsolationChecker: Checker {
    public static let id = "I18"
    public static let rule = """
        One bad app does not delay the others: a change of a healthy app that shares nothing with it begins within \
        a poll and the pull of its image, and no start waits for anybody's pull.
        """

    private struct Change {
        var spec: AppSpec
        var waited = TimeSpan.zero
    }

    private var weather = Weather()
    private var changes: [AppName: Change] = [:]
    private var known: [AppName: AppSpec] = [:]
    private var queue = StartQueue()
    private var lastTick: Instant?

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        queue.observe(happening, now: world.now)
        switch happening {
        case .pushed: take(in: world)
        case .asked(let words):
            for app in changes.keys where words.split(separator: " ").contains(where: { $0 == app.rawValue })
            {
                changes[app] = nil
            }
        case .stored(let batch, _, nil):
            for (app, memory) in batch.apps { settle(app, memory) }
        case .tick: return wait(in: world) + waitingStarts(in: world)
        default: break
        }
        return []
    }

    private mutating func waitingStarts(in world: WorldTruth) -> [String] {
        guard weather.seeing(at: world.now) <= Self.latency else {
            queue.beginAnew(now: world.now)
            return []
        }
        return queue.takeLate(now: world.now, limit: Self.latency).map {
            "the start of \($0) waits for \(Self.latency), and nothing else is being started"
        }
    }

    /// From the word to the call: what takes its turn behind four starts waits for less.
    private static let latency = TimeSpan.seconds(5)

    private mutating func take(in world: WorldTruth) {
        defer { known = world.wanted }
        for app in changes.keys where world.wanted[app] != changes[app]?.spec { changes[app] = nil }
        for (app, spec) in world.wanted where known[app] != spec {
            guard world.goodImages.contains(spec.image), spec.dependsOn.isEmpty, spec.group == nil,
                spec.deploy.effectiveApproval != .beforeDeploy, !world.broken.contains(app)
            else { continue }
            changes[app] = Change(spec: spec)
            if let memory = world.stored.apps[app] { settle(app, memory) }
        }
    }

    /// It has begun, or it is not to begin.
    private mutating func settle(_ app: AppName, _ memory: AppMemory) {
        guard let change = changes[app] else { return }
        let isThere = memory.rollout?.target.spec == change.spec || memory.lastGood?.spec == change.spec
        // A spec that has failed before stays out, under whatever commit it comes back.
        let mayHaveFailed = !memory.quarantine.isEmpty
        if isThere || memory.isPaused || memory.pin != nil || mayHaveFailed { changes[app] = nil }
    }

    private mutating func wait(in world: WorldTruth) -> [String] {
        defer { lastTick = world.now }
        guard let lastTick, !changes.isEmpty, !world.incarnations.isEmpty, !weather.isFoul(at: world.now)
        else {
            return []
        }
        var found: [String] = []
        for (app, change) in changes {
            let waited = change.waited.and(world.now - lastTick)
            changes[app]?.waited = waited
            guard waited > Self.limit else { continue }
            changes[app] = nil
            found.append("\(app): a change of a healthy app has not begun after \(waited)")
        }
        return found.sorted()
    }

    /// A poll with its jitter, the pull of a large image, and one failed attempt at it with its back-off.
    private static let limit = TimeSpan.seconds(150)
}
