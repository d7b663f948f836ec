import Model
import Planning
import Ports
import Telemetry

extension Controller {
    /// Follows the engine: events as hints, a full listing at first, on a timer and whenever there is doubt.
    func watchEngine() async {
        var attempt = 0
        while !Task.isCancelled {
            do {
                let info = try await engine.info()
                engineState.info = info
                attempt = 0
                try await followEngine()
            } catch is CancellationError {
                return
            } catch {
                engineLost("\(error)")
            }
            attempt += 1
            let delay = Backoff.delay(attempt: attempt, longest: .seconds(10), seed: "engine")
            guard (try? await clock.sleep(until: clock.now() + delay)) != nil else { return }  // cancelled
        }
    }

    private func followEngine() async throws {
        let events = engine.events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withThrowingDiscardingTaskGroup { inspections in
                    for try await id in events {
                        guard await self.beginInspection(id) else { continue }
                        inspections.addTask { await self.inspectAfterEvent(id) }
                    }
                    throw EngineError(.unreachable, "the event stream ended", call: "GET /events")
                }
            }
            group.addTask { try await self.listRepeatedly() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func listRepeatedly() async throws {
        while true {
            try Task.checkCancellation()
            // Subscribed before the listing: what is asked for while it runs is not lost.
            let trigger = relistHub.subscribe()
            try await list()
            // What hangs is looked at sooner: until it is seen, it stands in the way.
            let isBlind = !unsettled.isEmpty || apps.values.contains { !$0.unseen.isEmpty }
            let interval =
                isBlind ? min(.seconds(10), configuration.relistInterval) : configuration.relistInterval
            let next = clock.now() + interval
            await wait(until: isPlanted(.eventsOnly) ? .distantFuture : next, or: trigger)
        }
    }

    /// Asks for a full listing soon.
    func wantRelist() { relistHub.send(()) }

    /// Returns at `due`, when `trigger` has an element, or when the task is cancelled.
    func wait(until due: Instant, or trigger: AsyncStream<Void>) async {
        let clock = clock
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // A cancelled sleep means that the wait is over anyhow.
                try? await clock.sleep(until: due)
            }
            group.addTask {
                for await _ in trigger { break }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// One full listing. What an action or an inspection has touched since it began is newer than it.
    func list() async throws(EngineError) {
        tick += 1
        let started = tick
        let snapshot = try await engine.list()
        let now = clock.now()
        func isNews(_ id: ContainerID) -> Bool {
            (touched[id] ?? 0) <= started || isPlanted(.staleListingWins)
        }
        // What could not be read is there all the same: a container that hangs is not a container that is gone.
        var seen = isPlanted(.hungContainerIsGone) ? [] : Set(snapshot.unreadable.map(\.id))
        for instance in snapshot.instances {
            seen.insert(instance.id)
            if isNews(instance.id) { note(instance, now: now) }
        }
        // One listing may be stale or lack an item; what is asked for by its id and is not there is gone.
        let missing = Set(owned.keys).union(apps.values.flatMap(\.instances.keys)).subtracting(seen)
        var unread = Set(snapshot.unreadable.map(\.id))
        for id in missing.sorted() where isNews(id) {
            let isRead = await inspect(id)
            if !isRead { unread.insert(id) }
            if !isRead, isPlanted(.hungContainerIsGone) { forget(id) }
        }
        unreadable = snapshot.unreadable
        noteUnreadable()
        settle(before: started, unread: unread)
        touched = touched.filter { $0.value > started }
        listedTick = started
        if networks != snapshot.networks { networksByProject = Self.byProject(snapshot.networks) }
        networks = snapshot.networks
        awaitedNetworks.subtract(networksByProject.keys)
        foreign = snapshot.unreadable + strangers(snapshot.instances)
        engineState.listedAt = clock.wall()
        // Before anything is planned on it: what a lost store does not know is no stranger.
        await adoptAfterListing()
        if !engineState.isCurrent { engineBack() }
        if hasFoundApps {
            hasFoundApps = false
            rebuildDesired()
        }
        reviewNetworks()
        tendSecrets(snapshot)
        markAllDirty()
    }

    private func engineBack() {
        let wasLost = engineState.isReachable || engineState.problem != EngineState().problem
        engineState.isReachable = true
        engineState.isCurrent = true
        engineState.since = clock.now()
        if wasLost { emit(.engineBack, message: "\(engineState.info.name) \(engineState.info.version)") }
    }

    private func engineLost(_ problem: String) {
        let wasCurrent = engineState.isCurrent
        engineState.isReachable = false
        engineState.isCurrent = false
        engineState.problem = problem
        if wasCurrent {
            engineState.since = clock.now()
            emit(.engineLost, message: problem)
        }
        markAllDirty()
    }

    /// A call found nobody; the event stream will say the same. Until then nothing more is decided.
    func engineMayBeLost(_ error: EngineError) {
        wantRelist()
    }

    func beginInspection(_ id: ContainerID) -> Bool { inspecting.insert(id).inserted }

    func inspectAfterEvent(_ id: ContainerID) async {
        inspecting.remove(id)
        await inspect(id)
    }

    /// Looks at one container anew.
    ///
    /// - Returns: `false` if it could not be read.
    @discardableResult
    func inspect(_ id: ContainerID) async -> Bool {
        tick += 1
        let started = tick
        do throws(EngineError) {
            let instance = try await engine.inspect(id)
            guard max(touched[id] ?? 0, listedTick) <= started else { return true }
            touched[id] = started
            if let instance { note(instance, now: clock.now()) } else { forget(id) }
            return true
        } catch {
            if isPlanted(.failedInspectIsGone) { forget(id) }
            // The full listing tries again, and says so if the engine is gone.
            wantRelist()
            return false
        }
    }

    func forget(_ id: ContainerID) {
        tick += 1
        touched[id] = tick
        for (name, record) in apps
        where record.instances[id] != nil || record.jobs[id] != nil || record.unseen[id] != nil {
            drop(id, of: name)
        }
        disown(id)
    }

    /// What could not be read is there all the same, and counts as such: what is recorded as ours already does, and
    /// what is ours by its name, as a store that was lost does not know it, from now on.
    func noteUnreadable() {
        for container in unreadable {
            if let known = owned[container.id] {
                // An app that a backup does not know, while it knows its containers, was found by its others.
                if apps[known.app]?.instances[container.id] == nil, apps[known.app]?.jobs[container.id] == nil
                {
                    apps[known.app]?.unseen[container.id] = known.name
                }
                continue
            }
            // Recorded at once: what is numbered while it hangs must not make it nobody's.
            let app = apps.first { isOurs(named: container.name, $0.key, $0.value) }?.key
            if let app { own(container.id, container.name, app) }
        }
    }

    /// As `isOurs`, where nothing but the name can be read.
    private func isOurs(named name: String, _ app: AppName, _ record: AppRecord) -> Bool {
        guard let release = naming(of: app).parts(ofContainer: name, app: app)?.release else {
            return false
        }
        let memory = record.memory
        return interruptedNames.contains(name) || record.inFlight.values.contains { $0.object == name }
            || release >= memory.nextRelease
            || [memory.lastGood, memory.rollout?.target, memory.kept?.release].contains {
                $0?.number == release
            }
    }

    /// Takes as settled what a reading that began after it has shown.
    private func settle(before started: Int64, unread: Set<ContainerID>) {
        func isShown(_ action: UnsettledAction) -> Bool {
            action.tick < started && !(action.container.map(unread.contains) ?? false)
        }
        for action in unsettled where isShown(action) {
            apps[action.app]?.inFlight[action.intent] = nil
            if let outcome = action.outcome { pending.outcomes.append(outcome) }
        }
        unsettled.removeAll(where: isShown)
    }

    private func drop(_ id: ContainerID, of app: AppName) {
        if let name = apps[app]?.instances[id]?.name {
            let restarts = apps[app]?.health[id]?.livenessRestarts ?? 0
            if apps[app]?.livenessRestarts[name] ?? 0 != restarts {
                apps[app]?.livenessRestarts[name] = restarts > 0 ? restarts : nil
            }
        }
        apps[app]?.instances[id] = nil
        apps[app]?.health[id] = nil
        apps[app]?.jobs[id] = nil
        apps[app]?.jobsSince[id] = nil
        apps[app]?.jobLogs[id] = nil
        apps[app]?.unseen[id] = nil
        markDirty(app)
    }

    private func disown(_ id: ContainerID) {
        guard owned.removeValue(forKey: id) != nil else { return }
        pending.owned.removeAll { $0.id == id }
        pending.disowned.append(id)
    }

    /// Takes in what was seen of one container, if it is ours.
    func note(_ instance: ObservedInstance, now: Instant) {
        guard isOurs(instance) else { return }
        let app = instance.labels.app
        own(instance.id, instance.name, app)
        takeNameScope(instance)
        expectNetwork(of: instance.labels.project)
        if apps[app] == nil {
            var memory = AppMemory(
                source: instance.labels.source, path: instance.labels.path, project: instance.labels.project,
                now: now)
            memory.nameScope = nameScope(of: instance)
            apps[app] = AppRecord(memory: memory, desired: notReadYet(instance.labels.source))
            hasFoundApps = true
            wantRelist()
        }
        if instance.labels.job != nil { return noteJob(instance) }
        let before = apps[app]?.instances[instance.id]
        apps[app]?.instances[instance.id] = instance
        if apps[app]?.unseen[instance.id] != nil { apps[app]?.unseen[instance.id] = nil }
        if apps[app]?.health[instance.id] == nil {
            // Read first: the optional chain below holds `apps` while its right side is worked out.
            let restarts = apps[app]?.livenessRestarts[instance.name] ?? 0
            apps[app]?.health[instance.id] = InstanceHealth(instance, now: now, livenessRestarts: restarts)
            markDirty(app)
        } else if before != instance {
            apps[app]?.health[instance.id]?.observe(instance, now: now)
            noteExit(before, instance)
            markDirty(app)
        }
        if let health = apps[app]?.health[instance.id], instance.state == .running,
            before?.state != .running
                || before?.startStamp != instance.startStamp
        {
            timers.add(.probe(app, instance.id), at: health.nextProbeAt)
            ring()
        }
    }

    private func noteExit(_ before: ObservedInstance?, _ instance: ObservedInstance) {
        guard before?.state == .running else { return }
        switch instance.state {
        case .exited(let code, let outOfMemory):
            let isOurDoing =
                apps[instance.labels.app]?.inFlight.values.contains { $0.object == instance.name } ?? false
            guard !isOurDoing else { return }
            emit(
                .instanceExited, app: instance.labels.app, release: instance.labels.release,
                message: "\(instance.name) exited \(code)\(outOfMemory ? ", out of memory" : "")")
        case .restarting(let code, _):
            emit(
                .instanceExited, app: instance.labels.app, release: instance.labels.release,
                message: "\(instance.name) exited \(code) and is restarted by the engine")
        case .created, .running, .paused, .removing, .dead:
            break
        }
    }

    // MARK: Whose it is

    /// Recorded as ours; or made by the last run just before it ended; or, where the store was lost or is older than
    /// the container, under the very name that its labels lead to. Copied labels alone do not count.
    func isOurs(_ instance: ObservedInstance) -> Bool {
        if owned[instance.id] != nil { return true }
        if isPlanted(.copiedLabelsAreOurs) { return true }
        guard instance.labels.installation == configuration.installation, hasDeterministicName(instance)
        else {
            return false
        }
        if interruptedNames.contains(instance.name) { return !isPlanted(.openIntentsForgotten) }
        if apps[instance.labels.app]?.inFlight.values.contains(where: { $0.object == instance.name }) == true
        {
            return true
        }
        guard let memory = apps[instance.labels.app]?.memory else { return true }
        if instance.labels.release >= memory.nextRelease { return true }
        // One that a listing has left out is found after the others of its release.
        if memory.unnumbered?.contains(instance.labels.release) == true { return true }
        // A store that was put back to yesterday knows the release, and not what was made of it since.
        return [memory.lastGood, memory.rollout?.target, memory.kept?.release].contains { release in
            release?.number == instance.labels.release && instance.labels.job != nil
                || release?.number == instance.labels.release
                    && release?.templates[instance.labels.process]?.digest == instance.labels.template
        }
    }

    private func hasDeterministicName(_ instance: ObservedInstance) -> Bool {
        let labels = instance.labels
        if let job = labels.job {
            return instance.name
                == configuration.naming.scoped(to: nameScope(of: instance)).job(
                    app: labels.app, name: labels.process, run: job.run)
        }
        let first = configuration.naming.scoped(to: nameScope(of: instance)).container(
            app: labels.app, process: labels.process, release: labels.release, index: 1)
        let stem = first.dropLast()
        guard instance.name.hasPrefix(stem), let index = Int(instance.name.dropFirst(stem.count)) else {
            return false
        }
        return index >= 1
    }

    private func strangers(_ instances: [ObservedInstance]) -> [EngineSnapshot.UnreadableContainer] {
        instances.filter { !isOurs($0) }.map { instance in
            EngineSnapshot.UnreadableContainer(
                id: instance.id, name: instance.name,
                reason:
                    "it carries labels of app \(instance.labels.app) but was not made by this installation")
        }
    }
}
