public import Model

/// Decides what is to be done for one app.
///
/// A total function over values: no clock, no chance, no input or output. The same input gives the same plan.
public enum Planner {
    public static func plan(_ input: AppInput) -> AppPlan {
        var planning = AppPlanning(input)
        planning.run()
        return planning.plan
    }

    /// The spec that an instance is probed by: that of the release it is of. Where two releases share it, the one that
    /// is moved to asks; on the way back the last good one.
    public static func probedProcess(of instance: ObservedInstance, _ memory: AppMemory) -> ProcessSpec? {
        let process = instance.labels.process
        var releases = [memory.rollout?.target, memory.lastGood]
        if case .rollingBack = memory.rollout?.phase { releases.reverse() }
        for release in releases where release?.templates[process]?.digest == instance.labels.template {
            return release?.spec.process(process)
        }
        return nil
    }

    /// Whether old instances of the process must be gone before new ones start.
    public static func isStopFirst(_ process: ProcessSpec, in spec: AppSpec) -> Bool {
        ProcessView.isStopFirst(process, in: spec)
    }

    /// The most instances that a rollout may add and miss, as the spec says it, over `want` instances.
    ///
    /// Both at 0 would never move; the loader refuses that, and a surge of 1 is taken here.
    public static func limits(_ deploy: DeploySpec, want: Int) -> (surge: Int, unavailable: Int) {
        let unavailable = deploy.effectiveMaxUnavailable.roundedDown(of: want)
        // Blue and green stand side by side in full.
        let surge =
            deploy.effectiveStrategy == .blueGreen ? want : deploy.effectiveMaxSurge.roundedUp(of: want)
        return (surge == 0 && unavailable == 0 ? 1 : surge, min(unavailable, want))
    }
}

/// Processes of a release that the edge sends requests to: asked for with each instance that is looked at.
final class Routed {
    var release: Release?
    var processes: [ProcessName] = []
}

/// The working state of one planning: the input, and the plan as it grows.
struct AppPlanning {
    let input: AppInput
    var plan: AppPlan
    /// Made when the first name is taken: most plans of a day take none.
    private var usedNames: Set<String>?
    /// The instances as the steady state has sorted them, for the verdict.
    var viewsAtRest: [ProcessView]?
    let busyObjects: Set<String>
    /// What `routedProcesses` came to, and for which release.
    let routed = Routed()
    /// What `runs(of:)` came to.
    let cronRuns = CronRuns()
    /// The same news is looked at once more: what was decided just now counts.
    var isSecondLook = false
    /// Instances that are to go and leave the edge first.
    var departing: Set<ContainerID> = []
    /// The share of requests that the new release is to get now, in per cent; `nil`: all instances get the same.
    var share: Int?
    /// A failure of the world, not of the release, that stands in the way now.
    let worldFailures: [(key: ActionKey, failure: ActionFailure)]

    init(_ input: AppInput) {
        self.input = input
        plan = AppPlan(memory: input.memory)
        busyObjects = Set(input.inFlight.map(\.object))
        worldFailures = Self.worldFailures(input.failures)
    }

    private static func worldFailures(
        _ failures: [ActionKey: ActionFailure]
    ) -> [(key: ActionKey, failure: ActionFailure)] {
        guard !failures.isEmpty else { return [] }
        // An image that is not there yet holds up nothing that runs or moves.
        return failures.filter { !$0.value.isReleaseFault && !$0.value.isPause && $0.key.kind != .prepare }
            .map { ($0.key, $0.value) }
            .sorted { ($0.0.kind.rawValue, $0.0.object) < ($1.0.kind.rawValue, $1.0.object) }
    }

    var memory: AppMemory {
        _read { yield plan.memory }
        _modify { yield &plan.memory }
    }
    var now: Instant { input.now }

    mutating func run() {
        holdDeadline()
        wakeForUndecided()
        guard input.isEngineCurrent else {
            judgeWithoutEngine()
            return
        }
        switch input.desired {
        case .remove,
            .keep(_, _, true) where isPlanted(.keptIsRemoved):
            remove()
            return
        case .spec:
            memory.isBeingRemoved = false
        case .keep, .heldRemoval:
            // A removal under way is neither taken further nor taken back before git is heard again.
            if memory.isBeingRemoved {
                plan.groupState = .idle
                judge()
                return
            }
        }
        chooseTarget()
        quarantineUnbegun()
        move()
        tidyCommands()
        if !isStoreBehind {
            routeAll()
            runCron()
        }
        plan.groupState = plan.groupState ?? groupStateNow()
        judge()
    }

    /// While the world stands in the way, the rollout's deadline does not come nearer.
    private mutating func holdDeadline() {
        guard var rollout = memory.rollout, !isPlanted(.stallsNotHeldAgainst) else { return }
        if !input.isEngineCurrent || !worldFailures.isEmpty || isEdgeMissed {
            guard rollout.stalledSince == nil else { return }
            rollout.stalledSince = now
        } else if let since = rollout.stalledSince {
            rollout.lastProgressAt = rollout.lastProgressAt + (now - max(since, rollout.lastProgressAt))
            rollout.stalledSince = nil
        }
        memory.rollout = rollout
    }

    /// Containers of a later release run than the store has numbered: it was lost, or is yesterday's backup. Until git
    /// and the labels have told what they are, nothing that this store believes in is a reason to touch them.
    var isStoreBehind: Bool {
        if isPlanted(.oldStoreBelieved) { return false }
        return input.instances.contains { $0.labels.release >= memory.nextRelease }
            || input.unseen.contains { container in
                place(of: container).map { $0.release >= memory.nextRelease } ?? false
            }
    }

    private mutating func move() {
        guard !isStoreBehind else { return }
        guard let rollout = memory.rollout else {
            steady()
            return
        }
        let movement = Movement(rollout, from: memory.lastGood)
        share = movement.traffic(lit: rollout.litStep)
        if case .rollingBack = rollout.phase { share = nil }
        if memory.isPaused {
            watchCommand(rollout)
            reviveStopped()
            return
        }
        switch rollout.phase {
        case .moving:
            guard runCommand(rollout) else {
                share = nil
                if case .rollingBack(let failure) = memory.rollout?.phase, let failed = memory.rollout {
                    rollBack(failed, failure)
                } else {
                    holdStill(rollout)
                }
                return
            }
            if rollout.command?.end == nil, memory.rollout?.command?.end != nil {
                // A newer commit may have waited for it.
                chooseTarget()
                guard memory.rollout?.target.number == rollout.target.number else { return move() }
            }
            if let rollout = memory.rollout { advance(rollout) }
        case .rollingBack(let failure): rollBack(rollout, failure)
        case .held: reviveStopped()
        }
    }

    // MARK: Taking part in the plan

    /// Adds an action, unless one on the same object is under way or it has failed and waits for its time.
    mutating func perform(_ action: Action) {
        guard !busyObjects.contains(action.object),
            !plan.actions.contains(where: { $0.object == action.object })
        else { return }
        if let failure = input.failures[ActionKey(action)], failure.nextAttemptAt > now {
            wake(at: failure.nextAttemptAt)
            return
        }
        plan.actions.append(action)
    }

    mutating func wake(at instant: Instant) {
        guard instant > now else { return }
        plan.wake = min(plan.wake ?? .distantFuture, instant)
    }

    mutating func event(
        _ kind: EventRecord.Kind, release: ReleaseNumber? = nil, commit: CommitID? = nil, _ message: String
    ) {
        plan.events.append(PlannedEvent(kind, release: release, commit: commit, message: message))
    }

    /// The first name of the release and process that nothing has.
    mutating func takeName(_ release: ReleaseNumber, _ process: ProcessName) -> String {
        var names =
            usedNames
            ?? Set(input.instances.map(\.name)).union(input.recordedNames.values).union(
                input.inFlight.map(\.object)
            ).union(input.unseen.map(\.name))
        var index = 1
        while true {
            let name = input.naming.container(
                app: input.app, process: process, release: release, index: index)
            if names.insert(name).inserted {
                usedNames = names
                return name
            }
            index += 1
        }
    }

    func order(
        _ release: Release, _ process: ProcessName, _ template: Release.Template, name: String
    ) -> InstanceOrder {
        InstanceOrder(
            name: name,
            labels: InstanceLabels(
                installation: input.installation, project: release.spec.project, app: input.app,
                process: process,
                release: release.number, spec: release.specDigest, template: template.digest,
                source: release.origin.source, path: release.origin.path, commit: release.origin.commit.id),
            template: template.container)
    }

    // MARK: Looking at instances

    /// What is being done, and in a second look of the same plan what the first one has decided.
    private var underWay: [Action] { isSecondLook ? input.inFlight + plan.actions : input.inFlight }

    /// - Parameter question: what the release that is looked from asks its instances.
    func view(_ instance: ObservedInstance, _ question: ProbePolicy.Question? = nil) -> InstanceView {
        var isStopping = false
        var isLeaving = false
        var isStarting = false
        for action in underWay {
            switch action {
            case .stop(let id, _, _), .restart(let id, _, _):
                if id == instance.id { isStopping = true }
            case .remove(let id, _, _):
                if id == instance.id { (isStopping, isLeaving) = (true, true) }
            case .start(let id, _):
                if id == instance.id { isStarting = true }
            case .launch(let order):
                if order.name == instance.name { isStarting = true }
            case .prepare, .repair, .removeNetwork, .route, .unroute, .createJob, .startJob, .discardJob:
                break
            }
        }
        let health = input.health[instance.id] ?? InstanceHealth(instance, now: now)
        let place = place(of: instance)
        return InstanceView(
            instance: instance, health: health,
            isStopping: isStopping, isLeaving: isLeaving, isStarting: isStarting,
            question: question, isUndecided: isUndecided(instance, health, isStopping),
            isInRoute: place.isInRoute, isReachable: place.isReachable, isDraining: place.isDraining)
    }

    /// What nobody can ask, because no release that is remembered says how, is not undecided for ever.
    private static let undecidedTime = TimeSpan.seconds(15)

    private func isUndecided(
        _ instance: ObservedInstance, _ health: InstanceHealth, _ isStopping: Bool
    ) -> Bool {
        guard health.isUndecided, instance.state == .running, !isStopping else { return false }
        // What became known only in this pass could not be asked before.
        let isNew = memory.knowsRelease && !input.memory.knowsRelease
        return isNew || now - health.startedAt < Self.undecidedTime
    }

    private mutating func wakeForUndecided() {
        for health in input.health.values where health.isUndecided {
            wake(at: health.startedAt + Self.undecidedTime)
        }
    }

    /// Where the edge has the instance.
    private func place(
        of instance: ObservedInstance
    ) -> (isInRoute: Bool, isReachable: Bool, isDraining: Bool) {
        guard case .routes(let routes) = input.edge else { return (true, !isInTheDark(instance), false) }
        let process = instance.labels.process
        let route = routes[process]?.observed.route
        let target = route?.targets.first { $0.container == instance.id }
        let isInRoute = target != nil || !isRouted(process)
        // Cut off from its network, it answers nobody, whatever the edge does.
        let isCutOff = instance.address == nil && isRouted(process)
        let isReachable =
            isInRoute && !isCutOff && !isInTheDark(instance)
            && route?.split.map { ($0[instance.labels.release] ?? 0) > 0 } ?? true
        return (isInRoute, isReachable, target?.isDraining ?? false)
    }

    /// It is of a release that gets no request yet, whatever the edge does this moment.
    private func isInTheDark(_ instance: ObservedInstance) -> Bool {
        guard share == 0, input.edge != .none, isRouted(instance.labels.process), let rollout = memory.rollout
        else { return false }
        let process = instance.labels.process
        return rollout.target.templates[process]?.digest == instance.labels.template
            && memory.lastGood?.templates[process]?.digest != instance.labels.template && isDark(process)
    }

    /// The processes of `release`, of `other` and of what is there, with their instances sorted by template.
    func views(of release: Release?, besides other: Release?) -> [ProcessView] {
        // An app has a handful of processes: a walk through them is shorter than a hash of a name.
        var names: [ProcessName] = []
        func add(_ name: ProcessName) { if !names.contains(name) { names.append(name) } }
        for process in release?.spec.processes ?? [] { add(process.name) }
        for process in other?.spec.processes ?? [] { add(process.name) }
        for instance in input.instances { add(instance.labels.process) }
        for container in input.unseen { if let place = place(of: container) { add(place.process) } }
        let launches = underWay.compactMap { action in
            if case .launch(let order) = action { order } else { nil }
        }
        for order in launches { add(order.labels.process) }
        names.sort()
        var views = names.map { ProcessView($0, of: release, besides: other) }
        for instance in input.instances {
            guard let place = names.firstIndex(of: instance.labels.process) else { continue }
            if views[place].template?.digest == instance.labels.template,
                !isBeyondRepair(instance, views[place], release)
            {
                views[place].mine.append(view(instance, views[place].question))
            } else if isKept(instance) {
                views[place].kept.append(view(instance))
            } else {
                views[place].others.append(view(instance))
            }
        }
        for container in input.unseen {
            guard let (process, number) = place(of: container), let place = names.firstIndex(of: process)
            else { continue }
            if let template = views[place].template, self.template(of: process, number) == template.digest {
                views[place].unseen.append(container.name)
            } else {
                views[place].unseenOthers.append(container.name)
            }
        }
        func isSeen(_ name: String) -> Bool {
            input.instances.contains { $0.name == name } || input.unseen.contains { $0.name == name }
        }
        for order in launches where !isSeen(order.name) {
            guard let place = names.firstIndex(of: order.labels.process) else { continue }
            if views[place].template?.digest == order.labels.template {
                views[place].launching += 1
            } else {
                views[place].launchingOthers += 1
            }
        }
        for place in views.indices { views[place].dropNeedlessKept() }
        return views
    }

    /// Which process and release a container is of that could not be read.
    func place(of container: UnseenContainer) -> (process: ProcessName, release: ReleaseNumber)? {
        input.naming.parts(ofContainer: container.name, app: input.app)
    }

    /// The template that the release of that number has for the process, if it is remembered.
    private func template(of process: ProcessName, _ number: ReleaseNumber) -> ContentDigest? {
        [memory.rollout?.target, memory.lastGood, memory.kept?.release].compactMap { $0 }
            .first { $0.number == number }?.templates[process]?.digest
    }

    /// Of the release before, within the time that it is kept. Only what the edge keeps requests from stays idle.
    private func isKept(_ instance: ObservedInstance) -> Bool {
        guard memory.rollout == nil, let kept = memory.kept, now < kept.until else { return false }
        let process = instance.labels.process
        return instance.state == .running && isRouted(process)
            && kept.release.templates[process]?.digest == instance.labels.template
    }

    /// The engine has said of what was asked for that it cannot be done, whoever asks.
    func isRefused(_ kind: Action.Kind, _ object: String) -> Bool {
        guard !input.failures.isEmpty else { return false }
        return input.failures[ActionKey(kind: kind, object: object)]?.isReleaseFault ?? false
    }

    /// Changed by hand in a way that the engine cannot put back, such as a limit where there was none: replaced, as
    /// a release with another template would be, unless that meant to stop it first.
    private func isBeyondRepair(
        _ instance: ObservedInstance, _ view: ProcessView, _ release: Release?
    ) -> Bool {
        guard isRefused(.repair, instance.name), let process = view.spec, let release,
            let template = view.template?.container
        else { return false }
        // A network that could not be joined, as while the engine starts, is tried again; a limit never comes off.
        let effective = instance.effective
        let isLimited =
            effective.nanoCPUs != template.nanoCPUs || effective.memoryInBytes != template.memoryInBytes
            || effective.restart != template.restart
        return isLimited && !ProcessView.isStopFirst(process, in: release.spec)
    }

    func isQuarantined(_ digest: ContentDigest) -> Quarantined? {
        memory.quarantine.last { $0.spec == digest }
    }
}
