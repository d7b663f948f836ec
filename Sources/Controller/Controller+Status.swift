public import Model
public import Ports
internal import Planning
internal import SpecLoading

extension Controller: ControlSurface {
    public func status() -> InstallationStatus {
        let builder = StatusBuilder(now: clock.now())
        let statuses = apps.keys.sorted().compactMap { name in apps[name].map { status(name, $0, builder) } }
        let sourceStatuses = sources.keys.sorted().compactMap { sources[$0].map(status) }
        let because = ownBlockers()
        var result = InstallationStatus(
            installation: configuration.installation,
            verdict: worst(statuses.map(\.verdict), sourceStatuses, because), at: clock.wall(),
            sources: sourceStatuses, apps: statuses,
            engine: EngineStatus(
                isReachable: engineState.isReachable, name: engineState.info.name,
                version: engineState.info.version,
                apiVersion: engineState.info.apiVersion, listedAt: engineState.listedAt),
            edge: edgeStatus(), because: because)
        result.notices = noticeStatus()
        return result
    }

    public func status(of app: AppName) throws(ControlError) -> AppStatus {
        guard let record = apps[app] else { throw unknownApp(app) }
        return status(app, record, StatusBuilder(now: clock.now()))
    }

    private func status(_ name: AppName, _ record: AppRecord, _ builder: StatusBuilder) -> AppStatus {
        var status = builder.status(name, record)
        status.traffic = traffic(of: name)
        status.because += edgeBlockers(of: name)
        return status
    }

    func unknownApp(_ app: AppName) -> ControlError {
        .unknownApp(app)
    }

    private func worst(_ verdicts: [Verdict], _ sources: [SourceStatus], _ because: [Blocker]) -> Verdict {
        let order: [Verdict] = [
            .held, .invalid, .rolledBack, .unplaceable, .degraded, .unknown, .waiting, .progressing
        ]
        if let worst = order.first(where: verdicts.contains) { return worst }
        if sources.contains(where: { $0.diagnostics.contains { $0.severity == .error } }) { return .invalid }
        if !engineState.isReachable || storeProblem != nil { return .unknown }
        if sources.contains(where: { $0.commit == nil }) { return .waiting }
        return .converged
    }

    private func status(_ record: SourceRecord) -> SourceStatus {
        var because: [Blocker] = []
        if let problem = record.problem {
            let since = record.problemSince.map { max(0, (clock.now() - $0).milliseconds / 1_000) }
            because.append(
                Blocker(
                    cause: problem.code == .unverified ? .unverified : .source,
                    object: record.source.name.rawValue, message: problem.message,
                    sinceSeconds: since,
                    command: "slipway sync"))
        }
        return SourceStatus(
            name: record.source.name, repository: record.watched.displayName, branch: record.watched.branch,
            path: record.source.path, commit: record.tree?.commit ?? record.memory.commit,
            fetchedAt: record.fetchedAt,
            diagnostics: (record.tree?.diagnostics ?? []) + record.crossDiagnostics,
            because: because, outcomes: outcomes(of: record.source), deliveries: shown(record.source),
            project: record.source.project)
    }

    private func outcomes(of source: WatchedSource) -> OutcomeKeeping? {
        source.dealings.ledger == nil ? nil : source.dealings.isWritable ? .git : .store
    }

    private func shown(_ source: WatchedSource) -> [DeliveryStatus]? {
        let deliveries = deliveries(of: source)
        return deliveries.isEmpty ? nil : deliveries
    }

    private func ownBlockers() -> [Blocker] {
        var blockers: [Blocker] = []
        if !engineState.isReachable {
            blockers.append(
                Blocker(
                    cause: .engine, object: "engine", message: engineState.problem,
                    sinceSeconds: max(0, (clock.now() - engineState.since).milliseconds / 1_000)))
        }
        if let storeProblem {
            blockers.append(Blocker(cause: .store, object: "store", message: storeProblem.message))
        }
        blockers += edgeBlockers()
        for container in foreign.prefix(10) {
            blockers.append(
                Blocker(
                    cause: .foreignObject, object: container.name, message: "left alone: \(container.reason)")
            )
        }
        return blockers
    }

    public func readiness() -> String? {
        if !engineState.isCurrent { return "the engine: \(engineState.problem)" }
        if let source = sources.values.first(where: { $0.tree == nil }) {
            return "source \(source.source.name) has not been read yet"
        }
        return nil
    }

    public func metrics() -> ControllerFigures {
        var figures = figures
        for routes in edgeState.routes.values {
            for route in routes.values { figures.routes[route.observed.route.key] = route.observed.figures }
        }
        return figures
    }

    public func changes() -> AsyncStream<Void> { changeHub.subscribe() }

    public func history(app: AppName?, limit: Int) async throws(ControlError) -> [RolloutRecord] {
        try await reading { store throws(StoreError) in try await store.rollouts(app: app, limit: limit) }
    }

    /// Asks the store, and says so plainly where it cannot answer.
    func reading<Value: Sendable>(
        _ body: (any Store) async throws(StoreError) -> Value
    ) async throws(ControlError) -> Value {
        do throws(StoreError) {
            return try await body(store)
        } catch {
            throw ControlError(.unavailable, error.message)
        }
    }

    public func events(
        after sequence: Int64, follow: Bool
    ) async throws(ControlError) -> AsyncStream<EventRecord> {
        let live = follow ? eventHub.subscribe() : nil
        let past = try await reading { store throws(StoreError) in
            try await store.events(after: sequence, limit: Self.eventsKept)
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: EventRecord.self, bufferingPolicy: .bufferingNewest(Self.eventsKept + 2_048))
        for event in past { continuation.yield(event) }
        guard let live else {
            continuation.finish()
            return stream
        }
        let last = past.last?.sequence ?? sequence
        let relay = Task(executorPreference: configuration.taskExecutor) {
            for await event in live where event.sequence > last { continuation.yield(event) }
            continuation.finish()
        }
        continuation.onTermination = { _ in relay.cancel() }
        return stream
    }

    /// The store keeps no more; so a reader of the past misses none before the live ones begin.
    private static let eventsKept = 10_000

    public func trace(container: String) async throws(ControlError) -> TraceReport {
        for (name, record) in apps {
            for instance in record.instances.values
            where instance.name == container
                || container.count >= 6 && instance.id.rawValue.hasPrefix(container)
            {
                return try await trace(instance, name, record)
            }
        }
        throw ControlError(.notFound, "no container \(container) belongs to this installation")
    }

    private func trace(
        _ instance: ObservedInstance, _ app: AppName, _ record: AppRecord
    ) async throws(ControlError) -> TraceReport {
        let labels = instance.labels
        let stored = try await reading { store throws(StoreError) in
            try await store.release(app: app, number: labels.release)
        }
        let rollouts = try await history(app: app, limit: 50)
        let commit =
            stored?.origin.commit
            ?? CommitInfo(id: labels.commit, subject: "", author: "", time: WallTime(secondsSince1970: 0))
        let rollout = rollouts.first { $0.release == labels.release }
        let dealings = sources[labels.source]?.source.dealings
        var report = TraceReport(
            container: instance.name, id: instance.id, app: app, process: labels.process,
            release: labels.release,
            image: instance.image, commit: commit, source: labels.source, path: labels.path,
            outcome: rollout?.outcome, because: rollout?.evidence.first)
        if rollout == nil, let ledger = dealings?.ledger {
            // A store that was lost has no history; the notes do. Where they cannot be read, that is all there is.
            let told = (try? await ledger.outcomes(at: labels.commit)) ?? []
            let record = told.last { $0.app == app && $0.release == labels.release }
            report.outcome = record?.verdict
            if let because = record?.because, !because.isEmpty { report.because = because }
        }
        guard let forge = dealings?.forge else { return report }
        do throws(ForgeError) {
            report.pullRequest = try await forge.pullRequest(of: labels.commit)
        } catch {
            report.forgeProblem = error.message
        }
        return report
    }

    public func diff(
        app: AppName, from: ReleaseNumber?, to: ReleaseNumber?
    ) async throws(ControlError) -> DiffReport {
        guard let record = apps[app] else { throw unknownApp(app) }
        let old = try await spec(app, from)
        let new = try await spec(app, to)
        return DiffReport(
            app: app, from: from ?? record.memory.lastGood?.number,
            to: to ?? record.memory.rollout?.target.number,
            changes: SpecRendering.changes(
                from: old ?? record.memory.lastGood?.spec,
                to: new ?? (from == nil ? record.candidate?.spec : record.memory.lastGood?.spec)))
    }

    private func spec(_ app: AppName, _ number: ReleaseNumber?) async throws(ControlError) -> AppSpec? {
        guard let number else { return nil }
        if let lastGood = apps[app]?.memory.lastGood, lastGood.number == number { return lastGood.spec }
        let release = try await reading { store throws(StoreError) in
            try await store.release(app: app, number: number)
        }
        guard let release, isOfProject(release, app) else {
            throw ControlError(
                .notFound, "\(app) has no release \(number) any more; `slipway history \(app)` lists them")
        }
        return release.spec
    }
}
