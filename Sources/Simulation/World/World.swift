internal import Controller
internal import Model
internal import Ports
internal import SpecLoading

/// Everything outside the controller: the engine with the lives of its containers, the edge, the store, git, people
/// and the time; and what goes wrong with them.
///
/// Safe to send: everything of a simulation runs on one thread.
final class World: @unchecked Sendable {
    let options: SimulationOptions
    let plan: SeedPlan
    /// Says how everything behaves, where a seed does not.
    let script: WorldScript?
    var now = Instant.zero
    var agenda = Agenda()
    /// Of the wall clock, in seconds.
    var wallOffset: Int64 = 0

    let engine = FakeEngine()
    var isEngineDown = false
    var lives: [ContainerID: Life] = [:]
    /// Images that are on the host, with their digests.
    var pulled: Set<String> = []
    /// Images that are of another kind of machine.
    var foreignImages: Set<String> = []
    /// Until then no probe of the controller reaches an instance.
    var unreachableUntil = Instant.zero
    /// When a commit named an image first.
    var namedAt: [String: Instant] = [:]
    var strangers = 0

    var store: MemoryStore
    var storeRefusal: StoreError.Code?
    var backup: MemoryStore?
    /// A copy from the first minutes.
    var yesterday: MemoryStore?
    var edge = EdgeState()
    let repository = FakeRepository()
    var git = GitState()

    var windows: [Window] = []
    var feeds: [EventFeed] = []
    var incarnations: [Incarnation] = []
    var lastIncarnation = 0
    var armedCrash: (point: CrashPoint, again: Int)?
    /// How many of the next controllers die soon after their start.
    var crashesAgain = 0
    var isCalm = false
    var lastCall = 0

    var latencyChance: Chance
    var lifeChance: Chance
    var deliveryChance: Chance

    var truth: WorldTruth
    var checkers: [any Checker]
    var report: SimulationReport
    var story = Story()
    /// When the controller last did or decided anything, or people gave it a reason to.
    var lastChange = Instant.zero
    var endedRollouts: Set<String> = []
    private var breaches: [String: Int] = [:]

    init(options: SimulationOptions, plan: SeedPlan, script: WorldScript? = nil) {
        self.options = options
        store = MemoryStore(keepsRecords: options.scenario?.isOpenEnded != true)
        self.plan = plan
        self.script = script
        report = SimulationReport(seed: options.seed)
        latencyChance = script.map { _ in .steady } ?? Chance(seed: options.seed, concern: "latency")
        lifeChance = script.map { _ in .steady } ?? Chance(seed: options.seed, concern: "life")
        deliveryChance = script.map { _ in .steady } ?? Chance(seed: options.seed, concern: "delivery")
        checkers = options.checkers.map { $0.init() }
        truth = WorldTruth(
            now: .zero, instances: [:], volumes: [], routes: [:],
            stored: StoredState(
                isNew: true, clock: nil, apps: [:], sources: [:], owned: [:], openIntents: [], lastIntent: 0,
                lastEvent: 0, epoch: 0),
            rollouts: [], head: nil, wanted: [:], goodImages: [], inFlight: [], incarnations: [], status: nil,
            isCalm: false)
        truth.changes = []
        guard script == nil else { return }
        engine.setBehavior(.refusesToStart, forImagesContaining: "-nostart@")
        engine.setBehavior(.missing, forImagesContaining: "-missing")
    }

    // MARK: Time

    @discardableResult
    func after(_ nanoseconds: Int64, _ work: @escaping () -> Void) -> Appointment {
        agenda.add(at: Instant(nanoseconds: now.nanoseconds &+ max(0, nanoseconds)), work)
    }

    func wall() -> WallTime {
        WallTime(secondsSince1970: 1_700_000_000 + wallOffset + now.nanoseconds / 1_000_000_000)
    }

    // MARK: What happens

    /// Shows a happening to all checkers, and notes it in the story.
    func happen(_ happening: Happening) {
        report.fingerprint = Fingerprint.add(happening, at: now, to: report.fingerprint)
        if options.keepsStory { story.add(happening, at: now) }
        script?.observe(happening)
        guard !checkers.isEmpty else { return }
        truth.now = now
        settleEdge()
        // Read once: to read a property of a class for a call is to copy all of it each time.
        let seen = truth
        for index in checkers.indices {
            let messages = checkers[index].observe(happening, in: seen)
            guard !messages.isEmpty else { continue }
            let type = type(of: checkers[index])
            for message in messages { breach(type.id, type.rule, message) }
        }
    }

    /// Notes a broken rule; the first few of each are told, the rest would say the same.
    func breach(_ checker: String, _ rule: String, _ message: String) {
        breaches[checker, default: 0] += 1
        guard breaches[checker, default: 0] <= 3 else { return }
        report.breaches.append(.init(checker: checker, rule: rule, at: now, message: message))
        if options.keepsStory { story.note("✗ \(checker) \(message)", at: now) }
    }

    func note(_ text: @autoclosure () -> String) {
        if options.keepsStory { story.note(text(), at: now) }
    }

    /// Brings the truth about one container up to date after it has changed.
    func refresh(_ id: ContainerID) {
        truth.changes?.append(id)
        guard let instance = engine.instance(id), let life = lives[id] else {
            truth.instances[id] = nil
            truth.jobs[id] = nil
            return
        }
        let seen = WorldTruth.Instance(
            observed: instance, isHealthy: life.isHealthy, healthySince: life.healthySince,
            startedAt: life.startedAt, isOurs: life.isOurs, madeAs: life.madeAs)
        if instance.labels.job == nil { truth.instances[id] = seen } else { truth.jobs[id] = seen }
    }

    /// Takes what was seen of cron entries into the report.
    func countCron() {
        report.cron.records = store.cronHistory
        for checker in checkers {
            if let cron = checker as? CronChecker { report.cron.starts = cron.figures }
        }
    }

    // MARK: Waiting

    /// Waits for `nanoseconds` on behalf of an incarnation. `false`: it or its task has ended meanwhile.
    func pause(_ nanoseconds: Int64, _ incarnation: Incarnation) async -> Bool {
        guard incarnation.isAlive, !Task.isCancelled else { return false }
        let reply = Reply<Bool>(incarnation)
        let appointment = after(nanoseconds) { reply.settle(true) }
        let isOver = await reply.value() ?? false
        if !isOver { appointment.cancel() }
        return isOver
    }
}
