internal import Execution
internal import Glibc

/// `dnsmasq`, kept running outside the controller: it goes on answering while the controller is away.
public actor DNSMasq {
    private let configuration: NameServerConfiguration
    private let process: NameServerProcess
    private let log: @Sendable (String) -> Void
    private let executor = SerialThreadExecutor(name: "name-server")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private static let interval = Duration.milliseconds(500)
    private static let longestPause = Duration.seconds(30)

    /// The process that answers; `nil`: none does.
    public private(set) var processID: Int32?
    /// Why none does, and what to do about it; `nil`: one does, or `run` has not begun.
    public private(set) var problem: String?
    /// Ends in a row, each soon after its start.
    private var failures = 0
    private var startedAt = ContinuousClock.now
    private var nextStart = ContinuousClock.now

    /// Does nothing yet.
    ///
    /// - Parameter log: gets a line when it was started, has ended, or cannot be started.
    public init(configuration: NameServerConfiguration, log: @escaping @Sendable (String) -> Void) {
        self.configuration = configuration
        process = NameServerProcess(configuration: configuration)
        self.log = log
    }

    /// Sees to it that one runs, with this configuration, until the task is cancelled. It runs on after that;
    /// one that an earlier controller has left is taken over as it is, if its configuration is the same.
    public func run() async {
        if let objection = configuration.objection {
            complain(objection)
            return
        }
        while !Task.isCancelled {
            step()
            // Cancelled: the loop ends.
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// Ends it, for when it is wanted no longer; waits for its end, 5 s at most, and kills it then. Not
    /// beside `run`.
    public func stop() async {
        guard let running = processID ?? process.found else { return }
        process.end(running, by: SIGTERM)
        let deadline = ContinuousClock.now + .seconds(5)
        while process.isRunning(running) {
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                process.end(running, by: SIGKILL)
                break
            }
            // Cancelled: it is killed then.
            try? await Task.sleep(for: .milliseconds(5))
        }
        processID = nil
    }

    private func step() {
        Files.bound(configuration.output)
        if let running = processID {
            guard !process.isRunning(running) else {
                let age = ContinuousClock.now - startedAt
                if age > .seconds(2) { problem = nil }
                if age > .seconds(60) { failures = 0 }
                return
            }
            processID = nil
            failures = min(failures + 1, 20)
            // The first end is mended at once: containers are waiting for answers.
            let pause = failures == 1 ? .zero : Duration.seconds(1 << min(failures - 2, 5))
            nextStart = ContinuousClock.now + min(pause, Self.longestPause)
            let complaint = process.complaint
            complain("dnsmasq has ended" + (complaint.isEmpty ? "" : ": \(complaint)"))
        }
        guard ContinuousClock.now >= nextStart else { return }
        do throws(NameServerFailure) {
            try Files.makeFolder(configuration.directory)
            try start()
        } catch {
            failures = min(failures + 1, 20)
            nextStart = ContinuousClock.now + min(.seconds(1 << min(failures - 1, 5)), Self.longestPause)
            complain(error.message)
        }
    }

    private func start() throws(NameServerFailure) {
        let text = Array(configuration.text.utf8)
        let isSame = Files.read(configuration.file) == text
        if let found = process.found {
            if isSame {
                take(found, "goes on as process")
                return
            }
            // It reads its configuration at its start only. The next step finds it ended.
            process.end(found, by: SIGTERM)
            return
        }
        if !isSame { try Files.replace(configuration.file, with: text) }
        take(try process.start(), "started as process")
    }

    private func take(_ running: pid_t, _ what: String) {
        processID = running
        startedAt = ContinuousClock.now
        // Whether it stays is seen in the next step; what was wrong is told until then.
        if failures == 0 { problem = nil }
        log("name server: dnsmasq \(what) \(running) on \(configuration.address):\(configuration.port)")
    }

    private func complain(_ message: String) {
        if problem != message { log("name server: \(message)") }
        problem = message
    }
}
