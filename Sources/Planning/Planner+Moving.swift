import Model

extension AppPlanning {
    /// One look at a rollout under way: has it failed, is it done, what may start, what may stop.
    mutating func advance(_ rollout: Rollout) {
        var rollout = rollout
        let target = rollout.target
        let window = target.spec.deploy.effectiveMinHealthyTime
        let views = views(of: target, besides: memory.lastGood)

        let proven = views.reduce(0) { $0 + min($1.want, $1.mineProven(now: now, window: window)) }
        if proven > rollout.provenMaximum {
            rollout.provenMaximum = proven
            rollout.lastProgressAt = now
        }
        memory.rollout = rollout

        if let failure = failure(of: rollout, views) {
            fail(rollout, failure, views)
            return
        }
        if views.allSatisfy({ $0.launching == 0 && $0.mineProven(now: now, window: window) >= $0.want }) {
            succeed(rollout)
            return
        }
        startAndStop(target, views, window: window)
        wakeForGates(views, window: window)
        wake(at: rollout.lastProgressAt + target.spec.deploy.effectiveTimeout)
    }

    private mutating func startAndStop(_ target: Release, _ views: [ProcessView], window: TimeSpan) {
        let isGateOpen = views.allSatisfy { $0.isGateOpen(now: now, window: window) }
        let areOthersProven = views.allSatisfy { view in
            isStopFirst(view, target) || view.mineProven(now: now, window: window) >= view.want
        }
        for view in views {
            if isStopFirst(view, target) {
                // What stops before it starts goes last, when all that can be proven beside the old is proven.
                if areOthersProven { replaceStopFirst(target, view) }
            } else {
                let limits = Planner.limits(target.spec.deploy, want: view.capacity)
                let room = view.capacity + limits.surge - view.liveCount
                let started = revive(view.mine, target, room: room)
                launch(target, view, room: room - started)
                if isGateOpen { retire(view, target, limits.unavailable, window: window) }
            }
        }
    }

    func isStopFirst(_ view: ProcessView, _ release: Release) -> Bool {
        view.spec.map { ProcessView.isStopFirst($0, in: release.spec) } ?? false
    }

    private mutating func replaceStopFirst(_ target: Release, _ view: ProcessView) {
        for other in view.others where other.isLive && !other.isStopping {
            perform(.stop(other.id, name: other.name, grace: stopGrace(of: other)))
        }
        guard !view.hasLiveOthers else { return }
        let room = view.capacity - view.liveCount
        let started = revive(view.mine, target, room: room)
        launch(target, view, room: room - started)
    }

    /// Takes old instances away, never below the floor, those of no use first.
    private mutating func retire(_ view: ProcessView, _ target: Release, _ unavailable: Int, window: TimeSpan)
    {
        let candidates = view.others.filter { !$0.isStopping }
        for other in candidates where other.isBad { remove(other) }
        // What the target does not have any more goes with its success, not before it is proven.
        let isReplaced = view.want > 0 && view.mineProven(now: now, window: window) >= view.want
        var budget = isReplaced ? candidates.count : view.readyCount - (view.capacity - unavailable)
        let lastGoodTemplate = memory.lastGood?.templates[view.name]?.digest
        let inOrder = candidates.filter { !$0.isBad }.sorted { left, right in
            // Releases that were never proven go before the last good one.
            let isLeftGood = left.instance.labels.template == lastGoodTemplate
            let isRightGood = right.instance.labels.template == lastGoodTemplate
            return isLeftGood == isRightGood ? left.name > right.name : isRightGood
        }
        for other in inOrder where budget > 0 {
            remove(other)
            budget -= 1
        }
    }

    /// Makes what is missing.
    ///
    /// - Parameter room: how many may come up; one that waits for its next attempt takes its place all the same.
    mutating func launch(_ release: Release, _ view: ProcessView, room: Int) {
        guard let template = view.template else { return }
        var room = room
        for leftover in view.mine where !leftover.isStarting && !leftover.isStopping && room > 0 {
            // Made, but it never ran: the crash fell between the two. The same order again completes it.
            guard case .created = leftover.instance.state else { continue }
            perform(.launch(order(release, view.name, template, name: leftover.name)))
            room -= 1
        }
        let count = min(view.want - view.mineCount, room)
        guard count > 0 else { return }
        for _ in 0..<count {
            perform(.launch(order(release, view.name, template, name: takeName(release.number, view.name))))
        }
    }

    mutating func remove(_ view: InstanceView) {
        perform(.remove(view.id, name: view.name, grace: stopGrace(of: view)))
    }

    func stopGrace(of view: InstanceView) -> TimeSpan {
        for release in [memory.rollout?.target, memory.lastGood] {
            guard let template = release?.templates[view.instance.labels.process],
                template.digest == view.instance.labels.template
            else { continue }
            return template.container.stopGrace
        }
        return .seconds(30)
    }

    /// Starts what was stopped by hand, and mends what was changed by hand, without touching what is well.
    ///
    /// - Parameter room: how many may be started; the ceiling holds for these as well.
    /// - Returns: how many are started.
    @discardableResult
    mutating func revive(_ instances: [InstanceView], _ release: Release, room: Int) -> Int {
        var started = 0
        for view in instances where !view.isStopping && !view.isStarting {
            guard let template = release.templates[view.instance.labels.process] else { continue }
            if case .exited = view.instance.state, template.container.restart.restartsAfterStop {
                guard started < room else { continue }
                perform(.start(view.id, name: view.name))
                started += 1
            } else {
                mend(view, template.container)
            }
        }
        return started
    }

    mutating func mend(_ view: InstanceView, _ template: ContainerTemplate) {
        switch view.instance.state {
        case .running, .paused: break
        case .created, .restarting, .exited, .removing, .dead: return
        }
        let repairs = Drift.repairs(
            for: view.instance, template: template, expectedName: input.recordedNames[view.id])
        guard !repairs.isEmpty else { return }
        perform(.repair(view.id, name: view.name, repairs))
    }

    private mutating func wakeForGates(_ views: [ProcessView], window: TimeSpan) {
        for view in views {
            for instance in view.mine where instance.isReady { wake(at: instance.health.since + window) }
        }
    }

    private mutating func succeed(_ rollout: Rollout) {
        let target = rollout.target
        memory.lastGood = target
        memory.rollout = nil
        memory.lastOutcome = LastOutcome(release: target.number, outcome: .succeeded, failure: nil, at: now)
        memory.quarantine.removeAll { $0.spec == target.specDigest }
        record(rollout, .succeeded, evidence: [])
        event(
            .rolloutSucceeded, release: target.number, commit: target.origin.commit.id,
            "\(target.number) is proven and is now the last good release")
        steady()
    }
}

extension RestartPolicy {
    /// Whether an instance that does not run is to be started again by the controller.
    var restartsAfterStop: Bool {
        switch self {
        case .always, .unlessStopped: true
        case .onFailure, .never: false
        }
    }
}
