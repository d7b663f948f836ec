internal import Model
internal import Planning
internal import Ports

/// I27.
public struct CronChecker: Checker {
    public static let id = "I27"
    public static let rule = """
        A cron entry is run once for each time at which it is due, and no time is forgotten: each has a run, or is \
        skipped, missed or passed over in favour of a later one, and the history says so.
        """

    private struct Key: Hashable {
        var app: AppName
        var entry: ProcessName
    }
    private struct Run: Hashable {
        var key: Key
        var run: String
        var number: Int
    }

    /// The stamps of the starts of each try, with the container.
    private var starts: [Run: Set<String>] = [:]
    /// What the store knew last of each entry.
    private var known: [Key: CronMemory] = [:]
    /// The clock on the wall was put forward or back: times are missed then that nobody was away for.
    private var wallJumps = false

    public init() {}

    /// How often each try of each run was started.
    var figures: [String: Int] {
        Dictionary(
            starts.map {
                ("\($0.key.key.app) \($0.key.key.entry) \($0.key.run) \($0.key.number)", $0.value.count)
            }
        ) { $0 + $1 }
    }

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .call(let call, .acted):
            if case .startJob(let id, _) = call.action { return started(id, in: world) }
            return []
        case .stored(let batch, _, nil): return stored(batch, in: world)
        case .fault(let sentence):
            if sentence.contains("clock") { wallJumps = true }
            // Another store knows other things, and what it has of a run that was taken away is all there is.
            if sentence.contains("store") { forget(in: world) }
            return []
        case .ended: return ended(in: world)
        default: return []
        }
    }

    private mutating func forget(in world: WorldTruth) {
        known = [:]
        let present = Set(world.jobs.keys.map(\.rawValue))
        starts = starts.filter { _, stamps in
            stamps.contains { stamp in present.contains(String(stamp.prefix { $0 != " " })) }
        }
    }

    // MARK: Once

    private mutating func started(_ id: ContainerID, in world: WorldTruth) -> [String] {
        guard let job = world.jobs[id]?.observed, let label = job.labels.job, label.kind == .cron,
            !job.startStamp.isEmpty, let name = CronRunName(label.run)
        else { return [] }
        let key = Key(app: job.labels.app, entry: job.labels.process)
        let run = Run(key: key, run: name.run, number: name.number)
        starts[run, default: []].insert("\(id) \(job.startStamp)")
        var breaches: [String] = []
        if let times = starts[run]?.count, times > 1 {
            breaches.append("\(key.app) \(key.entry) \(name.run), try \(name.number), was started ×\(times)")
        }
        guard spec(key, in: world)?.effectiveOverlap != .allow else { return breaches }
        let beside = world.jobs.values.first { other in
            other.observed.labels.app == key.app && other.observed.labels.process == key.entry
                && other.observed.labels.job?.kind == .cron && other.observed.id != id
                && other.observed.state == .running
        }
        if let beside { breaches.append("\(job.name) was started beside \(beside.observed.name)") }
        return breaches
    }

    private func spec(_ key: Key, in world: WorldTruth) -> CronSpec? {
        world.stored.apps[key.app]?.lastGood?.spec.effectiveCron.first { $0.name == key.entry }
    }

    // MARK: None is forgotten

    private mutating func stored(_ batch: StoreBatch, in world: WorldTruth) -> [String] {
        var breaches: [String] = []
        for app in batch.forgotten {
            known = known.filter { $0.key.app != app }
            // Its times are told anew if it comes back, by a clock that may have been put back.
            starts = starts.filter { $0.key.key.app != app }
        }
        for (app, memory) in batch.apps {
            // One that is gone and comes back is due from then on.
            known = known.filter { $0.key.app != app || memory.cron?[$0.key.entry] != nil }
            for (entry, cron) in memory.cron ?? [:] {
                let key = Key(app: app, entry: entry)
                if let before = known[key] { breaches += compare(before, cron, key, batch) }
                known[key] = cron
            }
        }
        for record in batch.cronRuns where record.outcome == .missed && !wallJumps {
            breaches.append("\(record.app) \(record.entry) \(record.run) was missed: \(record.message)")
        }
        return breaches
    }

    /// What lies between two states of an entry's memory is decided on in the very batch.
    private func compare(
        _ before: CronMemory, _ after: CronMemory, _ key: Key, _ batch: StoreBatch
    ) -> [String] {
        guard before.schedule == after.schedule, before.considered < after.considered,
            let schedule = try? CronSchedule(
                parsing: after.schedule.split(separator: " ").dropLast().joined(separator: " "))
        else { return [] }
        let clock = CronClock(schedule, in: .utc)
        guard let due = clock.latest(after: before.considered, upTo: after.considered) else { return [] }
        let isRun = after.runs.contains { $0.scheduled == due && !$0.isManual }
        let isTold = batch.cronRuns.contains {
            $0.app == key.app && $0.entry == key.entry && $0.scheduled == due
        }
        guard !isRun, !isTold else { return [] }
        return ["\(key.app) \(key.entry) was due at \(due.utc), and nothing was made of it"]
    }

    private func ended(in world: WorldTruth) -> [String] {
        world.stored.apps.sorted { $0.key < $1.key }.flatMap { app, memory in
            (memory.cron ?? [:]).sorted { $0.key < $1.key }.compactMap { entry, cron in
                guard world.isCalm, !wallJumps, let run = cron.runs.first else { return nil }
                return "\(app) \(entry) \(run.name.run) has not ended: \(run.job.phase)"
            }
        }
    }
}
