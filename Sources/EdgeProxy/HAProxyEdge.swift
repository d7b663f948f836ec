internal import Execution
public import Model
public import Ports
internal import Synchronization

/// An edge that drives HAProxy, which runs outside the controller and outlives it.
///
/// Who gets requests changes by commands on HAProxy's socket, which answers when it is done; only what is new in
/// kind (a process, its options) needs a reload, which hands the listeners over. What was told is on disk before it is
/// done, so HAProxy comes back with it.
///
/// Everything that blocks runs on a thread of the edge's own. `run` keeps HAProxy alive; cancelling it leaves HAProxy
/// running. One edge at a time drives a directory.
public actor HAProxyEdge: Edge {
    nonisolated let configuration: EdgeConfiguration
    nonisolated let layout: EdgeLayout
    nonisolated let certificates: (any CertificateSource)?
    nonisolated let log: @Sendable (String) -> Void
    nonisolated let files: ProxyFiles
    nonisolated let memory: EdgeMemory
    nonisolated let calls: RuntimeCalls
    nonisolated let master: RuntimeSocket
    nonisolated let process: ProxyProcess
    /// For readings that take long with many apps.
    nonisolated let pool = BlockingPool(name: "edge-reader", threads: 2)
    nonisolated let latencies = LatencyBook()
    private nonisolated let executor = SerialThreadExecutor(name: "edge")

    var lock: DirectoryLock?
    var logReader: LogReader?
    var state = EdgeState()
    /// `nil`: HAProxy is not known to run with what we have written.
    var loaded: LoadedConfiguration?
    var certificateFiles: [CertificateFile] = []
    var hasCertificateFiles = false
    var hostsAreNews = true
    var figures = FigureBook()
    /// No worker has been seen yet.
    var isFirst = true
    /// Servers that are out and wait for their last connections to go.
    var leftovers: Set<Reconciler.Leftover> = []
    /// The files on disk are behind what was done at runtime.
    var filesAreOld = false
    var nextWriting = ContinuousClock.now
    /// The newest reading, which serves for a moment where there are many apps.
    var lastReading: LastReading?
    /// Counts changes of each route, so that a reading knows what has moved under it.
    var changes: [RouteKey: Int] = [:]
    var changeCount = 0
    var reloadCount = 0

    /// Old workers may be there until then.
    var oldWorkersUntil: ContinuousClock.Instant?
    /// Why HAProxy does not run; `nil`: it does.
    var processProblem: String?
    var startAttempts = 0
    var nextStart: ContinuousClock.Instant?
    var refusals: [RouteKey: String] = [:]
    /// Routes that HAProxy took once and does not take any more.
    var leftOut: Set<RouteKey> = []
    var certificateProblems: [String: String] = [:]
    var version = ""
    var isShutDown = false

    var pending: [PendingChange] = []
    var flushing: Task<Void, Never>?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Touches nothing yet.
    ///
    /// - Parameters:
    ///   - certificates: `nil`: HTTPS shows a certificate of its own making only.
    ///   - log: told what a person may want to know.
    public init(
        configuration: EdgeConfiguration, certificates: (any CertificateSource)? = nil,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.certificates = certificates
        self.log = log
        layout = EdgeLayout(root: configuration.directory)
        files = ProxyFiles(configuration, layout: layout)
        memory = EdgeMemory(layout: layout)
        calls = RuntimeCalls(socket: RuntimeSocket(path: layout.adminSocket))
        master = RuntimeSocket(path: layout.masterSocket)
        process = ProxyProcess(layout: layout, program: configuration.program)
    }

    deinit { logReader?.stop() }

    // MARK: Edge

    public func apply(_ route: Route) async throws(EdgeError) {
        try RouteValidation.check(route)
        try await submit(.set(route))
    }

    public func remove(_ key: RouteKey) async throws(EdgeError) {
        try await submit(.remove(key))
    }

    public func report() async -> EdgeReport {
        var problems: [EdgeReport.Problem] = []
        if let processProblem { problems.append(EdgeReport.Problem(message: processProblem)) }
        for (key, message) in refusals.sorted(by: { $0.key < $1.key }) {
            problems.append(EdgeReport.Problem(key: key, message: message))
        }
        for (_, message) in certificateProblems.sorted(by: { $0.key < $1.key }) {
            problems.append(EdgeReport.Problem(message: message))
        }
        let reports = await certificates?.report() ?? []
        return EdgeReport(
            version: version.isEmpty ? "HAProxy" : "HAProxy \(version)", problems: problems,
            certificates: reports)
    }

    // MARK: Life

    /// Keeps HAProxy running and its files up to date until the task is cancelled; HAProxy goes on then.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await self.supervise() }
            if let certificates, !configuration.httpsAddresses.isEmpty {
                group.addTask {
                    await certificates.run { file throws(EdgeError) in try await self.install(file) }
                }
            }
            await group.waitForAll()
        }
    }

    private func supervise() async {
        while !Task.isCancelled, !isShutDown {
            await tick()
            // Cancellation ends the wait and with it the loop.
            try? await Task.sleep(for: configuration.supervisionInterval.duration)
        }
    }

    /// Ends HAProxy, if it is ours to end, with all its connections, and gives the directory back: for an uninstallation, and for tests.
    public func shutdown() async {
        if lock != nil, configuration.supervision == .own { process.end() }
        leave()
    }

    /// Gives the directory back and leaves HAProxy as it is, as the end of the controller does.
    func leave() {
        isShutDown = true
        flushing?.cancel()
        loaded = nil
        logReader?.stop()
        logReader = nil
        lock = nil
    }
}
