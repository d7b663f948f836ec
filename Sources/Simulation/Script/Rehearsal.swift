internal import Controller
public import Model
internal import Ports

/// Lets the real controller meet a commit in a simulated world, in which nothing happens that the scenario does not say.
///
/// Safe to send: everything of a simulation runs on one thread.
public final class Rehearsal: @unchecked Sendable {
    private let plan: RehearsalPlan
    private let scenario: RehearsalScenario
    private let specs: RehearsalSpecs
    private let script: WorldScript
    private let world: World
    private var recorder: RehearsalRecorder?
    private var status: InstallationStatus?
    private var lastStatus = Instant.zero
    private var isStatusStale = true
    private var asked: Set<String> = []
    private var jobsAtOnce = 0
    /// More jobs than these without time going on: something turns in a circle.
    private static let mostJobsAtOnce = 500_000
    /// Nothing is done for so long, and nothing is left to do: at rest.
    private static let rest = TimeSpan.seconds(20)
    /// Of simulated time, for the whole of a rehearsal.
    private static let limit = TimeSpan.minutes(7 * 24 * 60)
    public static let registryAway = TimeSpan.minutes(10)
    public static let hostAway = TimeSpan.seconds(60)
    /// What is assumed of how long things take.
    public static func assumptions(hasEdge: Bool, hasCommand: Bool) -> [String] {
        ScriptedTimes.sentences(hasEdge: hasEdge, hasCommand: hasCommand)
    }

    private init(_ plan: RehearsalPlan, _ scenario: RehearsalScenario) {
        self.plan = plan
        self.scenario = scenario
        specs = RehearsalSpecs(plan)
        script = WorldScript(path: plan.path, project: plan.project)
        world = World(
            options: SimulationOptions(seed: 0, faults: []),
            plan: SeedPlan(hasEdge: specs.hasEdge, folder: plan.path),
            script: script)
        script.observe = { [unowned self] happening in observe(happening) }
    }

    /// Runs one scenario on the calling thread alone.
    ///
    /// - Parameter rebootAt: for `host`: when the host goes away, since the commit.
    public static func run(
        _ plan: RehearsalPlan, _ scenario: RehearsalScenario, rebootAt: TimeSpan = .seconds(10)
    ) -> RehearsalRecord {
        Rehearsal(plan, scenario).run(rebootAt: rebootAt)
    }

    private func run(rebootAt: TimeSpan) -> RehearsalRecord {
        var unsettled: [AppName] = []
        if let base = plan.base {
            script.push(base)
            world.startController()
            _ = runUntilRest()
            unsettled = status?.apps.filter { $0.verdict != .converged }.map(\.name) ?? []
        } else {
            script.push(plan.head)
        }
        asked = []
        prepare(rebootAt)
        let recorder = RehearsalRecorder(world, specs)
        self.recorder = recorder
        if plan.base == nil {
            world.startController()
        } else {
            script.push(plan.head)
            sync()
        }
        if scenario == .registry { recorder.befall("the registry is away, for \(Self.registryAway)") }
        let isSettled = runUntilRest()
        recorder.endInstant()
        var record = recorder.record(scenario, status, isSettled: isSettled)
        record.unsettledBefore = unsettled
        end()
        return record
    }

    /// Gets ready what the scenario has in store.
    private func prepare(_ rebootAt: TimeSpan) {
        switch scenario {
        case .good: break
        case .bad:
            for name in specs.head.keys {
                let lastGood = world.truth.stored.apps[name]?.lastGood?.number
                script.bad[name] = specs.badness(of: name, lastGood: lastGood)
            }
        case .registry: strike(.registry(.down, Self.registryAway), after: .zero) {}
        case .host:
            strike(.reboot(Self.hostAway), after: rebootAt) { [unowned self] in
                recorder?.isHostAway = true
                recorder?.befall("the host reboots and is away for \(Self.hostAway)")
            }
        }
    }

    private func strike(_ kind: Occurrence.Kind, after span: TimeSpan, _ tell: @escaping () -> Void) {
        let occurrence = Occurrence(
            id: scenario.rawValue, fault: scenario == .host ? .host : .image, at: world.now + span, kind: kind
        )
        guard span > .zero else { return world.strike(occurrence) }
        world.after(span.nanoseconds) { [world] in
            tell()
            world.strike(occurrence)
        }
    }

    private func observe(_ happening: Happening) {
        recorder?.observe(happening)
        switch happening {
        case .stored, .started: isStatusStale = true
        case .fault(let text) where text.hasSuffix(" is over"):
            recorder?.isHostAway = false
            recorder?.befall(scenario == .host ? "the host is back" : "the registry is back")
        default: break
        }
    }

    // MARK: Time

    /// - Returns: `false` where something was still under way after a long time without any change.
    private func runUntilRest() -> Bool {
        let begun = world.now
        while true {
            for incarnation in world.incarnations where !incarnation.isAlive || incarnation.hasEnded {
                world.reap(incarnation)
            }
            if let busy = world.incarnations.first(where: { !$0.executor.isIdle }) {
                busy.executor.runOne { _ in 0 }
                jobsAtOnce += 1
                if jobsAtOnce > Self.mostJobsAtOnce { return false }
                continue
            }
            if isStatusStale {
                readStatus()
                continue
            }
            guard let next = world.agenda.next() else { return false }
            if next > world.now {
                recorder?.endInstant()
                if isAtRest { return true }
                if isGivenUp(since: begun) { return false }
                goOn(to: next)
            }
            world.agenda.popNext()?.keep()
        }
    }

    private func goOn(to instant: Instant) {
        world.now = instant
        jobsAtOnce = 0
        if instant - lastStatus >= .seconds(5) { isStatusStale = true }
    }

    private func isGivenUp(since begun: Instant) -> Bool {
        world.now - begun > Self.limit
            || world.now > max(world.lastChange, begun) + specs.longestWait + .minutes(10)
    }

    /// Everything is as it is going to stay.
    private var isAtRest: Bool {
        guard world.windows.isEmpty, world.answering != nil, let status, world.truth.inFlight.isEmpty,
            world.now - max(world.lastChange, start) >= Self.rest,
            status.sources.allSatisfy({ $0.commit?.id == script.head && $0.fetchedAt != nil })
        else { return false }
        let isQuiet = world.truth.stored.apps.values.allSatisfy { memory in
            guard memory.kept == nil, !memory.isBeingRemoved else { return false }
            if case .moving = memory.rollout?.phase { return false }
            if case .rollingBack = memory.rollout?.phase { return false }
            return true
        }
        return isQuiet && status.apps.allSatisfy(isFinal)
    }
    private var start = Instant.zero

    private func isFinal(_ app: AppStatus) -> Bool {
        if app.because.contains(where: { $0.nextAttemptInSeconds != nil }) { return false }
        switch app.verdict {
        case .converged, .invalid, .rolledBack: return true
        case .held: return !app.because.contains { $0.cause == .approval }
        case .waiting:
            let lasting: Set<Blocker.Cause> = [
                .dependency, .group, .treeIncomplete, .specInvalid, .notYetSupported
            ]
            return !app.because.isEmpty && app.because.allSatisfy { lasting.contains($0.cause) }
        case .progressing, .unplaceable, .unknown, .degraded: return false
        }
    }

    // MARK: The controller

    private func readStatus() {
        isStatusStale = false
        lastStatus = world.now
        guard let incarnation = world.answering, let controller = incarnation.controller else { return }
        Task(executorPreference: incarnation.executor, priority: .medium) { [self] in
            let found = await controller.status()
            status = found
            recorder?.take(found)
            askPeople(found)
        }
    }

    /// Somebody tells the controller of the commit.
    private func sync() {
        start = world.now
        guard let incarnation = world.answering, let controller = incarnation.controller else { return }
        Task(executorPreference: incarnation.executor, priority: .medium) {
            // What is wrong with the fetch stands in the status.
            _ = try? await controller.sync(source: nil)
        }
    }

    private func askPeople(_ status: InstallationStatus) {
        for app in status.apps {
            guard let blocker = app.because.first(where: { $0.cause == .approval }),
                asked.insert("\(app.name) \(blocker.object) \(app.rollout?.step ?? 0)").inserted,
                let incarnation = world.answering, let controller = incarnation.controller
            else { continue }
            recorder?.ask(app.name, blocker.command ?? "slipway approve \(app.name)")
            Task(executorPreference: incarnation.executor, priority: .medium) {
                // Another status asks again for what was refused.
                _ = try? await controller.approve(app.name.rawValue)
            }
        }
    }

    /// Ends what runs, so that nothing of one rehearsal is left in the next.
    private func end() {
        for incarnation in world.incarnations {
            incarnation.isAlive = false
            incarnation.cutAll()
        }
        for incarnation in world.incarnations {
            world.reap(incarnation)
            while !incarnation.executor.isIdle { incarnation.executor.runOne { _ in 0 } }
        }
    }
}
