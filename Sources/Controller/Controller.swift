internal import Execution
internal import Model
internal import Planning
public import Ports
public import Telemetry

/// The observe–plan–journal–act loop.
///
/// Everything that is wanted, seen and remembered is state of this actor. A pass plans the apps that something
/// happened to, writes what it is about to do into the store in one transaction, and only then starts the actions.
/// No pass waits for an action, a probe or a health window: each is a deadline or a result that wakes the loop.
public actor Controller {
    let configuration: ControllerConfiguration
    let engine: any Engine
    let store: any Store
    let prober: any Prober
    /// What conditions of an analysis are asked of; `nil`: there is none.
    let metricSource: (any MetricSource)?
    /// `nil`: requests find the instances by themselves.
    let edge: (any Edge)?
    let clock: any ControllerClock
    let logger: Logger
    /// `nil` where the configuration says what runs everything.
    private let loadingPool: BlockingPool?
    /// An engine starts four containers at once about as fast as forty, and forty calls at once run into their limits.
    let startTurnstile = Turnstile(places: isPlanted(.pullBlocksStarts) ? 1 : 4)
    /// For runs of cron entries, which hold up nobody else.
    let cronTurnstile = Turnstile(places: 8)
    /// Stops mostly wait for the app's own shutdown, so many may be under way.
    let stopTurnstile = Turnstile(places: 64)

    var apps: [AppName: AppRecord] = [:]
    var sources: [SourceName: SourceRecord] = [:]
    /// Which apps wait for a verdict of which.
    var dependents: [AppName: Set<AppName>] = [:]
    /// Members of each release group, sorted, and the group of each app.
    var groups: [GroupKey: [AppName]] = [:]
    var groupOf: [AppName: GroupKey] = [:]
    var owned: [ContainerID: OwnedContainer] = [:]
    var networks: [EngineSnapshot.OwnedNetwork] = []
    /// Their address ranges.
    var networksByProject: [ProjectName: [String]] = [:]
    /// Projects whose network was not in the last listing, and that a new one was asked for because of.
    var awaitedNetworks: Set<ProjectName> = []
    var foreign: [EngineSnapshot.UnreadableContainer] = []

    var engineState = EngineState()
    var edgeState = EdgeState()
    var storeProblem: StoreError?
    /// Before then nothing is written, once the store has refused.
    var storeRetryAt = Instant.zero
    /// Of this controller's claim on the store.
    var epoch: Int64 = 0
    /// When the store was asked last with the answer that this controller's claim is the newest.
    var claimSeenAt = Instant.zero
    var claimCheck: Task<Bool, Never>?
    /// Why this controller has stopped for good: somebody else has claimed its store.
    public private(set) var fence: StoreError?
    /// Names that intents without an outcome of the last run were about.
    var interruptedNames: Set<String> = []
    /// Jobs whose last lines are being read.
    var readingJobLogs: Set<ContainerID> = []
    /// One-off runs that people have asked for.
    var runDesk = RunDesk()
    /// Actions whose effect is not known yet. They count as under way until a reading that began later has shown it.
    var unsettled: [UnsettledAction] = []
    /// What the newest listing could not read.
    var unreadable: [EngineSnapshot.UnreadableContainer] = []
    /// Apps of which it was said already that what runs of them could not be rebuilt.
    var unrebuilt: Set<AppName> = []
    var notices: [String] = []

    var dirty: Set<AppName> = []
    /// What is left of an earlier `dirty`; all of it is planned before anything that was marked later.
    var backlog: ArraySlice<AppName> = []
    /// The most apps that one pass plans.
    public static let appsInPass = 500
    var timers = TimerQueue<Wake>()
    /// The earliest deadline of each app's plan that stands in `timers`.
    var planWakes: [AppName: Instant] = [:]
    var requests: [@Sendable (isolated Controller) -> Void] = []
    /// Told when the batch that holds their change is durable.
    var waiters: [CheckedContinuation<StoreError?, Never>] = []
    var changedMemories: Set<AppName> = []
    var pending = StoreBatch()
    var lastIntent: Int64 = 0
    var lastEvent: Int64 = 0
    /// Rises with each reading and action, to tell old news from new.
    var tick: Int64 = 0
    var touched: [ContainerID: Int64] = [:]
    /// The tick at which the newest full listing began.
    var listedTick: Int64 = 0
    /// Rises with each fetch that was answered.
    var fetchOrder: Int64 = 0
    /// An app was found on the engine that git may know or not: what it is to be is worked out with the next listing.
    var hasFoundApps = false
    var inspecting: Set<ContainerID> = []
    var probing: Set<ContainerID> = []
    /// From the decision until the engine's answer.
    var removingNetworks: Set<String> = []
    /// Decided on and not journaled yet.
    var condemned: [EngineSnapshot.OwnedNetwork] = []

    var jobs: [@Sendable () async -> Void] = []
    var sleeper: CheckedContinuation<Void, Never>?
    var isRung = false
    var alarm: (at: Instant, task: Task<Void, Never>)?
    var isStopping = false
    var figures = ControllerFigures()
    let eventHub = Broadcast<EventRecord>(capacity: 1_024)
    let changeHub = Broadcast<Void>(capacity: 1)
    /// Wakes the polls of all repositories.
    let syncHub = Broadcast<Void>(capacity: 1)
    /// Wakes the listing of the engine.
    let relistHub = Broadcast<Void>(capacity: 1)
    /// What has not arrived outside yet, by its key.
    var outbox: [String: OutboxItem] = [:]
    var laneStates: [OutboxItem.Lane: LaneState] = [:]
    var lastWord: Int64 = 0
    /// Why the rules of time zones could not be had, as it was said last.
    var zoneProblems: [String: String] = [:]
    /// Wakes whoever brings things outside.
    let outboxHub = Broadcast<Void>(capacity: 1)
    /// What people were told of, what was noted since, and the next state of it while a batch is written.
    var noticeLedger = NoticeLedger()
    var nextNoticeLedger: NoticeLedger?
    var noticeObservations: [NoticeObservation] = []
    var takenObservations: [NoticeObservation] = []
    var channelStates: [SourceName: ChannelState] = [:]
    /// Apps whose last good release comes from the notes in git.
    var restorations: [AppName: Restoration] = [:]
    let restoreTurnstile = Turnstile(places: 8)
    /// Pull requests that wait to be planned, and the sources of which one is being planned.
    var proposals: [SourceName: [Int]] = [:]
    var planningSources: Set<SourceName> = []
    /// Sources whose newest commit does something else than what was shown, and what.
    var unplanned: [SourceName: String] = [:]
    /// Apps whose image is another one than the plan of their commit has shown, and in what.
    var unplannedImages: [AppName: (spec: ContentDigest, message: String)] = [:]
    /// Wakes the reading of the edge.
    let edgeHub = Broadcast<Void>(capacity: 1)

    /// What a deadline is for.
    enum Wake: Sendable {
        case plan(AppName)
        case probe(AppName, ContainerID)
        case analysis(AppName, Int)
        case store
        case networks
    }

    struct EngineState {
        var isReachable = false
        var info = EngineInfo(name: "", version: "", apiVersion: "")
        var problem = "the engine has not answered yet"
        var since = Instant.zero
        var listedAt: WallTime?
        /// Listed in full since it was last reached.
        var isCurrent = false
    }

    public init(
        configuration: ControllerConfiguration, engine: any Engine, edge: (any Edge)? = nil,
        store: any Store, prober: any Prober, metricSource: (any MetricSource)? = nil,
        clock: any ControllerClock, logger: Logger
    ) {
        self.configuration = configuration
        self.engine = engine
        self.edge = edge
        self.store = store
        self.prober = prober
        self.metricSource = metricSource
        self.clock = clock
        self.logger = logger
        let hasOwnExecutor = configuration.taskExecutor != nil
        loadingPool = hasOwnExecutor ? nil : BlockingPool(name: "spec-loading", threads: 1)
    }

    /// Runs the reading of a whole tree where it holds up nothing else.
    func loading<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        guard let loadingPool else { return body() }
        return await loadingPool.run(body)
    }

    /// Runs until `stop` is called, the task is cancelled, or somebody else claims the store; then `fence` is set.
    ///
    /// - Parameter state: what the store held when it was claimed for this controller.
    public func run(from state: StoredState) async {
        restore(state)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watchEngine() }
            if edge != nil { group.addTask { await self.watchEdge() } }
            for index in configuration.repositories.indices {
                group.addTask { await self.follow(index) }
            }
            for lane in lanes { group.addTask { await self.deliver(lane) } }
            for channel in configuration.channels { group.addTask { await self.deliverNotices(channel) } }
            while !isStopping && !Task.isCancelled {
                await pass()
                let started = jobs
                jobs = []
                for job in started { group.addTask { await job() } }
                let isWaiting = storeProblem != nil && clock.now() < storeRetryAt && waiters.isEmpty
                let isIdle =
                    (dirty.isEmpty && backlog.isEmpty || isWaiting) && requests.isEmpty && jobs.isEmpty
                if isIdle && !isStopping { await sleepUntilRung() }
            }
            // Whoever brings things outside may wait for a pass that will not come any more, and is waited for below.
            isStopping = true
            refuseRequests()
            group.cancelAll()
            eventHub.finish()
            changeHub.finish()
            outboxHub.finish()
        }
        isStopping = true
        refuseRequests()
        alarm?.task.cancel()
        await flush()
    }

    /// Ends `run` after the present pass. What is under way on the engine is found again at the next start.
    public func stop() {
        isStopping = true
        ring()
    }

    /// Starts nothing any more, not even what was journaled already: whoever has claimed the store decides now.
    func endFenced(_ error: StoreError) async {
        if isPlanted(.fencedClaimsAgain), let state = try? await store.claim() {
            epoch = state.epoch
            return
        }
        fence = error
        logger.error("this controller ends; it starts nothing any more", ["error": "\(error)"])
        stop()
    }

    /// An action may begin long after it was journaled, and whoever stood still meanwhile may have been followed by
    /// another controller without knowing it. What begins later than this after the store last knew this one asks it.
    private static let claimTrust = TimeSpan.seconds(2)

    /// Whether nobody has claimed the store since, as of a moment ago.
    func holdsClaim() async -> Bool {
        guard fence == nil else { return false }
        guard clock.now() - claimSeenAt > Self.claimTrust else { return true }
        let check =
            claimCheck
            ?? Task(executorPreference: configuration.taskExecutor) { await self.checkClaim() }
        claimCheck = check
        return await check.value
    }

    private func checkClaim() async -> Bool {
        defer { claimCheck = nil }
        let asked = clock.now()
        var batch = StoreBatch()
        batch.epoch = epoch
        batch.clock = clock.reading()
        do {
            try await store.commit(batch)
            claimSeenAt = asked
        } catch {
            // One that cannot write for another reason tells nothing; what was journaled may be begun as ever.
            if error.code == .fenced { await endFenced(error) }
        }
        return fence == nil
    }

    /// Whoever asked too late is told so, and does not wait for ever.
    private func refuseRequests() {
        let late = requests
        requests = []
        for request in late { request(self) }
        refuseRuns()
        let told = waiters
        waiters = []
        for waiter in told { waiter.resume(returning: StoreError(.internal, "the controller is stopping")) }
    }

    private func restore(_ state: StoredState) {
        epoch = state.epoch
        claimSeenAt = clock.now()
        owned = state.owned
        restoreOutbox(state)
        restoreNotices(state)
        lastIntent = state.lastIntent
        lastEvent = state.lastEvent
        for (name, stored) in state.apps {
            var memory = stored
            // Nothing could progress while nobody was here.
            if let last = state.clock?.now, memory.rollout != nil, memory.rollout?.stalledSince == nil {
                memory.rollout?.stalledSince = min(last, clock.now())
                // Written with the first batch, or a successor would count from that one's clock.
                changedMemories.insert(name)
            }
            // Nor has anybody seen the step hold: it is held anew.
            memory.rollout?.bakingSince = nil
            memory.rollout?.baseline = [:]
            if isPlanted(.quarantineNotStored) { memory.quarantine = [] }
            if isPlanted(.rolloutForgotten) { memory.rollout = nil }
            apps[name] = AppRecord(memory: memory, desired: notReadYet(memory.source))
        }
        // Each is seen, or found to be gone, with the first listing.
        for container in owned.values { apps[container.app]?.unseen[container.id] = container.name }
        for watched in configuration.repositories {
            for source in watched.sources {
                sources[source.name] = SourceRecord(
                    watched: watched, source: source, memory: state.sources[source.name] ?? SourceMemory())
            }
        }
        // Before git is read: an app that is under way in a group does not succeed alone.
        rebuildGroups()
        for intent in state.openIntents {
            inherit(intent)
            interruptedNames.insert(intent.object)
            let outcome = IntentOutcome(
                sequence: intent.sequence, result: .observed,
                message: "the controller ended before the answer")
            if intent.action == .launch || intent.action == .createJob, let app = intent.app {
                // What it has made is on record by this intent alone until a listing shows it: who comes after a
                // controller that never saw the engine must find it open still.
                unsettled.append(
                    UnsettledAction(
                        tick: tick, intent: intent.sequence, app: app, container: nil, outcome: outcome))
            } else {
                pending.outcomes.append(outcome)
            }
        }
        emit(.controllerStarted, message: state.isNew ? "with an empty store" : "")
    }

    /// The engine may have got a request of the last run that takes an instance down, and not be done with it.
    private func inherit(_ intent: Intent) {
        guard let app = intent.app, let memory = apps[app]?.memory,
            intent.action == .stop || intent.action == .restart || intent.action == .remove
        else { return }
        let releases = [memory.lastGood, memory.rollout?.target, memory.kept?.release].compactMap { $0 }
        let graces = releases.flatMap { $0.templates.values.map(\.container.stopGrace) }
        let until = clock.now() + (graces.max() ?? .seconds(30)) + .seconds(5)
        apps[app]?.inherited[intent.object] = until
        timers.add(.plan(app), at: until)
    }

    func notReadYet(_ source: SourceName) -> DesiredApp {
        let isKnown = configuration.repositories.contains { $0.sources.contains { $0.name == source } }
        let message =
            isKnown
            ? "source \(source) has not been read yet"
            : "source \(source) is not in the configuration any more; the app is left as it is"
        return .keep(
            [Blocker(cause: .source, object: source.rawValue, message: message)], diagnostics: [],
            isInvalid: false)
    }

    // MARK: Waking and sleeping

    func ring() {
        isRung = true
        sleeper?.resume()
        sleeper = nil
    }

    func markDirty(_ app: AppName) {
        dirty.insert(app)
        ring()
    }

    func markAllDirty() {
        dirty.formUnion(apps.keys)
        ring()
    }

    private func sleepUntilRung() async {
        if let next = timers.next {
            if next <= clock.now() { return }
            setAlarm(next)
        }
        guard !isRung else {
            isRung = false
            return
        }
        await withCheckedContinuation { sleeper = $0 }
        isRung = false
    }

    private func setAlarm(_ instant: Instant) {
        if let alarm, alarm.at == instant { return }
        alarm?.task.cancel()
        let clock = clock
        alarm = (
            instant,
            Task(executorPreference: configuration.taskExecutor) { [weak self] in
                // A cancelled sleep means that another alarm is set.
                guard (try? await clock.sleep(until: instant)) != nil else { return }
                await self?.alarmRang()
            }
        )
    }

    private func alarmRang() {
        alarm = nil
        ring()
    }

    func emit(
        _ kind: EventRecord.Kind, app: AppName? = nil, release: ReleaseNumber? = nil, commit: CommitID? = nil,
        message: String
    ) {
        lastEvent += 1
        pending.events.append(
            EventRecord(
                sequence: lastEvent, at: clock.wall(), kind: kind, app: app, release: release, commit: commit,
                message: message, project: app.flatMap { apps[$0]?.memory.project }))
    }
}
