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
        noteVerdict()
    }

    mutating func judgeWithoutEngine() {
        plan.verdict = .unknown
        plan.because = [
            Blocker(cause: .engine, object: "engine", message: input.engineProblem, command: "slipway status")
        ]
        // What stood before the engine was lost is still the best knowledge, so the memory keeps its verdict.
    }

    mutating func noteVerdict() {
        guard memory.verdict != plan.verdict else { return }
        memory.verdict = plan.verdict
        memory.verdictSince = now
    }

    // MARK: During a rollout

    private mutating func judge(_ rollout: Rollout) {
        let target = rollout.target
        let views = views(of: target, besides: memory.lastGood)
        let window = target.spec.deploy.effectiveMinHealthyTime
        let want = max(1, views.reduce(0) { $0 + $1.want })
        let proven = views.reduce(0) { $0 + min($1.want, $1.mineProven(now: now, window: window)) }
        let timeout = target.spec.deploy.effectiveTimeout
        let left = rollout.lastProgressAt + timeout - now
        plan.rollout = RolloutStatus(
            strategy: target.spec.deploy.effectiveStrategy, from: memory.lastGood?.number, to: target.number,
            step: min(proven + 1, want), steps: want, provenPercent: proven * 100 / want,
            deadlineInSeconds: memory.isPaused || rollout.stalledSince != nil
                ? nil : max(0, left.wholeSecondsRoundedUp))
        switch rollout.phase {
        case .held(let failure):
            plan.verdict = .held
            plan.phase = "failed"
            plan.because = [
                blocker(failure, of: target),
                Blocker(
                    cause: target.spec.deploy.effectiveRollback ? .noLastGood : .rollbackOff,
                    object: input.app.rawValue,
                    message: target.spec.deploy.effectiveRollback
                        ? "it ran before this store knew it, so \(target.number) stays until a person decides"
                        : "deploy.rollback is off, so \(target.number) stays until a person decides",
                    command: "slipway abort \(input.app)")
            ]
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

    private mutating func judgeMoving(_ rollout: Rollout, _ views: [ProcessView], isLate: Bool) {
        let target = rollout.target
        plan.phase = target.spec.deploy.effectiveStrategy.rawValue
        // The pause is all there is to say: nothing moves that could be waited for.
        if memory.isPaused { return }
        plan.verdict = isLate ? .held : .progressing
        plan.because = worldBlockers() + instanceBlockers(views)
        if plan.because.isEmpty {
            plan.because = [
                Blocker(
                    cause: .starting, object: target.number.description,
                    message: "\(target.number) is being started",
                    sinceSeconds: seconds(since: rollout.startedAt))
            ]
        }
    }

    // MARK: At rest

    private mutating func judgeAtRest() {
        switch input.desired {
        case .heldRemoval(let commit, let message):
            plan.verdict = .held
            plan.because = [
                Blocker(
                    cause: .deletionBrake, object: input.app.rawValue, message: message,
                    command: "slipway approve \(commit.short)")
            ]
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
            plan.because = worldBlockers() + instanceBlockers(views)
        } else if views.contains(where: {
            !$0.others.isEmpty || $0.mine.count > $0.want || $0.launching + $0.launchingOthers > 0
        }) {
            plan.verdict = .progressing
            plan.phase = "cleaning up"
            plan.because = worldBlockers() + cleanupBlockers(views)
        } else {
            plan.verdict = .converged
            plan.because = worldBlockers() + (plan.actions.isEmpty ? [] : [driftBlocker()])
            if memory.isPaused { plan.because.append(pausedBlocker()) }
        }
    }

    private mutating func judgeQuarantined(_ entry: Quarantined) {
        let hasLastGood = memory.lastGood != nil
        plan.verdict = hasLastGood ? .rolledBack : .held
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
            plan.because = input.unmetDependencies.map { name in
                Blocker(
                    cause: .dependency, object: name.rawValue, message: "waits until \(name) is converged",
                    command: "slipway why \(name)")
            }
            return
        }
        let key = ActionKey(kind: .prepare, object: candidate.spec.image)
        guard let failure = input.failures[key] else {
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
        plan.because = [
            Blocker(
                cause: .imagePull, object: candidate.spec.image, message: failure.message,
                sinceSeconds: seconds(since: failure.firstAt),
                nextAttemptInSeconds: seconds(until: failure.nextAttemptAt),
                command: "slipway retry \(input.app)")
        ]
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

    private func driftBlocker() -> Blocker {
        Blocker(
            cause: .drift, object: plan.actions.first?.object ?? input.app.rawValue,
            message: "a change by hand is being put back")
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
            blockers += view.mine.prefix(5).compactMap(instanceBlocker)
            if view.mineReady < view.want, view.mine.allSatisfy({ $0.isReady || $0.isStopping }) {
                blockers.append(
                    Blocker(
                        cause: .starting, object: "\(input.app)-\(view.name)",
                        message: "\(view.name) has \(view.mineReady) of \(view.want) instances ready"))
            }
        }
        return Array(blockers.prefix(5))
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
