import Model

extension AppPlanning {
    /// Says how the app is doing and why, in words that lead to what to do.
    mutating func judge() {
        if isStoreBehind {
            plan.verdict = .waiting
            plan.phase = "rebuilding"
            plan.because = [
                Blocker(
                    cause: .store, object: input.app.rawValue,
                    message:
                        "the store is older than what runs; nothing is touched until git has told what it is")
            ]
        } else if let rollout = memory.rollout {
            judge(rollout)
        } else {
            judgeAtRest()
        }
        if case .heldRemoval(let commit, let message) = input.desired,
            !plan.because.contains(where: { $0.cause == .deletionBrake })
        {
            // Whatever else is the matter with it: git does not want it, and a person is waited for.
            plan.because.insert(brakeBlocker(commit, message), at: 0)
        }
        if plan.because.isEmpty, plan.verdict != .converged { plan.because = [underWayBlocker()] }
        noteVerdict()
    }

    private func brakeBlocker(_ commit: CommitID, _ message: String) -> Blocker {
        Blocker(
            cause: .deletionBrake, object: input.app.rawValue, message: message,
            command: "slipway approve \(commit.short)")
    }

    /// No verdict but the best stands without a reason.
    private func underWayBlocker() -> Blocker {
        let object = (input.inFlight.first ?? plan.actions.first)?.object
        return Blocker(
            cause: .starting, object: object ?? input.app.rawValue,
            message: object.map { "\($0) is being worked on" } ?? "its instances are not all ready yet")
    }

    mutating func judgeWithoutEngine() {
        plan.verdict = .unknown
        plan.because = [
            Blocker(cause: .engine, object: "engine", message: input.engineProblem, command: "slipway status")
        ]
        // What stood before the engine was lost is still the best knowledge, so the memory keeps its verdict.
    }

    mutating func noteVerdict() {
        guard memory.verdict != plan.verdict || isPlanted(.verdictWrittenAnew) else { return }
        memory.verdict = plan.verdict
        memory.verdictSince = now
    }

    // MARK: During a rollout

    private mutating func judge(_ rollout: Rollout) {
        let target = rollout.target
        let views = views(of: target, besides: memory.lastGood)
        let timeout = target.spec.deploy.effectiveTimeout
        let left = rollout.lastProgressAt + timeout - now
        plan.rollout = status(rollout, views, left: left)
        switch rollout.phase {
        case .held(let failure):
            plan.verdict = .held
            plan.phase = "failed"
            plan.because =
                [blocker(failure, of: target), heldBlocker(target)] + dependencyBlockers(after: target)
                + imageBlockers()
        case .rollingBack(let failure):
            plan.verdict = .progressing
            plan.phase = "rolling back"
            plan.because = [blocker(failure, of: target)] + worldBlockers() + instanceBlockers(views)
        case .moving:
            judgeMoving(rollout, views, isLate: left <= .zero)
        }
        if memory.isPaused {
            plan.verdict = .held
            plan.phase = "paused"
            plan.because.insert(pausedBlocker(), at: 0)
        }
    }

    private func status(_ rollout: Rollout, _ views: [ProcessView], left: TimeSpan) -> RolloutStatus {
        let movement = Movement(rollout, from: memory.lastGood)
        let deploy = rollout.target.spec.deploy
        let want = max(1, views.reduce(0) { $0 + $1.want })
        let proven = views.reduce(0) { $0 + min($1.want, $1.mineProven(now: now, window: movement.window)) }
        let isStopped = memory.isPaused || rollout.stalledSince != nil || rollout.waitingSince != nil
        var status = RolloutStatus(
            strategy: deploy.effectiveStrategy, from: memory.lastGood?.number, to: rollout.target.number,
            step: min(proven + 1, want), steps: want, provenPercent: proven * 100 / want,
            deadlineInSeconds: isStopped ? nil : max(0, left.wholeSecondsRoundedUp))
        guard movement.steps.count > 1 else { return status }
        status.step = movement.index + 1
        status.steps = movement.steps.count
        let isRouted = !routedProcesses.isEmpty
        status.weightKind = isRouted ? .traffic : .instances
        status.weightPercent = isRouted ? share ?? 0 : instanceShare(views)
        if let since = rollout.bakingSince, rollout.waitingSince == nil {
            status.nextInSeconds = seconds(until: since + movement.step.bake)
        }
        return status
    }

    /// Of the instances of ported processes that are ready, or of all where no process has a port.
    private func instanceShare(_ views: [ProcessView]) -> Int {
        let ported = views.filter { $0.spec?.port != nil }
        let counted = ported.isEmpty ? views : ported
        let all = counted.reduce(0) { $0 + $1.all.count { $0.isReady } }
        let mine = counted.reduce(0) { $0 + $1.mineReady }
        return all > 0 ? mine * 100 / all : 0
    }

    private func heldBlocker(_ target: Release) -> Blocker {
        let command = "slipway abort \(input.app)"
        let name = input.app.rawValue
        if !target.spec.effectiveReversible {
            return Blocker(
                cause: .irreversible, object: name,
                message:
                    "the spec says `reversible: false`, so \(target.number) stays until a person decides",
                command: command)
        }
        if !target.spec.deploy.effectiveRollback {
            return Blocker(
                cause: .rollbackOff, object: name,
                message: "deploy.rollback is off, so \(target.number) stays until a person decides",
                command: command)
        }
        return Blocker(
            cause: .noLastGood, object: name,
            message: "it ran before this store knew it, so \(target.number) stays until a person decides",
            command: command)
    }

    private mutating func judgeMoving(_ rollout: Rollout, _ views: [ProcessView], isLate: Bool) {
        let target = rollout.target
        plan.phase = target.spec.deploy.effectiveStrategy.rawValue
        // The pause is all there is to say: nothing moves that could be waited for.
        if memory.isPaused { return }
        if let blocker = waitBlocker(rollout) {
            // Nothing moves while a member that is to come along cannot begin.
            let isStuck = input.group?.isPrepared == false
            plan.verdict = blocker.cause == .group ? isStuck ? .waiting : .progressing : .held
            plan.because = [blocker] + imageBlockers() + worldBlockers()
            return
        }
        if let blocker = commandBlocker(rollout) {
            plan.verdict = .progressing
            plan.phase = "release command"
            plan.because = [blocker] + worldBlockers()
            return
        }
        plan.verdict = isLate ? .held : .progressing
        plan.because = worldBlockers() + edgeBlockers() + bakeBlockers(rollout) + instanceBlockers(views)
        if plan.because.isEmpty {
            plan.because = [
                Blocker(
                    cause: .starting, object: target.number.description,
                    message: "\(target.number) is being started",
                    sinceSeconds: seconds(since: rollout.startedAt))
            ]
        }
    }

    /// Who is waited for: a person, or the rest of the group.
    private func waitBlocker(_ rollout: Rollout) -> Blocker? {
        guard let since = rollout.waitingSince else { return nil }
        let number = rollout.target.number
        let movement = Movement(rollout, from: memory.lastGood)
        if rollout.isReadyForGroup, let group = input.group {
            let names = group.others.map(\.rawValue).joined(separator: ", ")
            return Blocker(
                cause: .group, object: group.name,
                message: "\(number) is proven and waits for \(names) of group \(group.name)",
                sinceSeconds: seconds(since: since),
                command: group.others.first.map { "slipway why \($0)" })
        }
        let isUndecided: Bool
        if case .insufficient = analyse(rollout, movement, isPromoted: false) {
            isUndecided = true
        } else {
            isUndecided = false
        }
        return Blocker(
            cause: isUndecided ? .evidence : .approval, object: number.description,
            message: isUndecided
                ? "step \(movement.index + 1) of \(movement.steps.count) had too few requests to be judged by"
                : "\(number) is proven and waits to be promoted",
            sinceSeconds: seconds(since: since), command: "slipway promote \(input.app)")
    }

    private func bakeBlockers(_ rollout: Rollout) -> [Blocker] {
        let movement = Movement(rollout, from: memory.lastGood)
        guard movement.steps.count > 1, let since = rollout.bakingSince else { return [] }
        let left = seconds(until: since + movement.step.bake)
        return [
            Blocker(
                cause: .bake, object: rollout.target.number.description,
                message: "step \(movement.index + 1) of \(movement.steps.count), baking",
                sinceSeconds: seconds(since: since), nextAttemptInSeconds: left)
        ]
    }

    func edgeBlockers() -> [Blocker] {
        guard isEdgeMissed, let problem = edgeProblem else { return [] }
        return [Blocker(cause: .edge, object: "edge", message: problem, command: "slipway status")]
    }

    // MARK: At rest

    private mutating func judgeAtRest() {
        switch input.desired {
        case .heldRemoval(let commit, let message):
            plan.verdict = .held
            plan.because = [brakeBlocker(commit, message)]
        case .keep(let blockers, _, let isInvalid):
            plan.verdict = isInvalid ? .invalid : .waiting
            plan.because = blockers
        case .spec(let candidate):
            judgeAtRest(candidate)
        case .remove:
            plan.verdict = .progressing
        }
    }

    private mutating func judgeAtRest(_ candidate: Candidate) {
        if let pin = memory.pin, memory.lastGood?.specDigest != pin.release.specDigest {
            // What a person asked for is not what runs, whatever git says.
            if let entry = isQuarantined(pin.release.specDigest) {
                judgeQuarantined(entry)
            } else {
                plan.verdict = .held
                plan.because = [pausedBlocker()]
            }
            return
        }
        if let pin = memory.pin {
            plan.verdict = .held
            plan.phase = "pinned"
            plan.because = [
                Blocker(
                    cause: .pinned, object: input.app.rawValue,
                    message:
                        "a person went back to \(pin.release.number); git wants \(candidate.origin.commit.id.short)",
                    command: "slipway retry \(input.app)")
            ]
            return
        }
        if memory.lastGood?.specDigest == candidate.digest {
            judgeRunning()
        } else if let entry = isQuarantined(candidate.digest) {
            judgeQuarantined(entry)
        } else {
            judgeWaiting(candidate)
        }
    }

    private mutating func judgeRunning() {
        let views = viewsAtRest ?? views(of: memory.lastGood, besides: nil)
        if views.contains(where: { $0.mineReady < $0.want }) {
            plan.verdict = .degraded
            plan.phase = "repairing"
            plan.because = worldBlockers() + edgeBlockers() + instanceBlockers(views)
        } else if views.contains(where: {
            !$0.others.isEmpty || $0.mine.count > $0.want || $0.isUnsettled
        }) {
            plan.verdict = .progressing
            plan.phase = "cleaning up"
            plan.because = worldBlockers() + edgeBlockers() + cleanupBlockers(views) + unseenBlockers(views)
        } else if !areRoutesSettled {
            plan.verdict = edgeProblem == nil ? .progressing : .degraded
            plan.phase = "routing"
            plan.because = worldBlockers() + edgeBlockers() + [routeBlocker()]
        } else {
            plan.verdict = .converged
            plan.because =
                worldBlockers() + (plan.actions.isEmpty ? [] : [driftBlocker()]) + limitBlockers(views)
            if memory.isPaused { plan.because.append(pausedBlocker()) }
        }
    }

    private mutating func judgeQuarantined(_ entry: Quarantined) {
        let hasLastGood = memory.lastGood != nil
        plan.verdict = hasLastGood ? .rolledBack : .held
        if isPlanted(.rolledBackIsConverged) { plan.verdict = .converged }
        plan.because = [
            Blocker(
                cause: hasLastGood ? .rolledBack : .noLastGood, object: entry.release.description,
                message: "\(entry.release) \(entry.failure.message)", sinceSeconds: seconds(since: entry.at)),
            Blocker(
                cause: .quarantined, object: entry.release.description,
                message: "\(entry.release) is not started again until its spec changes",
                command: "slipway retry \(input.app)")
        ]
        let views = views(of: memory.lastGood, besides: nil)
        if hasLastGood, views.contains(where: { $0.mineReady < $0.want }) {
            plan.because += instanceBlockers(views)
        }
    }

    private mutating func judgeWaiting(_ candidate: Candidate) {
        if memory.isPaused {
            plan.verdict = .held
            plan.phase = "paused"
            plan.because = [pausedBlocker()]
            return
        }
        if let hold = candidate.hold {
            plan.verdict = hold.cause == .unplanned ? .held : .waiting
            plan.because = [hold]
            return
        }
        if !candidate.isConfirmed {
            plan.verdict = .waiting
            plan.because = [
                Blocker(
                    cause: .source, object: candidate.origin.source.rawValue,
                    message: "the source has not been fetched since the controller started",
                    command: "slipway sync")
            ]
            return
        }
        if !input.unmetDependencies.isEmpty {
            plan.verdict = .waiting
            plan.because = dependencyBlockers()
            return
        }
        if input.prepared?.specDigest == candidate.digest, let blocker = startBlocker(candidate) {
            plan.verdict = blocker.cause == .approval ? .held : .waiting
            plan.because = [blocker]
            return
        }
        guard let failure = imageFailure(of: candidate) else {
            plan.verdict = .progressing
            plan.phase = "preparing"
            plan.because = [
                Blocker(
                    cause: .preparing, object: candidate.spec.image,
                    message: "the image is resolved and pulled")
            ]
            return
        }
        let isLate = now - failure.firstAt >= candidate.spec.deploy.effectiveTimeout
        plan.verdict = isLate ? .held : .waiting
        plan.phase = "preparing"
        plan.because = imageBlockers()
    }

    private func imageFailure(of candidate: Candidate) -> ActionFailure? {
        input.failures[ActionKey(kind: .prepare, object: candidate.spec.image)]
    }

    /// Why the image of what git wants is not there, if it was asked for in vain.
    private func imageBlockers() -> [Blocker] {
        guard case .spec(let candidate) = input.desired, let failure = imageFailure(of: candidate),
            memory.rollout?.target.specDigest != candidate.digest
        else { return [] }
        return [
            Blocker(
                cause: .imagePull, object: candidate.spec.image, message: failure.message,
                sinceSeconds: seconds(since: failure.firstAt),
                nextAttemptInSeconds: seconds(until: failure.nextAttemptAt),
                command: "slipway retry \(input.app)")
        ]
    }

    /// What a release whose image is there waits for before anything of it starts.
    private func startBlocker(_ candidate: Candidate) -> Blocker? {
        if !input.isApproved(candidate) {
            let commit = candidate.origin.commit.id.short
            return Blocker(
                cause: .approval, object: commit, message: "\(commit) is deployed when a person approves it",
                command: "slipway approve \(commit)")
        }
        guard let group = input.group, !group.isPrepared, !group.others.isEmpty else { return nil }
        let names = group.others.map(\.rawValue).joined(separator: ", ")
        return Blocker(
            cause: .group, object: group.name,
            message: "waits until \(names) of group \(group.name) can be rolled out as well",
            command: "slipway why \(group.others[0])")
    }

    // MARK: Links of the chain

    private func blocker(_ failure: Failure, of release: Release) -> Blocker {
        Blocker(
            cause: failure.cause, object: release.number.description,
            message: "\(release.number) \(failure.message)", command: "slipway history \(input.app)")
    }

    private func pausedBlocker() -> Blocker {
        Blocker(
            cause: .paused, object: input.app.rawValue, message: "paused by a person",
            sinceSeconds: memory.pausedAt.map { seconds(since: $0) }, command: "slipway resume \(input.app)")
    }

    private func routeBlocker() -> Blocker {
        Blocker(cause: .edge, object: "edge", message: "the edge has not taken all routes yet")
    }

    private func driftBlocker() -> Blocker {
        Blocker(
            cause: .drift, object: plan.actions.first?.object ?? input.app.rawValue,
            message: "a change by hand is being put back")
    }

    /// What a newer commit waits for before it takes the place of the release that is held.
    private func dependencyBlockers(after target: Release) -> [Blocker] {
        guard case .spec(let candidate) = input.desired, candidate.digest != target.specDigest else {
            return []
        }
        return dependencyBlockers()
    }

    private func dependencyBlockers() -> [Blocker] {
        input.unmetDependencies.map { name in
            Blocker(
                cause: .dependency, object: name.rawValue, message: "waits until \(name) is converged",
                command: "slipway why \(name)")
        }
    }

    /// Limits that were set by hand and that no call takes off again.
    private func limitBlockers(_ views: [ProcessView]) -> [Blocker] {
        views.flatMap(\.mine).filter { isRefused(.repair, $0.name) }.map { view in
            Blocker(
                cause: .drift, object: view.name,
                message: "was limited by hand, and the limit goes with the container only")
        }
    }

    func worldBlockers() -> [Blocker] {
        worldFailures.prefix(3).map { key, failure in
            Blocker(
                cause: .engine, object: key.object, message: failure.message,
                sinceSeconds: seconds(since: failure.firstAt),
                nextAttemptInSeconds: seconds(until: failure.nextAttemptAt))
        }
    }

    private func cleanupBlockers(_ views: [ProcessView]) -> [Blocker] {
        let names = views.flatMap { view in
            view.others.map(\.name) + view.mine.dropFirst(view.want).map(\.name)
        }
        return [
            Blocker(
                cause: .removing, object: names.first ?? input.app.rawValue,
                message: "\(names.count) containers that are not wanted any more are taken away")
        ]
    }

    /// Why instances of the wanted release are not ready, at most five.
    private func instanceBlockers(_ views: [ProcessView]) -> [Blocker] {
        var blockers: [Blocker] = []
        for view in views where view.mineReady < view.want || memory.rollout != nil {
            for instance in view.mine {
                if let blocker = instanceBlocker(instance) { blockers.append(blocker) }
            }
            if view.mineReady < view.want, view.mine.allSatisfy({ $0.isReady || $0.isStopping }) {
                blockers.append(
                    Blocker(
                        cause: .starting, object: "\(input.app)-\(view.name)",
                        message: "\(view.name) has \(view.mineReady) of \(view.want) instances ready"))
            }
        }
        return Array((unseenBlockers(views) + blockers).prefix(5))
    }

    private func unseenBlockers(_ views: [ProcessView]) -> [Blocker] {
        views.flatMap { $0.unseen + $0.unseenOthers }.map { name in
            Blocker(cause: .engine, object: name, message: "the engine does not say how it is")
        }
    }

    private func instanceBlocker(_ view: InstanceView) -> Blocker? {
        let health = view.health
        let since = seconds(since: health.since)
        switch view.instance.state {
        case .running where health.readiness == .ready:
            guard memory.rollout != nil else { return nil }
            return Blocker(
                cause: .bake, object: view.name, message: "ready, proving itself", sinceSeconds: since)
        case .running where health.readiness == .unhealthy:
            return Blocker(
                cause: .probeFailed, object: view.name, message: health.message, sinceSeconds: since)
        case .running:
            let text = health.message.isEmpty ? "waits for its first good answer" : health.message
            return Blocker(cause: .starting, object: view.name, message: text, sinceSeconds: since)
        case .paused:
            return Blocker(cause: .drift, object: view.name, message: "paused by hand", sinceSeconds: since)
        case .restarting(let code, _):
            return Blocker(
                cause: health.wasOutOfMemory ? .outOfMemory : .exited, object: view.name,
                message: "exited \(code) ×\(health.crashes)", sinceSeconds: since)
        case .exited(let code, let outOfMemory):
            return Blocker(
                cause: outOfMemory ? .outOfMemory : .exited, object: view.name,
                message: "stopped with exit code \(code)",
                sinceSeconds: since)
        case .created(let error):
            return Blocker(
                cause: .starting, object: view.name,
                message: error.map { "did not start: \($0)" } ?? "is made, not started",
                sinceSeconds: since)
        case .removing, .dead:
            return Blocker(
                cause: .removing, object: view.name, message: "is being removed", sinceSeconds: since)
        }
    }

    private func seconds(since instant: Instant) -> Int64 { max(0, (now - instant).milliseconds / 1_000) }
    private func seconds(until instant: Instant) -> Int64 { max(0, (instant - now).wholeSecondsRoundedUp) }
}
