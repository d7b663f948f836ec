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
        }
        return CommandReport(
            message: "\(app) goes back to \(release.number) and stays there until its spec changes", app: app,
            release: release.number)
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
            guard let found else {
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
            if let found { return found }
        }
        throw ControlError(.conflict, "\(app) has no earlier release that was proven good")
    }

    public func abort(app: AppName) async throws(ControlError) -> CommandReport {
        guard let rollout = apps[app]?.memory.rollout else {
            if apps[app] == nil { throw unknownApp(app) }
            return CommandReport(message: "\(app) has no rollout under way; nothing to abort", app: app)
        }
        if case .rollingBack = rollout.phase {
            return CommandReport(message: "\(app) is being rolled back already", app: app)
        }
        let number = rollout.target.number
        try await change(app) { record, controller in
            // It may have ended, or given way to another, while the request waited.
            guard var rollout = record.memory.rollout, rollout.target.number == number else { return }
            let failure = Failure(cause: .aborted, message: "was aborted by a person")
            rollout.phase = .rollingBack(failure)
            rollout.lastProgressAt = controller.clock.now()
            rollout.provenMaximum = 0
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

    public func approve(commit: String) async throws(ControlError) -> CommandReport {
        let prefix = commit.lowercased()
        guard prefix.utf8.count >= 7 else {
            throw ControlError(.invalid, "give at least seven digits of the commit")
        }
        let held = Set(
            apps.values.compactMap { record -> CommitID? in
                if case .heldRemoval(let id, _) = record.desired { return id }
                return nil
            })
        guard let id = held.first(where: { $0.rawValue.hasPrefix(prefix) }) else {
            let known = held.map(\.short).sorted().joined(separator: ", ")
            throw ControlError(
                .notFound, "no commit \(commit) is held" + (known.isEmpty ? "" : "; these are: \(known)"))
        }
        try await enact { controller in
            for name in controller.sources.keys where controller.sources[name]?.tree?.commit.id == id {
                controller.sources[name]?.memory.approvedRemovals = id
                controller.pending.sources[name] = controller.sources[name]?.memory
            }
            controller.emit(.approved, commit: id, message: "the removals of \(id.short) are approved")
            controller.rebuildDesired()
        }
        return CommandReport(message: "\(id.short) is approved; what it removes is removed now")
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
    private func change(
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
        app: AppName, process: ProcessName?, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) async throws(ControlError) -> AsyncThrowingStream<LogLine, any Error> {
        guard let record = apps[app] else { throw unknownApp(app) }
        let instances = record.instances.values.filter { process == nil || $0.labels.process == process }
            .sorted { $0.name < $1.name }
        guard !instances.isEmpty else {
            throw ControlError(
                .notFound, "\(app) has no container\(process.map { " of process \($0)" } ?? "") now")
        }
        let engine = engine
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: LogLine.self, bufferingPolicy: .bufferingNewest(4_096))
        let relay = Task {
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
