public import Model

/// Runs of jobs: each is started at most once, whatever crashes.
extension AppPlanning {
    /// How long a container that was asked to be started may stay as it was made before nobody can be about to start
    /// it any more. A call on the engine is given up after 60 s, and a controller that has lost its store begins none.
    static let startTime = TimeSpan.seconds(90)

    /// The container of one run, by its labels: people may rename it.
    func job(_ labels: InstanceLabels) -> ObservedInstance? {
        input.jobs.first { $0.labels.job == labels.job && $0.labels.process == labels.process }
    }

    /// Takes a run one step on: adds what is to be done, and says where the run is then.
    ///
    /// - Parameters:
    ///   - order: the container of the present attempt.
    ///   - timeout: the longest that it may run.
    ///   - mayBegin: `false`: what is not under way yet waits.
    mutating func drive(
        _ run: JobRun, order: JobOrder, timeout: TimeSpan, mayBegin: Bool = true
    ) -> JobRun {
        if run.end != nil { return run }
        let found = job(order.labels)
        // Of one that hangs nobody knows what it does; it is asked again.
        if found == nil, input.unseen.contains(where: { $0.name == order.name }) { return run }
        switch run.phase {
        case .making: return make(run, order, found, mayBegin: mayBegin)
        case .starting(let since): return start(run, order, found, since: since)
        case .discarding: return discard(run, order, found)
        case .running(let since): return watch(run, found, since: since, timeout: timeout)
        case .stopping(let end): return stop(run, found, end)
        case .ended: return run
        }
    }

    /// Ends a run that is not wanted any more; what has not begun does not begin.
    func call(off run: JobRun) -> JobRun { run.calledOff }

    private mutating func make(
        _ run: JobRun, _ order: JobOrder, _ found: ObservedInstance?, mayBegin: Bool
    ) -> JobRun {
        guard let found else {
            let key = ActionKey(kind: .createJob, object: order.name)
            if let failure = input.failures[key], failure.isReleaseFault {
                return run.ended(.notStarted(failure.message))
            }
            if mayBegin { perform(.createJob(order)) }
            return run
        }
        guard case .created = found.state else { return observed(run, found) }
        guard mayBegin else { return run }
        perform(.startJob(found.id, name: found.name))
        // With the intent, in one transaction: whoever finds it so does not start it.
        guard plan.actions.last == .startJob(found.id, name: found.name) else { return run }
        return run.moved(to: .starting(since: nil))
    }

    private mutating func start(
        _ run: JobRun, _ order: JobOrder, _ found: ObservedInstance?, since: Instant?
    ) -> JobRun {
        guard !busyObjects.contains(order.name) else { return run }
        if isPlanted(.jobStartedAgain) { return JobRun(attempt: run.attempt + 1) }
        guard let found else { return run.ended(.lost) }
        guard !busyObjects.contains(found.name) else { return run }
        guard case .created(let error) = found.state else { return observed(run, found) }
        let failure = input.failures[ActionKey(kind: .startJob, object: found.name)]
        if let failure, failure.isReleaseFault { return run.ended(.notStarted(failure.message)) }
        let since = since ?? now
        // What the engine has noted as failed is over; of anything else it is not known.
        guard error != nil || now - since >= Self.startTime else {
            wake(at: since + Self.startTime)
            return run.moved(to: .starting(since: since))
        }
        perform(.discardJob(found.id, name: found.name))
        return run.moved(to: .discarding)
    }

    private mutating func discard(_ run: JobRun, _ order: JobOrder, _ found: ObservedInstance?) -> JobRun {
        guard let found else {
            guard !busyObjects.contains(order.name) else { return run }
            return JobRun(attempt: run.attempt + 1)
        }
        guard case .created = found.state else { return observed(run, found) }
        perform(.discardJob(found.id, name: found.name))
        return run
    }

    private mutating func watch(
        _ run: JobRun, _ found: ObservedInstance?, since: Instant, timeout: TimeSpan
    ) -> JobRun {
        guard let found else { return run.ended(.lost) }
        let seen = observed(run, found)
        guard seen.end == nil else { return seen }
        guard now - since >= timeout else {
            wake(at: since + timeout)
            return run
        }
        return stop(run.moved(to: .stopping(.timedOut)), found, .timedOut)
    }

    private mutating func stop(_ run: JobRun, _ found: ObservedInstance?, _ end: JobEnd) -> JobRun {
        guard let found else { return run.ended(end) }
        switch found.state {
        case .running, .paused, .restarting:
            perform(.stop(found.id, name: found.name, grace: jobGrace(found)))
            return run
        case .created where busyObjects.contains(found.name):
            return run
        case .created:
            // It may be started yet by a call that nobody waits for: it has to go before it is.
            perform(.discardJob(found.id, name: found.name))
            return run
        case .exited, .removing, .dead:
            return run.ended(end)
        }
    }

    /// Where a run is whose container was seen to have been started.
    private func observed(_ run: JobRun, _ found: ObservedInstance) -> JobRun {
        switch found.state {
        case .created: run
        case .running, .paused, .restarting:
            if case .running = run.phase { run } else { run.moved(to: .running(since: now)) }
        case .exited(code: 0, _): run.ended(.succeeded)
        case .exited(let code, let outOfMemory): run.ended(.failed(code: code, outOfMemory: outOfMemory))
        case .removing, .dead: run.ended(.lost)
        }
    }

    func jobGrace(_ job: ObservedInstance) -> TimeSpan { memory.jobGrace(job) }
}

extension AppMemory {
    /// From SIGTERM to SIGKILL: that of the process that the job borrows from; 30 s where no release is known that has
    /// its template.
    public func jobGrace(_ job: ObservedInstance) -> TimeSpan {
        for release in [rollout?.target, lastGood, kept?.release] {
            let template = release?.templates.values.first { $0.digest == job.labels.template }
            if let template { return template.container.stopGrace }
        }
        return .seconds(30)
    }
}

extension JobRun {
    /// Not wanted any more; what has not begun does not begin.
    public var calledOff: JobRun {
        switch phase {
        case .making, .discarding: ended(.stopped)
        case .starting, .running: moved(to: .stopping(.stopped))
        case .stopping, .ended: self
        }
    }
    func moved(to phase: Phase) -> JobRun { JobRun(attempt: attempt, phase: phase) }
    func ended(_ end: JobEnd) -> JobRun { moved(to: .ended(end)) }
}
