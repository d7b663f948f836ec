internal import Model
internal import Ports

/// The controller as one caller may see it: what belongs to other projects does not exist.
///
/// Answers are narrowed here and nowhere else, so a new way to ask cannot forget to.
struct ScopedSurface: ControlSurface {
    let base: any ControlSurface
    let caller: Caller

    // MARK: What is there for the caller

    private func sees(_ project: ProjectName?) -> Bool {
        project.map { caller.may(.look, in: $0) } ?? false
    }

    /// The app, where the caller may do such things with it.
    private func require(_ permission: Permission, _ app: AppName) async throws(ControlError) -> AppStatus {
        let status: AppStatus
        do throws(ControlError) {
            status = try await base.status(of: app)
        } catch {
            throw error.code == .notFound ? .unknownApp(app) : error
        }
        // The same words for what there is not and for what is somebody else's.
        guard sees(status.project) else { throw .unknownApp(app) }
        guard caller.may(permission, in: status.project) else {
            throw .forbidden(permission, in: status.project)
        }
        return status
    }

    private func require(_ permission: Permission, _ source: SourceName) async throws(ControlError) {
        let found = await base.status().sources.first { $0.name == source }
        guard let project = found?.project, sees(project) else {
            throw ControlError(.notFound, "there is no source \(source)")
        }
        guard caller.may(permission, in: project) else { throw .forbidden(permission, in: project) }
    }

    private func sources(_ permission: Permission) async -> [SourceName] {
        await base.status().sources.filter { source in
            source.project.map { caller.may(permission, in: $0) } ?? false
        }.map(\.name).sorted()
    }

    // MARK: Looking

    func status() async -> InstallationStatus { narrowed(await base.status()) }

    func narrowed(_ status: InstallationStatus) -> InstallationStatus {
        var status = status
        status.apps.removeAll { !sees($0.project) }
        status.sources.removeAll { !sees($0.project) }
        // Of the installation's own troubles, those that everybody feels; the others name what is others'.
        status.because.removeAll { $0.cause != .engine && $0.cause != .store }
        status.edge?.certificates = []
        status.verdict = Verdict.worst(of: status.apps.map(\.verdict))
        if !status.engine.isReachable { status.verdict = .unknown }
        return status
    }

    func status(of app: AppName) async throws(ControlError) -> AppStatus { try await require(.look, app) }

    func history(app: AppName?, limit: Int) async throws(ControlError) -> [RolloutRecord] {
        if let app { _ = try await require(.look, app) }
        // Of others' records an unknown number lies between; the store keeps 500 for each app.
        let all = try await base.history(app: app, limit: app == nil ? 10_000 : 1_000)
        return Array(all.filter { sees($0.project) }.prefix(limit))
    }

    func diff(app: AppName, from: ReleaseNumber?, to: ReleaseNumber?) async throws(ControlError) -> DiffReport
    {
        _ = try await require(.look, app)
        return try await base.diff(app: app, from: from, to: to)
    }

    func trace(container: String) async throws(ControlError) -> TraceReport {
        let unknown = ControlError(.notFound, "no container \(container) belongs to this installation")
        let isMine = await base.status().apps.contains { app in
            sees(app.project)
                && app.instances.contains { $0.name == container || $0.id.rawValue.hasPrefix(container) }
        }
        guard isMine else { throw unknown }
        let report = try await base.trace(container: container)
        // A beginning of an id may fit several: the one that was found counts.
        guard sees(try await require(.look, report.app).project) else { throw unknown }
        return report
    }

    func logs(
        app: AppName, of subject: LogSubject, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) async throws(ControlError) -> AsyncThrowingStream<LogLine, any Error> {
        _ = try await require(.logs, app)
        return try await base.logs(
            app: app, of: subject, tail: tail, sinceSeconds: sinceSeconds, follow: follow)
    }

    func admitSession(in app: AppName) async throws(ControlError) { _ = try await require(.operate, app) }

    func openSession(_ order: SessionOrder, in app: AppName) async throws(ControlError) -> OpenedSession {
        _ = try await require(.operate, app)
        return try await base.openSession(order, in: app)
    }

    func openRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> OpenedSession {
        _ = try await require(.operate, app)
        return try await base.openRun(order, of: app)
    }

    func startRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.startRun(order, of: app)
    }

    func runs(of app: AppName) async throws(ControlError) -> [RunStatus] {
        _ = try await require(.look, app)
        return try await base.runs(of: app)
    }

    func events(after sequence: Int64, follow: Bool) async throws(ControlError) -> AsyncStream<EventRecord> {
        let all = try await base.events(after: sequence, follow: follow)
        // Pulled, so that nothing is kept in between: who is slow keeps the stream of the controller waiting.
        let reader = Reader(all)
        return AsyncStream {
            while let event = await reader.next() {
                if sees(event.project) { return event }
            }
            return nil
        }
    }

    /// An iterator that a closure may hold. One reader at a time.
    private actor Reader {
        private let stream: AsyncStream<EventRecord>
        private var iterator: AsyncStream<EventRecord>.Iterator
        init(_ stream: AsyncStream<EventRecord>) {
            self.stream = stream
            iterator = stream.makeAsyncIterator()
        }
        func next() async -> EventRecord? {
            var iterator = iterator
            let event = await iterator.next(isolation: self)
            self.iterator = iterator
            return event
        }
    }

    func cronHistory(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(ControlError) -> [CronRunRecord] {
        _ = try await require(.look, app)
        return try await base.cronHistory(app: app, entry: entry, limit: limit)
    }

    func changes() async -> AsyncStream<Void> { await base.changes() }
    func readiness() async -> String? { await base.readiness() }
    func metrics() async -> ControllerFigures { ControllerFigures() }
    func hear(_ event: ForgeEvent, of source: SourceName) async {
        // Forges call the controller itself, and bear no token.
    }

    // MARK: Planning

    func plan(
        source: SourceName?, head: String?, base revision: String?
    ) async throws(ControlError) -> PlanReport {
        let source = try await planned(source)
        return narrowed(
            try await base.plan(source: source, head: head, base: revision), await base.status())
    }

    func plan(files: [PlanFile], source: SourceName?) async throws(ControlError) -> PlanReport {
        narrowed(try await base.plan(files: files, source: try await planned(source)), await base.status())
    }

    private func planned(_ source: SourceName?) async throws(ControlError) -> SourceName {
        if let source {
            try await require(.plan, source)
            return source
        }
        let sources = await sources(.plan)
        guard sources.count == 1, let only = sources.first else {
            throw ControlError(.invalid, "there are \(sources.count) sources; name one")
        }
        return only
    }

    private func narrowed(_ report: PlanReport, _ status: InstallationStatus) -> PlanReport {
        let others = Set(status.apps.filter { !sees($0.project) }.map(\.name))
        var report = report
        report.apps.removeAll { others.contains($0.app) }
        for index in report.apps.indices {
            report.apps[index].claims = report.apps[index].claims?.map { claim in
                var claim = claim
                if let owner = claim.owner, others.contains(owner) { claim.owner = nil }
                return claim
            }
        }
        report.containersTotal = status.apps.filter { sees($0.project) }.reduce(0) { $0 + $1.instances.count }
        return report
    }

    // MARK: Changing

    func testNotices(channel: SourceName?) async throws(ControlError) -> NoticeTestReport {
        // Channels are the installation's; the route lets in who has the role everywhere.
        try await base.testNotices(channel: channel)
    }

    func sync(source: SourceName?) async throws(ControlError) -> CommandReport {
        if let source { try await require(.deploy, source) }
        let names = if let source { [source] } else { await sources(.deploy) }
        guard !names.isEmpty else { throw ControlError(.notFound, "there is no such source") }
        for name in names { _ = try await base.sync(source: name) }
        let commits = await base.status().sources.filter { names.contains($0.name) }.compactMap(
            \.commit?.id.short)
        return CommandReport(message: "fetched; now at \(commits.sorted().joined(separator: ", "))")
    }

    func runCron(app: AppName, entry: ProcessName) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.runCron(app: app, entry: entry)
    }
    func retry(app: AppName) async throws(ControlError) -> CommandReport {
        _ = try await require(.deploy, app)
        return try await base.retry(app: app)
    }
    func rollback(app: AppName, to: ReleaseNumber?) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.rollback(app: app, to: to)
    }
    func abort(app: AppName) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.abort(app: app)
    }
    func promote(app: AppName, full: Bool) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.promote(app: app, full: full)
    }
    func pause(app: AppName) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.pause(app: app)
    }
    func resume(app: AppName) async throws(ControlError) -> CommandReport {
        _ = try await require(.operate, app)
        return try await base.resume(app: app)
    }

    func approve(_ what: String) async throws(ControlError) -> CommandReport {
        let status = await base.status()
        if let app = AppName(what), status.apps.contains(where: { $0.name == app && sees($0.project) }) {
            _ = try await require(.operate, app)
            return try await base.approve(what)
        }
        let projects = Self.projects(of: what.lowercased(), status)
        guard ApprovalRequest.isCommit(what.lowercased()), !projects.isEmpty,
            projects.allSatisfy({ sees($0) })
        else {
            if let app = AppName(what), !ApprovalRequest.isCommit(what) { throw .unknownApp(app) }
            throw ControlError(.notFound, "nothing of commit \(what) waits for approval")
        }
        // A commit is approved as a whole, so it takes the role in every project that it reaches.
        for project in projects.sorted() where !caller.may(.operate, in: project) {
            throw .forbidden(.operate, in: project)
        }
        return try await base.approve(what)
    }

    /// The projects that an approval of the commit could reach.
    private static func projects(of commit: String, _ status: InstallationStatus) -> Set<ProjectName> {
        let sources = status.sources.filter { $0.commit?.id.rawValue.hasPrefix(commit) == true }
        let names = Set(sources.map(\.name))
        let apps = status.apps.filter { app in
            app.wanted?.commit.id.rawValue.hasPrefix(commit) == true || app.source.map(names.contains) == true
        }
        return Set(sources.compactMap(\.project) + apps.map(\.project))
    }
}

extension ControlError {
    static func forbidden(_ permission: Permission, in project: ProjectName) -> ControlError {
        ControlError(
            .forbidden,
            "this takes the role \(permission.leastRole.rawValue) in project \(project), which you do not have"
        )
    }
}
