import Model

/// The command of a release: it runs once, before anything of the app changes, and the release goes on with its
/// success only.
extension AppPlanning {
    /// Of how many releases the containers of their commands are kept, for the log.
    static let keptCommands = 3

    /// How long a failed command's last words are waited for.
    private static let logTime = TimeSpan.seconds(15)

    /// - Returns: whether the command is done with, so that instances may change.
    mutating func runCommand(_ rollout: Rollout) -> Bool {
        // A release that was found running has run it, and so has one that a person goes back to.
        guard rollout.isAdopted != true, !rollout.isDirect, rollout.command?.end != .succeeded,
            let command = ReleaseCommand(rollout.target)
        else { return true }
        var run = rollout.command ?? JobRun()
        let isReverted: Bool
        if case .revert = input.group?.decision { isReverted = true } else { isReverted = false }
        if isReverted { run = call(off: run) }
        run = drive(run, command, mayBegin: !isOtherCommandAlive(rollout))
        run = take(run, of: rollout)
        guard let end = run.end else { return isPlanted(.commandNotAwaited) }
        // Of a group that goes back, the member that has failed says why.
        if end == .succeeded || isReverted { return true }
        failCommand(command, run, end)
        return false
    }

    /// Ends what is left of a command that nobody waits for any more.
    ///
    /// - Returns: whether nothing of it runs.
    mutating func endCommand(_ rollout: Rollout) -> Bool {
        guard let run = rollout.command, run.end == nil, let command = ReleaseCommand(rollout.target) else {
            return true
        }
        let stopped = call(off: run)
        let ended = drive(stopped, command, mayBegin: false)
        return take(ended, of: rollout).end != nil
    }

    /// What a paused rollout has under way goes on to its end; nothing begins.
    mutating func watchCommand(_ rollout: Rollout) {
        guard let run = rollout.command, run.isUnderWay, let command = ReleaseCommand(rollout.target) else {
            return
        }
        let seen = drive(run, command, mayBegin: false)
        _ = take(seen, of: rollout)
    }

    private mutating func drive(_ run: JobRun, _ command: ReleaseCommand, mayBegin: Bool) -> JobRun {
        let order = order(command, attempt: run.attempt)
        return drive(run, order: order, timeout: command.spec.effectiveTimeout, mayBegin: mayBegin)
    }

    private mutating func take(_ run: JobRun, of rollout: Rollout) -> JobRun {
        memory.rollout?.command = run
        guard let end = run.end, rollout.command?.end == nil else { return run }
        let now = now
        memory.rollout?.lastProgressAt = now
        event(
            .releaseCommandEnded, release: rollout.target.number, commit: rollout.target.origin.commit.id,
            "the release command of \(rollout.target.number) \(end.sentence)")
        return run
    }

    /// Nothing of the app has changed, so whatever the spec says of rollbacks there is nothing to be held for.
    private mutating func failCommand(_ command: ReleaseCommand, _ run: JobRun, _ end: JobEnd) {
        guard var rollout = memory.rollout else { return }
        let container = job(order(command, attempt: run.attempt).labels)?.id
        let words = container.flatMap { input.jobLogs[$0] }
        let deadline = rollout.lastProgressAt + Self.logTime
        if let container, words == nil, now < deadline {
            plan.jobLogsWanted.append(container)
            wake(at: deadline)
            return
        }
        let failure = Failure(
            cause: .releaseCommand, message: "release command \(end.sentence)", evidence: words ?? [])
        quarantine(rollout.target, failure)
        rollout.turn(to: .rollingBack(failure), at: now)
        memory.rollout = rollout
        plan.groupState = .failed(failure)
        event(
            .rolloutFailed, release: rollout.target.number, commit: rollout.target.origin.commit.id,
            "\(rollout.target.number) failed: \(failure.message)")
    }

    private func order(_ command: ReleaseCommand, attempt: Int) -> JobOrder {
        let label = JobLabel(
            release: command.release.number, attempt: attempt, timeout: command.spec.effectiveTimeout)
        let name = input.naming.job(app: input.app, name: .releaseCommand, run: label.run)
        var order = order(command.release, .releaseCommand, command.template, name: name)
        order.labels.job = label
        return JobOrder(
            name: order.name, labels: order.labels,
            template: order.template.job(command.spec.command, named: .releaseCommand))
    }

    /// The command of another release runs, as a store that was lost does not know: never two at once.
    private func isOtherCommandAlive(_ rollout: Rollout) -> Bool {
        if isPlanted(.commandCutOff) { return false }
        return input.jobs.contains { job in
            job.labels.job?.kind == .release && job.labels.release != rollout.target.number
                && job.state.isLive
        }
    }

    /// The number under which this very spec has run its command already, where the store has lost it.
    func numberOfRunCommand(_ candidate: Candidate) -> (release: ReleaseNumber, attempt: Int)? {
        let runs = input.jobs.filter { job in
            let number = job.labels.release
            let isUnknown =
                number >= input.memory.nextRelease || input.memory.unnumbered?.contains(number) == true
            return job.labels.job?.kind == .release && job.labels.spec == candidate.digest && isUnknown
        }
        return runs.compactMap { job in
            let attempt = job.labels.job.flatMap { Int($0.run.split(separator: ".").last ?? "") }
            return attempt.map { (job.labels.release, max(1, $0)) }
        }
        .max { ($0.0, $0.1) < ($1.0, $1.1) }
    }

    /// Containers of commands that have ended go, but for the newest.
    mutating func tidyCommands() {
        let commands = input.jobs.filter { $0.labels.job?.kind == .release }
        guard !commands.isEmpty else { return }
        for job in commands where job.state.isLive && !isInUse(job) { endForgotten(job) }
        let kept = Set(commands.map(\.labels.release).sorted(by: >).uniqued().prefix(Self.keptCommands))
        for job in commands where !job.state.isLive && !isInUse(job) {
            if isNeverToRun(job) {
                // Without force: whoever is about to start it all the same is not cut off.
                perform(.discardJob(job.id, name: job.name))
            } else if !kept.contains(job.labels.release) {
                perform(.remove(job.id, name: job.name, grace: .zero))
            }
        }
    }

    /// It was begun for a release that this store knows nothing of any more; nobody else will end it.
    private mutating func endForgotten(_ job: ObservedInstance) {
        guard let label = job.labels.job, let since = input.jobsSince[job.id] else { return }
        let deadline = since + .seconds(label.timeoutInSeconds)
        guard now >= deadline else { return wake(at: deadline) }
        perform(.stop(job.id, name: job.name, grace: jobGrace(job)))
    }

    private func isInUse(_ job: ObservedInstance) -> Bool {
        guard let rollout = memory.rollout else { return false }
        return job.labels.release == rollout.target.number
    }

    /// Made for a release that was given up before its command began.
    private func isNeverToRun(_ job: ObservedInstance) -> Bool {
        if case .created(nil) = job.state { true } else { false }
    }
}

/// The command of a release, with the template of the process that it borrows from.
private struct ReleaseCommand {
    var release: Release
    var spec: ReleaseCommandSpec
    var template: Release.Template

    /// `nil`: the release has none.
    init?(_ release: Release) {
        guard let spec = release.spec.release, let process = release.spec.jobProcess(spec.process),
            let template = release.templates[process.name]
        else { return nil }
        self.release = release
        self.spec = spec
        self.template = template
    }
}

extension JobEnd {
    /// After the words "the release command".
    var sentence: String {
        switch self {
        case .succeeded: "has done its work"
        case .failed(let code, let outOfMemory): "exited \(code)\(outOfMemory ? ", out of memory" : "")"
        case .timedOut: "did not end within its time and was stopped"
        case .notStarted(let reason): "could not be started: \(reason)"
        case .stopped: "was stopped"
        case .lost: "was removed before its end was seen; nobody knows whether it has done its work"
        }
    }
}

extension Array where Element: Hashable {
    fileprivate func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

extension AppPlanning {
    /// What a release says that waits for its command; `nil`: it does not.
    func commandBlocker(_ rollout: Rollout) -> Blocker? {
        guard let command = ReleaseCommand(rollout.target), let run = rollout.command, run.end != .succeeded
        else { return nil }
        let order = order(command, attempt: run.attempt)
        let name = job(order.labels)?.name ?? order.name
        let number = rollout.target.number
        var blocker = Blocker(
            cause: .releaseCommand, object: name, message: "the release command of \(number) is started",
            command: "slipway logs \(input.app) --job release")
        switch run.phase {
        case .running(let since):
            blocker.message = "the release command of \(number) runs; nothing changes before it is done"
            blocker.sinceSeconds = max(0, (now - since).milliseconds / 1_000)
        case .stopping: blocker.message = "the release command of \(number) is stopped"
        case .starting(_?):
            blocker.message = "the engine was asked to start it, and has not been seen to do so"
        case .making, .starting, .discarding, .ended: break
        }
        return blocker
    }
}
