import Execution
import Model
import Planning
import Ports
import SpecLoading
import Telemetry

extension Controller {
    /// Performs one action whose intent is durable, and takes its outcome into the state.
    func execute(_ intent: Int64, _ action: Action, for app: AppName) async {
        let turnstile = isCronRun(action, app) ? cronTurnstile : turnstile(for: action)
        await turnstile?.enter()
        defer { turnstile?.leave() }
        // It may have waited long at the turnstile, or for evidence.
        guard await holdsClaim() else { return }
        guard isStillWanted(action, app) else { return withdraw(intent, action, app) }
        var isSeen = true
        do throws(EngineError) {
            switch action {
            case .prepare(let reference, let known):
                let image = try await engine.prepare(reference: reference, known: known)
                prepared(app, reference, image)
            case .launch(let order):
                let id = try await engine.launch(order, secrets: try deliverSecrets(for: order))
                own(id, order.name, app)
                // A listing that began before does not have it, and that does not mean that it is gone.
                tick += 1
                touched[id] = tick
                await inspect(id)
            case .start(let id, _):
                try restoreSecrets(of: id, app)
                try await engine.start(id)
                isSeen = await inspect(id)
            case .stop(let id, _, let grace):
                try await engine.stop(id, grace: grace)
                isSeen = await inspect(id)
            case .restart(let id, _, let grace):
                try restoreSecrets(of: id, app)
                try await engine.restart(id, grace: grace)
                isSeen = await inspect(id)
                let now = clock.now()
                apps[app]?.health[id]?.restarted(now: now)
                timers.add(.probe(app, id), at: now)
            case .remove(let id, _, let grace):
                try await engine.remove(id, grace: grace)
                // Gone when it is seen to be gone: an engine may say yes and do nothing.
                isSeen = await inspect(id)
            case .repair(let id, _, let repairs):
                try await engine.repair(id, repairs)
                await inspect(id)
            case .removeNetwork(let name):
                try await engine.removeNetwork(name)
            case .createJob(let order):
                let container = InstanceOrder(
                    name: order.name, labels: order.labels, template: order.template)
                let id = try await engine.createJob(order, secrets: try deliverSecrets(for: container))
                own(id, order.name, app)
                tick += 1
                touched[id] = tick
                isSeen = await inspect(id)
            case .startJob(let id, _):
                try restoreSecrets(of: id, app)
                try await engine.startJob(id)
                isSeen = await inspect(id)
            case .discardJob(let id, _):
                try await engine.discardJob(id)
                isSeen = await inspect(id)
            case .route(let route):
                try await onEdge { edge throws(EdgeError) in try await edge.apply(route) }
            case .unroute(let key):
                try await onEdge { edge throws(EdgeError) in try await edge.remove(key) }
            }
            finish(intent, action, app, nil, isSeen: isSeen)
        } catch let failure {
            let error = hidingSecrets(failure, of: app)
            // A call that failed may have done its work all the same.
            if error.leavesOpen, let id = action.container {
                isSeen = await inspect(id)
            } else {
                isSeen = !error.leavesOpen || !action.bringsUp
            }
            finish(intent, action, app, error, isSeen: isSeen)
        }
    }

    /// A release may have been overtaken or put back while its instances waited to be started.
    private func isStillWanted(_ action: Action, _ app: AppName) -> Bool {
        guard case .launch(let order) = action, let memory = apps[app]?.memory else { return true }
        let release = order.labels.release
        if memory.lastGood?.number == release { return true }
        guard let rollout = memory.rollout, rollout.target.number == release else { return false }
        if case .rollingBack = rollout.phase { return false }
        return true
    }

    private func withdraw(_ intent: Int64, _ action: Action, _ app: AppName) {
        apps[app]?.inFlight[intent] = nil
        pending.outcomes.append(
            IntentOutcome(
                sequence: intent, result: .failed, message: "\(action.object) was not wanted any more"))
        markDirty(app)
    }

    private func turnstile(for action: Action) -> Turnstile? {
        switch action {
        case .launch, .start: startTurnstile
        case .stop, .remove, .restart: stopTurnstile
        case .prepare: isPlanted(.pullBlocksStarts) ? startTurnstile : nil
        // One that waited would be started long after its intent.
        case .createJob, .startJob, .discardJob: nil
        case .repair, .removeNetwork, .route, .unroute: nil
        }
    }

    /// Hundreds of runs may be due in the same second. One that waits for its place is under way for the planner; if the
    /// controller dies meanwhile, its container is seen not to have been started, and another is made.
    private func isCronRun(_ action: Action, _ app: AppName) -> Bool {
        switch action {
        case .createJob(let order): order.labels.job?.kind == .cron
        case .startJob(let id, _): apps[app]?.jobs[id]?.labels.job?.kind == .cron
        default: false
        }
    }

    private func prepared(_ app: AppName, _ reference: String, _ image: ResolvedImage) {
        guard let candidate = apps[app]?.candidate, candidate.spec.image == reference else { return }
        // Worked out first: the optional chain below holds `apps`.
        let templates = Templates.templates(for: candidate.spec, image: image, naming: naming(of: app))
        apps[app]?.prepared = PreparedRelease(
            specDigest: candidate.digest, image: image, templates: templates)
        admit(image, of: app)
    }

    func own(_ id: ContainerID, _ name: String, _ app: AppName) {
        guard owned[id] == nil else { return }
        let container = OwnedContainer(id: id, name: name, app: app)
        owned[id] = container
        // It is there, whether or not it can be read.
        if apps[app]?.instances[id] == nil, apps[app]?.jobs[id] == nil { apps[app]?.unseen[id] = name }
        if !isPlanted(.ownershipNotStored) { pending.owned.append(container) }
    }

    /// - Parameter isSeen: what the action has left behind was read after it; otherwise it counts as under way until
    ///   it is.
    private func finish(
        _ intent: Int64, _ action: Action, _ app: AppName, _ error: EngineError?, isSeen: Bool
    ) {
        if isSeen { apps[app]?.inFlight[intent] = nil }
        let key = ActionKey(action)
        if let error {
            figures.actionsFailed[action.kind, default: 0] += 1
            // What its own end has cut off may have been done or not: the intent stays open for the next controller.
            guard !isStopping else { return }
            let outcome = IntentOutcome(sequence: intent, result: .failed, message: error.description)
            noteFailure(key, app, error)
            if action.bringsUp {
                // It may have been made all the same, and is ours then, whenever it is first seen. Its intent stays
                // open until then: a successor that knew nothing of it would take it for somebody else's.
                interruptedNames.insert(action.object)
                leaveOpen(intent, action, app, outcome)
            } else {
                if !isSeen { leaveOpen(intent, action, app, nil) }
                pending.outcomes.append(outcome)
            }
            // A call that failed may have done its work all the same.
            wantRelist()
        } else {
            figures.actionsSucceeded[action.kind, default: 0] += 1
            pending.outcomes.append(IntentOutcome(sequence: intent, result: .succeeded, message: ""))
            apps[app]?.failures[key] = nil
            if !isSeen { leaveOpen(intent, action, app, nil) }
            noteSuccess(key, action, app)
            announce(action, app)
        }
        markDirty(app)
    }

    private func leaveOpen(_ intent: Int64, _ action: Action, _ app: AppName, _ outcome: IntentOutcome?) {
        tick += 1
        unsettled.append(
            UnsettledAction(
                tick: tick, intent: intent, app: app, container: action.container, outcome: outcome))
    }

    private func noteFailure(_ key: ActionKey, _ app: AppName, _ error: EngineError) {
        guard apps[app] != nil else { return }
        let now = clock.now()
        let before = apps[app]?.failures[key]
        let attempts = (before?.attempts ?? 0) + 1
        // A registry and a busy name come back sooner than a broken host.
        let next = now + Backoff.delay(attempt: attempts, longest: .seconds(60), seed: key.object)
        apps[app]?.failures[key] = ActionFailure(
            attempts: attempts, firstAt: before?.firstAt ?? now, nextAttemptAt: next, message: error.message,
            isReleaseFault: error.fault == .release || isPlanted(.worldFaultBlamed))
        timers.add(.plan(app), at: next)
        if attempts == 1 {
            emit(.actionFailed, app: app, message: "\(key.kind.rawValue) \(key.object): \(error)")
        }
        if error.code == .unreachable { engineMayBeLost(error) }
    }

    /// An engine may say yes and do nothing. What is asked for again and again within minutes waits like a failure; so
    /// does an instance that ends after each start, but that is no fault of the engine's.
    private func noteSuccess(_ key: ActionKey, _ action: Action, _ app: AppName) {
        guard key.kind != .prepare, key.kind != .restart, var record = apps[app] else { return }
        let limit = 3
        let now = clock.now()
        record.successes = record.successes.filter { now - $0.value.at < .minutes(5) }
        let before = record.successes[key]
        // A route is told anew with each instance that comes or goes: another one is not the same thing again.
        let times = before?.action == action ? (before?.times ?? 0) + 1 : 1
        let stamp = action.container.flatMap { record.instances[$0]?.startStamp }
        record.successes[key] = .init(times: times, at: now, action: action, startStamp: stamp)
        if times >= limit {
            let next =
                now + Backoff.delay(attempt: times - limit + 1, longest: .seconds(60), seed: key.object)
            let hasStarted = key.kind == .start && stamp != nil && stamp != before?.startStamp
            record.failures[key] = ActionFailure(
                attempts: times, firstAt: now, nextAttemptAt: next,
                message: hasStarted
                    ? "it has ended after each of \(times) starts"
                    : "the engine has done it ×\(times) without effect",
                isReleaseFault: false, isPause: hasStarted)
            timers.add(.plan(app), at: next)
        }
        apps[app] = record
    }

    private func announce(_ action: Action, _ app: AppName) {
        switch action {
        case .launch(let order):
            let shown = isPlanted(.environmentShown) ? "\(order.name) \(order.template.env)" : order.name
            emit(.instanceStarted, app: app, release: order.labels.release, message: shown)
        case .start(_, let name): emit(.instanceStarted, app: app, message: "\(name), which had been stopped")
        case .stop(_, let name, _): emit(.instanceStopped, app: app, message: name)
        case .restart(_, let name, _):
            emit(.instanceRestarted, app: app, message: "\(name), which failed its health check")
        case .remove(_, let name, _): emit(.instanceRemoved, app: app, message: name)
        case .repair(_, let name, let repairs):
            emit(
                .driftRepaired, app: app,
                message: "\(name): \(repairs.map(\.sentence).joined(separator: ", "))")
        case .startJob(_, let name): emit(.jobStarted, app: app, message: name)
        case .prepare, .removeNetwork, .route, .unroute, .createJob, .discardJob: break
        }
    }

    /// Reads the last lines of what failed, before it is taken away.
    func gatherEvidence(_ app: AppName, _ containers: [ContainerID]) async {
        var lines: [String] = []
        for id in containers {
            let name = apps[app]?.instances[id]?.name ?? id.short
            do throws(EngineError) {
                let tail = try await engine.logTail(id, lines: 10)
                let texts = secretTexts(of: app)
                lines += tail.suffix(10).map { line in
                    // Before it is cut: the half of a secret would not be known as one.
                    "\(name) | \(String(SecretMask.hide(texts, in: line.text).prefix(300)))"
                }
            } catch {
                lines.append("\(name) | the log could not be read: \(error.message)")
            }
        }
        let gathered = Array(lines.prefix(30))
        requests.append { controller in controller.addEvidence(gathered, app) }
        ring()
    }

    private func addEvidence(_ lines: [String], _ app: AppName) {
        guard !lines.isEmpty, var memory = apps[app]?.memory, var rollout = memory.rollout else { return }
        switch rollout.phase {
        case .rollingBack(var failure):
            failure.evidence += lines
            rollout.phase = .rollingBack(failure)
        case .held(var failure):
            failure.evidence += lines
            rollout.phase = .held(failure)
            // Its end stands in the history already.
            pending.rollouts.append(
                RolloutRecord(
                    app: app, release: rollout.target.number, commit: rollout.target.origin.commit,
                    image: rollout.target.image.pinned, startedAt: rollout.startedAtWall,
                    endedAt: clock.wall(),
                    outcome: .held, evidence: [failure.message] + failure.evidence,
                    project: rollout.target.spec.project))
        case .moving:
            return
        }
        memory.rollout = rollout
        if let last = memory.quarantine.indices.last,
            memory.quarantine[last].spec == rollout.target.specDigest
        {
            memory.quarantine[last].failure.evidence += lines
        }
        apps[app]?.memory = memory
        changedMemories.insert(app)
        markDirty(app)
    }

    // MARK: Networks

    /// Networks of projects that no app is left in go, with the brake of the engine: one in use stays.
    func reviewNetworks() {
        guard engineState.isCurrent, storeProblem == nil else { return }
        let used = usedProjects()
        for network in networks
        where !used.contains(network.project) && !removingNetworks.contains(network.name) {
            removingNetworks.insert(network.name)
            condemned.append(network)
            ring()
        }
    }

    /// Adds what is to be done about networks to a batch; no app is concerned, so no plan says it.
    func addRemovals(to batch: inout StoreBatch) -> [NetworkRemoval] {
        let taken = condemned
        condemned = []
        return taken.map { network in
            lastIntent += 1
            batch.intents.append(
                Intent(
                    sequence: lastIntent, app: nil, action: .removeNetwork, object: network.name,
                    at: clock.wall()))
            return NetworkRemoval(intent: lastIntent, network: network)
        }
    }

    struct NetworkRemoval {
        var intent: Int64
        var network: EngineSnapshot.OwnedNetwork
    }

    /// An app that moves to another project has instances in both until its rollout has ended, and may go back.
    private func usedProjects() -> Set<ProjectName> {
        var used: Set<ProjectName> = []
        for record in apps.values {
            used.insert(record.memory.project)
            let specs = [
                record.candidate?.spec, record.memory.lastGood?.spec, record.memory.rollout?.target.spec
            ]
            for spec in specs { if let spec { used.insert(spec.project) } }
            for instance in record.instances.values { used.insert(instance.labels.project) }
            for job in record.jobs.values { used.insert(job.labels.project) }
        }
        return used
    }

    func removeNetwork(_ removal: NetworkRemoval) async {
        let name = removal.network.name
        guard await holdsClaim() else { return }
        var outcome = IntentOutcome(sequence: removal.intent, result: .succeeded, message: "")
        do throws(EngineError) {
            // Asked for a moment ago; an app of the project may have come since.
            if usedProjects().contains(removal.network.project) {
                outcome.message = "an app needs it again"
            } else {
                try await engine.removeNetwork(name)
                networks.removeAll { $0.name == name }
                logger.notice("network removed", ["network.name": name])
            }
        } catch {
            outcome = IntentOutcome(sequence: removal.intent, result: .failed, message: error.description)
            logger.error(
                "network could not be removed; tried again with the next listing", ["error": "\(error)"])
        }
        removingNetworks.remove(name)
        pending.outcomes.append(outcome)
        ring()
    }
}

/// An action that is over, and of which nobody can say yet what it has done.
struct UnsettledAction {
    /// When it was over; a reading that began later shows what has become of it.
    var tick: Int64
    var intent: Int64
    var app: AppName
    /// What it was about; `nil` for a launch.
    var container: ContainerID?
    /// Written when it is settled, where that has to wait.
    var outcome: IntentOutcome?
}

extension Action {
    /// The container that it starts, stops, restarts or removes.
    fileprivate var container: ContainerID? {
        switch self {
        case .start(let id, _), .stop(let id, _, _), .restart(let id, _, _), .remove(let id, _, _),
            .startJob(let id, _), .discardJob(let id, _):
            id
        case .launch, .repair, .prepare, .removeNetwork, .route, .unroute, .createJob: nil
        }
    }
    /// It makes a container, of which nothing is known but the name until it is seen.
    fileprivate var bringsUp: Bool {
        switch self {
        case .launch, .createJob: true
        default: false
        }
    }
}

extension EngineError {
    /// Nobody can say whether the engine has done what it was asked for.
    fileprivate var leavesOpen: Bool {
        switch code {
        case .unreachable, .timeout, .protocolViolation, .internal: true
        case .notFound, .conflict, .unauthorized, .rateLimited, .registryUnavailable, .diskFull, .startFailed,
            .invalid, .policy:
            false
        }
    }
}

extension Repair {
    /// What was put back, for people.
    var sentence: String {
        switch self {
        case .resources: "cpus and memory put back"
        case .restartPolicy(let policy): "restart policy put back to \(policy.rawValue)"
        case .rename(let name): "renamed back to \(name)"
        case .connect(let network, _): "connected to \(network) again"
        case .disconnect(let network): "disconnected from \(network)"
        case .unpause: "unpaused"
        }
    }
}
