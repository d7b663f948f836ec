import Model

/// One instance with all that is known of it, and never changed: lists of them are made, sorted and filtered all the
/// time.
final class InstanceView {
    let instance: ObservedInstance
    let health: InstanceHealth
    /// An action that takes it away, or down for a moment, is under way.
    let isStopping: Bool
    /// An action that takes it away for good is under way.
    let isLeaving: Bool
    /// An action that brings it up is under way.
    let isStarting: Bool
    /// What the release that is looked from asks its instances; `nil` where it does not have the process.
    let question: ProbePolicy.Question?
    /// It was found running a moment ago and may serve for all that is known: neither counted on nor taken away.
    let isUndecided: Bool
    /// The edge has it, or there is no edge for its process.
    let isInRoute: Bool
    /// Requests reach it as far as is known: it is in the route, and its release has a share of them.
    let isReachable: Bool
    /// The edge gives it nothing new.
    let isDraining: Bool

    init(
        instance: ObservedInstance, health: InstanceHealth, isStopping: Bool, isLeaving: Bool,
        isStarting: Bool, question: ProbePolicy.Question?, isUndecided: Bool, isInRoute: Bool,
        isReachable: Bool, isDraining: Bool
    ) {
        self.instance = instance
        self.health = health
        self.isStopping = isStopping
        self.isLeaving = isLeaving
        self.isStarting = isStarting
        self.question = question
        self.isUndecided = isUndecided
        self.isInRoute = isInRoute
        self.isReachable = isReachable
        self.isDraining = isDraining
    }

    var id: ContainerID { instance.id }
    var name: String { instance.name }
    var isLive: Bool { instance.state.isLive || isStarting }
    var isReady: Bool { instance.state == .running && health.readiness == .ready && !isStopping }
    /// The edge sends it requests, and nothing is known against it: a controller that has just been started leaves
    /// what it finds where it is.
    var isTrusted: Bool {
        isReady || isInRoute && instance.state == .running && health.isUnasked && !isStopping
    }
    /// Ready, and requests reach it.
    var isServing: Bool { isReady && isReachable }

    /// Certainly of no use now: it does not run, or it has failed its probes. Not merely unproven.
    var isBad: Bool {
        switch instance.state {
        case .running: health.readiness == .unhealthy
        case .paused: false
        case .created, .restarting, .exited, .removing, .dead: !isStarting
        }
    }

    /// Ready without a break for `window`, counted from its last start, by the release's own check.
    func isProven(now: Instant, window: TimeSpan) -> Bool {
        let since = isPlanted(.windowFromStart) ? health.startedAt : health.since
        let hasHeld = now - since >= window || isPlanted(.windowIgnored)
        return isReady && health.provenWith == question && hasHeld
    }
    /// It failed the check of the release, not that of another that shares it.
    var hasFailedItsCheck: Bool { health.readiness == .unhealthy && health.askedWith == question }
}

/// The instances of one process, sorted by whether they are made of the template that is wanted.
struct ProcessView {
    /// What does not change while instances are sorted into it: one reference.
    private final class Frame {
        let name: ProcessName
        let spec: ProcessSpec?
        let template: Release.Template?
        let want: Int
        let otherWant: Int
        /// What is asked of its instances.
        let question: ProbePolicy.Question?

        init(_ name: ProcessName, _ release: Release?, besides other: Release?) {
            self.name = name
            spec = release?.spec.process(name)
            template = release?.templates[name]
            want = spec?.effectiveReplicas ?? 0
            otherWant = other?.spec.process(name)?.effectiveReplicas ?? 0
            question = spec.map { ProbePolicy($0).question }
        }
    }
    private let frame: Frame

    init(_ name: ProcessName, of release: Release?, besides other: Release?) {
        frame = Frame(name, release, besides: other)
    }

    var name: ProcessName { frame.name }
    /// `nil`: the release that is moved to does not have the process.
    var spec: ProcessSpec? { _read { yield frame.spec } }
    var template: Release.Template? { _read { yield frame.template } }
    /// Instances that the release wants.
    var want: Int { frame.want }
    /// Instances that the other release of the movement wants.
    var otherWant: Int { frame.otherWant }
    /// What the release asks of its instances; `nil` where it does not have the process.
    var question: ProbePolicy.Question? { _read { yield frame.question } }
    var mine: [InstanceView] = []
    var others: [InstanceView] = []
    /// Of the release before, kept a while for an instant way back.
    var kept: [InstanceView] = []
    /// Containers of the wanted template that are being made and are not seen yet.
    var launching = 0
    /// The same of other templates: of a release that has failed or was overtaken meanwhile.
    var launchingOthers = 0
    /// Names of containers of the wanted template, and of others, that could not be read since the controller started.
    var unseen: [String] = []
    var unseenOthers: [String] = []

    /// What is kept gives way as soon as its place is needed.
    mutating func dropNeedlessKept() {
        guard !kept.isEmpty, mineCount < want || mineServing < want else { return }
        others += kept
        kept = []
    }

    var all: [InstanceView] { mine + others + kept }
    /// What capacity is measured against while two releases are there.
    var capacity: Int { max(want, otherWant) }
    var liveCount: Int {
        func isCounted(_ view: InstanceView) -> Bool {
            view.isLive && !(view.isStopping && isPlanted(.ceilingForgetsStopping))
        }
        let unread = unseen.count + unseenOthers.count
        let seen =
            mine.count(where: isCounted) + others.count(where: isCounted) + kept.count(where: isCounted)
            + unread
        return isPlanted(.ceilingForgetsInFlight) ? seen : seen + launching + launchingOthers
    }
    /// Something of another template has, or is about to have, a process of its own.
    var hasLiveOthers: Bool {
        launchingOthers > 0 || !unseenOthers.isEmpty || others.contains(where: \.isLive)
    }
    /// Something of the process is on its way, or there for all that is known.
    var isUnsettled: Bool { launching + launchingOthers + unseen.count + unseenOthers.count > 0 }
    /// Of the wanted template, there or coming; one that is stopped or restarted counts, because it is started
    /// again, not replaced.
    var mineCount: Int {
        mine.count { $0.instance.state != .dead && $0.instance.state != .removing && !$0.isLeaving }
            + launching + unseen.count
    }
    var mineReady: Int { mine.count { $0.isReady } }
    var mineInRoute: Int { mine.count { $0.isReady && $0.isInRoute } }
    var mineServing: Int { mine.count { $0.isServing } }
    var servingCount: Int { mineServing + others.count { $0.isServing } }

    func mineProven(now: Instant, window: TimeSpan) -> Int {
        mine.count { $0.isProven(now: now, window: window) }
    }

    func mineProvenServing(now: Instant, window: TimeSpan) -> Int {
        mine.count { $0.isReachable && $0.isProven(now: now, window: window) }
    }

    /// Every instance of the wanted template has passed its window, and none is on its way.
    func isGateOpen(now: Instant, window: TimeSpan) -> Bool {
        launching == 0 && unseen.isEmpty
            && mine.allSatisfy { $0.isLeaving || $0.isProven(now: now, window: window) }
    }

    /// Whether old instances must be gone before new ones start: the strategy says so, or one writer owns a volume.
    static func isStopFirst(_ process: ProcessSpec, in spec: AppSpec) -> Bool {
        if isPlanted(.twoWriters) { return false }
        return spec.deploy.effectiveStrategy == .recreate || process.hasSingleWriter(spec.volumes)
    }
}
