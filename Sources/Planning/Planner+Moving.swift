import Model

extension AppPlanning {
    /// One look at a rollout under way: has it failed, is its step done, what may start, what may stop.
    mutating func advance(_ rollout: Rollout) {
        var rollout = rollout
        let movement = Movement(rollout, from: memory.lastGood)
        let views = views(of: rollout.target, besides: memory.lastGood)
        if case .revert(let failure) = input.group?.decision {
            fail(rollout, failure, views)
            return
        }
        noteProgress(&rollout, views, movement)

        if let failure = failure(of: rollout, views) {
            memory.rollout = rollout
            fail(rollout, failure, views)
            return
        }
        let isInPlace = isInPlace(views, movement)
        if isInPlace { rollout.litStep = movement.index }
        share = movement.traffic(lit: rollout.litStep)
        startAndStop(views, movement)
        if isInPlace, areRoutesSettled {
            if rollout.bakingSince == nil { beginBake(&rollout) }
        } else {
            endBake(&rollout)
        }
        memory.rollout = rollout
        wakeForGates(views, window: movement.window)
        if rollout.waitingSince == nil {
            wake(at: rollout.lastProgressAt + rollout.target.spec.deploy.effectiveTimeout)
        }
        if rollout.bakingSince != nil { finishStep(rollout, views, movement) }
    }

    private func noteProgress(_ rollout: inout Rollout, _ views: [ProcessView], _ movement: Movement) {
        if views.contains(where: { isMakingRoom($0, movement) }) {
            rollout.lastProgressAt = max(rollout.lastProgressAt, now)
        }
        let proven = views.reduce(0) { $0 + min($1.want, $1.mineProven(now: now, window: movement.window)) }
        guard proven > rollout.provenMaximum else { return }
        rollout.provenMaximum = proven
        rollout.lastProgressAt = max(rollout.lastProgressAt, now)
    }

    /// The next one cannot come up before an old one is down, and how long that takes is the old one's doing.
    private func isMakingRoom(_ view: ProcessView, _ movement: Movement) -> Bool {
        view.mineCount < movement.want(of: view) && view.others.contains(where: \.isStopping)
    }

    // MARK: Steps

    /// Every instance that the step wants is proven since its last start, and none is on its way.
    private func isInPlace(_ views: [ProcessView], _ movement: Movement) -> Bool {
        views.allSatisfy { view in
            if movement.isLastInLine(view), !movement.isLast { return true }
            if isPlanted(.unprovenIsPromoted) { return view.isGateOpen(now: now, window: movement.window) }
            return view.isGateOpen(now: now, window: movement.window)
                && view.mineProven(now: now, window: movement.window) >= movement.want(of: view)
                && (!isRouted(view.name) || movement.isStillDark
                    || view.mineInRoute >= movement.want(of: view))
                && hasMadeRoom(view, movement)
        }
    }

    /// Without an edge a step's share of requests is that of the instances, so the old ones that it does without have
    /// to be gone; as far as the floor allows.
    private func hasMadeRoom(_ view: ProcessView, _ movement: Movement) -> Bool {
        guard !isRouted(view.name), let held = movement.oldCount(of: view, isRouted: false) else {
            return true
        }
        let floor = view.capacity - movement.unavailable(of: view)
        return view.others.count { $0.isLive } <= max(held, floor - view.mineServing)
    }

    private func beginBake(_ rollout: inout Rollout) {
        rollout.bakingSince = now
        rollout.baseline = figures()
    }

    /// Something of the step is not proven any more: what was waited for starts anew when it is.
    private func endBake(_ rollout: inout Rollout) {
        rollout.bakingSince = nil
        rollout.baseline = [:]
        rollout.isReadyForGroup = false
        stopWaiting(&rollout)
    }

    /// Waiting for a person, or for the others of a group, does not count against the deadline.
    private func stopWaiting(_ rollout: inout Rollout) {
        guard let since = rollout.waitingSince else { return }
        rollout.lastProgressAt = rollout.lastProgressAt + (now - max(since, rollout.lastProgressAt))
        rollout.waitingSince = nil
    }

    /// All of the step stands: has it held long enough, is it good, may the next one begin?
    private mutating func finishStep(_ rollout: Rollout, _ views: [ProcessView], _ movement: Movement) {
        var rollout = rollout
        orderAnalysis(rollout, views)
        let isPromoted = rollout.promotedStep.map { $0 >= rollout.step } ?? false
        switch analyse(rollout, movement, isPromoted: isPromoted) {
        case .bad(let failure):
            fail(rollout, failure, views)
        case .baking(let until):
            stopWaiting(&rollout)
            memory.rollout = rollout
            wake(at: until)
        case .insufficient:
            waitForPerson(rollout)
        case .good
        where movement.next?.needsApproval == true && !isPromoted && !isPlanted(.approvalSkipped):
            waitForPerson(rollout)
        case .good where !movement.isLast:
            stopWaiting(&rollout)
            enterNextStep(rollout)
        case .good:
            promote(rollout, views)
        }
    }

    private mutating func waitForPerson(_ rollout: Rollout) {
        var rollout = rollout
        if rollout.waitingSince == nil { rollout.waitingSince = now }
        memory.rollout = rollout
    }

    private mutating func enterNextStep(_ rollout: Rollout) {
        var rollout = rollout
        rollout.step += 1
        rollout.bakingSince = nil
        rollout.baseline = [:]
        rollout.lastProgressAt = now
        memory.rollout = rollout
        event(
            .stepPassed, release: rollout.target.number, commit: rollout.target.origin.commit.id,
            "\(rollout.target.number) holds; step \(rollout.step + 1) begins")
        // The same news, looked at for the next step; its number bounds the depth.
        isSecondLook = true
        advance(rollout)
        isSecondLook = false
    }

    /// The last step holds: the release is good, unless others have to be good with it.
    private mutating func promote(_ rollout: Rollout, _ views: [ProcessView]) {
        switch input.group?.decision {
        case nil, .promote:
            succeed(rollout)
        case .wait where isPlanted(.groupPromotesAlone):
            succeed(rollout)
        case .wait:
            var rollout = rollout
            rollout.isReadyForGroup = true
            plan.groupState = .ready
            waitForPerson(rollout)
        case .revert:
            // Looked at before anything else.
            break
        }
    }

    private mutating func succeed(_ rollout: Rollout) {
        let target = rollout.target
        let isStepped = rollout.steps(from: memory.lastGood).count > 1
        if let old = memory.lastGood, isStepped, !routedProcesses.isEmpty {
            memory.kept = KeptRelease(release: old, until: now + Self.keepTime)
        } else {
            memory.kept = nil
        }
        memory.lastGood = target
        memory.rollout = nil
        memory.lastOutcome = LastOutcome(release: target.number, outcome: .succeeded, failure: nil, at: now)
        memory.quarantine.removeAll { $0.spec == target.specDigest }
        share = nil
        record(rollout, .succeeded, evidence: [])
        event(
            .rolloutSucceeded, release: target.number, commit: target.origin.commit.id,
            "\(target.number) is proven and is now the last good release")
        isSecondLook = true
        steady()
        isSecondLook = false
    }

    // MARK: Starting and stopping

    private mutating func startAndStop(_ views: [ProcessView], _ movement: Movement) {
        let target = movement.target
        let window = movement.window
        let isGateOpen = views.allSatisfy { $0.isGateOpen(now: now, window: window) }
        let areOthersProven = views.allSatisfy { view in
            movement.isLastInLine(view) || view.mineProven(now: now, window: window) >= view.want
        }
        for view in views {
            if movement.isLastInLine(view) {
                // What stops before it starts goes last, when all that can be proven beside the old is proven.
                if areOthersProven, movement.isLast { replaceStopFirst(target, view) }
                continue
            }
            let room = view.capacity + movement.surge(of: view) - view.liveCount
            var used = revive(view.mine, target, room: room)
            used += launch(target, view, upTo: movement.want(of: view), room: room - used)
            if let held = movement.oldCount(of: view, isRouted: isRouted(view.name)) {
                sustain(view, held, room: room - used)
                if isGateOpen { retire(view, movement, leaving: held) }
            } else if isGateOpen {
                retire(view, movement, leaving: 0)
            }
        }
    }

    /// Keeps alive what the last good release still has to hold while a step bakes or a person is waited for.
    private mutating func sustain(_ view: ProcessView, _ held: Int, room: Int) {
        guard let lastGood = memory.lastGood, let template = lastGood.templates[view.name],
            let process = lastGood.spec.process(view.name),
            !ProcessView.isStopFirst(process, in: lastGood.spec)
        else { return }
        let old = view.others.filter { $0.instance.labels.template == template.digest && !$0.isStopping }
        let started = revive(old, lastGood, room: room)
        let alive = old.count { $0.instance.state != .dead && $0.instance.state != .removing }
        let missing = min(held - alive - view.launchingOthers, room - started)
        guard missing > 0 else { return }
        for _ in 0..<missing {
            perform(
                .launch(
                    order(lastGood, view.name, template, name: takeName(lastGood.number, view.name))))
        }
    }

    private mutating func replaceStopFirst(_ target: Release, _ view: ProcessView) {
        for other in view.others where other.isLive && !other.isStopping { stop(other) }
        guard !view.hasLiveOthers else { return }
        let room = view.capacity - view.liveCount
        let started = revive(view.mine, target, room: room)
        launch(target, view, upTo: view.want, room: room - started)
    }

    /// Takes old instances away, never below the floor, those of no use first.
    ///
    /// - Parameter held: how many of the last good release stay in this step.
    private mutating func retire(_ view: ProcessView, _ movement: Movement, leaving held: Int) {
        let candidates = view.others.filter { !$0.isStopping }
        let goodTemplate = memory.lastGood?.templates[view.name]?.digest
        func isGood(_ other: InstanceView) -> Bool { other.instance.labels.template == goodTemplate }
        for other in candidates where other.isBad && !(held > 0 && isGood(other)) { remove(other) }
        // An overtaken release that was never called good has nothing to wait for: what of it is not ready takes the
        // room of the one that is to come, and without a surge that is all there is.
        for other in candidates where !isGood(other) && !other.isReady && !other.isUndecided { remove(other) }
        // What the target does not have any more goes with its success, not before it is proven.
        let isReplaced =
            view.want > 0 && view.mineProvenServing(now: now, window: movement.window) >= view.want
            || isPlanted(.oldGoBeforeNewAreThere)
        let floor = view.capacity - movement.unavailable(of: view)
        var budget = isReplaced ? candidates.count : view.servingCount - floor
        let useful = candidates.filter { !$0.isBad }
        var spare = useful.count - min(held, useful.count(where: isGood))
        let inOrder = useful.sorted { left, right in
            // Releases that were never proven go before the last good one, and who has begun to leave goes first.
            if isGood(left) != isGood(right) { return isGood(right) }
            if left.isDraining != right.isDraining { return left.isDraining }
            return left.name > right.name
        }
        for other in inOrder where spare > 0 && !other.isUndecided {
            // One that gets no requests is missed by nobody, unless the edge has just lost its routes.
            guard budget > 0 || budget == 0 && !other.isServing else { continue }
            if other.isServing { budget -= 1 }
            spare -= 1
            remove(other)
        }
    }

    /// Makes what is missing.
    ///
    /// - Parameters:
    ///   - wanted: how many there are to be.
    ///   - room: how many may come up; one that waits for its next attempt takes its place all the same.
    /// - Returns: how many are launched.
    @discardableResult
    mutating func launch(_ release: Release, _ view: ProcessView, upTo wanted: Int, room: Int) -> Int {
        guard let template = view.template else { return 0 }
        var left = room
        for leftover in view.mine where !leftover.isStarting && !leftover.isStopping && left > 0 {
            // Made, but it never ran: the crash fell between the two. The same order again completes it.
            guard case .created = leftover.instance.state else { continue }
            if let recorded = input.recordedNames[leftover.id], recorded != leftover.name {
                // Somebody has renamed it: under that name it would be nobody's.
                remove(leftover)
                continue
            }
            if leftover.instance.labels.release != release.number {
                // Made for another release of the same template: its name and the labels of this one would not go
                // together, and what does not follow from its labels is nobody's.
                remove(leftover)
                continue
            }
            perform(.launch(order(release, view.name, template, name: leftover.name)))
            left -= 1
        }
        let count = min(wanted - view.mineCount, left)
        guard count > 0 else { return room - left }
        for _ in 0..<count {
            perform(.launch(order(release, view.name, template, name: takeName(release.number, view.name))))
        }
        return room - left + count
    }

    func stopGrace(of view: InstanceView) -> TimeSpan {
        for release in [memory.rollout?.target, memory.lastGood, memory.kept?.release] {
            guard let template = release?.templates[view.instance.labels.process],
                template.digest == view.instance.labels.template
            else { continue }
            return template.container.stopGrace
        }
        return .seconds(30)
    }

    /// Starts what has ended or was stopped, and mends what was changed by hand, without touching what is well.
    ///
    /// Whatever the restart policy: that is the engine's part. A process has as many instances as git wants.
    ///
    /// - Parameter room: how many may be started; the ceiling holds for these as well.
    /// - Returns: how many are started.
    @discardableResult
    mutating func revive(_ instances: [InstanceView], _ release: Release, room: Int) -> Int {
        var started = 0
        for view in instances where !view.isStopping && !view.isStarting {
            guard let template = release.templates[view.instance.labels.process] else { continue }
            if case .exited = view.instance.state {
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
        var repairs = Drift.repairs(
            for: view.instance, template: template, expectedName: input.recordedNames[view.id])
        if isRefused(.repair, view.name) {
            // The engine has said that this limit does not come off, and would say so for ever.
            repairs.removeAll { repair in
                if case .resources = repair { true } else { false }
            }
        }
        guard !repairs.isEmpty else { return }
        perform(.repair(view.id, name: view.name, repairs))
    }

    private mutating func wakeForGates(_ views: [ProcessView], window: TimeSpan) {
        for view in views {
            for instance in view.mine where instance.isReady { wake(at: instance.health.since + window) }
        }
    }
}
