public import Model
internal import Planning
public import Ports

/// What people may ask for. Each change is made between two passes and is durable before the answer.
extension Controller {
    public func sync(source: SourceName?) async throws(ControlError) -> CommandReport {
        var read = 0
        for watched in configuration.repositories {
            guard source == nil || watched.sources.contains(where: { $0.name == source }) else { continue }
            do throws(SourceError) {
                try await poll(watched)
            } catch {
                throw ControlError(.unavailable, "\(watched.displayName): \(error.message)")
            }
            read += 1
        }
        guard read > 0 else { throw ControlError(.notFound, "there is no such source") }
        syncHub.send(())
        let commits = sources.values.compactMap(\.tree?.commit.id.short).sorted()
        return CommandReport(message: "fetched; now at \(commits.joined(separator: ", "))")
    }

    public func retry(app: AppName) async throws(ControlError) -> CommandReport {
        guard let record = apps[app] else { throw unknownApp(app) }
        let wasQuarantined = record.candidate.map { candidate in
            record.memory.quarantine.contains { $0.spec == candidate.digest }
        }
        try await change(app) { record, controller in
            record.failures = [:]
            record.memory.pin = nil
            guard let candidate = record.candidate else { return }
            record.memory.quarantine.removeAll { $0.spec == candidate.digest }
            if isPlanted(.retryProves) {
                record.memory.lastGood = record.memory.lastGood?.forged(digest: candidate.digest)
            }
            if case .held = record.memory.rollout?.phase { record.memory.rollout = nil }
            controller.emit(
                .retried, app: app, commit: candidate.origin.commit.id, message: "a person asked for it")
        }
        let text = wasQuarantined == true ? "out of quarantine; it is rolled out again" : "tried again now"
        return CommandReport(message: "\(app): \(text)", app: app)
    }

    public func rollback(app: AppName, to number: ReleaseNumber?) async throws(ControlError) -> CommandReport
    {
        guard let record = apps[app] else { throw unknownApp(app) }
        guard let candidate = record.candidate else {
            throw ControlError(
                .conflict, "git does not say what \(app) should be now, so there is nothing to go back from")
        }
        let release = try await target(app, record, number)
        try await change(app) { record, controller in
            record.memory.pin = Pin(release: release, unlessSpecIs: candidate.digest)
            record.memory.quarantine.removeAll { $0.spec == release.specDigest }
            controller.emit(
                .rollbackRequested, app: app, release: release.number, message: "a person asked for it")
            controller.revertByHand(app, record, to: release)
        }
        let git =
            revertsByHand(app, record)
            ? "; git is told to want it as well" : " and stays there until its spec changes"
        return CommandReport(
            message: "\(app) goes back to \(release.number)\(git)", app: app, release: release.number)
    }

    /// The named release, or the newest proven one before what runs or is wanted now.
    private func target(
        _ app: AppName, _ record: AppRecord, _ number: ReleaseNumber?
    ) async throws(ControlError) -> Release {
        if let number {
            if let lastGood = record.memory.lastGood, lastGood.number == number { return lastGood }
            let found = try await reading { store throws(StoreError) in
                try await store.release(app: app, number: number)
            }
            guard let found, isOfProject(found, app) else {
                throw ControlError(
                    .notFound, "\(app) has no release \(number); `slipway history \(app)` lists them")
            }
            return found
        }
        if record.memory.rollout != nil, let lastGood = record.memory.lastGood { return lastGood }
        let current = record.memory.lastGood?.number
        for past in try await history(app: app, limit: 100) where past.outcome == .succeeded {
            // Once back, a second call goes further back, never on to what was left.
            guard current.map({ past.release < $0 }) ?? true else { continue }
            let found = try await reading { store throws(StoreError) in
                try await store.release(app: app, number: past.release)
            }
            if let found, isOfProject(found, app) { return found }
        }
        throw ControlError(.conflict, "\(app) has no earlier release that was proven good")
    }

    public func abort(app: AppName) async throws(ControlError) -> CommandReport {
        let idle = isPlanted(.abortWhenIdle) ? apps[app]?.memory.lastGood : nil
        let wall = clock.wall()
        let stand = idle.map { Rollout(target: $0, startedAt: .zero, startedAtWall: wall) }
        guard let rollout = apps[app]?.memory.rollout ?? stand else {
            if apps[app] == nil { throw unknownApp(app) }
            return CommandReport(message: "\(app) has no rollout under way; nothing to abort", app: app)
        }
        if case .rollingBack = rollout.phase {
            return CommandReport(message: "\(app) is being rolled back already", app: app)
        }
        let number = rollout.target.number
        try await change(app) { record, controller in
            // It may have ended, or given way to another, while the request waited.
            guard var rollout = record.memory.rollout ?? stand, rollout.target.number == number else {
                return
            }
            let failure = Failure(cause: .aborted, message: "was aborted by a person")
            rollout.turn(to: .rollingBack(failure), at: controller.clock.now())
            record.memory.rollout = rollout
            record.memory.isPaused = false
            record.memory.pausedAt = nil
            record.memory.pin = nil
            record.memory.quarantine.removeAll { $0.spec == rollout.target.specDigest }
            record.memory.quarantine.append(
                Quarantined(
                    spec: rollout.target.specDigest, image: rollout.target.image.digest,
                    release: rollout.target.number, failure: failure, at: controller.clock.now()))
            controller.emit(
                .aborted, app: app, release: rollout.target.number, message: "a person asked for it")
        }
        return CommandReport(
            message: "\(app): \(rollout.target.number) is aborted; the last good release is restored",
            app: app,
            release: rollout.target.number)
    }

    public func promote(app: AppName, full: Bool) async throws(ControlError) -> CommandReport {
        guard let record = apps[app] else { throw unknownApp(app) }
        let rollout = try promotable(app, record)
        let number = rollout.target.number
        try await change(app) { record, controller in
            // It may have ended, or gone on, while the request waited.
            guard record.memory.rollout?.target.number == number, record.memory.rollout?.phase == .moving,
                full || record.memory.rollout?.step == rollout.step
            else { return }
            record.memory.rollout?.promotedStep = full ? Int.max : rollout.step
            controller.emit(.promoted, app: app, release: number, message: "a person asked for it")
        }
        let text =
            full ? "waits for nothing more than its health" : "goes on to the next step once it is healthy"
        return CommandReport(message: "\(app): \(number) \(text)", app: app, release: number)
    }

    /// The rollout of the app, if there is something in its way that a person can end.
    private func promotable(_ app: AppName, _ record: AppRecord) throws(ControlError) -> Rollout {
        guard let rollout = record.memory.rollout else {
            let hint = awaitsDeployApproval(record) ? "; `slipway approve \(app)` lets it begin" : ""
            throw ControlError(.conflict, "\(app) has no rollout under way; nothing to promote\(hint)")
        }
        let number = rollout.target.number
        switch rollout.phase {
        case .moving: break
        case .rollingBack:
            throw ControlError(
                .conflict, "\(app): \(number) failed and is being rolled back; nothing to promote")
        case .held:
            throw ControlError(
                .conflict,
                "\(app): \(number) failed and is held; `slipway retry \(app)` tries it again, and `slipway abort"
                    + " \(app)` goes back")
        }
        guard rollout.steps(from: record.memory.lastGood).count > 1 else {
            throw ControlError(
                .conflict,
                "\(app): the rollout of \(number) goes in a single step, which ends when it is healthy")
        }
        guard !record.memory.isPaused else {
            throw ControlError(.conflict, "\(app) is paused; `slipway resume \(app)` first")
        }
        return rollout
    }

    public func approve(_ what: String) async throws(ControlError) -> CommandReport {
        let commit = ApprovalRequest.isCommit(what.lowercased()) ? try commit(awaiting: what) : nil
        if let app = AppName(what), let record = apps[app] {
            guard commit == nil else {
                throw ControlError(
                    .conflict,
                    "\(what) is both an app and the beginning of a commit; give more digits of the commit")
            }
            return try await approve(app, record)
        }
        guard let commit else {
            if let app = AppName(what), !ApprovalRequest.isCommit(what) { throw unknownApp(app) }
            let known = awaitingCommits.map(\.short).sorted().joined(separator: ", ")
            throw ControlError(
                .notFound,
                "nothing of commit \(what) waits for approval"
                    + (known.isEmpty ? "" : "; something of these does: \(known)"))
        }
        return try await approve(commit)
    }

    /// The commits that the deletion brake holds, and those of deploys that wait for approval.
    private var awaitingCommits: Set<CommitID> {
        unplannedCommits.union(
            apps.values.compactMap { record -> CommitID? in
                if case .heldRemoval(let id, _) = record.desired { return id }
                return awaitsDeployApproval(record) ? record.candidate?.origin.commit.id : nil
            })
    }

    private func commit(awaiting prefix: String) throws(ControlError) -> CommitID? {
        let found = awaitingCommits.filter { $0.rawValue.hasPrefix(prefix.lowercased()) }
        guard found.count <= 1 else {
            let known = found.map(\.rawValue).sorted().joined(separator: ", ")
            throw ControlError(.conflict, "\(prefix) may be any of \(known); give more digits")
        }
        return found.first
    }

    /// The wanted spec asks for approval before anything of it starts, and has none yet.
    private func awaitsDeployApproval(_ record: AppRecord) -> Bool {
        guard let candidate = record.candidate, record.memory.pin == nil,
            candidate.spec.deploy.effectiveApproval == .beforeDeploy,
            candidate.digest != record.memory.lastGood?.specDigest,
            candidate.digest != record.memory.rollout?.target.specDigest
        else { return false }
        return record.memory.approvedSpec != candidate.digest
            && !record.memory.quarantine.contains { $0.spec == candidate.digest }
    }

    private func approve(_ app: AppName, _ record: AppRecord) async throws(ControlError) -> CommandReport {
        if awaitsDeployApproval(record), let candidate = record.candidate {
            try await change(app) { record, controller in
                controller.approveDeploy(of: candidate.digest, app, &record)
            }
            return CommandReport(
                message: "\(app): the deploy of \(candidate.origin.commit.id.short) is approved and begins",
                app: app)
        }
        guard let rollout = record.memory.rollout, rollout.phase == .moving,
            record.view?.because.contains(where: { $0.cause == .approval }) == true
        else {
            if case .heldRemoval(let id, _) = record.desired {
                throw ControlError(
                    .conflict,
                    "\(app) is one of the apps that \(id.short) removes; `slipway approve \(id.short)` approves them all"
                )
            }
            throw ControlError(.conflict, "\(app) does not wait for approval; nothing to approve")
        }
        let number = rollout.target.number
        try await change(app) { record, controller in
            guard record.memory.rollout?.target.number == number, record.memory.rollout?.phase == .moving,
                record.memory.rollout?.step == rollout.step
            else { return }
            record.memory.rollout?.promotedStep = rollout.step
            controller.emit(
                .approved, app: app, release: number, message: "the promotion of \(number) is approved")
        }
        return CommandReport(
            message: "\(app): the promotion of \(number) is approved", app: app, release: number)
    }

    /// Approves one spec's deploy; nothing if the app wants another one by now.
    private func approveDeploy(of digest: ContentDigest, _ app: AppName, _ record: inout AppRecord) {
        guard let candidate = record.candidate, candidate.digest == digest else { return }
        let id = candidate.origin.commit.id
        record.memory.approvedSpec = digest
        emit(.approved, app: app, commit: id, message: "the deploy of \(id.short) is approved")
    }

    private func approve(_ id: CommitID) async throws(ControlError) -> CommandReport {
        let isRemoval = apps.values.contains { record in
            if case .heldRemoval(id, _) = record.desired { return true }
            return false
        }
        let deploys = apps.compactMapValues { record in
            awaitsDeployApproval(record) && record.candidate?.origin.commit.id == id
                ? record.candidate?.digest : nil
        }
        let isUnplanned = unplannedCommits.contains(id)
        try await enact { controller in
            if isRemoval { controller.approveRemovals(of: id) }
            if isUnplanned { controller.approvePlan(of: id) }
            for (app, digest) in deploys.sorted(by: { $0.key < $1.key }) {
                guard var record = controller.apps[app] else { continue }
                controller.approveDeploy(of: digest, app, &record)
                controller.apps[app] = record
                controller.changedMemories.insert(app)
                controller.dirty.insert(app)
            }
        }
        var done = isRemoval ? ["what it removes is removed now"] : []
        if isUnplanned { done.append("what it does is done though no plan has shown it") }
        if !deploys.isEmpty {
            done.append("it is deployed to " + deploys.keys.map(\.rawValue).sorted().joined(separator: ", "))
        }
        return CommandReport(message: "\(id.short) is approved; \(done.joined(separator: ", and "))")
    }

    private func approveRemovals(of id: CommitID) {
        for name in sources.keys where sources[name]?.tree?.commit.id == id {
            sources[name]?.memory.approvedRemovals = id
            pending.sources[name] = sources[name]?.memory
        }
        emit(.approved, commit: id, message: "the removals of \(id.short) are approved")
        rebuildDesired()
    }

    public func pause(app: AppName) async throws(ControlError) -> CommandReport {
        guard let record = apps[app] else { throw unknownApp(app) }
        guard !record.memory.isPaused else {
            return CommandReport(message: "\(app) is paused already", app: app)
        }
        try await change(app) { record, controller in
            record.memory.isPaused = true
            record.memory.pausedAt = controller.clock.now()
            controller.emit(.paused, app: app, message: "a person asked for it")
        }
        return CommandReport(
            message: "\(app) is paused: nothing of it moves until `slipway resume \(app)`", app: app)
    }

    public func resume(app: AppName) async throws(ControlError) -> CommandReport {
        guard let record = apps[app] else { throw unknownApp(app) }
        guard record.memory.isPaused else { return CommandReport(message: "\(app) is not paused", app: app) }
        try await change(app) { record, controller in
            let now = controller.clock.now()
            if let pausedAt = record.memory.pausedAt, var rollout = record.memory.rollout {
                // Waiting for a person does not count against the deadline.
                rollout.lastProgressAt =
                    rollout.lastProgressAt + (now - max(pausedAt, rollout.lastProgressAt))
                record.memory.rollout = rollout
            }
            record.memory.isPaused = false
            record.memory.pausedAt = nil
            controller.emit(.resumed, app: app, message: "a person asked for it")
        }
        return CommandReport(message: "\(app) goes on", app: app)
    }

    /// Changes one app between two passes; returns when the change is durable.
    func change(
        _ app: AppName, _ body: @escaping @Sendable (inout AppRecord, isolated Controller) -> Void
    ) async throws(ControlError) {
        try await enact { controller in
            guard var record = controller.apps[app] else { return }
            body(&record, controller)
            controller.apps[app] = record
            controller.changedMemories.insert(app)
            controller.dirty.insert(app)
        }
    }

    private func enact(_ body: @escaping @Sendable (isolated Controller) -> Void) async throws(ControlError) {
        guard !isStopping else { throw ControlError(.unavailable, "the controller is stopping") }
        let error: StoreError? = await withCheckedContinuation { continuation in
            requests.append { controller in
                controller.waiters.append(continuation)
                if !controller.isStopping { body(controller) }
            }
            ring()
        }
        if let error {
            throw ControlError(
                .unavailable,
                "the store refuses to write; this is done as soon as it works again: \(error.message)")
        }
    }

    public func logs(
        app: AppName, of subject: LogSubject, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) async throws(ControlError) -> AsyncThrowingStream<LogLine, any Error> {
        let instances = try containers(of: subject, app)
        let engine = engine
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: LogLine.self, bufferingPolicy: .bufferingNewest(4_096))
        let relay = Task(executorPreference: configuration.taskExecutor) {
            await withDiscardingTaskGroup { group in
                for instance in instances {
                    group.addTask {
                        await Self.relay(engine, instance, tail, sinceSeconds, follow, to: continuation)
                    }
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in relay.cancel() }
        return stream
    }

    private func containers(
        of subject: LogSubject, _ app: AppName
    ) throws(ControlError) -> [ObservedInstance] {
        guard let record = apps[app] else { throw unknownApp(app) }
        switch subject {
        case .instances(let process):
            let instances = record.instances.values.filter { process == nil || $0.labels.process == process }
            guard !instances.isEmpty else {
                throw ControlError(
                    .notFound, "\(app) has no container\(process.map { " of process \($0)" } ?? "") now")
            }
            return instances.sorted { $0.name < $1.name }
        case .job(let name, let run):
            let runs = record.jobs.values.filter { job in
                job.labels.process == name && (run == nil || Self.isRun(job, run))
            }
            guard let newest = runs.max(by: Self.isEarlier)
            else {
                throw ControlError(
                    .notFound,
                    "\(app) has no container of job \(name)\(run.map { ", run \($0)" } ?? "") now")
            }
            return [newest]
        }
    }

    private static func relay(
        _ engine: any Engine, _ instance: ObservedInstance, _ tail: Int, _ sinceSeconds: Int64?,
        _ follow: Bool,
        to continuation: AsyncThrowingStream<LogLine, any Error>.Continuation
    ) async {
        func line(_ text: String, isError: Bool) -> LogLine {
            LogLine(
                instance: instance.name, process: instance.labels.process,
                stream: isError ? "stderr" : "stdout",
                text: text)
        }
        do {
            let lines = engine.logs(instance.id, tail: tail, sinceSeconds: sinceSeconds, follow: follow)
            for try await entry in lines { continuation.yield(line(entry.text, isError: entry.isError)) }
        } catch is CancellationError {
            return
        } catch {
            continuation.yield(line("the log could not be read: \(error)", isError: true))
        }
    }
}
