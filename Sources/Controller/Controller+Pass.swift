import Model
import Planning
import Ports
import Telemetry

extension Controller {
    /// Plans what something happened to, makes it durable, and starts the actions.
    func pass() async {
        let now = clock.now()
        noteStandstill(now: now)
        takeRequests()
        takeTimers(now: now)
        // A store that has just refused is not asked again by everything that happens meanwhile.
        if storeProblem != nil, now < storeRetryAt, waiters.isEmpty { return }
        if backlog.isEmpty {
            backlog = dirty.sorted()[...]
            dirty = []
        }
        // So many at a time: plans and the batch of all apps at once would be most of the memory that is needed.
        let names = withGroups(backlog.prefix(Self.appsInPass))
        backlog = backlog.dropFirst(Self.appsInPass)
        figures.passes += 1

        let plans = plan(names, now: now)
        for planned in plans {
            noteVerdict(
                planned.name, planned.plan.verdict, planned.plan.because.first,
                release: planned.plan.memory.rollout?.target.number ?? planned.plan.memory.lastGood?.number)
        }
        let seen = pending
        var batch = pending
        var started: [StartedAction] = []
        for planned in plans { add(planned.name, planned.plan, to: &batch, &started) }
        for name in changedMemories where batch.apps[name] == nil && !batch.forgotten.contains(name) {
            batch.apps[name] = apps[name]?.memory
        }
        let removals = addRemovals(to: &batch)
        let runSteps = addRunSteps(to: &batch, now: now)
        if isPlanted(.journalsAfterActing) { await actEarly(&started, &batch) }
        let isDurable = await makeDurable(&batch, seen: seen, planned: names)
        guard isDurable || isPlanted(.actsBeforeJournal) else {
            // The next listing comes to them again.
            for removal in removals { removingNetworks.remove(removal.network.name) }
            takeRunSteps(runSteps, isDurable: false)
            return
        }

        for planned in plans { take(planned, now: now) }
        if !plans.isEmpty { showDeploys() }
        dispatch(started, plans)
        takeRunSteps(runSteps, isDurable: true)
        for removal in removals { jobs.append { await self.removeNetwork(removal) } }
        if !batch.isEmpty || !plans.isEmpty { changeHub.send(()) }
    }

    /// The apps with all members of their release groups: these are decided on together.
    private func withGroups(_ names: ArraySlice<AppName>) -> [AppName] {
        guard !groups.isEmpty else { return Array(names) }
        var all = Array(names)
        var seen = Set(names)
        for name in names {
            guard let key = groupOf[name] else { continue }
            for mate in groups[key] ?? [] where seen.insert(mate).inserted { all.append(mate) }
        }
        return all
    }

    private func plan(_ names: [AppName], now: Instant) -> [Planned] {
        var plans: [Planned] = []
        plans.reserveCapacity(names.count)
        var planned: Set<GroupKey> = []
        for name in names {
            guard let record = apps[name] else { continue }
            guard let key = groupOf[name] else {
                plans.append(Planned(name, record, Planner.plan(input(name, record, now: now))))
                continue
            }
            guard planned.insert(key).inserted else { continue }
            let members = (groups[key] ?? []).compactMap { name in apps[name].map { (name, $0) } }
            let inputs = members.map { input($0.0, $0.1, now: now) }
            for ((name, record), plan) in zip(members, Planner.plan(group: key.name, inputs)) {
                plans.append(Planned(name, record, plan))
            }
        }
        return plans
    }

    /// A plan, and what it was made from.
    private struct Planned {
        var name: AppName
        var memory: AppMemory
        var desired: DesiredApp
        var plan: AppPlan
        init(_ name: AppName, _ record: AppRecord, _ plan: AppPlan) {
            self.name = name
            memory = record.memory
            desired = record.desired
            self.plan = plan
        }
    }

    private struct StartedAction {
        var app: AppName
        var intent: Int64
        var action: Action
    }

    func input(_ name: AppName, _ record: AppRecord, now: Instant) -> AppInput {
        var recordedNames: [ContainerID: String] = [:]
        recordedNames.reserveCapacity(record.instances.count)
        for id in record.instances.keys { recordedNames[id] = owned[id]?.name }
        return AppInput(
            app: name, now: now, wall: clock.wall(), installation: configuration.installation,
            naming: configuration.naming.scoped(to: record.memory.nameScope), desired: record.desired,
            memory: record.memory,
            instances: record.instances.values.sorted { $0.name < $1.name }, health: record.health,
            jobs: record.jobs.values.sorted { $0.name < $1.name }, jobsSince: record.jobsSince,
            jobLogs: record.jobLogs,
            unseen: record.unseen.map { UnseenContainer(id: $0.key, name: $0.value) }
                .sorted { ($0.name, $0.id) < ($1.name, $1.id) },
            recordedNames: recordedNames,
            inFlight: record.inFlight.sorted { $0.key < $1.key }.map(\.value) + inherited(record, now: now),
            failures: record.failures, isEngineCurrent: engineState.isCurrent,
            engineProblem: engineState.problem,
            unmetDependencies: unmetDependencies(of: record), prepared: record.prepared,
            edge: edgeView(of: name), analysisRuns: record.analysis.runs,
            callers: networksByProject[record.memory.project] ?? [], zones: zones(for: record.memory))
    }

    /// What the last run had asked for counts as under way for as long as an instance may take to end.
    private func inherited(_ record: AppRecord, now: Instant) -> [Action] {
        guard !record.inherited.isEmpty else { return [] }
        return record.instances.values.filter { instance in
            instance.state == .running && record.inherited[instance.name].map { now < $0 } ?? false
        }
        .sorted { $0.name < $1.name }.map { .stop($0.id, name: $0.name, grace: .zero) }
    }

    private func unmetDependencies(of record: AppRecord) -> [AppName] {
        guard let candidate = record.candidate, record.memory.lastGood?.specDigest != candidate.digest else {
            return []
        }
        return candidate.spec.dependsOn.filter { apps[$0]?.view?.verdict != .converged }
    }

    /// A deadline that is looked at this late: the controller itself has stood still. What it could not ask meanwhile
    /// is as undecided as it was, and has its time from now on.
    private func noteStandstill(now: Instant) {
        guard let due = timers.next, now - due > .seconds(1) else { return }
        for name in Array(apps.keys) { apps[name]?.giveTime(now: now) }
    }

    private func takeRequests() {
        let taken = requests
        requests = []
        for request in taken { request(self) }
    }

    private func takeTimers(now: Instant) {
        while let wake = timers.popDue(now: now) {
            switch wake {
            case .plan(let app):
                dirty.insert(app)
                if let set = planWakes[app], set <= now { planWakes[app] = nil }
            case .probe(let app, let id): probe(app, id, now: now)
            case .analysis(let app, let index): analyse(app, index, now: now)
            case .store: break
            case .networks: break
            }
        }
    }

    private func add(
        _ name: AppName, _ plan: AppPlan, to batch: inout StoreBatch, _ started: inout [StartedAction]
    ) {
        let wall = clock.wall()
        if plan.isForgotten {
            batch.forgotten.append(name)
            batch.apps[name] = nil
        } else if plan.memory != apps[name]?.memory || changedMemories.contains(name) {
            batch.apps[name] = plan.memory
        }
        batch.releases += plan.newReleases
        if let newest = plan.newReleases.last { batch.prunedReleases += prunable(name, newest.number) }
        batch.rollouts += plan.rolloutRecords
        batch.cronRuns += plan.cronRecords
        for event in plan.events {
            lastEvent += 1
            batch.events.append(
                EventRecord(
                    sequence: lastEvent, at: wall, kind: event.kind, app: name, release: event.release,
                    commit: event.commit, message: event.message, project: plan.memory.project,
                    entry: event.entry))
        }
        for action in plan.actions
        where !isPlanted(.interruptedStaysLocked) || !interruptedNames.contains(action.object) {
            lastIntent += 1
            batch.intents.append(
                Intent(sequence: lastIntent, app: name, action: action.kind, object: action.object, at: wall))
            started.append(StartedAction(app: name, intent: lastIntent, action: action))
        }
    }

    /// Ten releases are kept; the last good one stays in the app's memory whatever its number.
    private func prunable(_ app: AppName, _ newest: ReleaseNumber) -> [StoreBatch.PrunedRelease] {
        guard let number = ReleaseNumber(newest.value - 10) else { return [] }
        return [StoreBatch.PrunedRelease(app: app, number: number)]
    }

    /// Writes a batch. On failure nothing is started, and everything is planned anew a little later.
    ///
    /// - Parameter seen: the part of the batch that is no plan, and so cannot be planned again.
    private func makeDurable(_ batch: inout StoreBatch, seen: StoreBatch, planned: [AppName]) async -> Bool {
        // A store that refused is tried with the clock alone, so that its trouble ends even when nothing is to write.
        guard !batch.isEmpty || storeProblem != nil || !noticeObservations.isEmpty else {
            answer(nil)
            return true
        }
        batch.epoch = epoch
        batch.clock = clock.reading()
        addWords(to: &batch)
        addNotices(to: &batch)
        pending = StoreBatch()
        let memories = changedMemories
        changedMemories = []
        let told = waiters
        waiters = []
        let asked = clock.now()
        do {
            try await store.commit(batch)
            claimSeenAt = asked
        } catch {
            settleNotices(isDurable: false)
            if error.code == .fenced {
                await endFenced(error)
            } else {
                keepForLater(seen, memories, planned, error)
            }
            for waiter in told { waiter.resume(returning: error) }
            return false
        }
        settleNotices(isDurable: true)
        if storeProblem != nil {
            tellStoreWorks()
            logger.notice("store works again")
            storeProblem = nil
            markAllDirty()
        }
        takeWords(batch)
        for waiter in told { waiter.resume(returning: nil) }
        for event in batch.events {
            eventHub.send(event)
            log(event)
        }
        return true
    }

    private func answer(_ error: StoreError?) {
        let told = waiters
        waiters = []
        for waiter in told { waiter.resume(returning: error) }
    }

    /// What was seen stays to be written; what was planned is planned again from the same state.
    private func keepForLater(
        _ seen: StoreBatch, _ memories: Set<AppName>, _ planned: [AppName], _ error: StoreError
    ) {
        pending.outcomes = seen.outcomes + pending.outcomes
        pending.owned = seen.owned + pending.owned
        pending.disowned = seen.disowned + pending.disowned
        pending.sources.merge(seen.sources) { newer, _ in newer }
        pending.releases = seen.releases + pending.releases
        pending.rollouts = seen.rollouts + pending.rollouts
        pending.outbox = seen.outbox + pending.outbox
        pending.arrived.merge(seen.arrived) { newer, _ in newer }
        // A disk can be full for days; the newest events are the ones that people ask for.
        pending.events = (seen.events + pending.events).suffix(1_000)
        changedMemories.formUnion(memories)
        if storeProblem != error {
            logger.error("store refuses to write; nothing is started until it does", ["error": "\(error)"])
        }
        if storeProblem == nil { stallRollouts() }
        if storeProblem?.code != error.code, !configuration.channels.isEmpty { tellStoreProblem(error) }
        storeProblem = error
        let retry = clock.now() + .seconds(2)
        storeRetryAt = retry
        timers.add(.store, at: retry)
        for name in planned { timers.add(.plan(name), at: retry) }
        changeHub.send(())
    }

    /// Nothing can be done while nothing can be written: that is held against no release.
    private func stallRollouts() {
        let now = clock.now()
        for (name, record) in apps {
            guard let rollout = record.memory.rollout, rollout.stalledSince == nil else { continue }
            apps[name]?.memory.rollout?.stalledSince = now
        }
    }

    private func log(_ event: EventRecord) {
        var metadata = ["event.kind": event.kind.rawValue, "event.message": event.message]
        metadata["app.name"] = event.app?.rawValue
        metadata["app.release"] = event.release?.description
        metadata["git.commit"] = event.commit?.rawValue
        logger.notice("event", metadata)
    }

    /// Takes a durable plan into the state.
    private func take(_ planned: Planned, now: Instant) {
        let (name, plan) = (planned.name, planned.plan)
        guard var record = apps[name] else { return }
        let before = record.view?.verdict
        let old = record.memory
        // From now on somebody knows how to ask what was found running.
        if !record.memory.knowsRelease, plan.memory.knowsRelease { record.giveTime(now: now) }
        record.memory = plan.memory
        if old != planned.memory { keepRebuilt(old, planned, &record.memory) }
        // A commit that was seen while the store wrote has put its own word here; this plan knows nothing of it.
        if record.desired == planned.desired {
            record.view = AppRecord.PlanView(
                verdict: plan.verdict, phase: plan.phase, because: plan.because, rollout: plan.rollout,
                cron: plan.cron ?? record.view?.cron)
            record.plannedAt = now
        }
        if asksAnew(planned.memory, record.memory) { rearmProbes(name, record, now: now) }
        // What would still stand in the way was tried again when its time came.
        record.failures = record.failures.filter { key, failure in
            now - failure.nextAttemptAt < .seconds(60) || isStandingRefusal(key, failure, record)
        }
        takeAnalysis(plan.analysis, name, &record, now: now)
        readJobLogs(plan.jobLogsWanted, name, &record)
        for id in plan.livenessRestarts { record.health[id]?.restartedForLiveness() }
        for ended in plan.rolloutRecords {
            if let outcome = ended.outcome { figures.rolloutsEnded[outcome, default: 0] += 1 }
        }
        if record.prepared?.specDigest == record.memory.rollout?.target.specDigest { record.prepared = nil }
        apps[name] = plan.isForgotten ? nil : record
        if before != record.view?.verdict {
            for dependent in dependents[name] ?? [] { markDirty(dependent) }
        }
        if plan.isForgotten {
            rebuildDesired()
            reviewNetworks()
        }
        if let wake = plan.wake, !isPlanted(.timerLost) { wakePlan(name, at: wake, now: now) }
    }

    /// What the engine cannot put back on a container is not asked again while the container is there.
    private func isStandingRefusal(
        _ key: ActionKey, _ failure: ActionFailure, _ record: AppRecord
    ) -> Bool {
        key.kind == .repair && failure.isReleaseFault
            && record.instances.values.contains { $0.name == key.object }
    }

    /// What was found on the engine while the store wrote is not lost to the plan that knew nothing of it.
    private func keepRebuilt(_ found: AppMemory, _ planned: Planned, _ memory: inout AppMemory) {
        memory.nextRelease = max(memory.nextRelease, found.nextRelease)
        if let unnumbered = found.unnumbered { memory.take(unnumbered) }
        if found.lastGood != planned.memory.lastGood, memory.lastGood == planned.memory.lastGood {
            memory.lastGood = found.lastGood
        }
        changedMemories.insert(planned.name)
        markDirty(planned.name)
    }

    /// What a planted bug does: the effects come first, and then the note of them.
    private func actEarly(_ started: inout [StartedAction], _ batch: inout StoreBatch) async {
        for item in started { await execute(item.intent, item.action, for: item.app) }
        started = []
        batch.outcomes += pending.outcomes
        batch.owned += pending.owned
        batch.disowned += pending.disowned
        batch.events += pending.events
    }

    /// One deadline per app is enough: the plan made then says the next one.
    func wakePlan(_ app: AppName, at instant: Instant, now: Instant) {
        if let set = planWakes[app], set <= instant, set > now { return }
        planWakes[app] = instant
        timers.add(.plan(app), at: instant)
    }

    private func dispatch(_ started: [StartedAction], _ plans: [Planned]) {
        for item in started where !isPlanted(.inFlightForgotten) {
            apps[item.app]?.inFlight[item.intent] = item.action
        }
        let evidence = Dictionary(
            plans.filter { !$0.plan.evidenceFrom.isEmpty }.map { ($0.name, $0.plan.evidenceFrom) }
        ) { first, _ in first }
        var delayed: [AppName: [StartedAction]] = [:]
        for item in started {
            if evidence[item.app] != nil {
                delayed[item.app, default: []].append(item)
            } else {
                jobs.append { await self.execute(item.intent, item.action, for: item.app) }
            }
        }
        for (app, containers) in evidence {
            let items = delayed[app] ?? []
            jobs.append {
                await self.gatherEvidence(app, containers)
                await withDiscardingTaskGroup { group in
                    for item in items {
                        group.addTask { await self.execute(item.intent, item.action, for: app) }
                    }
                }
            }
        }
    }

    /// Writes what the last pass left over, at the end of the run.
    func flush() async {
        guard fence == nil, !pending.isEmpty else { return }
        pending.epoch = epoch
        pending.clock = clock.reading()
        addWords(to: &pending)
        do {
            try await store.commit(pending)
            pending = StoreBatch()
        } catch {
            logger.error("store refused the last write", ["error": "\(error)"])
        }
    }
}
