import Model
import Planning
import Testing

/// A small world around the planner: containers that start, answer and crash, and actions that take their time.
///
/// One seed decides everything.
struct World {
    enum Behavior {
        case healthy, sick, crashes, slow
        /// Well by its health check, and answers many requests with errors.
        case failing
    }

    let app: AppName
    let naming = Naming(prefix: "")
    let installation = InstallationName("test").require
    var random: SplitMix
    var now = Instant(nanoseconds: 1_000_000_000)
    var memory: AppMemory
    var desired: DesiredApp
    var prepared: PreparedRelease?
    var instances: [ContainerID: ObservedInstance] = [:]
    var health: [ContainerID: InstanceHealth] = [:]
    var names: [ContainerID: String] = [:]
    var jobs: [ObservedInstance] = []
    var jobLogs: [ContainerID: [String]] = [:]
    var jobsSince: [ContainerID: Instant] = [:]
    /// There, and the engine says nothing of them.
    var unseen: [UnseenContainer] = []
    var inFlight: [(action: Action, due: Instant)] = []
    var behaviors: [String: Behavior] = [:]
    var failures: [ActionKey: ActionFailure] = [:]
    var isEngineCurrent = true
    /// `nil`: there is no edge.
    var routes: [ProcessName: RouteView]?
    var isEdgeAway = false
    /// While the edge is away; `nil`: the controller has not read it yet.
    var edgeLastRead: [ProcessName: RouteView]?
    /// How many of a hundred actions fail, whether they were done or not.
    var faultsPerHundred = 0
    var isForgotten = false
    /// Paths of health checks that answer badly, whatever the image.
    var failingChecks: Set<String> = []
    /// How often each kind of action was performed.
    var performed: [Action.Kind: Int] = [:]
    var nextID = 0
    var lastPlan: AppPlan?
    var actions = 0
    var commits = 0
    /// Floor violations and the like, checked by every step.
    var violations: [String] = []
    var outcomes: [RolloutRecord.Outcome] = []

    init(seed: UInt64, app: AppName = AppName("shop").require) {
        self.app = app
        random = SplitMix(state: seed)
        let source = SourceName("main").require
        memory = AppMemory(
            source: source, path: "shop.yaml", project: ProjectName("retail").require, now: now)
        desired = .keep([], diagnostics: [], isInvalid: false)
    }

    // MARK: What people do

    mutating func commit(_ spec: AppSpec, behavior: Behavior) {
        commits += 1
        let digest = digest("spec \(spec)")
        let origin = SpecOrigin(
            source: memory.source, path: memory.path,
            commit: CommitInfo(
                id: CommitID(String(repeating: "a", count: 40)).require, subject: "change", author: "anna",
                time: WallTime(secondsSince1970: 0)))
        desired = .spec(Candidate(spec: spec, digest: digest, origin: origin))
        let image = ResolvedImage(
            reference: spec.image, pinned: spec.image, digest: self.digest(spec.image), isFromRegistry: true)
        var templates: [ProcessName: Release.Template] = [:]
        for process in spec.processes {
            let template = ContainerTemplate(
                image: spec.image, command: process.command, env: spec.env, files: [], mounts: [],
                nanoCPUs: nil,
                memoryInBytes: nil, restart: process.effectiveRestart, stopGrace: process.effectiveStopGrace,
                network: "net", aliases: [])
            templates[process.name] = Release.Template(
                digest: self.digest("\(process.name) \(template)"), container: template)
        }
        prepared = PreparedRelease(specDigest: digest, image: image, templates: templates)
        behaviors[spec.image] = behavior
    }

    private func digest(_ text: String) -> ContentDigest {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let hex = String(hash, radix: 16)
        let padded = String(repeating: "0", count: 16 - hex.count) + hex
        return ContentDigest("sha256:" + String(repeating: padded, count: 4)).require
    }

    // MARK: Time

    var input: AppInput {
        AppInput(
            app: app, now: now, wall: WallTime(secondsSince1970: now.nanoseconds / 1_000_000_000),
            installation: installation, naming: naming, desired: desired, memory: memory,
            instances: instances.values.sorted { $0.name < $1.name }, health: health,
            jobs: jobs, jobsSince: jobsSince, jobLogs: jobLogs, unseen: unseen,
            recordedNames: names,
            inFlight: inFlight.map(\.action), failures: failures, isEngineCurrent: isEngineCurrent,
            prepared: prepared, edge: edge)
    }

    private var edge: EdgeView {
        guard let routes else { return .none }
        return isEdgeAway ? .unreachable("the edge is away", lastRead: edgeLastRead) : .routes(routes)
    }

    /// Plans once, takes the plan, and lets the next thing happen. `false` when nothing is left to happen.
    mutating func step() -> Bool {
        decide()
        return advance(lastPlan?.wake)
    }

    /// Plans once and takes the plan; its actions are under way and nothing has come of them yet.
    mutating func decide() {
        let input = input
        let plan = Planner.plan(input)
        let again = Planner.plan(input)
        if plan.actions != again.actions || plan.memory != again.memory {
            violations.append("I19: not repeatable")
        }
        take(plan)
    }

    /// Checks a plan and begins to do what it says.
    mutating func take(_ plan: AppPlan) {
        check(plan)
        checkRoutes(plan)
        checkMemory(plan)
        isForgotten = plan.isForgotten
        memory = plan.memory
        failures = failures.filter { now - $0.value.nextAttemptAt < .seconds(60) }
        lastPlan = plan
        outcomes += plan.rolloutRecords.compactMap(\.outcome)
        for action in plan.actions {
            actions += 1
            inFlight.append((action, now + .milliseconds(Int64(random.next() % 2_000) + 1)))
        }
    }

    /// Steps until nothing happens any more, at most `limit` times.
    mutating func settle(limit: Int = 3_000) {
        for _ in 0..<limit {
            let goesOn = step()
            if isHeld, inFlight.isEmpty, failures.isEmpty, lastPlan?.actions.isEmpty == true { return }
            if isQuiet {
                // What the last thing that happened has changed is looked at once more.
                let plan = Planner.plan(input)
                if plan.actions.isEmpty, plan.memory.rollout == nil, plan.verdict != .progressing {
                    lastPlan = plan
                    return
                }
            }
            if !goesOn { return }
        }
        violations.append("I9: not settled after \(limit) steps")
    }

    /// The rollout waits for a person.
    var isHeld: Bool {
        if case .held = memory.rollout?.phase { return true }
        return memory.rollout?.waitingSince != nil
    }

    private var isQuiet: Bool {
        guard inFlight.isEmpty, failures.isEmpty, memory.rollout == nil, memory.kept == nil, let lastPlan,
            lastPlan.actions.isEmpty
        else { return false }
        // Without a last good release nothing says that one that somebody paused should run.
        return instances.values.allSatisfy {
            health[$0.id]?.readiness == .ready || memory.lastGood == nil && $0.state == .paused
        }
    }

    /// Lets the next thing happen. `false` when nothing is left to happen.
    mutating func advance(_ wake: Instant?) -> Bool {
        let probes = instances.values.filter { $0.state == .running }.compactMap {
            health[$0.id]?.nextProbeAt
        }
        let candidates = inFlight.map(\.due) + probes + (wake.map { [$0] } ?? [])
        guard let next = candidates.min() else { return false }
        now = max(now, next)
        let due = inFlight.filter { $0.due <= now }
        inFlight.removeAll { $0.due <= now }
        for item in due { finish(item.action) }
        serve()
        probe()
        return true
    }

    /// What becomes of an action: it works; it fails; or it works and is reported as failed.
    private mutating func finish(_ action: Action) {
        let key = ActionKey(action)
        guard faultsPerHundred > 0, Int(random.next() % 100) < faultsPerHundred else {
            failures[key] = nil
            perform(action)
            return
        }
        if random.next() % 2 == 0 { perform(action) }
        let attempts = (failures[key]?.attempts ?? 0) + 1
        failures[key] = ActionFailure(
            attempts: attempts, firstAt: failures[key]?.firstAt ?? now,
            nextAttemptAt: now + Backoff.delay(attempt: attempts, longest: .seconds(60), seed: key.object),
            message: "simulated fault", isReleaseFault: random.next() % 5 == 0)
    }

    private mutating func probe() {
        for instance in instances.values.sorted(by: { $0.name < $1.name }) where instance.state == .running {
            guard let state = health[instance.id], state.nextProbeAt <= now else { continue }
            let policy = ProbePolicy(
                spec(of: instance) ?? ProcessSpec(name: instance.labels.process, port: 80))
            var passes: Bool
            switch behaviors[instance.image] ?? .healthy {
            case .healthy, .failing: passes = true
            case .sick, .crashes: passes = false
            case .slow: passes = now - state.startedAt >= .seconds(5)
            }
            if case .http(let path, _, _)? = policy.check, failingChecks.contains(path) { passes = false }
            health[instance.id]?.probed(
                passes, message: passes ? "" : "answered 500", policy: policy, now: now)
        }
    }

    private func spec(of instance: ObservedInstance) -> ProcessSpec? {
        Planner.probedProcess(of: instance, memory)
    }

    /// A controller that starts again knows nothing of what is well.
    mutating func forgetHealth() {
        for (id, instance) in instances { health[id] = InstanceHealth(instance, now: now) }
    }

    private mutating func perform(_ action: Action) {
        performed[action.kind, default: 0] += 1
        switch action {
        case .prepare, .removeNetwork: break
        case .createJob(let order): make(order)
        case .startJob(let id, _): job(id) { $0.state = .running }
        case .discardJob(let id, _): jobs.removeAll { $0.id == id }
        case .route(let route): apply(route)
        case .unroute(let key): routes?[key.process] = nil
        case .launch(let order): launch(order)
        case .start(let id, _), .restart(let id, _, _): run(id)
        case .stop(let id, _, _):
            change(id) { $0.state = .exited(code: 143, outOfMemory: false) }
            job(id) { $0.state = .exited(code: 143, outOfMemory: false) }
        case .remove(let id, _, _):
            instances[id] = nil
            health[id] = nil
            names[id] = nil
            jobs.removeAll { $0.id == id }
        case .repair(let id, _, _): change(id) { $0.state = .running }
        }
    }

    private mutating func apply(_ route: Route) {
        let before = routes?[route.key.process]
        var view = RouteView(observed: ObservedRoute(route: route))
        for target in route.targets {
            view.observed.sessions[target.container] =
                before?.observed.sessions[target.container] ?? Int(random.next() % 3)
            guard target.isDraining else { continue }
            view.drainingSince[target.container] = before?.drainingSince[target.container] ?? now
        }
        view.observed.figures = before?.observed.figures ?? [:]
        routes?[route.key.process] = view
    }

    /// Requests come and go.
    private mutating func serve() {
        guard let present = routes else { return }
        for (process, view) in present.sorted(by: { $0.key < $1.key }) {
            var view = view
            for target in view.observed.route.targets.sorted(by: { $0.name < $1.name }) {
                let sessions = view.observed.sessions[target.container] ?? 0
                view.observed.sessions[target.container] =
                    target.isDraining ? max(0, sessions - Int(random.next() % 2)) : Int(random.next() % 3)
                guard !target.isDraining, view.observed.route.share(of: target.release) > 0 else { continue }
                var figures = view.observed.figures[target.release] ?? TrafficFigures()
                figures.requests += 20
                if behaviors[instances[target.container]?.image ?? ""] == .failing { figures.errors += 4 }
                view.observed.figures[target.release] = figures
            }
            routes?[process] = view
        }
    }

    private mutating func launch(_ order: InstanceOrder) {
        if let found = instances.values.first(where: { $0.name == order.name }) {
            // Performed again after a lost answer, an order meets its own result.
            if found.labels.template == order.labels.template {
                run(found.id)
            } else {
                violations.append("name \(order.name) is used twice")
            }
            return
        }
        nextID += 1
        let id = ContainerID("c\(nextID)").require
        let instance = ObservedInstance(
            id: id, name: order.name, labels: order.labels, state: .created(error: nil), startStamp: "",
            restartCount: 0, address: "10.0.0.1",
            effective: EffectiveSettings(
                nanoCPUs: nil, memoryInBytes: nil, restart: order.template.restart, networks: ["net"]),
            image: order.template.image)
        instances[id] = instance
        names[id] = order.name
        run(id)
    }

    /// The controller starts again while the engine says nothing of one container.
    mutating func hide(_ id: ContainerID) {
        guard let instance = instances[id] else { return }
        unseen.append(UnseenContainer(id: id, name: instance.name))
        instances[id] = nil
        health[id] = nil
        names[id] = nil
    }

    /// Puts a container of the wanted release there as an interrupted action would leave it.
    mutating func plant(_ name: String, as state: ContainerState) {
        guard let prepared, let target = memory.rollout?.target ?? memory.lastGood else { return }
        let process = target.spec.processes[0].name
        nextID += 1
        let id = ContainerID("c\(nextID)").require
        instances[id] = ObservedInstance(
            id: id, name: name,
            labels: InstanceLabels(
                installation: installation, project: target.spec.project, app: app, process: process,
                release: target.number, spec: prepared.specDigest,
                template: prepared.templates[process]?.digest ?? prepared.specDigest, source: memory.source,
                path: memory.path, commit: target.origin.commit.id),
            state: state, startStamp: "", restartCount: 0, address: nil,
            effective: EffectiveSettings(
                nanoCPUs: nil, memoryInBytes: nil, restart: .always, networks: ["net"]),
            image: target.spec.image)
        names[id] = name
        change(id) { _ in }
    }

    private mutating func run(_ id: ContainerID) {
        let behavior = instances[id].flatMap { behaviors[$0.image] } ?? .healthy
        change(id) { instance in
            instance.startStamp += "+"
            if case .crashes = behavior {
                instance.restartCount += 4
                instance.state = .restarting(code: 1, outOfMemory: false)
            } else {
                instance.state = .running
            }
        }
    }

    /// Changes a container as the engine or a person would, and lets the planner see it.
    mutating func change(_ id: ContainerID, _ body: (inout ObservedInstance) -> Void) {
        guard var instance = instances[id] else { return }
        body(&instance)
        instances[id] = instance
        if health[id] == nil {
            health[id] = InstanceHealth(instance, now: now)
        } else {
            health[id]?.observe(instance, now: now)
        }
    }

    // MARK: What people and accidents do

    /// The controller ends and starts again: of what was under way, some was done, and nobody knows.
    mutating func restartController() {
        let interrupted = inFlight
        inFlight = []
        for item in interrupted where random.next() % 2 == 0 { perform(item.action) }
        failures = [:]
        forgetHealth()
    }

    mutating func pause() {
        guard !memory.isPaused else { return }
        (memory.isPaused, memory.pausedAt) = (true, now)
    }

    mutating func resume() {
        if let pausedAt = memory.pausedAt, var rollout = memory.rollout {
            rollout.lastProgressAt = rollout.lastProgressAt + (now - max(pausedAt, rollout.lastProgressAt))
            memory.rollout = rollout
        }
        (memory.isPaused, memory.pausedAt) = (false, nil)
    }

    /// A person ends whatever waits for one.
    mutating func promote() {
        if let step = memory.rollout?.step { memory.rollout?.promotedStep = step }
        if case .spec(let candidate) = desired { memory.approvedSpec = candidate.digest }
    }

    mutating func abort(held: Bool = false) {
        guard var rollout = memory.rollout, rollout.phase == .moving || held else { return }
        let failure = Failure(cause: .aborted, message: "was aborted by a person")
        rollout.phase = .rollingBack(failure)
        (rollout.lastProgressAt, rollout.provenMaximum) = (now, 0)
        rollout.waitingSince = nil
        memory.rollout = rollout
        (memory.isPaused, memory.pausedAt) = (false, nil)
        memory.quarantine.removeAll { $0.spec == rollout.target.specDigest }
        memory.quarantine.append(
            Quarantined(
                spec: rollout.target.specDigest, image: nil, release: rollout.target.number, failure: failure,
                at: now))
    }

    mutating func retry() {
        failures = [:]
        guard case .spec(let candidate) = desired else { return }
        memory.quarantine.removeAll { $0.spec == candidate.digest }
        if case .held = memory.rollout?.phase { memory.rollout = nil }
    }

    /// Somebody stops or removes a container, or it dies.
    mutating func accident() {
        let ids = instances.keys.sorted()
        guard !ids.isEmpty else { return }
        let id = ids[Int(random.next() % UInt64(ids.count))]
        switch random.next() % 3 {
        case 0:
            instances[id] = nil
            health[id] = nil
            names[id] = nil
        case 1: change(id) { $0.state = .paused }
        default: change(id) { $0.state = .exited(code: 137, outOfMemory: false) }
        }
    }

    // MARK: Invariants

    /// Who gets requests is drained, and seen out of the edge, before it is stopped.
    private mutating func checkRoutes(_ plan: AppPlan) {
        guard let routes else { return }
        for action in plan.actions {
            if case .route(let route) = action { check(route) }
            guard let id = leavingID(action), action.kind != .restart, let instance = instances[id],
                isReady(instance),
                let view = routes[instance.labels.process],
                let target = view.observed.route.targets.first(where: { $0.container == id })
            else { continue }
            violations.append("I5: \(action.kind) \(target.name), which the edge still has")
        }
    }

    private mutating func check(_ route: Route) {
        if let split = route.split {
            let isWhole =
                split.values.reduce(0, +) == 100 && split.values.allSatisfy { (0...100).contains($0) }
            if !isWhole { violations.append("I5: shares \(split)") }
        }
        let present = routes?[route.key.process]?.observed.route.targets.map(\.container) ?? []
        for target in route.targets {
            let instance = instances[target.container]
            // What has requests already and was not asked since a start keeps them.
            let isUnasked = present.contains(target.container) && health[target.container]?.isUnasked == true
            guard let instance, isReady(instance) || instance.state == .running && isUnasked else {
                violations.append("I5: \(target.name) gets requests and is not ready")
                continue
            }
        }
    }

    /// What holds at every moment, whatever happens.
    private mutating func checkMemory(_ plan: AppPlan) {
        if plan.memory.lastGood != memory.lastGood,
            !plan.rolloutRecords.contains(where: { $0.outcome == .succeeded })
        {
            violations.append("I6: the last good release changed without success")
        }
        if plan.verdict == .converged, case .spec(let candidate) = desired,
            plan.memory.lastGood?.specDigest != candidate.digest
        {
            violations.append("I25: converged, and something else runs")
        }
        if plan.verdict != .converged, plan.because.isEmpty {
            violations.append("\(plan.verdict) without a reason")
        }
        let shared = Set(plan.memory.lastGood?.templates.values.map(\.digest) ?? [])
        for case .launch(let order) in plan.actions
        where plan.memory.quarantine.contains(where: { $0.spec == order.labels.spec })
            && !shared.contains(order.labels.template) && plan.memory.rollout?.phase != .moving
        {
            violations.append("I8: \(order.name) of a quarantined release is started")
        }
    }

    private mutating func check(_ plan: AppPlan) {
        guard plan.memory.rollout != nil || memory.rollout != nil, !plan.memory.isBeingRemoved else { return }
        let target = plan.memory.rollout?.target ?? plan.memory.lastGood
        let names = Set(instances.values.map(\.labels.process)).union(
            target?.spec.processes.map(\.name) ?? [])
        for process in names.sorted() { check(plan, process, target) }
    }

    private mutating func check(_ plan: AppPlan, _ process: ProcessName, _ target: Release?) {
        let releases = [target, plan.memory.lastGood, memory.lastGood].compactMap { $0 }
        let wants = releases.map { $0.spec.process(process)?.effectiveReplicas ?? 0 }
        guard let target, let most = wants.max(), let least = wants.min() else { return }
        let single = releases.filter { release in
            release.spec.process(process).map { Planner.isStopFirst($0, in: release.spec) } ?? false
        }
        if !single.isEmpty {
            // A template that the target shares is started by the target's rule.
            var templates = Set(single.compactMap { $0.templates[process]?.digest })
            if !single.contains(target), let own = target.templates[process]?.digest { templates.remove(own) }
            checkSingleWriter(plan, process, templates)
            return
        }
        let all = instances.values.filter { $0.labels.process == process }
        let launches = (plan.actions + inFlight.map(\.action)).count {
            if case .launch(let order) = $0 { return order.labels.process == process }
            return false
        }
        let isLaunching = plan.actions.contains {
            if case .launch(let order) = $0 { return order.labels.process == process }
            return false
        }
        let live = all.count { $0.state.isLive } + launches
        // A superseded release may have left a larger count behind; only what is being added is judged.
        // The way back goes by the limits of the release that is gone back to.
        let surge = releases.map { Planner.limits($0.spec.deploy, want: most).surge }.max() ?? 0
        if isLaunching, live > most + surge + supersededSurplus(all, target, plan) {
            violations.append("I2 \(process): \(live) live of \(most) + \(surge)")
        }
        let goingDown = plan.actions.filter { takesDown($0, all) }
        // A first release that failed has nothing to be measured against.
        guard !goingDown.isEmpty, plan.memory.lastGood != nil || memory.lastGood != nil else { return }
        let leaving = Set((plan.actions + inFlight.map(\.action)).compactMap(leavingID))
        let left = all.count { isReady($0) && !leaving.contains($0.id) }
        let unavailable = releases.map { Planner.limits($0.spec.deploy, want: most).unavailable }.max() ?? 0
        if left < least - unavailable {
            violations.append(
                "I1 \(process): \(left) ready, floor \(least - unavailable), "
                    + plan.actions.map { "\($0.kind) \($0.object)" }.joined(separator: " ")
                    + ", \(String(describing: memory.rollout?.target.number)) \(plan.phase)")
        }
    }

    private func supersededSurplus(_ all: [ObservedInstance], _ target: Release, _ plan: AppPlan) -> Int {
        let good = Set(
            [target, plan.memory.lastGood].compactMap { $0 }.flatMap { $0.templates.values.map(\.digest) })
        return all.count { !good.contains($0.labels.template) && $0.state.isLive }
    }

    private mutating func checkSingleWriter(
        _ plan: AppPlan, _ process: ProcessName, _ single: Set<ContentDigest>
    ) {
        let live = instances.values.filter { $0.labels.process == process && $0.state.isLive }
        var templates = Set(live.map(\.labels.template))
        for case .launch(let order) in inFlight.map(\.action) where order.labels.process == process {
            templates.insert(order.labels.template)
        }
        for action in plan.actions {
            let started: ContentDigest?
            switch action {
            case .launch(let order) where order.labels.process == process: started = order.labels.template
            case .start(let id, _) where instances[id]?.labels.process == process:
                started = instances[id]?.labels.template
            default: started = nil
            }
            if let started, single.contains(started), !templates.subtracting([started]).isEmpty {
                violations.append("two writers: \(action.object) is started beside another release")
            }
        }
    }

    private func isReady(_ instance: ObservedInstance) -> Bool {
        instance.state == .running && health[instance.id]?.readiness == .ready
    }

    private func takesDown(_ action: Action, _ among: [ObservedInstance]) -> Bool {
        guard let id = leavingID(action), let instance = among.first(where: { $0.id == id }) else {
            return false
        }
        return isReady(instance)
    }

    private func leavingID(_ action: Action) -> ContainerID? {
        switch action {
        case .stop(let id, _, _), .remove(let id, _, _), .restart(let id, _, _): id
        case .prepare, .launch, .start, .repair, .removeNetwork, .route, .unroute, .createJob, .startJob,
            .discardJob:
            nil
        }
    }
}

/// A small seeded generator: the same numbers on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension Optional {
    /// The value of a constant that the test itself has written.
    var require: Wrapped {
        guard let self else { fatalError("the test's own constant is malformed") }
        return self
    }
}
