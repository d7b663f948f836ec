import Model
import Ports
import Synchronization

/// A controller whose answers a test sets, and that notes what it was asked.
final class ScriptedSurface: ControlSurface {
    struct Script: Sendable {
        var status: InstallationStatus
        var error: ControlError?
        var history: [RolloutRecord] = []
        var plan: PlanReport
        var diff: DiffReport
        var trace: TraceReport
        var report: CommandReport
        var cronHistory: [CronRunRecord] = []
        var logs: [LogLine] = []
        var logsFail: (any Error)?
        /// The log stays open after its lines.
        var logsStayOpen = false
        var events: [EventRecord] = []
        var readiness: String?
        var notices = NoticeTestReport(channels: [
            .init(name: "ops"), .init(name: "pager", problem: "pager.example.com answered 500")
        ])
        var figures = ControllerFigures()
        var runs: [RunStatus] = []
        /// What the next session is.
        var session: @Sendable (SessionOrder) -> any ContainerSession = { _ in ScriptedSession() }
        /// What the status becomes when a command is taken up.
        var afterCommand: [InstallationStatus] = []
    }

    private let script: Mutex<Script>
    private let calls = Mutex<[String]>([])
    private let watchers = Mutex<[Int: AsyncStream<Void>.Continuation]>([:])
    private let followers = Mutex<[AsyncStream<EventRecord>.Continuation]>([])
    private let endedStreams = Mutex(0)

    init(_ script: Script) { self.script = Mutex(script) }

    var asked: [String] { calls.withLock { $0 } }
    var openWatches: Int { watchers.withLock { $0.count } }
    /// Logs and events that were let go of by their reader.
    var streamsLetGo: Int { endedStreams.withLock { $0 } }

    func change(_ body: @Sendable (inout Script) -> Void) {
        script.withLock { body(&$0) }
        for watcher in watchers.withLock({ Array($0.values) }) { watcher.yield() }
    }

    func emit(_ event: EventRecord) { for follower in followers.withLock({ $0 }) { follower.yield(event) } }

    private func note(_ call: String) { calls.withLock { $0.append(call) } }

    private func answer<Value>(_ call: String, _ value: (Script) -> Value) throws(ControlError) -> Value {
        note(call)
        let (error, value) = script.withLock { ($0.error, value($0)) }
        if let error { throw error }
        return value
    }

    func testNotices(channel: SourceName?) async throws(ControlError) -> NoticeTestReport {
        try answer("notices \(channel?.rawValue ?? "all")") { $0.notices }
    }

    private func command(_ call: String) throws(ControlError) -> CommandReport {
        let report = try answer(call) { $0.report }
        change { script in
            if !script.afterCommand.isEmpty { script.status = script.afterCommand.removeFirst() }
        }
        return report
    }

    func status() async -> InstallationStatus { script.withLock { $0.status } }

    func status(of app: AppName) async throws(ControlError) -> AppStatus {
        let status = try answer("status \(app)") { $0.status }
        guard let found = status.apps.first(where: { $0.name == app }) else {
            throw ControlError(.notFound, "there is no app \(app)")
        }
        return found
    }

    func history(app: AppName?, limit: Int) async throws(ControlError) -> [RolloutRecord] {
        try answer("history \(app.map(\.rawValue) ?? "*") \(limit)") { Array($0.history.prefix(limit)) }
    }
    func diff(app: AppName, from: ReleaseNumber?, to: ReleaseNumber?) async throws(ControlError) -> DiffReport
    {
        try answer("diff \(app) \(from.map(\.description) ?? "-") \(to.map(\.description) ?? "-")") {
            $0.diff
        }
    }
    func plan(
        source: SourceName?, head: String?, base: String?
    ) async throws(ControlError) -> PlanReport {
        let range = (base.map { $0 + ".." } ?? "") + (head ?? "-")
        return try answer("plan \(source.map(\.rawValue) ?? "-") \(range)") { $0.plan }
    }
    func plan(files: [PlanFile], source: SourceName?) async throws(ControlError) -> PlanReport {
        try answer("plan files \(files.map(\.path).joined(separator: ","))") { $0.plan }
    }
    func trace(container: String) async throws(ControlError) -> TraceReport {
        try answer("trace \(container)") { $0.trace }
    }
    func hear(_ event: ForgeEvent, of source: SourceName) async {
        // What was heard is no command, and is not answered.
        _ = try? command("hear \(event) of \(source)")
    }
    func sync(source: SourceName?) async throws(ControlError) -> CommandReport {
        try command("sync \(source.map(\.rawValue) ?? "-")")
    }
    func retry(app: AppName) async throws(ControlError) -> CommandReport { try command("retry \(app)") }
    func rollback(app: AppName, to: ReleaseNumber?) async throws(ControlError) -> CommandReport {
        try command("rollback \(app) \(to.map(\.description) ?? "-")")
    }
    func abort(app: AppName) async throws(ControlError) -> CommandReport { try command("abort \(app)") }
    func promote(app: AppName, full: Bool) async throws(ControlError) -> CommandReport {
        try command("promote \(app)\(full ? " in full" : "")")
    }
    func approve(_ what: String) async throws(ControlError) -> CommandReport {
        try command("approve \(what)")
    }
    func pause(app: AppName) async throws(ControlError) -> CommandReport { try command("pause \(app)") }
    func resume(app: AppName) async throws(ControlError) -> CommandReport { try command("resume \(app)") }

    func logs(
        app: AppName, of subject: LogSubject, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) async throws(ControlError) -> AsyncThrowingStream<LogLine, any Error> {
        let since = sinceSeconds.map { "\($0)" } ?? "-"
        let words =
            switch subject {
            case .instances(let process): process.map(\.rawValue) ?? "-"
            case .job(let job, let run): "job \(job)\(run.map { " \($0)" } ?? "")"
            }
        let script = try answer("logs \(app) \(words) \(tail) \(since) \(follow)") { $0 }
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: LogLine.self)
        continuation.onTermination = { [weak self] _ in self?.endedStreams.withLock { $0 += 1 } }
        for line in script.logs { continuation.yield(line) }
        if !script.logsStayOpen || !follow { continuation.finish(throwing: script.logsFail) }
        return stream
    }

    func openSession(_ order: SessionOrder, in app: AppName) async throws(ControlError) -> OpenedSession {
        let words = order.command.joined(separator: " ")
        let make = try answer("exec \(app)\(order.process.map { "/\($0)" } ?? "") \(words)") { $0.session }
        return OpenedSession(instance: "shop-web-v42-1", session: make(order))
    }

    func openRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> OpenedSession {
        let make = try answer("run \(app) \(order.command.joined(separator: " "))") { $0.session }
        return OpenedSession(instance: "shop-run-x1.1", session: make(order))
    }

    func startRun(_ order: SessionOrder, of app: AppName) async throws(ControlError) -> CommandReport {
        let time = order.timeoutInSeconds.map { "\($0)" } ?? "-"
        return try answer("start \(app) \(time) \(order.command.joined(separator: " "))") { $0.report }
    }

    func runs(of app: AppName) async throws(ControlError) -> [RunStatus] {
        try answer("runs \(app)") { $0.runs }
    }

    func cronHistory(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(ControlError) -> [CronRunRecord] {
        try answer("cron history \(app) \(entry.map(\.rawValue) ?? "*") \(limit)") { $0.cronHistory }
    }
    func runCron(app: AppName, entry: ProcessName) async throws(ControlError) -> CommandReport {
        try command("cron run \(app) \(entry)")
    }

    func events(after sequence: Int64, follow: Bool) async throws(ControlError) -> AsyncStream<EventRecord> {
        let past = try answer("events \(sequence) \(follow)") { $0.events.filter { $0.sequence > sequence } }
        let (stream, continuation) = AsyncStream.makeStream(of: EventRecord.self)
        continuation.onTermination = { [weak self] _ in self?.endedStreams.withLock { $0 += 1 } }
        for event in past { continuation.yield(event) }
        if follow { followers.withLock { $0.append(continuation) } } else { continuation.finish() }
        return stream
    }

    func changes() async -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = watchers.withLock { watchers in
            let id = (watchers.keys.max() ?? 0) + 1
            watchers[id] = continuation
            return id
        }
        continuation.onTermination = { [weak self] _ in self?.watchers.withLock { $0[id] = nil } }
        return stream
    }

    func readiness() async -> String? { script.withLock { $0.readiness } }
    func metrics() async -> ControllerFigures { script.withLock { $0.figures } }
}
