public import Model

/// The controller's memory. Durable when `commit` returns; all of a batch or nothing.
///
/// One controller at a time: each claims the store when it starts, and whoever claimed it earlier can write nothing
/// any more. As nothing is started without a durable intent, it can start nothing either, whatever it believes.
public protocol Store: Sendable {
    /// Raises the epoch by one, durably, and reads what is stored in the same transaction.
    ///
    /// - Returns: the state with the raised `epoch`.
    func claim() async throws(StoreError) -> StoredState
    /// Reads without claiming, for whoever only looks.
    func load() async throws(StoreError) -> StoredState
    /// - Throws: `fenced` when the last claim is not that of `batch.epoch`: a newer one was made, or an older store put
    ///   in its place. Nothing of the batch is written then.
    func commit(_ batch: StoreBatch) async throws(StoreError)
    func release(app: AppName, number: ReleaseNumber) async throws(StoreError) -> Release?
    /// Newest first.
    func rollouts(app: AppName?, limit: Int) async throws(StoreError) -> [RolloutRecord]
    /// Runs of cron entries that are over, newest first; of all of the app's entries if `entry` is nil. The newest
    /// `CronRunRecord.kept` of each are kept, for as long as the app is.
    func cronRuns(app: AppName, entry: ProcessName?, limit: Int) async throws(StoreError) -> [CronRunRecord]
    /// Events with a sequence above `sequence`, oldest first.
    func events(after sequence: Int64, limit: Int) async throws(StoreError) -> [EventRecord]
    func close() async
}

/// Everything that the controller keeps in mind from one run to the next.
public struct StoredState: Sendable {
    /// `true`: the store was made just now, because it was lost or never existed.
    public var isNew: Bool
    public var clock: ClockReading?
    public var apps: [AppName: AppMemory]
    public var sources: [SourceName: SourceMemory]
    public var owned: [ContainerID: OwnedContainer]
    /// Intents without an outcome: the controller died between the two.
    public var openIntents: [Intent]
    public var lastIntent: Int64
    public var lastEvent: Int64
    /// How often the store has been claimed.
    public var epoch: Int64
    /// What has not arrived yet, oldest first.
    public var outbox: [OutboxItem]

    public init(
        isNew: Bool, clock: ClockReading?, apps: [AppName: AppMemory], sources: [SourceName: SourceMemory],
        owned: [ContainerID: OwnedContainer], openIntents: [Intent], lastIntent: Int64, lastEvent: Int64,
        epoch: Int64, outbox: [OutboxItem] = []
    ) {
        self.outbox = outbox
        self.isNew = isNew
        self.clock = clock
        self.apps = apps
        self.sources = sources
        self.owned = owned
        self.openIntents = openIntents
        self.lastIntent = lastIntent
        self.lastEvent = lastEvent
        self.epoch = epoch
    }
}

/// One transaction. Empty parts change nothing.
public struct StoreBatch: Sendable {
    /// Of the claim of whoever writes.
    public var epoch: Int64 = 0
    public var clock: ClockReading?
    public var apps: [AppName: AppMemory] = [:]
    /// Apps that were removed; their releases and rollouts stay as history.
    public var forgotten: [AppName] = []
    public var releases: [Release] = []
    public var prunedReleases: [PrunedRelease] = []
    public var sources: [SourceName: SourceMemory] = [:]
    public var owned: [OwnedContainer] = []
    public var disowned: [ContainerID] = []
    public var intents: [Intent] = []
    public var outcomes: [IntentOutcome] = []
    public var events: [EventRecord] = []
    /// Inserted, or replaced where app, release and `startedAt` are equal.
    public var rollouts: [RolloutRecord] = []
    /// Replaced where app, entry and run are equal.
    public var cronRuns: [CronRunRecord] = []
    /// To be told outside; each takes the place of an older one with its key.
    public var outbox: [OutboxItem] = []
    /// Keys of what has arrived, with the sequence that did: a newer one of the key stays.
    public var arrived: [String: Int64] = [:]

    public init() {}

    public struct PrunedRelease: Sendable, Hashable {
        public var app: AppName
        public var number: ReleaseNumber
        public init(app: AppName, number: ReleaseNumber) {
            self.app = app
            self.number = number
        }
    }

    public var isEmpty: Bool {
        apps.isEmpty && forgotten.isEmpty && releases.isEmpty && prunedReleases.isEmpty && sources.isEmpty
            && owned.isEmpty && disowned.isEmpty && intents.isEmpty && outcomes.isEmpty && events.isEmpty
            && rollouts.isEmpty && cronRuns.isEmpty && outbox.isEmpty && arrived.isEmpty && clock == nil
    }
}

public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case diskFull = "disk_full"
        case readOnly = "read_only"
        case locked
        /// Another controller has claimed the store since, or its file was replaced: this one has to end.
        case fenced
        case corrupt
        /// Written by a newer Slipway.
        case newerSchema = "newer_schema"
        case io
        case `internal`
    }
    public var code: Code
    /// What failed and what to do about it.
    public var message: String
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }
}
