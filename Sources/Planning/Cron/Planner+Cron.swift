import Model

/// Commands that are run by the clock.
///
/// The memory of a time at which an entry was due is written in the transaction of the intent that makes the container,
/// and the container's name holds that time: whatever crashes in between, the run is neither doubled nor forgotten.
extension AppPlanning {
    /// A clock that was put back by more than this was wrong before; by less, runs wait until it is there again.
    static let longestWayBack: Int64 = 86_400
    /// A start within its own minute is on time.
    private static let onTime: Int64 = 60
    /// Clocks are put forward and back: when an entry is due is worked out anew at least so often.
    private static let longestWait = TimeSpan.seconds(60)
    private static let mostPassedOver = 1_000

    /// Begins what is due and takes on what is under way. Runs belong to the last good release; a pause of the rollout
    /// does not stop them, as what runs is that release.
    mutating func runCron() {
        guard let release = memory.lastGood else { return }
        let specs = release.spec.effectiveCron
        guard !specs.isEmpty || memory.cron != nil || input.jobs.contains(where: \.isCronRun) else { return }
        var entries = memory.cron ?? [:]
        var statuses: [CronStatus] = []
        for spec in specs {
            var entry = entries[spec.name] ?? newEntry(spec)
            statuses.append(look(at: spec, &entry, release))
            entries[spec.name] = entry
        }
        for name in entries.keys.sorted() where !specs.contains(where: { $0.name == name }) {
            guard var entry = entries[name] else { continue }
            wind(down: &entry, name, release)
            entries[name] = entry.runs.isEmpty ? nil : entry
        }
        memory.cron = entries.isEmpty ? nil : entries
        plan.cron = statuses
        tidyCron(entries, specs)
    }

    // MARK: What is due

    /// An entry that this store does not know is due from now on; or, where its containers are there, from the newest
    /// of them on, as the store was lost then.
    private func newEntry(_ spec: CronSpec) -> CronMemory {
        let newest = runs(of: spec.name).filter { !$0.name.isManual && isOfThisTime($0.name) }.map(
            \.name.scheduled
        ).max()
        let before = newest.map { WallTime(secondsSince1970: $0.secondsSince1970 - 1) }
        return CronMemory(schedule: spec.key, considered: before ?? input.wall)
    }

    private mutating func look(
        at spec: CronSpec, _ entry: inout CronMemory, _ release: Release
    ) -> CronStatus {
        adoptRuns(spec.name, &entry)
        if entry.schedule != spec.key {
            // What the old schedule has left undone is not the new one's business.
            entry.schedule = spec.key
            entry.considered = max(entry.considered, input.wall)
        }
        if entry.considered.secondsSince1970 - input.wall.secondsSince1970 > Self.longestWayBack {
            entry.considered = input.wall
        }
        // First of all what has ended: it is in nobody's way any more.
        advanceRuns(spec.name, spec, &entry, release) { _ in true }
        var status = CronStatus(
            name: spec.name, schedule: spec.schedule, timezone: spec.effectiveTimezone)
        if let clock = clock(spec) {
            status.next = decide(spec, &entry, clock)
        } else {
            status.problem = "nothing is known of the time zone \(spec.effectiveTimezone); install tzdata"
        }
        advanceRuns(spec.name, spec, &entry, release, where: \.isUndecided)
        status.last = entry.last
        status.running = entry.runs.map { run in
            CronStatus.Run(
                run: run.name.run, scheduled: run.scheduled, isManual: run.isManual,
                startedAt: run.startedAt, number: run.number, container: containerName(spec.name, run))
        }
        return status
    }

    private func clock(_ spec: CronSpec) -> CronClock? {
        guard let zone = input.zones[spec.effectiveTimezone] else { return nil }
        // The loader has read it before; a later version's words may be news to this one.
        guard let schedule = try? CronSchedule(parsing: spec.schedule) else { return nil }
        return CronClock(schedule, in: zone)
    }

    /// Decides on the newest time at which the entry was due, if there is one that was not decided on.
    ///
    /// - Returns: when it is due next.
    private mutating func decide(_ spec: CronSpec, _ entry: inout CronMemory, _ clock: CronClock) -> WallTime?
    {
        guard var next = clock.next(after: entry.considered) else { return nil }
        if next <= input.wall, let due = clock.latest(after: entry.considered, upTo: input.wall) {
            let passedOver = next == due ? 0 : count(clock, from: next, to: due)
            let known = entry.considered
            entry.considered = isPlanted(.cronForgets) ? known : due
            begin(spec, &entry, due: due, passedOver: passedOver)
            guard let following = clock.next(after: due) else { return nil }
            next = following
        }
        let left = TimeSpan.seconds(max(1, next.secondsSince1970 - input.wall.secondsSince1970))
        wake(at: now + min(left, Self.longestWait))
        return next
    }

    private func count(_ clock: CronClock, from first: WallTime, to last: WallTime) -> Int {
        var count = 0
        var moment = first
        while moment < last, count < Self.mostPassedOver {
            count += 1
            guard let next = clock.next(after: moment) else { break }
            moment = next
        }
        return count
    }

    private mutating func begin(
        _ spec: CronSpec, _ entry: inout CronMemory, due: WallTime, passedOver: Int
    ) {
        let run = CronRun(
            scheduled: due, isManual: false, timeout: spec.effectiveTimeout, passedOver: passedOver)
        if isTooLate(run, spec) {
            end(
                run, spec.name, &entry, .missed, nil,
                "nobody could start it within \(spec.effectiveMissedRunWindow)")
            return
        }
        switch spec.effectiveOverlap {
        case .forbid where !entry.runs.isEmpty && !isPlanted(.cronOverlaps):
            let other = entry.runs[0].name.run
            end(run, spec.name, &entry, .skipped, nil, "the run \(other) had not ended")
        case .allow where entry.runs.count >= CronSpec.mostAtOnce:
            end(run, spec.name, &entry, .skipped, nil, "\(entry.runs.count) runs had not ended")
        case .replace:
            for index in entry.runs.indices { entry.runs[index].job = call(off: entry.runs[index].job) }
            entry.runs.append(run)
        case .forbid, .allow:
            entry.runs.append(run)
        }
    }

    private func isTooLate(_ run: CronRun, _ spec: CronSpec) -> Bool {
        let late = input.wall.secondsSince1970 - run.scheduled.secondsSince1970
        return late >= max(Self.onTime, spec.effectiveMissedRunWindow.wholeSecondsRoundedUp + 1)
    }

    // MARK: What is under way

    /// Takes runs one step on; what has ended leaves the memory for the history.
    private mutating func advanceRuns(
        _ name: ProcessName, _ spec: CronSpec?, _ entry: inout CronMemory, _ release: Release,
        where isWanted: (CronRun) -> Bool
    ) {
        let runs = entry.runs
        entry.runs = []
        for (index, run) in runs.enumerated() {
            // One that takes the place of others waits until they are gone.
            guard isWanted(run) else {
                entry.runs.append(run)
                continue
            }
            var run = run
            let takesPlaces = spec?.effectiveOverlap == .replace
            // A store that was lost may find several.
            if takesPlaces, index < runs.count - 1 { run.job = call(off: run.job) }
            let isFree = !takesPlaces || entry.runs.isEmpty
            let others = entry.runs + runs[(index + 1)...]
            let isAlone =
                spec?.effectiveOverlap == .allow || !others.contains(where: \.job.isUnderWay)
                || isPlanted(.cronOverlaps)
            if let left = advance(run, name, spec, &entry, release, mayBegin: isFree && isAlone) {
                entry.runs.append(left)
            }
        }
    }

    /// - Returns: the run, unless it is over.
    private mutating func advance(
        _ run: CronRun, _ name: ProcessName, _ spec: CronSpec?, _ entry: inout CronMemory,
        _ release: Release, mayBegin: Bool
    ) -> CronRun? {
        var run = run
        if run.job.end == nil, spec != nil, let time = run.notBefore {
            guard now >= time else {
                wake(at: time)
                return run
            }
            run.notBefore = nil
        }
        if isWaitingInVain(run, name, spec) {
            end(run, name, &entry, .missed, nil, "nobody could start it in time")
            return nil
        }
        guard let order = order(&run, name, spec, release) else {
            end(run, name, &entry, .failed, nil, "the release has no process that it could be run in")
            return nil
        }
        let mayBegin = mayBegin && spec != nil && !isCommandInTheWay && isAlone(run, name, spec)
        let attempt = run.job.attempt
        run.job = drive(run.job, order: order, timeout: run.timeout, mayBegin: mayBegin)
        // The container that never ran is gone: the next one is made at once.
        if run.job.attempt != attempt, let next = self.order(&run, name, spec, release) {
            run.job = drive(run.job, order: next, timeout: run.timeout, mayBegin: mayBegin)
        }
        if case .running = run.job.phase, run.startedAt == nil { run.startedAt = input.wall }
        guard let result = run.job.end else { return run }
        if run.startedAt == nil, result.hasRun { run.startedAt = input.wall }
        return settle(run, name, spec, &entry, result)
    }

    /// No other run of the entry is there, or it does not matter: what a lost store has found may be several.
    private func isAlone(_ run: CronRun, _ name: ProcessName, _ spec: CronSpec?) -> Bool {
        if spec?.effectiveOverlap == .allow || isPlanted(.cronOverlaps) { return true }
        return !runs(of: name).contains { found in
            found.container.state.isLive && found.name.label != run.name.label
        }
    }

    /// A release's command may be half-way through a database that the run works on.
    private var isCommandInTheWay: Bool { memory.rollout?.command?.isUnderWay == true }

    /// It was decided on, and nothing of it was made before its window was over.
    private func isWaitingInVain(_ run: CronRun, _ name: ProcessName, _ spec: CronSpec?) -> Bool {
        guard let spec, run.number == 1, !run.isManual, case .making = run.job.phase, isTooLate(run, spec)
        else { return false }
        let container = containerName(name, run)
        return job(of: name, run.name) == nil && !busyObjects.contains(container)
            && !input.unseen.contains { $0.name == container }
    }

    /// The last good release has no such entry any more: what runs goes on to its end, and nothing begins.
    private mutating func wind(down entry: inout CronMemory, _ name: ProcessName, _ release: Release) {
        adoptRuns(name, &entry)
        for index in entry.runs.indices where !entry.runs[index].job.isUnderWay {
            entry.runs[index].job = call(off: entry.runs[index].job)
        }
        advanceRuns(name, nil, &entry, release) { _ in true }
    }
}

extension CronRun {
    /// It has just been decided on, or called off.
    fileprivate var isUndecided: Bool {
        switch job.phase {
        case .making: labels == nil
        case .stopping, .ended: true
        case .starting, .discarding, .running: false
        }
    }
}

extension CronSpec {
    /// What the times depend on at which it is due.
    var key: String { "\(schedule) \(effectiveTimezone)" }
}
