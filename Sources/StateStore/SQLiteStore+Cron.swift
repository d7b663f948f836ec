public import Model
public import Ports

extension SQLiteStore {
    /// Runs of cron entries that are over, newest first.
    public func cronRuns(
        app: AppName, entry: ProcessName?, limit: Int
    ) async throws(StoreError) -> [CronRunRecord] {
        let database = try opened()
        let limit = Statement.Value.integer(Int64(max(0, limit)))
        let found =
            if let entry {
                try values(
                    database,
                    "SELECT id, json FROM cron_runs WHERE app = ? AND entry = ? ORDER BY id DESC LIMIT ?",
                    "cron run", [.text(app.rawValue), .text(entry.rawValue), limit], as: CronRunRecord.self)
            } else {
                try values(
                    database, "SELECT id, json FROM cron_runs WHERE app = ? ORDER BY id DESC LIMIT ?",
                    "cron run", [.text(app.rawValue), limit], as: CronRunRecord.self)
            }
        return found.values.map(\.value)
    }

    /// Adds what has ended, and removes of each entry what is older than its newest runs.
    func writeCronRuns(_ batch: StoreBatch, _ database: Database) throws(StoreError) {
        for record in batch.cronRuns {
            // A commit may be repeated after a failure that came too late to undo it.
            try database.run(
                """
                INSERT INTO cron_runs (app, entry, run, json) VALUES (?, ?, ?, ?)
                ON CONFLICT (app, entry, run) DO UPDATE SET json = excluded.json
                """,
                .text(record.app.rawValue), .text(record.entry.rawValue), .text(record.run),
                coder.encode(record, "a run of \(record.entry) of \(record.app)"))
            try database.run(
                """
                DELETE FROM cron_runs WHERE app = ?1 AND entry = ?2 AND id <= (
                    SELECT id FROM cron_runs WHERE app = ?1 AND entry = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)
                """, .text(record.app.rawValue), .text(record.entry.rawValue),
                .integer(Int64(CronRunRecord.kept)))
        }
        for app in batch.forgotten {
            try database.run("DELETE FROM cron_runs WHERE app = ?", .text(app.rawValue))
        }
    }
}
