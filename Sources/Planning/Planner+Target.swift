import Model

extension AppPlanning {
    /// Begins, replaces or gives up a rollout, so that the newest commit is what is moved to.
    mutating func chooseTarget() {
        guard case .spec(let candidate) = input.desired, candidate.isConfirmed else { return }
        follow(candidate)
        // A command that runs is not cut off by a newer commit: it may be half-way through a database.
        if memory.rollout?.command?.isUnderWay == true, !isStoreBehind, !isPlanted(.commandCutOff) { return }
        if let pin = memory.pin {
            guard pin.unlessSpecIs == candidate.digest else {
                memory.pin = nil
                return chooseTarget()
            }
            aim(atPinned: pin.release)
            return
        }
        if memory.rollout?.target.specDigest == candidate.digest { return }
        if memory.rollout != nil, isPlanted(.supersedeWaits) { return }
        if memory.lastGood?.specDigest == candidate.digest {
            if let rollout = memory.rollout, !isEnding(rollout) {
                giveUp(rollout, for: "git went back to \(memory.lastGood.map { "\($0.number)" } ?? "it")")
            }
            return
        }
        if isQuarantined(candidate.digest) != nil {
            if let rollout = memory.rollout, !isEnding(rollout) {
                giveUp(rollout, for: "git wants a release that has failed before")
            }
            return
        }
        let isRunningAlready =
            input.prepared?.specDigest == candidate.digest && input.prepared?.adoptedNumber != nil
        guard !memory.isPaused, input.unmetDependencies.isEmpty || isRunningAlready else { return }
        guard let prepared = input.prepared, prepared.specDigest == candidate.digest else {
            perform(.prepare(reference: candidate.spec.image, known: nil))
            return
        }
        guard isRunningAlready || input.isApproved(candidate) && input.group?.isPrepared != false else {
            return
        }
        begin(release(of: candidate, prepared), isNew: true)
    }

    private func isEnding(_ rollout: Rollout) -> Bool {
        if case .rollingBack = rollout.phase { return true }
        return false
    }

    /// Takes over where the spec stands now.
    private mutating func follow(_ candidate: Candidate) {
        if memory.source != candidate.origin.source { memory.source = candidate.origin.source }
        if memory.path != candidate.origin.path { memory.path = candidate.origin.path }
        if memory.project != candidate.spec.project { memory.project = candidate.spec.project }
    }

    private mutating func aim(atPinned release: Release) {
        if memory.rollout?.target.specDigest == release.specDigest { return }
        if memory.lastGood?.specDigest == release.specDigest {
            if let rollout = memory.rollout, !isEnding(rollout) { giveUp(rollout, for: "a person went back") }
            return
        }
        guard isQuarantined(release.specDigest) == nil, !memory.isPaused else { return }
        begin(release, isNew: false)
        memory.rollout?.isDirect = true
    }

    private mutating func release(of candidate: Candidate, _ prepared: PreparedRelease) -> Release {
        // Numbers that containers carry are not given again, whatever the store knows of them.
        let unseen = input.unseen.compactMap { place(of: $0)?.release }
        let ran = numberOfRunCommand(candidate)
        if let highest = ((input.instances + input.jobs).map(\.labels.release) + unseen).max() {
            memory.catchUp(with: highest)
        }
        let number = prepared.adoptedNumber ?? ran?.release ?? memory.nextRelease
        memory.nextRelease = max(memory.nextRelease, number.next)
        return Release(
            number: number, spec: candidate.spec, specDigest: candidate.digest, image: prepared.image,
            origin: candidate.origin, templates: prepared.templates)
    }

    private mutating func begin(_ release: Release, isNew: Bool) {
        if let old = memory.rollout {
            record(old, .superseded, evidence: [])
            event(
                .superseded, release: old.target.number, commit: old.target.origin.commit.id,
                "\(old.target.number) is overtaken by \(release.number)")
            if isPlanted(.lastGoodBySuperseding) { memory.lastGood = old.target }
        }
        memory.rollout = Rollout(target: release, startedAt: now, startedAtWall: input.wall)
        memory.kept = nil
        if input.prepared?.adoptedNumber == release.number { memory.rollout?.isAdopted = true }
        if isNew, case .spec(let candidate) = input.desired, let ran = numberOfRunCommand(candidate),
            ran.release == release.number
        {
            // Somebody whose store is lost has begun it: what has become of it is seen by looking.
            memory.rollout?.command = JobRun(attempt: ran.attempt, phase: .starting(since: nil))
        }
        if isNew { plan.newReleases.append(release) }
        plan.rolloutRecords.append(
            RolloutRecord(
                app: input.app, release: release.number, commit: release.origin.commit,
                image: release.image.pinned,
                startedAt: input.wall, project: release.spec.project))
        let from = memory.lastGood.map { "\($0.number) → " } ?? ""
        event(
            .rolloutStarted, release: release.number, commit: release.origin.commit.id,
            "\(from)\(release.number), \(release.spec.deploy.effectiveStrategy.rawValue)")
    }

    /// Ends a rollout that nobody wants any more; the last good release is restored by the steady state.
    private mutating func giveUp(_ rollout: Rollout, for reason: String) {
        record(rollout, .superseded, evidence: [])
        memory.rollout = nil
        event(
            .superseded, release: rollout.target.number, commit: rollout.target.origin.commit.id,
            "\(rollout.target.number) is given up: \(reason)")
    }

    /// Writes the end of a rollout into the history.
    mutating func record(_ rollout: Rollout, _ outcome: RolloutRecord.Outcome, evidence: [String]) {
        plan.rolloutRecords.append(
            RolloutRecord(
                app: input.app, release: rollout.target.number, commit: rollout.target.origin.commit,
                image: rollout.target.image.pinned, startedAt: rollout.startedAtWall, endedAt: input.wall,
                outcome: outcome, evidence: evidence, project: rollout.target.spec.project))
    }
}
