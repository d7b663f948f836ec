import Model

extension AppPlanning {
    /// Exits of one new instance after which its release counts as broken.
    static let crashLimit = 3

    /// What the target itself did wrong, if anything. What the world did wrong is waited out.
    func failure(of rollout: Rollout, _ views: [ProcessView]) -> Failure? {
        for view in views {
            guard let template = view.template else { continue }
            // Instances that the last good release has in the same form are not the target's doing; what it asks
            // of them is.
            guard memory.lastGood?.templates[view.name]?.digest != template.digest else {
                if let failure = failedQuestion(view) { return failure }
                continue
            }
            for instance in view.mine {
                if let failure = failure(of: instance, template.container, since: rollout.startedAt) {
                    return failure
                }
            }
        }
        let target = rollout.target
        for (key, failed) in input.failures.sorted(by: { $0.key.object < $1.key.object })
        where failed.isReleaseFault && isStart(key, of: target) {
            return Failure(
                cause: .exited, message: "\(key.object) could not be started: \(failed.message)",
                evidence: [failed.message])
        }
        let timeout = target.spec.deploy.effectiveTimeout
        let idle =
            isPlanted(.wallClockDeadlines)
            ? .seconds(input.wall.secondsSince1970 - rollout.startedAtWall.secondsSince1970)
            : now - rollout.lastProgressAt
        guard idle >= timeout, rollout.stalledSince == nil, rollout.waitingSince == nil,
            !isPlanted(.deadlineNeverFires)
        else { return nil }
        let want = views.reduce(0) { $0 + $1.want }
        return Failure(
            cause: .deadline,
            message:
                "no progress for \(timeout): \(rollout.provenMaximum) of \(want) instances were proven at most",
            evidence: views.flatMap(\.mine).map(\.health.message).filter { !$0.isEmpty })
    }

    /// A check that shared instances pass in the last good release's words, and fail in the target's.
    private func failedQuestion(_ view: ProcessView) -> Failure? {
        guard let old = memory.lastGood?.spec.process(view.name), let new = view.spec,
            ProbePolicy(old).question != ProbePolicy(new).question,
            let failed = view.mine.first(where: \.hasFailedItsCheck)
        else { return nil }
        return Failure(
            cause: .probeFailed,
            message: "\(view.name) failed its new health check ×\(failed.health.consecutiveFailures):"
                + " \(failed.health.message)", evidence: ["\(failed.name): \(failed.health.message)"])
    }

    /// Whether the action was to bring up an instance of that very release, and not of one before it.
    private func isStart(_ key: ActionKey, of target: Release) -> Bool {
        guard key.kind == .launch || key.kind == .start else { return false }
        return target.spec.processes.contains { process in
            let first = input.naming.container(
                app: input.app, process: process.name, release: target.number, index: 1)
            return key.object.hasPrefix(first.dropLast())
        }
    }

    private func failure(
        of view: InstanceView, _ template: ContainerTemplate, since start: Instant
    ) -> Failure? {
        let health = view.health
        let process = view.instance.labels.process
        let span = TimeSpan.seconds(max(1, (now - start).wholeSecondsRoundedUp))
        let isEnded: Bool
        if case .exited = view.instance.state {
            isEnded = !template.restart.restartsAfterStop
        } else {
            isEnded = false
        }
        if health.wasOutOfMemory && (isEnded || health.crashes >= 1) {
            return Failure(
                cause: .outOfMemory,
                message: "\(process) ran out of memory ×\(max(1, health.crashes)) in \(span)",
                evidence: ["exit code \(health.lastExitCode ?? 137), killed for its memory"])
        }
        if health.crashes >= Self.crashLimit || isEnded {
            let code = health.lastExitCode.map { "\($0)" } ?? "?"
            // An engine that has started it again already does not tell why it was killed.
            let isKilled = health.lastExitCode == 137 && template.memoryInBytes != nil
            let hint =
                isKilled ? ["137 is a kill, and there is a memory limit: it probably ran out of memory"] : []
            return Failure(
                cause: .exited, message: "\(process) exited \(code) ×\(max(1, health.crashes)) in \(span)",
                evidence: ["\(view.name): exit code \(code), \(health.crashes) exits in \(span)"] + hint)
        }
        if view.hasFailedItsCheck {
            return Failure(
                cause: .probeFailed,
                message:
                    "\(process) failed its health check ×\(health.consecutiveFailures): \(health.message)",
                evidence: ["\(view.name): \(health.message)"])
        }
        return nil
    }

    /// Turns a failed rollout round: quarantine, and the way back to the last good release.
    mutating func fail(_ rollout: Rollout, _ failure: Failure, _ views: [ProcessView]) {
        var rollout = rollout
        let target = rollout.target
        quarantine(target, failure)
        if isPlanted(.countNotRestored) { memory.lastGood = memory.lastGood?.forged(spec: target.spec) }
        // With nothing to go back to, what ran before this store knew it is not taken away.
        let isKept = rollout.isAdopted == true && memory.lastGood == nil
        let goesBack =
            target.spec.deploy.effectiveRollback
            && (target.spec.effectiveReversible || failure.cause == .group)
            && !isKept
        rollout.turn(to: goesBack ? .rollingBack(failure) : .held(failure), at: now)
        share = goesBack ? nil : share
        memory.rollout = rollout
        plan.groupState = .failed(failure)
        plan.evidenceFrom = Array(
            views.flatMap(\.mine).filter { $0.isBad || $0.health.crashes > 0 }.map(\.id).prefix(3))
        event(
            .rolloutFailed, release: target.number, commit: target.origin.commit.id,
            "\(target.number) failed: \(failure.message)")
        guard goesBack else {
            memory.lastOutcome = LastOutcome(
                release: target.number, outcome: .held, failure: failure, at: now)
            record(rollout, .held, evidence: [failure.message] + failure.evidence)
            let reason =
                isKept
                ? "there is no earlier good release"
                : target.spec.effectiveReversible ? "rollback is off" : "it is not reversible"
            event(.held, release: target.number, "\(reason): \(target.number) stays as it is")
            return
        }
        rollBack(rollout, failure)
    }

    mutating func quarantine(_ release: Release, _ failure: Failure) {
        if isPlanted(.failedIsTriedAgain) { return }
        memory.quarantine.removeAll { $0.spec == release.specDigest }
        memory.quarantine.append(
            Quarantined(
                spec: release.specDigest, image: release.image.digest, release: release.number,
                failure: failure,
                at: now))
        // Old entries are of specs that git left long ago; the bound keeps the memory small.
        if memory.quarantine.count > 20 { memory.quarantine.removeFirst(memory.quarantine.count - 20) }
    }
}

extension RestartPolicy {
    /// Whether the engine starts an instance again whatever its exit code was.
    fileprivate var restartsAfterStop: Bool {
        switch self {
        case .always, .unlessStopped: true
        case .onFailure, .never: false
        }
    }
}
