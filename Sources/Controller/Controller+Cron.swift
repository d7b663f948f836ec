public import Model
internal import Planning
public import Ports
internal import Telemetry

/// Commands that are run by the clock: what the planner needs to know of them, and what people ask of them.
extension Controller {
    /// The rules of the zones that the app's entries name, as far as they are known.
    func zones(for memory: AppMemory) -> [String: ZoneRules] {
        guard let entries = memory.lastGood?.spec.cron else { return [:] }
        var zones: [String: ZoneRules] = [:]
        for name in Set(entries.map(\.effectiveTimezone)) {
            do {
                zones[name] = try configuration.zones.rules(of: name)
                zoneProblems[name] = nil
            } catch {
                // Said once, and again when it is another reason; the status has it for as long as it lasts.
                let problem = "\(error)"
                if zoneProblems[name] != problem {
                    logger.error("time zone cannot be read", ["zone": name, "error": problem])
                }
                zoneProblems[name] = problem
            }
        }
        return zones
    }

    public func cronHistory(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(ControlError) -> [CronRunRecord] {
        guard apps[app] != nil else { throw .unknownApp(app) }
        let records = try await reading { store throws(StoreError) in
            try await store.cronRuns(app: app, entry: entry, limit: limit)
        }
        if let entry, records.isEmpty { _ = try knownEntry(entry, app) }
        return records
    }

    public func runCron(app: AppName, entry: ProcessName) async throws(ControlError) -> CommandReport {
        let spec = try knownEntry(entry, app)
        let wall = clock.wall()
        let run = CronRun(scheduled: wall, isManual: true, timeout: spec.effectiveTimeout)
        try checkFree(spec, app, run)
        try await change(app) { record, controller in
            // What stood in its way may have come while the request waited: the planner looks at it as at any other.
            var memory = record.memory.cron?[entry] ?? CronMemory(schedule: "", considered: wall)
            guard !memory.runs.contains(where: { $0.name.run == run.name.run }) else { return }
            if spec.effectiveOverlap == .replace { memory.callOffAll() }
            memory.runs.append(run)
            record.memory.cron = (record.memory.cron ?? [:]).merging([entry: memory]) { $1 }
        }
        return CommandReport(
            message:
                "\(app): \(entry) is run now, as \(run.name.run); `slipway cron logs \(app) \(entry)` shows what it says",
            app: app, release: apps[app]?.memory.lastGood?.number)
    }

    private func checkFree(_ spec: CronSpec, _ app: AppName, _ run: CronRun) throws(ControlError) {
        let runs = apps[app]?.memory.cron?[spec.name]?.runs ?? []
        switch spec.effectiveOverlap {
        case .forbid where !runs.isEmpty:
            throw ControlError(
                .conflict,
                "\(app): the run \(runs[0].name.run) of \(spec.name) has not ended, and its overlap is `forbid`"
            )
        case .allow where runs.count >= CronSpec.mostAtOnce:
            throw ControlError(.conflict, "\(app): \(runs.count) runs of \(spec.name) have not ended")
        case .allow, .forbid, .replace: break
        }
        // The name holds the second, and a second container of that name would be taken for the first.
        let isTaken = apps[app]?.jobs.values.contains { job in
            job.labels.process == spec.name && job.labels.job?.run == run.name.label
        }
        if isTaken == true || runs.contains(where: { $0.name.run == run.name.run }) {
            throw ControlError(.conflict, "\(app): \(spec.name) was asked for in this very second already")
        }
    }

    /// Whether a container is of that run: by the whole label, or for all tries of a cron entry's run.
    static func isRun(_ job: ObservedInstance, _ run: String?) -> Bool {
        guard let label = job.labels.job else { return false }
        return label.run == run || label.kind == .cron && CronRunName(label.run)?.run == run
    }

    /// Runs of cron entries, by hand or by the clock, in the order of their times and tries; others by their release.
    static func isEarlier(_ left: ObservedInstance, than right: ObservedInstance) -> Bool {
        let names = [left, right].compactMap { job in job.labels.job.flatMap { CronRunName($0.run) } }
        guard names.count == 2 else {
            return (left.labels.release, left.name) < (right.labels.release, right.name)
        }
        return (names[0].scheduled, names[0].number, names[0].attempt)
            < (names[1].scheduled, names[1].number, names[1].attempt)
    }

    /// An entry of the last good release.
    private func knownEntry(_ name: ProcessName, _ app: AppName) throws(ControlError) -> CronSpec {
        guard let record = apps[app] else { throw .unknownApp(app) }
        guard let release = record.memory.lastGood else {
            throw ControlError(
                .conflict, "\(app) has no release yet that was proven good, so nothing of it is run")
        }
        if let found = release.spec.effectiveCron.first(where: { $0.name == name }) { return found }
        let names = release.spec.effectiveCron.map(\.name.rawValue).joined(separator: ", ")
        throw ControlError(
            .notFound,
            "\(app) has no cron entry \(name) in its last good release \(release.number)"
                + (names.isEmpty ? "" : "; it has \(names)"))
    }
}

extension CronMemory {
    /// A later run takes the place of all of these.
    fileprivate mutating func callOffAll() {
        for index in runs.indices { runs[index].job = runs[index].job.calledOff }
    }
}
