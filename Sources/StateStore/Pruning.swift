internal import Model
internal import Ports

/// Keeps the histories from growing for ever, a batch at a time.
struct Pruning {
    static let eventLimit: Int64 = 10_000
    static let closedIntentLimit: Int64 = 2_000
    static let rolloutLimit: Int64 = 500
    /// How far a history may be over its limit before the surplus is removed.
    static let slack = 256

    // At the limits at first: nobody knows how full the tables are when the store is opened.
    private var events = slack
    private var outcomes = slack

    /// Counts what `batch` added, and removes the oldest where it is time.
    mutating func prune(after batch: StoreBatch, in database: Database) throws(StoreError) {
        events += batch.events.count
        outcomes += batch.outcomes.count
        if !batch.events.isEmpty, events >= Self.slack {
            events = 0
            try database.run(
                """
                DELETE FROM events WHERE sequence <=
                    (SELECT sequence FROM events ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                """, .integer(Self.eventLimit))
        }
        if !batch.outcomes.isEmpty, outcomes >= Self.slack {
            outcomes = 0
            try database.run(
                """
                DELETE FROM intents WHERE outcome IS NOT NULL AND sequence <=
                    (SELECT sequence FROM intents WHERE outcome IS NOT NULL ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                """, .integer(Self.closedIntentLimit))
        }
        for app in Set(batch.rollouts.map(\.app)) {
            try database.run(
                """
                DELETE FROM rollouts WHERE app = ?1 AND id IN (
                    SELECT id FROM rollouts WHERE app = ?1 ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?2)
                """, .text(app.rawValue), .integer(Self.rolloutLimit))
        }
    }
}
