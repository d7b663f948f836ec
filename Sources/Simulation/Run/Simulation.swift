internal import Controller
internal import Ports
internal import Model

/// Runs the real controller in a simulated world, on the calling thread alone.
///
/// First faults strike for a while, and the rules of safety are looked at after each thing that happens. Then all is
/// calm, and everything has to come to rest within a stated time.
public final class Simulation {
    private let world: World
    private var schedule: Chance
    private var jobsAtOnce = 0
    private var lastTick: Int64 = -1
    private var lastStatus = Instant.zero
    /// When people last let go on what waits for them.
    private var lastHelp = Instant.zero
    private var hasEnded = false
    private var calmSince: Instant?
    private var script: Script?
    /// More jobs than these without time going on: somebody turns in a circle.
    private static let mostJobsAtOnce = 200_000

    private init(_ options: SimulationOptions) {
        world = World(options: options, plan: SeedPlan(options))
        schedule = Chance(seed: options.seed, concern: "schedule")
    }

    public static func run(_ options: SimulationOptions) -> SimulationReport {
        let simulation = Simulation(options)
        simulation.prepare()
        while !simulation.hasEnded { simulation.step() }
        return simulation.finish()
    }

    private func prepare() {
        world.push(world.plan.first)
        for occurrence in world.plan.occurrences {
            _ = world.agenda.add(at: occurrence.at) { [world] in world.strike(occurrence) }
        }
        if let scenario = world.options.scenario {
            script = Script(scenario, world)
        } else {
            _ = world.agenda.add(at: .zero + world.options.safetyPhase) { [self] in beCalm() }
        }
        backUp()
        world.after(100_000_000_000) { [world] in world.yesterday = world.store.backup() }
        world.startController()
    }

    private func beCalm() {
        calmSince = world.now
        world.becomeCalm()
    }

    /// Now and then somebody makes a backup of the store.
    private func backUp() {
        world.backup = world.store.backup()
        world.after(240_000_000_000) { [self] in
            if calmSince == nil { backUp() }
        }
    }

    /// Runs one job, or lets the time go on to what happens next.
    private func step() {
        for incarnation in world.incarnations where !incarnation.isAlive || incarnation.hasEnded {
            world.reap(incarnation)
        }
        if let incarnation = pickReady() {
            incarnation.executor.runOne { schedule.below($0) }
            jobsAtOnce += 1
            if jobsAtOnce > Self.mostJobsAtOnce { giveUp("the controller turns in a circle") }
            return
        }
        for incarnation in world.incarnations where !incarnation.isAlive {
            giveUp("controller \(incarnation.number) was killed and waits for something for ever")
        }
        guard !hasEnded, let next = world.agenda.popNext() else {
            hasEnded = true
            return
        }
        if next.at > world.now { goOn(to: next.at) }
        guard !hasEnded else { return }
        next.keep()
    }

    /// One of those that have a job to run. Nearly always there is one controller, and a list of it would cost more
    /// than most jobs.
    private func pickReady() -> Incarnation? {
        func isReady(_ incarnation: Incarnation) -> Bool {
            !incarnation.executor.isIdle && !incarnation.isSuspended
        }
        let all = world.incarnations
        guard all.count == 1 else { return schedule.pick(all.filter(isReady)) }
        let isOne = isReady(all[0])
        _ = schedule.below(isOne ? 1 : 0)
        return isOne ? all[0] : nil
    }

    private func giveUp(_ message: String) {
        world.breach("SIM", "every process of the controller ends, and none turns in a circle", message)
        hasEnded = true
    }

    private func goOn(to instant: Instant) {
        world.now = instant
        jobsAtOnce = 0
        if calmSince == nil, let script {
            if script.play() { beCalm() }
            if world.now - .zero > SimulationOptions.calmLimit {
                giveUp("the story does not come to its end")
                return
            }
        }
        if let calmSince, isOver(calmSince) {
            hasEnded = true
            return
        }
        let second = instant.nanoseconds / 1_000_000_000
        guard second > lastTick else { return }
        lastTick = second
        if instant - lastStatus >= .seconds(5) {
            readStatus()
            if calmSince != nil, script == nil, instant - lastHelp >= .seconds(15) {
                lastHelp = instant
                world.letGoOn()
            }
        }
        world.happen(.tick)
    }

    private func isOver(_ calmSince: Instant) -> Bool {
        let needed = isSettled ? SimulationOptions.settledRestTime : SimulationOptions.restTime
        if world.now - max(world.lastChange, calmSince) >= needed {
            let end = max(world.lastChange, calmSince)
            world.report.calmTook = end - calmSince
            return true
        }
        return world.now - calmSince > SimulationOptions.calmLimit
    }

    /// The controller says of every app that it has arrived, or that it waits for a person, and waits for no answer
    /// itself.
    private var isSettled: Bool {
        guard world.truth.inFlight.isEmpty, let status = world.truth.status, status.engine.isReachable,
            status.sources.allSatisfy({ $0.commit?.id == world.truth.head && $0.because.isEmpty })
        else { return false }
        return status.apps.allSatisfy { app in
            switch app.verdict {
            case .converged, .rolledBack, .held, .invalid: true
            case .progressing, .waiting, .unplaceable, .unknown, .degraded: false
            }
        }
    }

    /// Asks the controller how things are, between two of its jobs.
    private func readStatus() {
        lastStatus = world.now
        guard let incarnation = world.answering, let controller = incarnation.controller,
            incarnation.executor.isIdle
        else {
            world.truth.status = nil
            return
        }
        let world = world
        Task(executorPreference: incarnation.executor, priority: .medium) {
            let status = await controller.status()
            let figures = await controller.metrics()
            world.truth.status = status
            world.truth.statusNumber += 1
            incarnation.passes = figures.passes
        }
        while !incarnation.executor.isIdle { incarnation.executor.runOne { _ in 0 } }
    }

    /// Holds the end of a scenario against the right one.
    private func judgeEnd(of scenario: Scenario) {
        world.report.records = world.store.recordCount
        var lines = Outline.lines(world.truth, networks: world.engine.networkNames)
        world.report.outline = lines
        var end = scenario.end
        if world.options.lostRecords > 0 {
            guard scenario.isAllGood else { return }
            // History and numbers are lost with the records that tell of them.
            (lines, end) = (Outline.essence(lines), Outline.essence(end))
        }
        guard lines != end else { return }
        let missing = end.filter { !lines.contains($0) }.map { "not “\($0)”" }
        let wrong = lines.filter { !end.contains($0) }.map { "but “\($0)”" }
        world.breach(
            "END", "the story ends as it does without a crash", (missing + wrong).joined(separator: ", "))
    }

    /// How things stand at the end, into the story.
    private func tellStatus() {
        for app in world.truth.status?.apps ?? [] {
            let numbers = [app.running?.number, app.wanted?.number].map { $0?.description ?? "–" }
            let reasons = app.because.map { "\($0.cause.rawValue) \($0.object): \($0.message)" }
            world.note(
                "= \(app.name) \(app.verdict.rawValue), runs \(numbers[0]), wants \(numbers[1])"
                    + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"))
        }
    }

    private func finish() -> SimulationReport {
        readStatus()
        tellStatus()
        if let scenario = world.options.scenario {
            if scenario.isOpenEnded { world.countCron() } else { judgeEnd(of: scenario) }
        }
        world.happen(.ended)
        for incarnation in world.incarnations {
            world.report.passes += incarnation.passes
            incarnation.isAlive = false
            incarnation.cutAll()
        }
        // What runs is ended, so that nothing of one simulation is left in the next.
        for incarnation in world.incarnations {
            world.reap(incarnation)
            while !incarnation.executor.isIdle { incarnation.executor.runOne { _ in 0 } }
        }
        world.report.simulated = world.now - .zero
        world.report.story = world.story.lines
        return world.report
    }
}
