internal import Execution
public import Model
public import Ports

/// The controller's memory in one SQLite file, on a thread of its own.
///
/// The file `slipway.db` has mode 0600 and stands in a directory of mode 0700 that one process holds at a time.
/// A damaged file is renamed to `slipway.db.corrupt-N`, never deleted, and a new store takes its place.
public actor SQLiteStore: Store {
    private let executor = SerialThreadExecutor(name: "store")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// What went wrong without being an error: rows left out, a file moved aside. Newest last, at most 100.
    public private(set) var notices: [String] = []

    /// `nil` once closed.
    private var database: Database?
    private var directory: StoreDirectory?
    let coder = RowCoder()
    private var pruning = Pruning()

    /// Opens the store in `directory`, and makes both if there is none.
    ///
    /// - Throws: `locked` when another process uses the store, `newerSchema` when a newer Slipway wrote it,
    ///   `readOnly`, `diskFull` or `io` when the system refuses.
    public init(directory path: String) async throws(StoreError) {
        let directory = try StoreDirectory(path: path)
        try directory.prepareFile()
        do throws(StoreError) {
            database = try Database(path: directory.database)
        } catch  where error.code == .corrupt {
            let target = try directory.setAside()
            try directory.prepareFile()
            database = try Database(path: directory.database)
            notices.append(
                "the store was damaged and is set aside as \(target); a new one is made (\(error.message))")
        }
        self.directory = consume directory
    }

    public func claim() async throws(StoreError) -> StoredState {
        let database = try opened()
        var state: StoredState?
        try database.transaction { () throws(StoreError) in
            try checkPlace(database)
            try database.run(
                """
                INSERT INTO claims (id, epoch) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1
                """)
            state = try read(database)
        }
        guard let state else { throw StoreError(.internal, "the store was claimed and not read") }
        return state
    }

    public func load() async throws(StoreError) -> StoredState { try read(try opened()) }

    private func read(_ database: Database) throws(StoreError) -> StoredState {
        let clock = try values(database, "SELECT id, json FROM clock", "clock", as: ClockReading.self)
        let apps = try values(database, "SELECT name, json FROM apps", "app", as: AppMemory.self)
        let sources = try values(database, "SELECT name, json FROM sources", "source", as: SourceMemory.self)
        let owned = try values(database, "SELECT id, json FROM owned", "container", as: OwnedContainer.self)
        let intents = try values(
            database, "SELECT sequence, json FROM intents WHERE outcome IS NULL ORDER BY sequence", "intent",
            as: Intent.self)
        let outbox = try values(
            database, "SELECT key, json FROM outbox ORDER BY sequence", "word to the outside",
            as: OutboxItem.self)
        let lastIntent = try database.integer("SELECT max(sequence) FROM intents")
        let lastEvent = try database.integer("SELECT max(sequence) FROM events")
        // What counts is whether anything was ever committed: the process may have died right after making the file.
        let rows = clock.rows + apps.rows + sources.rows + owned.rows
        return StoredState(
            isNew: rows == 0 && lastIntent == 0 && lastEvent == 0, clock: clock.values.first?.value,
            apps: dictionary(apps.values, "app"), sources: dictionary(sources.values, "source"),
            owned: dictionary(owned.values, "container"), openIntents: intents.values.map(\.value),
            lastIntent: lastIntent, lastEvent: lastEvent, epoch: try storedEpoch(database),
            outbox: outbox.values.map(\.value))
    }

    public func commit(_ batch: StoreBatch) async throws(StoreError) {
        guard !batch.isEmpty else { return }
        let database = try opened()
        let before = pruning
        do throws(StoreError) {
            try database.transaction { () throws(StoreError) in
                try checkPlace(database)
                try checkEpoch(batch.epoch, database)
                try writeState(batch, database)
                try writeHistory(batch, database)
                try writeCronRuns(batch, database)
                try writeOutbox(batch, database)
                try pruning.prune(after: batch, in: database)
            }
        } catch {
            pruning = before
            throw error
        }
    }

    public func release(app: AppName, number: ReleaseNumber) async throws(StoreError) -> Release? {
        let found = try values(
            try opened(), "SELECT number, json FROM releases WHERE app = ? AND number = ?",
            "release of \(app)",
            .text(app.rawValue), .integer(Int64(number.value)), as: Release.self)
        return found.values.first?.value
    }

    public func rollouts(app: AppName?, limit: Int) async throws(StoreError) -> [RolloutRecord] {
        let database = try opened()
        let limit = Statement.Value.integer(Int64(max(0, limit)))
        let found =
            if let app {
                try values(
                    database,
                    "SELECT id, json FROM rollouts WHERE app = ? ORDER BY started_at DESC, id DESC LIMIT ?",
                    "rollout", .text(app.rawValue), limit, as: RolloutRecord.self)
            } else {
                try values(
                    database, "SELECT id, json FROM rollouts ORDER BY started_at DESC, id DESC LIMIT ?",
                    "rollout",
                    limit, as: RolloutRecord.self)
            }
        return found.values.map(\.value)
    }

    public func events(after sequence: Int64, limit: Int) async throws(StoreError) -> [EventRecord] {
        let found = try values(
            try opened(), "SELECT sequence, json FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
            "event",
            .integer(sequence), .integer(Int64(max(0, limit))), as: EventRecord.self)
        return found.values.map(\.value)
    }

    /// Moves the log into the file and lets go of both; every later call fails.
    public func close() async {
        guard let database else { return }
        do throws(StoreError) {
            try database.checkpoint()
        } catch {
            // Nothing is lost: the next start reads the log.
            note("the store's log was not folded in at the end: \(error.message)")
        }
        self.database = nil
        directory = nil
    }

    // MARK: Whose the store is

    private func storedEpoch(_ database: Database) throws(StoreError) -> Int64 {
        try database.integer("SELECT epoch FROM claims")
    }

    private func checkEpoch(_ epoch: Int64, _ database: Database) throws(StoreError) {
        let stored = try storedEpoch(database)
        guard epoch == stored else {
            throw StoreError(
                .fenced,
                "another controller has claimed the store, or an older one was put in its place (epoch \(stored), this one has \(epoch)); one of the two"
                    + " has to go")
        }
    }

    /// What is written into a file that has no name any more is lost, and the fence of whoever came after is not in it.
    func checkPlace(_ database: Database) throws(StoreError) {
        guard database.hasMoved else { return }
        throw StoreError(
            .fenced,
            "the file of the store was moved, removed or replaced; start anew with the one that is there now")
    }

    // MARK: Writing

    private func writeState(_ batch: StoreBatch, _ database: Database) throws(StoreError) {
        if let clock = batch.clock {
            try database.run(
                "INSERT OR REPLACE INTO clock (id, json) VALUES (1, ?)", coder.encode(clock, "the clock"))
        }
        for (name, memory) in batch.apps {
            try database.run(
                "INSERT OR REPLACE INTO apps (name, json) VALUES (?, ?)", .text(name.rawValue),
                coder.encode(memory, "app \(name)"))
        }
        for name in batch.forgotten {
            try database.run("DELETE FROM apps WHERE name = ?", .text(name.rawValue))
        }
        for (name, memory) in batch.sources {
            try database.run(
                "INSERT OR REPLACE INTO sources (name, json) VALUES (?, ?)", .text(name.rawValue),
                coder.encode(memory, "source \(name)"))
        }
        for container in batch.owned {
            try database.run(
                "INSERT OR REPLACE INTO owned (id, json) VALUES (?, ?)", .text(container.id.rawValue),
                coder.encode(container, "container \(container.name)"))
        }
        for id in batch.disowned { try database.run("DELETE FROM owned WHERE id = ?", .text(id.rawValue)) }
    }

    private func writeHistory(_ batch: StoreBatch, _ database: Database) throws(StoreError) {
        for release in batch.releases {
            try database.run(
                "INSERT OR REPLACE INTO releases (app, number, json) VALUES (?, ?, ?)",
                .text(release.app.rawValue),
                .integer(Int64(release.number.value)),
                coder.encode(release, "release \(release.number) of \(release.app)"))
        }
        for pruned in batch.prunedReleases {
            try database.run(
                "DELETE FROM releases WHERE app = ? AND number = ?", .text(pruned.app.rawValue),
                .integer(Int64(pruned.number.value)))
        }
        for rollout in batch.rollouts {
            try database.run(
                """
                INSERT INTO rollouts (app, release, started_at, json) VALUES (?, ?, ?, ?)
                ON CONFLICT (app, release, started_at) DO UPDATE SET json = excluded.json
                """,
                .text(rollout.app.rawValue), .integer(Int64(rollout.release.value)),
                .integer(rollout.startedAt.secondsSince1970),
                coder.encode(rollout, "a rollout of \(rollout.app)"))
        }
        // A commit may be repeated after a failure that came too late to undo it, so nothing here minds a second time.
        for intent in batch.intents {
            try database.run(
                """
                INSERT INTO intents (sequence, json) VALUES (?, ?)
                ON CONFLICT (sequence) DO UPDATE SET json = excluded.json
                """,
                .integer(intent.sequence), coder.encode(intent, "intent \(intent.sequence)"))
        }
        for outcome in batch.outcomes {
            try database.run(
                "UPDATE intents SET outcome = ? WHERE sequence = ?",
                coder.encode(outcome, "the outcome of intent \(outcome.sequence)"), .integer(outcome.sequence)
            )
        }
        for event in batch.events {
            try database.run(
                "INSERT OR REPLACE INTO events (sequence, json) VALUES (?, ?)", .integer(event.sequence),
                coder.encode(event, "event \(event.sequence)"))
        }
    }

    /// What waits for somebody who is away for long is bounded: the oldest is given up then.
    private static let outboxLimit: Int64 = 20_000

    private func writeOutbox(_ batch: StoreBatch, _ database: Database) throws(StoreError) {
        for item in batch.outbox {
            try database.run(
                """
                INSERT INTO outbox (key, sequence, json) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE
                    SET sequence = excluded.sequence, json = excluded.json WHERE excluded.sequence >= sequence
                """, .text(item.key),
                .integer(item.sequence), coder.encode(item, "a word to the outside"))
        }
        for (key, sequence) in batch.arrived.sorted(by: { $0.key < $1.key }) {
            try database.run(
                "DELETE FROM outbox WHERE key = ? AND sequence <= ?", .text(key), .integer(sequence))
        }
        guard !batch.outbox.isEmpty else { return }
        try database.run(
            """
            DELETE FROM outbox WHERE sequence <=
                (SELECT sequence FROM outbox ORDER BY sequence DESC LIMIT 1 OFFSET ?)
            """, .integer(Self.outboxLimit))
    }

    // MARK: Reading

    /// Values of a query with their keys. `rows` counts those too that do not decode.
    struct Found<Value> {
        var rows = 0
        var values: [(key: String, value: Value)] = []
    }

    /// Reads rows of key and JSON. One that does not decode is left out and noted: the rest must not be lost for it.
    private func values<Value: Decodable>(
        _ database: Database, _ sql: String, _ what: String, _ parameters: Statement.Value...,
        as type: Value.Type
    ) throws(StoreError) -> Found<Value> {
        try values(database, sql, what, parameters, as: type)
    }

    func values<Value: Decodable>(
        _ database: Database, _ sql: String, _ what: String, _ parameters: [Statement.Value],
        as type: Value.Type
    ) throws(StoreError) -> Found<Value> {
        var keys: [String] = []
        var rows: [[UInt8]] = []
        try database.forEachRow(sql, parameters) { row throws(StoreError) in
            keys.append(row.text(0))
            rows.append(row.bytes(1))
        }
        var found = Found<Value>()
        found.rows = rows.count
        found.values.reserveCapacity(rows.count)
        for (key, value) in zip(keys, coder.decode(all: rows, as: type)) {
            if let value {
                found.values.append((key, value))
            } else {
                note("the stored \(what) \(key.prefix(128)) is not readable and is left out")
            }
        }
        return found
    }

    private func dictionary<Key: Identifier, Value>(
        _ values: [(key: String, value: Value)], _ what: String
    ) -> [Key: Value] {
        var result: [Key: Value] = [:]
        result.reserveCapacity(values.count)
        for (key, value) in values {
            if let name = Key(key) {
                result[name] = value
            } else {
                note("a stored \(what) has a name that is none and is left out")
            }
        }
        return result
    }

    func opened() throws(StoreError) -> Database {
        guard let database else { throw StoreError(.internal, "the store is closed") }
        return database
    }

    private func note(_ notice: String) {
        guard !notices.contains(notice) else { return }
        notices.append(notice)
        if notices.count > 100 { notices.removeFirst() }
    }
}
