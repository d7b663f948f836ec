public import Model
public import Ports
internal import Synchronization

/// A store in memory that can be told to refuse writes, and that counts them.
public final class MemoryStore: Store {
    private struct Contents {
        var state = StoredState(
            isNew: true, clock: nil, apps: [:], sources: [:], owned: [:], openIntents: [], lastIntent: 0,
            lastEvent: 0, epoch: 0)
        var intents: [Int64: Intent] = [:]
        var releases: [AppName: [ReleaseNumber: Release]] = [:]
        var rollouts: [RolloutRecord] = []
        var rolloutPlaces: [RolloutKey: Int] = [:]
        var cronRuns: [CronRunRecord] = []
        var cronPlaces: [CronKey: Int] = [:]
        var events: [EventRecord] = []
        var commits = 0
        var refusal: StoreError?
        /// What was written since the store was made, in order; `nil`: nobody keeps it.
        var records: [Record]?

        func read() -> StoredState {
            var read = state
            read.openIntents = intents.values.sorted { $0.sequence < $1.sequence }
            return read
        }
    }
    private struct CronKey: Hashable {
        var app: AppName
        var entry: ProcessName
        var run: String
    }
    private enum Record {
        case claim
        case batch(StoreBatch)
    }
    private struct RolloutKey: Hashable {
        var app: AppName
        var release: ReleaseNumber
        var startedAt: WallTime
        init(_ record: RolloutRecord) {
            app = record.app
            release = record.release
            startedAt = record.startedAt
        }
    }
    private let contents = Mutex(Contents())

    /// - Parameter keepsRecords: so that the store can be cut; costs memory for all that is ever written.
    public init(keepsRecords: Bool = false) {
        if keepsRecords { contents.withLock { $0.records = [] } }
    }

    public var commits: Int { contents.withLock { $0.commits } }
    /// How the rollouts ended, oldest first.
    public var outcomes: [RolloutRecord.Outcome] { contents.withLock { $0.rollouts.compactMap(\.outcome) } }
    /// All runs of cron entries that are over, oldest first.
    var cronHistory: [CronRunRecord] { contents.withLock { $0.cronRuns } }
    /// All rollouts, oldest first.
    public var history: [RolloutRecord] { contents.withLock { $0.rollouts } }
    public func refuse(with error: StoreError?) { contents.withLock { $0.refusal = error } }

    /// A copy of what is stored now, as a backup would be.
    public func backup() -> MemoryStore {
        let copy = MemoryStore()
        let held = contents.withLock { $0 }
        copy.contents.withLock { $0 = held }
        return copy
    }

    /// How much was written since the store was made, where that is kept: each is there in whole or not at all.
    public var recordCount: Int { contents.withLock { $0.records?.count ?? 0 } }

    /// The store as it is when its last `lost` records did not reach the disk.
    public func cut(losing lost: Int) -> MemoryStore {
        let records = contents.withLock { $0.records ?? [] }
        let copy = MemoryStore(keepsRecords: true)
        copy.contents.withLock { contents in
            for record in records.dropLast(lost) { copy.replay(record, &contents) }
        }
        return copy
    }

    private func replay(_ record: Record, _ contents: inout Contents) {
        switch record {
        case .claim: contents.state.epoch += 1
        case .batch(let batch): apply(batch, to: &contents)
        }
        contents.records?.append(record)
    }

    /// The store as one is that was copied so long ago.
    func aged(by span: TimeSpan) -> MemoryStore {
        let copy = backup()
        copy.contents.withLock { contents in
            contents.state.apps = contents.state.apps.mapValues { $0.aged(by: span) }
            if let now = contents.state.clock?.now { contents.state.clock?.now = now.earlier(by: span) }
        }
        return copy
    }

    public func claim() throws(StoreError) -> StoredState {
        try contents.withLock { contents throws(StoreError) in
            if let refusal = contents.refusal { throw refusal }
            replay(.claim, &contents)
            return contents.read()
        }
    }

    public func load() throws(StoreError) -> StoredState { contents.withLock { $0.read() } }

    public func commit(_ batch: StoreBatch) throws(StoreError) {
        try contents.withLock { contents throws(StoreError) in
            if let refusal = contents.refusal { throw refusal }
            guard batch.epoch == contents.state.epoch else {
                throw StoreError(
                    .fenced,
                    "another controller has claimed the store (epoch \(contents.state.epoch), this one has"
                        + " \(batch.epoch))")
            }
            contents.commits += 1
            replay(.batch(batch), &contents)
        }
    }

    private func apply(_ batch: StoreBatch, to contents: inout Contents) {
        contents.state.isNew = false
        contents.state.clock = batch.clock ?? contents.state.clock
        contents.state.apps.merge(batch.apps) { $1 }
        for app in batch.forgotten { contents.state.apps[app] = nil }
        contents.state.sources.merge(batch.sources) { $1 }
        for container in batch.owned { contents.state.owned[container.id] = container }
        for id in batch.disowned { contents.state.owned[id] = nil }
        for release in batch.releases {
            contents.releases[release.app, default: [:]][release.number] = release
        }
        for pruned in batch.prunedReleases { contents.releases[pruned.app]?[pruned.number] = nil }
        for intent in batch.intents {
            contents.intents[intent.sequence] = intent
            contents.state.lastIntent = max(contents.state.lastIntent, intent.sequence)
        }
        for outcome in batch.outcomes { contents.intents[outcome.sequence] = nil }
        for rollout in batch.rollouts {
            let key = RolloutKey(rollout)
            if let place = contents.rolloutPlaces[key] {
                contents.rollouts[place] = rollout
                continue
            }
            contents.rolloutPlaces[key] = contents.rollouts.count
            contents.rollouts.append(rollout)
        }
        for record in batch.cronRuns {
            let key = CronKey(app: record.app, entry: record.entry, run: record.run)
            if let place = contents.cronPlaces[key] {
                contents.cronRuns[place] = record
            } else {
                contents.cronPlaces[key] = contents.cronRuns.count
                contents.cronRuns.append(record)
            }
        }
        for item in batch.outbox
        where !contents.state.outbox.contains(where: { $0.key == item.key && $0.sequence > item.sequence }) {
            contents.state.outbox.removeAll { $0.key == item.key }
            contents.state.outbox.append(item)
        }
        contents.state.outbox.removeAll { item in
            batch.arrived[item.key].map { item.sequence <= $0 } ?? false
        }
        contents.events += batch.events
        contents.state.lastEvent = max(contents.state.lastEvent, batch.events.last?.sequence ?? 0)
    }

    public func release(app: AppName, number: ReleaseNumber) throws(StoreError) -> Release? {
        contents.withLock { $0.releases[app]?[number] }
    }
    public func rollouts(app: AppName?, limit: Int) throws(StoreError) -> [RolloutRecord] {
        contents.withLock { contents in
            Array(contents.rollouts.filter { app == nil || $0.app == app }.reversed().prefix(limit))
        }
    }
    public func cronRuns(app: AppName, entry: ProcessName?, limit: Int) throws(StoreError) -> [CronRunRecord]
    {
        contents.withLock { contents in
            let found = contents.cronRuns.filter { $0.app == app && (entry == nil || $0.entry == entry) }
            return Array(found.reversed().prefix(limit))
        }
    }
    public func events(after sequence: Int64, limit: Int) throws(StoreError) -> [EventRecord] {
        contents.withLock { contents in Array(contents.events.filter { $0.sequence > sequence }.prefix(limit))
        }
    }
    public func close() {}
}
