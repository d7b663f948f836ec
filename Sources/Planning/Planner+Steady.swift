import Model

extension AppPlanning {
    /// Keeps the last good release as it should be: count, settings, health; takes away what does not belong to it.
    mutating func steady() {
        guard let release = memory.lastGood else {
            // Nothing was ever proven here: only what is known to be bad goes, and nothing that this store did not
            // number, because a lost store does not make a container bad.
            for view in input.instances.map({ view($0) }) where isKnownBad(view) { remove(view) }
            return
        }
        if let kept = memory.kept {
            if now < kept.until { wake(at: kept.until) } else { memory.kept = nil }
        }
        let views = views(of: release, besides: nil)
        viewsAtRest = views
        restore(release, views)
        for view in views { keepAlive(view) }
    }

    private func isKnownBad(_ view: InstanceView) -> Bool {
        // What was held and serves all the same stays until something better is there.
        if isQuarantined(view.instance.labels.spec) != nil { return !view.isReady && !view.isUndecided }
        return view.isBad && view.instance.labels.release < memory.nextRelease
    }

    /// The way back, and the way on: brings `release` to its full count before anything that is ready goes.
    mutating func restore(_ release: Release, _ views: [ProcessView]) {
        for view in views {
            let limits = Planner.limits(release.spec.deploy, want: view.want)
            let others = view.others.filter { !$0.isStopping }
            departing.formUnion(view.kept.map(\.id))
            let isStopFirst = isStopFirst(view, release) || isPlanted(.wayBackStopsFirst)
            if isStopFirst, view.hasLiveOthers {
                // Two must never write at once: nothing of ours comes up before the last of the others is down.
                for other in others where other.isLive { remove(other) }
                continue
            }
            let room = isStopFirst ? view.capacity - view.liveCount : room(release, view)
            let started = revive(view.mine, release, room: room)
            launch(release, view, upTo: view.want, room: room - started)
            if !isPlanted(.overtakenStays) {
                takeAway(others, view, floor: view.want - limits.unavailable)
            }
            removeSurplus(view)
        }
    }

    /// As many more may be alive. Of what is failing there may be more than is wanted back: the surge is one of all that
    /// there may be, as on the way there, or a share that rounds down to nothing would give one more.
    private func room(_ release: Release, _ view: ProcessView) -> Int {
        view.capacity + Planner.limits(release.spec.deploy, want: view.capacity).surge - view.liveCount
    }

    private mutating func takeAway(_ others: [InstanceView], _ view: ProcessView, floor: Int) {
        for other in others where !other.isReady && !other.isUndecided { remove(other) }
        let isBack = view.mineServing >= view.want || isPlanted(.floorIgnoredOnTheWayBack)
        var budget = isBack ? others.count : view.servingCount - floor
        let inOrder = others.filter(\.isReady).sorted { left, right in
            left.isDraining == right.isDraining ? left.name > right.name : left.isDraining
        }
        for other in inOrder {
            guard budget > 0 || budget == 0 && !other.isServing else { continue }
            if other.isServing { budget -= 1 }
            remove(other)
        }
    }

    /// More instances than wanted, after scaling down: those that are not ready first, then the highest names.
    private mutating func removeSurplus(_ view: ProcessView) {
        let present = view.mine.filter { !$0.isStopping }
        var surplus = present.count + view.launching + view.unseen.count - view.want
        guard surplus > 0 else { return }
        let inOrder = present.sorted { left, right in
            if left.isServing != right.isServing {
                return right.isServing != isPlanted(.surplusTakesWhoServes)
            }
            return left.isDraining == right.isDraining ? left.name > right.name : left.isDraining
        }
        // One that is only on its way makes nobody superfluous who serves.
        var spare = isPlanted(.surplusTakesWhoServes) ? surplus : view.mineServing - view.want
        for instance in inOrder where surplus > 0 && !instance.isUndecided {
            if instance.isServing {
                guard spare > 0 else { continue }
                spare -= 1
            }
            remove(instance)
            surplus -= 1
        }
    }

    /// Restarts what fails its probes, ever more slowly, each third time with a new container, and replaces what
    /// cannot be started.
    private mutating func keepAlive(_ view: ProcessView) {
        for instance in view.mine where !instance.isStopping && !instance.isStarting {
            switch instance.instance.state {
            case .dead, .removing:
                remove(instance)
            case .running where instance.hasFailedItsCheck:
                let delay = Backoff.delay(attempt: instance.health.livenessRestarts + 1, seed: instance.name)
                guard now - instance.health.since >= delay else {
                    wake(at: instance.health.since + delay)
                    continue
                }
                if (instance.health.livenessRestarts + 1).isMultiple(of: Self.crashLimit) {
                    // Restarts keep what the process left in the container; that may be what ails it.
                    remove(instance)
                } else {
                    perform(.restart(instance.id, name: instance.name, grace: stopGrace(of: instance)))
                }
                if plan.actions.last?.object == instance.name { plan.livenessRestarts.append(instance.id) }
            default:
                let key = ActionKey(kind: .start, object: instance.name)
                if let failure = input.failures[key], failure.attempts >= Self.crashLimit { remove(instance) }
            }
        }
    }

    /// While a person has the word: only what the last good release had is kept running.
    mutating func reviveStopped() {
        guard let release = memory.lastGood else { return }
        let target = memory.rollout?.target
        for view in views(of: release, besides: target) {
            let isSingle = [release, target].compactMap { $0 }.contains { release in
                release.spec.process(view.name).map { ProcessView.isStopFirst($0, in: release.spec) } ?? false
            }
            // The one that took over may write at this moment: the old one stays down beside it.
            let room = isSingle && view.hasLiveOthers ? 0 : room(release, view)
            revive(view.mine, release, room: min(view.want, room))
        }
    }

    /// Before a release has begun to change anything: what the last good one has lost meanwhile comes back, and nothing
    /// is taken away.
    mutating func holdStill(_ rollout: Rollout) {
        guard let release = memory.lastGood else { return }
        for view in views(of: release, besides: rollout.target) {
            let isSingle = [release, rollout.target].contains { release in
                release.spec.process(view.name).map { ProcessView.isStopFirst($0, in: release.spec) } ?? false
            }
            if isSingle, view.hasLiveOthers { continue }
            let surges = [release, rollout.target].map { release in
                Planner.limits(release.spec.deploy, want: view.capacity).surge
            }
            let room = view.capacity + (isSingle ? 0 : surges.min() ?? 0) - view.liveCount
            let started = revive(view.mine, release, room: room)
            // What an overtaken release has put in its place serves as well.
            let wanted = view.want - view.others.count(where: \.isReady)
            launch(release, view, upTo: wanted, room: room - started)
        }
    }

    private func isStopFirst(_ view: ProcessView, _ release: Release) -> Bool {
        view.spec.map { ProcessView.isStopFirst($0, in: release.spec) } ?? false
    }

    // MARK: The way back

    mutating func rollBack(_ rollout: Rollout, _ failure: Failure) {
        guard endCommand(rollout) else {
            holdStill(rollout)
            return
        }
        var rollout = memory.rollout ?? rollout
        guard let lastGood = memory.lastGood else {
            removeFirstRelease(rollout, failure)
            return
        }
        let views = views(of: lastGood, besides: rollout.target)
        let ready = views.reduce(0) { $0 + min($1.want, $1.mineReady) }
        if ready > rollout.provenMaximum {
            rollout.provenMaximum = ready
            rollout.lastProgressAt = now
            memory.rollout = rollout
        }
        if views.allSatisfy({
            $0.mineReady >= $0.want && $0.others.isEmpty && !$0.isUnsettled
        }) {
            end(rollout, failure, .rolledBack, "\(lastGood.number) is back in full")
            steady()
            return
        }
        let deadline = rollout.lastProgressAt + lastGood.spec.deploy.effectiveTimeout
        guard now < deadline else {
            end(
                rollout, failure, .held,
                "\(lastGood.number) did not come back within its time; it is kept trying")
            steady()
            return
        }
        wake(at: deadline)
        if isPlanted(.rollbackPulls) {
            perform(.prepare(reference: lastGood.image.reference, known: nil))
            if input.failures.keys.contains(where: { $0.kind == .prepare }) { return }
        }
        restore(lastGood, views)
        for view in views { keepAlive(view) }
    }

    /// There is nothing to go back to: what failed is taken away and a person is asked.
    private mutating func removeFirstRelease(_ rollout: Rollout, _ failure: Failure) {
        let mine = input.instances.filter { $0.labels.spec == rollout.target.specDigest }
        if mine.isEmpty, input.unseen.isEmpty, !input.inFlight.contains(where: { $0.kind == .launch }) {
            end(rollout, failure, .held, "there is no earlier good release to go back to")
            steady()
            return
        }
        for instance in mine { remove(view(instance)) }
    }

    private mutating func end(
        _ rollout: Rollout, _ failure: Failure, _ outcome: RolloutRecord.Outcome, _ sentence: String
    ) {
        let number = rollout.target.number
        var recorded: RolloutRecord.Outcome =
            failure.cause == .aborted && outcome == .rolledBack ? .aborted : outcome
        if isPlanted(.rolledBackIsSucceeded) { recorded = .succeeded }
        memory.rollout = nil
        memory.lastOutcome = LastOutcome(release: number, outcome: recorded, failure: failure, at: now)
        record(rollout, recorded, evidence: [failure.message] + failure.evidence)
        event(
            outcome == .held ? .held : .rolledBack, release: number, commit: rollout.target.origin.commit.id,
            "\(number) \(failure.message); \(sentence)")
    }

    // MARK: Removal

    /// Git does not want the app any more, and that is proven: its containers go, its volumes stay.
    mutating func remove() {
        if let rollout = memory.rollout { record(rollout, .superseded, evidence: []) }
        memory.rollout = nil
        memory.isBeingRemoved = true
        for instance in input.instances { remove(view(instance)) }
        for job in input.jobs { perform(.remove(job.id, name: job.name, grace: jobGrace(job))) }
        routeRemoval()
        if input.instances.isEmpty, input.jobs.isEmpty, input.unseen.isEmpty, input.inFlight.isEmpty,
            plan.actions.isEmpty
        {
            plan.isForgotten = true
            event(.appRemoved, "removed with all its containers; its volumes are kept")
        }
        plan.verdict = .progressing
        plan.phase = "removing"
        plan.because =
            [
                Blocker(
                    cause: .removing, object: input.app.rawValue,
                    message: "the spec is gone from git; \(input.instances.count) containers are left")
            ] + worldBlockers()
        noteVerdict()
    }

    private mutating func routeRemoval() {
        guard case .routes(let observed) = input.edge else { return }
        guard input.instances.isEmpty, input.unseen.isEmpty else { return routeAll() }
        for process in observed.keys.sorted() {
            perform(.unroute(RouteKey(app: input.app, process: process)))
        }
    }
}
