public import Model

/// What people can ask of the controller. The API serves it; it knows nothing of HTTP.
public protocol ControlSurface: Sendable {
    func status() async -> InstallationStatus
    func status(of app: AppName) async throws(ControlError) -> AppStatus
    /// Newest first; all apps if `app` is nil.
    func history(app: AppName?, limit: Int) async throws(ControlError) -> [RolloutRecord]
    /// Without numbers: from what runs to what git wants.
    func diff(app: AppName, from: ReleaseNumber?, to: ReleaseNumber?) async throws(ControlError) -> DiffReport
    /// What the commit `head` of `source` (default: the only source; `nil` head: its branch, fetched now) would do.
    func plan(source: SourceName?, head: String?, base: String?) async throws(ControlError) -> PlanReport
    /// What these files would do, given as path and content; for a work tree that is not committed.
    func plan(files: [PlanFile], source: SourceName?) async throws(ControlError) -> PlanReport
    func trace(container: String) async throws(ControlError) -> TraceReport
    /// Takes a forge's word as a reason to look: nothing of it is believed.
    func hear(_ event: ForgeEvent, of source: SourceName) async
    /// Fetches every source, or one, now.
    func sync(source: SourceName?) async throws(ControlError) -> CommandReport
    func retry(app: AppName) async throws(ControlError) -> CommandReport
    /// Without a number: to the last good release before the wanted one.
    func rollback(app: AppName, to: ReleaseNumber?) async throws(ControlError) -> CommandReport
    func abort(app: AppName) async throws(ControlError) -> CommandReport
    /// Ends the wait of the present step: its bake, its want of evidence or its approval; with `full` those of all
    /// steps to come as well. What must be healthy stays so.
    func promote(app: AppName, full: Bool) async throws(ControlError) -> CommandReport
    /// `what`: the full id, or a prefix of at least 7 digits, of a commit whose removals are held or whose deploys wait
    /// for approval; or the name of an app, whose deploy or promotion waits for it.
    func approve(_ what: String) async throws(ControlError) -> CommandReport
    func pause(app: AppName) async throws(ControlError) -> CommandReport
    func resume(app: AppName) async throws(ControlError) -> CommandReport
    /// Sends a test through all channels of notices, or one, and waits for how it ends.
    func testNotices(channel: SourceName?) async throws(ControlError) -> NoticeTestReport
    /// Log lines of an app's instances, or of a run of one of its jobs, merged as they come.
    func logs(
        app: AppName, of subject: LogSubject, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) async throws(ControlError) -> AsyncThrowingStream<LogLine, any Error>
    /// Whether there is such an app for whoever asks, and they may open sessions in it; asked before anything else.
    func admitSession(in app: AppName) async throws(ControlError)
    /// Runs a command in a running instance of an app, and joins streams to it.
    func openSession(_ order: SessionOrder, in app: AppName) async throws(ControlError) -> OpenedSession
    /// Runs a command in a container of its own, made of the app's last good release, and joins streams to it.
    func openRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> OpenedSession
    /// The same without streams: it goes on by itself.
    func startRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> CommandReport
    /// The one-off runs whose containers are there, newest first.
    func runs(of app: AppName) async throws(ControlError) -> [RunStatus]
    /// Runs of the app's cron entries, or one, that are over; newest first.
    func cronHistory(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(ControlError) -> [CronRunRecord]
    /// Runs an entry of the last good release now, once, whatever its schedule.
    func runCron(app: AppName, entry: ProcessName) async throws(ControlError) -> CommandReport
    /// Past events after `sequence`, then new ones as they happen if `follow`.
    func events(after sequence: Int64, follow: Bool) async throws(ControlError) -> AsyncStream<EventRecord>
    /// One element whenever the status may have changed; conflated, so a slow reader misses nothing but steps.
    func changes() async -> AsyncStream<Void>
    /// `nil` when the controller has read its sources and its engine once; else what it still waits for.
    func readiness() async -> String?
    /// Figures for `/metrics`.
    func metrics() async -> ControllerFigures
}

/// Whose log is asked for.
public enum LogSubject: Sendable, Hashable {
    /// All instances, or those of one process.
    case instances(of: ProcessName?)
    /// One run of a job, by the name of the job: the newest whose container is there, unless it is named.
    case job(ProcessName, run: String?)
}

extension ControlSurface {
    /// For whoever may do everything.
    public func admitSession(in app: AppName) async throws(ControlError) { _ = try await status(of: app) }
}

/// What the metrics page shows beyond the status.
public struct ControllerFigures: Sendable, Hashable {
    public var passes: Int64
    public var actionsSucceeded: [Action.Kind: Int64]
    public var actionsFailed: [Action.Kind: Int64]
    public var rolloutsEnded: [RolloutRecord.Outcome: Int64]
    public var probesPassed: Int64
    public var probesFailed: Int64
    public var fetches: Int64
    public var fetchFailures: Int64
    /// What the edge has counted of each release that it sends requests to.
    public var routes: [RouteKey: [ReleaseNumber: TrafficFigures]]
    public init(
        passes: Int64 = 0, actionsSucceeded: [Action.Kind: Int64] = [:],
        actionsFailed: [Action.Kind: Int64] = [:],
        rolloutsEnded: [RolloutRecord.Outcome: Int64] = [:], probesPassed: Int64 = 0, probesFailed: Int64 = 0,
        fetches: Int64 = 0, fetchFailures: Int64 = 0,
        routes: [RouteKey: [ReleaseNumber: TrafficFigures]] = [:]
    ) {
        self.passes = passes
        self.actionsSucceeded = actionsSucceeded
        self.actionsFailed = actionsFailed
        self.rolloutsEnded = rolloutsEnded
        self.probesPassed = probesPassed
        self.probesFailed = probesFailed
        self.fetches = fetches
        self.fetchFailures = fetchFailures
        self.routes = routes
    }
}

public struct ControlError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No such app, release, commit, container or source.
        case notFound = "not_found"
        /// The request makes no sense in the present state.
        case conflict
        case invalid
        /// Whoever asks has not the role for it.
        case forbidden
        /// The engine, the store or a source is not to be reached.
        case unavailable
        case `internal`
    }
    public var code: Code
    public var message: String
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }

    /// For an app that there is not, or not for whoever asks: both in the same words.
    public static func unknownApp(_ app: AppName) -> ControlError {
        ControlError(.notFound, "there is no app \(app); `slipway status` lists them")
    }
}
