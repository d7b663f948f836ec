public import Model
import Planning
public import Ports
import SpecLoading

/// One-off runs: a container of an app's last good release with another command, made and started by what people ask for
/// and not by the plan. Each step has a durable intent of its own, and none is done twice.
extension Controller {
    /// Unless another time is asked for.
    private static let detachedTimeout = TimeSpan.seconds(24 * 3_600)
    private static let attendedTimeout = TimeSpan.seconds(7 * 24 * 3_600)
    /// Runs of one app at once, those included that have ended and are not removed yet.
    private static let runLimit = 20

    public func openRun(
        _ order: SessionOrder, of app: AppName
    ) async throws(ControlError) -> OpenedSession {
        let job = try runOrder(order, app, isDetached: false)
        let session = RunSession(controller: self, app: app, name: job.name)
        // From here on until it is let go of, its container is somebody's.
        runDesk.attended[job.name] = RunDesk.Holder(session)
        let id = try await make(job, app)
        let streams: any ContainerSession
        do throws(EngineError) {
            streams = try await engine.attach(EngineSessionOrder(order), to: id)
        } catch {
            leaveRun(job.name, app)
            throw ControlError(.unavailable, hidingSecrets(error, of: app).message)
        }
        session.join(streams)
        do throws(ControlError) {
            try await start(id, job, app)
            if let size = order.size, order.terminal { await streams.resize(size) }
        } catch {
            guard let failure = apps[app]?.failures[ActionKey(kind: .startJob, object: job.name)],
                failure.isReleaseFault
            else {
                leaveRun(job.name, app)
                throw error
            }
            session.refuse(failure.message)
        }
        return OpenedSession(instance: job.name, session: session)
    }

    public func startRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> CommandReport {
        let job = try runOrder(order, app, isDetached: true)
        let session = RunSession(controller: self, app: app, name: job.name)
        runDesk.attended[job.name] = RunDesk.Holder(session)
        // Until it is started its container is somebody's.
        defer { withExtendedLifetime(session) { leaveRun(job.name, app) } }
        let id = try await make(job, app)
        try await start(id, job, app)
        let run = job.labels.job?.run ?? ""
        return CommandReport(
            message:
                "\(job.name) is started; `slipway logs \(app) --job run --run \(run) -f` shows what it writes",
            app: app)
    }

    public func runs(of app: AppName) throws(ControlError) -> [RunStatus] {
        guard let record = apps[app] else { throw unknownApp(app) }
        let statuses = record.jobs.values.compactMap { job -> RunStatus? in
            guard let label = RunLabel(job.labels.job), let mark = job.labels.job else { return nil }
            let code: Int? = if case .exited(let code, _) = job.state { code } else { nil }
            return RunStatus(
                name: job.name, release: job.labels.release, state: job.state.word, exitCode: code,
                startedAt: label.startedAt, timeoutInSeconds: mark.timeoutInSeconds,
                detached: label.isDetached)
        }
        return statuses.sorted { ($0.startedAt, $0.name) > ($1.startedAt, $1.name) }
    }

    // MARK: What is made

    private func runOrder(
        _ order: SessionOrder, _ app: AppName, isDetached: Bool
    ) throws(ControlError) -> JobOrder {
        guard let record = apps[app] else { throw unknownApp(app) }
        if let objection = order.objection { throw ControlError(.invalid, objection) }
        guard let release = record.memory.lastGood else {
            throw ControlError(
                .conflict,
                "\(app) has no good release yet, and so nothing to run it in; `slipway why \(app)` says why")
        }
        guard !record.memory.isBeingRemoved else {
            throw ControlError(.conflict, "\(app) is being removed; nothing is run in it any more")
        }
        guard let process = release.spec.jobProcess(order.process),
            let template = release.templates[process.name]
        else {
            let known = release.spec.processes.map(\.name.rawValue).joined(separator: ", ")
            throw ControlError(
                .notFound,
                "\(release.number) of \(app) has no process \(order.process?.rawValue ?? "at all"); "
                    + "there is \(known)")
        }
        guard record.jobs.values.count(where: { $0.labels.job?.kind == .run }) < Self.runLimit else {
            throw ControlError(
                .conflict, "\(app) has \(Self.runLimit) one-off runs; wait for one of them to end")
        }
        if let storeProblem {
            throw ControlError(
                .unavailable, "nothing is started while the store refuses to write: \(storeProblem.message)")
        }
        let wall = clock.wall()
        let timeout =
            order.timeoutInSeconds
            ?? (isDetached ? Self.detachedTimeout : Self.attendedTimeout).wholeSecondsRoundedUp
        runDesk.lastNumber += 1
        let label = RunLabel(isDetached: isDetached, startedAt: wall, number: runDesk.lastNumber)
        guard let job = label.job(timeoutInSeconds: timeout) else {
            throw ControlError(.internal, "the clock of this machine is before 1970; set it")
        }
        return JobOrder(
            name: naming(of: app).job(app: app, name: .oneOffRun, run: job.run),
            labels: InstanceLabels(
                installation: configuration.installation, project: release.spec.project, app: app,
                process: .oneOffRun, release: release.number, spec: release.specDigest,
                template: template.digest, source: release.origin.source, path: release.origin.path,
                commit: release.origin.commit.id, job: job),
            template: template.container.job(order.command, named: .oneOffRun), terminal: order.terminal,
            input: order.input)
    }

    private func make(_ job: JobOrder, _ app: AppName) async throws(ControlError) -> ContainerID {
        try await carryOut(.createJob(job), app)
        let found = apps[app]?.jobs.values.first { $0.name == job.name }?.id
        guard let id = found ?? owned.values.first(where: { $0.name == job.name && $0.app == app })?.id else {
            throw ControlError(.unavailable, "\(job.name) was made and cannot be seen; try again")
        }
        return id
    }

    private func start(_ id: ContainerID, _ job: JobOrder, _ app: AppName) async throws(ControlError) {
        try await carryOut(.startJob(id, name: job.name), app)
    }

    /// Returns when it is done, or fails with why it was not.
    private func carryOut(_ action: Action, _ app: AppName) async throws(ControlError) {
        guard !isStopping else { throw ControlError(.unavailable, "the controller is stopping") }
        let failure: String? = await withCheckedContinuation { continuation in
            runDesk.asked.append(RunDesk.Step(app: app, action: action, waiter: continuation))
            ring()
        }
        if let failure { throw ControlError(.unavailable, failure) }
    }

    /// Nobody is joined to it any more.
    func leaveRun(_ name: String, _ app: AppName) {
        guard runDesk.attended.removeValue(forKey: name) != nil else { return }
        runDesk.apps.insert(app)
        markDirty(app)
    }

    /// The same where it has ended; what is still to be done is its removal.
    func endRun(_ name: String, _ app: AppName) async {
        if let id = apps[app]?.jobs.values.first(where: { $0.name == name })?.id { await inspect(id) }
        leaveRun(name, app)
    }

    /// Whether its time is over, and it was ended for that.
    func isOverdue(_ name: String) -> Bool { runDesk.overdue.contains(name) }

    // MARK: In a pass

    /// What people have asked for, and what is to be tidied up, with the intents of it.
    func addRunSteps(to batch: inout StoreBatch, now: Instant) -> [RunDesk.Step] {
        guard !runDesk.apps.isEmpty || !runDesk.asked.isEmpty else { return [] }
        var steps = runDesk.asked
        runDesk.asked = []
        for app in runDesk.apps.sorted() { steps += tidyRuns(of: app, now: now) }
        for index in steps.indices {
            lastIntent += 1
            steps[index].intent = lastIntent
            let action = steps[index].action
            batch.intents.append(
                Intent(
                    sequence: lastIntent, app: steps[index].app, action: action.kind, object: action.object,
                    at: clock.wall()))
        }
        return steps
    }

    /// Begins what is durable, and gives up what is not: what was asked for is answered, the rest is found again.
    func takeRunSteps(_ steps: [RunDesk.Step], isDurable: Bool) {
        for step in steps {
            guard isDurable else {
                step.waiter?.resume(
                    returning: "the store refuses to write, and nothing is started while it does")
                continue
            }
            apps[step.app]?.inFlight[step.intent] = step.action
            jobs.append { await self.perform(step) }
        }
    }

    private func perform(_ step: RunDesk.Step) async {
        await execute(step.intent, step.action, for: step.app)
        guard let waiter = step.waiter else { return }
        let failure = apps[step.app]?.failures[ActionKey(step.action)]?.message
        waiter.resume(returning: failure ?? (fence == nil ? nil : "another controller has taken over"))
    }

    /// Whoever asks while the controller ends is told so.
    func refuseRuns() {
        let asked = runDesk.asked
        runDesk.asked = []
        for step in asked { step.waiter?.resume(returning: "the controller is stopping") }
    }

    private func tidyRuns(of app: AppName, now: Instant) -> [RunDesk.Step] {
        guard let record = apps[app] else {
            runDesk.apps.remove(app)
            return []
        }
        let found = record.jobs.values.filter { $0.labels.job?.kind == .run }
        runDesk.endedAt = runDesk.endedAt.filter { id, _ in record.jobs[id] != nil || !isOf(app, id) }
        runDesk.overdue = runDesk.overdue.filter { name in runDesk.attended[name] != nil }
        guard !found.isEmpty else {
            runDesk.apps.remove(app)
            return []
        }
        // An app that is removed takes all of it away by its own plan.
        guard !record.memory.isBeingRemoved, engineState.isCurrent else { return [] }
        let seen = found.map { job in
            if case .exited = job.state, runDesk.endedAt[job.id] == nil { runDesk.endedAt[job.id] = now }
            return RunTidying.Run(
                container: job, isAttended: runDesk.attended[job.name]?.session != nil,
                runningSince: record.jobsSince[job.id], endedAt: runDesk.endedAt[job.id],
                grace: record.memory.jobGrace(job))
        }
        let busy = Set(record.inFlight.values.map(\.object))
            .union(record.failures.filter { now < $0.value.nextAttemptAt }.map(\.key.object))
        let result = RunTidying.review(seen, busy: busy, now: now)
        for job in found where result.overdue.contains(job.id) { runDesk.overdue.insert(job.name) }
        if let wake = result.wake { wakePlan(app, at: wake, now: now) }
        return result.actions.map { RunDesk.Step(app: app, action: $0, waiter: nil) }
    }

    private func isOf(_ app: AppName, _ id: ContainerID) -> Bool { owned[id]?.app ?? app == app }
}

/// What the controller knows of one-off runs.
struct RunDesk {
    /// One thing to be done with a run's container.
    struct Step: Sendable {
        var app: AppName
        var action: Action
        /// Told why it was not done, or `nil`; whoever has asked for it.
        var waiter: CheckedContinuation<String?, Never>?
        var intent: Int64 = 0
    }

    /// Does not keep it: a session that its caller has let go of is nobody's.
    struct Holder {
        private(set) weak var session: RunSession?
        init(_ session: RunSession) { self.session = session }
    }

    var asked: [Step] = []
    /// Sessions by the name of their container, from before it is made.
    var attended: [String: Holder] = [:]
    /// Names of those that are ended because their time is over.
    var overdue: Set<String> = []
    var endedAt: [ContainerID: Instant] = [:]
    /// Apps that have containers of such runs.
    var apps: Set<AppName> = []
    var lastNumber = 0
}
