internal import Controller
internal import Model
internal import Ports
internal import SpecLoading
internal import Telemetry

/// Processes of the controller: how they start, stop, stand still and die.
extension World {
    static let installation = "sim"
    static let source = "main"

    func incarnation(_ number: Int) -> Incarnation? { incarnations.first { $0.number == number } }

    /// The newest one, standing still or not.
    var present: Incarnation? { incarnations.last { $0.isAlive } }

    /// The one that could answer a request now.
    var answering: Incarnation? {
        guard let present, !present.isSuspended, present.controller != nil, !present.hasEnded,
            // Before that it has nothing to answer from.
            present.store != nil
        else { return nil }
        return present
    }

    /// Starts a controller from what is stored, unless one is there already or the host is down.
    ///
    /// - Parameter isSecond: although one is there.
    func startController(isSecond: Bool = false) {
        guard isSecond || present == nil, !isRebooting else { return }
        lastIncarnation += 1
        let incarnation = Incarnation(number: lastIncarnation)
        incarnations.append(incarnation)
        truth.incarnations.insert(incarnation.number)
        guard let controller = makeController(incarnation) else { return }
        incarnation.controller = controller
        happen(.started(incarnation: incarnation.number))
        let store = SimulatedStore(world: self, incarnation: incarnation)
        incarnation.task = Task(executorPreference: incarnation.executor, priority: .medium) {
            do throws(StoreError) {
                let state = try await store.claim()
                await controller.run(from: state)
            } catch {
                self.note("controller \(incarnation.number) cannot claim its store: \(error.message)")
            }
            incarnation.hasEnded = true
        }
        guard crashesAgain > 0, !isCalm else { return }
        crashesAgain -= 1
        after(latencyChance.milliseconds(0, 3_000)) { [self] in kill(incarnation) }
    }

    private func makeController(_ incarnation: Incarnation) -> Controller? {
        guard let installation = InstallationName(Self.installation),
            let project = script?.project ?? ProjectName("sim")
        else { return nil }
        let sources = plan.folders.compactMap { folder in
            SourceName(folder.isEmpty || script != nil ? Self.source : folder).map {
                WatchedSource(name: $0, path: folder, project: project)
            }
        }
        let watched = WatchedRepository(
            repository: SimulatedRepository(world: self, incarnation: incarnation), displayName: "simulated",
            branch: "main", pollInterval: .seconds(15),
            sources: sources)
        var configuration = ControllerConfiguration(
            installation: installation, naming: Naming(prefix: ""), repositories: [watched],
            taskExecutor: incarnation.executor)
        // How a rollout goes is asked, not what is run by the clock meanwhile.
        if script != nil { configuration.zones = NoZones() }
        return Controller(
            configuration: configuration,
            engine: SimulatedEngine(world: self, incarnation: incarnation),
            edge: plan.hasEdge ? SimulatedEdge(world: self, incarnation: incarnation) : nil,
            store: SimulatedStore(world: self, incarnation: incarnation),
            prober: SimulatedProber(world: self, incarnation: incarnation),
            clock: SimulatedClock(world: self, incarnation: incarnation), logger: .disabled)
    }

    /// A point at which a controller can be killed.
    func crossing(_ point: CrashPoint, _ incarnation: Incarnation) {
        guard incarnation.isAlive else { return }
        report.crossings += 1
        report.crossingsByPoint[point.rawValue, default: 0] += 1
        if let ending = options.crashes[report.crossings] {
            end(incarnation, ending, point)
            return
        }
        if let armed = armedCrash, armed.point == point {
            armedCrash = nil
            crashesAgain = armed.again
            kill(incarnation)
        } else if options.crashAtCrossing == report.crossings {
            kill(incarnation)
        }
    }

    /// Ends a controller as a scenario is told to.
    private func end(_ incarnation: Incarnation, _ ending: Ending, _ point: CrashPoint) {
        // What it was about to do counts as if it had been done: the rest is measured from here.
        lastChange = now
        note("boundary \(report.crossings), \(point.rawValue): \(ending.rawValue)")
        switch ending {
        case .kill:
            kill(incarnation)
            if options.lostRecords > 0 { replaceStore(with: store.cut(losing: options.lostRecords)) }
        case .terminate: terminate(incarnation)
        }
    }

    /// SIGKILL: from now on nothing that this process does has an effect.
    func kill(_ incarnation: Incarnation) {
        guard incarnation.isAlive, !incarnation.hasEnded else { return }
        incarnation.isAlive = false
        report.crashes += 1
        truth.incarnations.remove(incarnation.number)
        truth.status = nil
        happen(.crashed(incarnation: incarnation.number))
        breakFeeds(of: incarnation)
        incarnation.cutAll()
        restartLater()
    }

    func restartLater() {
        after(latencyChance.milliseconds(300, 5_000)) { [self] in startController() }
    }

    /// SIGTERM.
    func terminate(_ incarnation: Incarnation) {
        guard let controller = incarnation.controller else { return }
        Task(executorPreference: incarnation.executor, priority: .medium) { await controller.stop() }
    }

    /// SIGSTOP; with `hasSecond` somebody starts another one meanwhile.
    func suspend(_ incarnation: Incarnation, for span: TimeSpan, hasSecond: Bool) {
        incarnation.isSuspended = true
        if hasSecond {
            after(span.nanoseconds / 3) { [self] in
                if incarnation.isAlive, incarnation.isSuspended { startController(isSecond: true) }
            }
        }
        after(span.nanoseconds) { [self] in
            guard incarnation.isAlive, incarnation.isSuspended else { return }
            incarnation.isSuspended = false
            happen(.fault("controller \(incarnation.number) goes on"))
        }
    }

    /// Ends what is left of a process that was killed, and takes note of one that ended by itself.
    func reap(_ incarnation: Incarnation) {
        if !incarnation.wasReaped, !incarnation.isAlive {
            incarnation.wasReaped = true
            incarnation.isSuspended = false
            incarnation.task?.cancel()
            // The loop sleeps until somebody rings; cancellation alone does not.
            terminate(incarnation)
        }
        guard incarnation.hasEnded, incarnation.executor.isIdle else { return }
        incarnations.removeAll { $0 === incarnation }
        guard incarnation.isAlive else { return }
        incarnation.isAlive = false
        truth.incarnations.remove(incarnation.number)
        truth.status = nil
        breakFeeds(of: incarnation)
        note("controller \(incarnation.number) has ended")
        restartLater()
    }

    // MARK: People

    /// Asks the controller for something, as a person does.
    func ask(_ request: Request, app index: Int) {
        let apps = truth.stored.apps.keys.sorted()
        guard answering != nil, !apps.isEmpty else { return }
        let app = apps[index % apps.count]
        ask(request, of: app)
        if request == .pause {
            after(latencyChance.milliseconds(20_000, 180_000)) { [self] in resume(app) }
        }
    }

    func ask(_ request: Request, of app: AppName) {
        guard let incarnation = answering, let controller = incarnation.controller else { return }
        happen(.asked("\(request.rawValue) \(app)"))
        Task(executorPreference: incarnation.executor, priority: .medium) {
            do throws(ControlError) {
                let report = try await Self.send(request, app, to: controller)
                if incarnation.isAlive { self.note("\(request.rawValue) \(app): \(report.message)") }
            } catch {
                if incarnation.isAlive {
                    self.note("\(request.rawValue) \(app) is refused: \(error.message)")
                }
            }
        }
    }

    private static func send(
        _ request: Request, _ app: AppName, to controller: Controller
    ) async throws(ControlError) -> CommandReport {
        switch request {
        case .pause: try await controller.pause(app: app)
        case .abort: try await controller.abort(app: app)
        case .retry: try await controller.retry(app: app)
        case .rollback: try await controller.rollback(app: app, to: nil)
        case .approve: try await controller.approve(app.rawValue)
        case .promote: try await controller.promote(app: app, full: false)
        case .promoteFully: try await controller.promote(app: app, full: true)
        case .sync: try await controller.sync(source: nil)
        }
    }

    func resume(_ app: AppName) {
        guard let incarnation = answering, let controller = incarnation.controller else { return }
        happen(.asked("resume \(app)"))
        Task(executorPreference: incarnation.executor, priority: .medium) {
            do throws(ControlError) {
                _ = try await controller.resume(app: app)
            } catch {
                if incarnation.isAlive { self.note("resume \(app) is refused: \(error.message)") }
            }
        }
    }

    /// In the calm, people let everything go on that waits for them.
    func letGoOn() {
        for app in truth.status?.apps ?? [] {
            let causes = Set(app.because.map(\.cause))
            if app.isPaused { resume(app.name) }
            if causes.contains(.approval) { ask(.approve, of: app.name) }
            if causes.contains(.evidence) { ask(.promote, of: app.name) }
        }
    }
}
