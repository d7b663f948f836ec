internal import Execution
internal import Glibc
internal import Model
internal import Ports

extension HAProxyEdge {
    /// Takes the directory, and HAProxy if it runs; starts it if not.
    func prepare() throws(EdgeError) {
        guard !isShutDown else { throw EdgeError(.unreachable, "the edge has been shut down") }
        if lock == nil { try takeDirectory() }
        if loaded == nil { try bringUp() }
    }

    private func takeDirectory() throws(EdgeError) {
        try files.prepare()
        let lock = try DirectoryLock(layout)
        state = try memory.load(log: log)
        for route in state.routes.values {
            figures.learn(route)
            latencies.learn(route)
        }
        try memory.save(header: state)
        try startLog()
        self.lock = lock
    }

    private func startLog() throws(EdgeError) {
        let accessLog = configuration.accessLogDirectory.map {
            AccessLog(directory: $0, limitInBytes: configuration.accessLogLimitInBytes, report: log)
        }
        let latencies = latencies
        let scale = Int64(accessLog == nil ? max(1, configuration.logSample) : 1)
        logReader = try LogReader(path: layout.logSocket) { lines in
            latencies.add(lines, scale: scale)
            accessLog?.append(lines)
        }
    }

    /// Makes HAProxy run what is in the state, whatever it did before. After failures it waits longer and longer.
    private func bringUp() throws(EdgeError) {
        if let nextStart, ContinuousClock.now < nextStart {
            throw EdgeError(.unreachable, processProblem ?? "the edge's proxy does not run")
        }
        do throws(EdgeError) {
            if process.master != nil || (try? calls.info()) != nil {
                try adopt()
            } else {
                try start()
            }
            startAttempts = 0
            nextStart = nil
            processProblem = nil
        } catch {
            startAttempts += 1
            let delay = min(30.0, 0.5 * Double(1 << min(startAttempts, 7)) / 2)
            nextStart = .now + .seconds(delay)
            if processProblem != error.message { log(error.message) }
            processProblem = error.message
            throw error
        }
    }

    /// Counters of a controller before are not ours.
    private func beginCounting(_ worker: Int32) throws(EdgeError) {
        isFirst = false
        figures.begin(try calls.counters(), worker: worker)
        for worker in oldWorkers() {
            guard let answer = try? master.call("@!\(worker) show stat -1 4 -1") else { continue }
            figures.begin(RuntimeAnswers.counters(answer), worker: worker)
        }
    }

    /// HAProxy runs: with just what we want, or it is reloaded.
    private func adopt() throws(EdgeError) {
        let info = try calls.info()
        // Workers of a reload before our time may still finish something.
        oldWorkersUntil = .now + configuration.hardStopAfter.duration
        if isFirst { try beginCounting(info["Pid"].flatMap { Int32($0) } ?? 0) }
        let frame = ProxyFrame(state.routes.values)
        let isOurs = info["description"] == ProxyText.description(state.generation)
        var loaded = files.loaded(
            state, generation: state.generation, frame: frame, certificates: certificateFiles)
        let wanted = files.text(frame).file(
            state, generation: state.generation, structures: loaded.structures
        ).text
        let present = try Files.read(layout.configuration).map { String(decoding: $0, as: UTF8.self) }
        guard isOurs, let present, Self.structure(present) == Self.structure(wanted) else {
            return try reload()
        }
        loaded.worker = info["Pid"].flatMap { Int32($0) } ?? 0
        version = info["Version"] ?? version
        for map in RouteMap.allCases { loaded.maps.tables[map] = try calls.map(layout.map(map)) }
        self.loaded = loaded
        log("the edge's proxy runs already, as process \(process.master ?? 0)")
        try repairAll()
    }

    /// A configuration without what runtime commands change.
    static func structure(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { !$0.hasPrefix("    server ") }
    }

    private func start() throws(EdgeError) {
        guard configuration.supervision == .own else {
            try writeAll()
            throw EdgeError(
                .unreachable,
                "the edge's proxy does not run; start its unit, and look at `journalctl -u` of it for the reason"
            )
        }
        var next = try writeAll()
        try process.start { [log] in log("the edge's proxy has ended") }
        let deadline = ContinuousClock.now + .seconds(15)
        while true {
            if let info = try? calls.info(), info["description"] == ProxyText.description(next.generation) {
                next.worker = info["Pid"].flatMap { Int32($0) } ?? 0
                version = info["Version"] ?? version
                loaded = next
                isFirst = false
                leftovers = []
                filesAreOld = false
                log("the edge's proxy has been started as process \(process.master ?? 0)")
                return
            }
            guard process.isChildRunning, ContinuousClock.now < deadline else { break }
            _ = poll(nil, 0, 5)
        }
        let complaints = process.complaints
        throw EdgeError(.unreachable, Self.explained(complaints.isEmpty ? "it does not answer" : complaints))
    }

    /// What HAProxy says of itself, with what to do about it.
    private static func explained(_ complaint: String) -> String {
        let isTaken = complaint.contains("already in use")
        let advice =
            isTaken
            ? "; see with `ss -ltnp` who listens there, and end it or give the edge another address"
            : "; see its haproxy.log in the run directory of the edge"
        return "the edge's proxy does not start: \(complaint)\(advice)"
    }

    /// Writes all files under a new generation.
    @discardableResult
    private func writeAll() throws(EdgeError) -> LoadedConfiguration {
        state.generation += 1
        try memory.save(header: state)
        while true {
            let (next, refused) = try writeCandidate(generation: state.generation)
            if let refused, leaveOut(refused) { continue }
            try Files.move(layout.candidate, to: layout.configuration)
            return next
        }
    }

    // MARK: Supervision

    /// One round: HAProxy lives, old servers go, the files are what runs.
    func tick() async {
        await loadCertificates()
        do throws(EdgeError) {
            try prepare()
            try lookAfterWorker()
            deleteLeftovers()
            process.trimOutput()
        } catch {
            // Kept for the report; the next round tries again.
            if processProblem != error.message { log(error.message) }
            processProblem = error.message
        }
        await writeOldFiles()
        await tellHosts()
    }

    private func lookAfterWorker() throws(EdgeError) {
        guard let loaded else { return }
        let info: [String: String]
        do throws(EdgeError) {
            info = try calls.info()
        } catch {
            // Busy is not dead.
            if error.code == .unreachable || process.master == nil {
                self.loaded = nil
                log("the edge's proxy is gone: \(error.message)")
                nextStart = nil
                try prepare()
                return
            }
            throw error
        }
        processProblem = nil
        let worker = info["Pid"].flatMap { Int32($0) } ?? 0
        guard worker != loaded.worker else { return }
        // Somebody has reloaded or restarted it, with files that may have been behind by a moment.
        self.loaded = nil
        try prepare()
    }

    func deleteLeftovers() {
        for leftover in leftovers {
            // What fails is tried again in the next round.
            guard let isGone = try? calls.delete(leftover) else { return }
            if isGone {
                leftovers.remove(leftover)
                figures.forget(
                    backend: leftover.backend, server: leftover.server, worker: loaded?.worker ?? 0)
            }
        }
    }

    /// Brings the files up to what was done at runtime since they were written.
    func writeOldFiles() async {
        guard filesAreOld, let loaded, ContinuousClock.now >= nextWriting else { return }
        filesAreOld = false
        let began = ContinuousClock.now
        // With many apps it takes a while, and is not to be all that this machine does.
        defer { nextWriting = .now + (ContinuousClock.now - began) * 20 }
        let state = state
        let files = files
        let certificateFiles = certificateFiles
        let reloads = reloadCount
        let lazy = layout.configuration + ".lazy"
        let isWritten = await pool.run {
            do throws(EdgeError) {
                let maps = files.maps(state, loaded.frame)
                try files.writeTables(maps, certificateFiles)
                let file = files.text(loaded.frame).file(
                    state, generation: loaded.generation, structures: files.structures(state, loaded.frame))
                try Files.write(file.text.utf8, to: lazy, isDurable: false)
                return true
            } catch {
                return false
            }
        }
        // A reload in between has written newer ones, and its tables with them.
        guard isWritten, reloads == reloadCount, self.loaded != nil else {
            filesAreOld = true
            return
        }
        if (try? Files.move(lazy, to: layout.configuration)) == nil { filesAreOld = true }
    }
}
