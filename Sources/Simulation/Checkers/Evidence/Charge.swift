import Model
import Ports

/// The releases that an app is measured by at one moment.
struct Charge {
    enum Phase { case rest, moving, rollingBack, held }

    var lastGood: Release?
    var target: Release?
    var kept: Release?
    var phase: Phase
    var isBeingRemoved: Bool
    /// The store that knew the last good release was lost: the controller sees what runs, and not that it is the good
    /// one, nor how many there were to be.
    var isRemembered: Bool

    init(_ memory: AppMemory?, remembered earlier: Release? = nil) {
        // A store from before a success has that release under way, and judges it as such.
        let isUnderWay = earlier != nil && memory?.rollout?.target.specDigest == earlier?.specDigest
        let remembered = isUnderWay ? nil : earlier
        lastGood = memory?.lastGood ?? remembered
        isRemembered = memory?.lastGood == nil && remembered != nil
        target = memory?.rollout?.target
        kept = memory?.kept?.release
        isBeingRemoved = memory?.isBeingRemoved ?? false
        phase =
            switch memory?.rollout?.phase {
            case nil: .rest
            case .moving: .moving
            case .rollingBack: .rollingBack
            case .held: .held
            }
    }

    /// The one that is to run in the end.
    var heir: Release? { phase == .moving ? target : lastGood }
    var all: [Release] { [lastGood, target, kept].compactMap { $0 } }

    func isStopFirst(_ process: ProcessName) -> Bool {
        [lastGood, target].contains { $0.map { Limits.isStopFirst(process, in: $0.spec) } ?? false }
    }

    /// Fewer ready instances than these are a breach; 0 where nothing was promised.
    func floor(_ process: ProcessName) -> Int {
        guard !isBeingRemoved, let heir, !isStopFirst(process) else { return 0 }
        let known = isRemembered && phase == .moving ? nil : lastGood
        let old = Limits.want(process, in: known?.spec)
        let want = phase == .moving ? max(old, Limits.want(process, in: heir.spec)) : old
        return want - Limits.unavailable(heir.spec.deploy, of: want)
    }

    /// Whether the instance is missed when it goes: with the last good release forgotten, what is of another and does not
    /// move on is what failed.
    func misses(_ template: ContentDigest, _ process: ProcessName) -> Bool {
        !isRemembered || phase == .moving || lastGood?.templates[process]?.digest == template
    }

    /// So many ready instances of the new release make the old ones superfluous; `nil`: none do.
    func enough(_ process: ProcessName) -> (template: ContentDigest, count: Int)? {
        guard phase == .moving, let template = target?.templates[process]?.digest else { return nil }
        let want = Limits.want(process, in: target?.spec)
        return want > 0 ? (template, want) : nil
    }

    /// More instances alive than these are a breach; `nil`: nothing is known of what is wanted.
    func ceiling(_ process: ProcessName) -> Int? {
        guard let heir else { return nil }
        let besides = phase == .rest ? [lastGood] : [lastGood, target]
        let want = besides.map { Limits.want(process, in: $0?.spec) }.max() ?? 0
        if Limits.isStopFirst(process, in: heir.spec) { return want }
        let surge = Limits.surge(heir.spec.deploy, of: want)
        guard all.contains(where: { $0.spec.deploy.effectiveStrategy == .blueGreen }) else {
            return want + surge
        }
        let widest = all.map { Limits.want(process, in: $0.spec) }.max() ?? 0
        return max(want + surge, 2 * widest)
    }

    /// How long an instance of the process may pass for ready after it has ceased to be.
    func detection(_ process: ProcessName) -> TimeSpan {
        all.map { Limits.detection($0.spec.process(process)) }.max() ?? .zero
    }

    /// How long an instance of the process that has come up may pass for one that is starting.
    func awakening(_ process: ProcessName) -> TimeSpan {
        all.map { Limits.awakening($0.spec.process(process)) }.max() ?? .zero
    }

    func release(of template: ContentDigest, _ process: ProcessName) -> Release? {
        [target, lastGood, kept].compactMap { $0 }.first { $0.templates[process]?.digest == template }
    }
}

/// What is in charge of each app, remembered over the loss of the store, because what runs is not lost with it.
struct ChargeBook {
    private var remembered: [AppName: Release] = [:]

    mutating func observe(_ happening: Happening) {
        guard case .stored(let batch, _, nil) = happening else { return }
        for (app, memory) in batch.apps {
            if let lastGood = memory.lastGood { remembered[app] = lastGood }
        }
        for app in batch.forgotten { remembered[app] = nil }
    }

    func charge(of app: AppName, in world: WorldTruth) -> Charge {
        Charge(world.stored.apps[app], remembered: remembered[app])
    }
}
