internal import Ports

/// The tables, and how older ones become today's.
///
/// Values stand as JSON beside the keys they are found by; a new optional field of a value needs no migration.
enum Schema {
    /// `Slip` in ASCII, so that `file` and people know what it is.
    static let applicationID: Int64 = 0x536c_6970

    /// Step n takes a database from version n to n + 1. Never edit one that was released: add another.
    static let migrations = [
        """
        CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), json BLOB NOT NULL) STRICT;
        CREATE TABLE apps (name TEXT PRIMARY KEY, json BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE releases (
            app TEXT NOT NULL, number INTEGER NOT NULL, json BLOB NOT NULL, PRIMARY KEY (app, number)
        ) STRICT;
        CREATE TABLE rollouts (
            id INTEGER PRIMARY KEY, app TEXT NOT NULL, release INTEGER NOT NULL, started_at INTEGER NOT NULL,
            json BLOB NOT NULL, UNIQUE (app, release, started_at)
        ) STRICT;
        CREATE INDEX rollouts_by_time ON rollouts (started_at, id);
        CREATE INDEX rollouts_by_app ON rollouts (app, started_at, id);
        CREATE TABLE sources (name TEXT PRIMARY KEY, json BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE owned (id TEXT PRIMARY KEY, json BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE intents (
            sequence INTEGER PRIMARY KEY, json BLOB NOT NULL, outcome BLOB
        ) STRICT;
        CREATE INDEX intents_open ON intents (sequence) WHERE outcome IS NULL;
        CREATE INDEX intents_closed ON intents (sequence) WHERE outcome IS NOT NULL;
        CREATE TABLE events (sequence INTEGER PRIMARY KEY, json BLOB NOT NULL) STRICT;
        """,
        """
        CREATE TABLE claims (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL) STRICT;
        """,
        """
        CREATE TABLE outbox (
            key TEXT PRIMARY KEY, sequence INTEGER NOT NULL, json BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX outbox_by_sequence ON outbox (sequence);
        """,
        """
        CREATE TABLE tokens (id TEXT PRIMARY KEY, json BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, app TEXT, project TEXT,
            actor TEXT NOT NULL, json BLOB NOT NULL
        ) STRICT;
        CREATE INDEX audit_by_time ON audit (at);
        CREATE INDEX audit_by_app ON audit (app, sequence) WHERE app IS NOT NULL;
        CREATE INDEX audit_by_project ON audit (project, sequence) WHERE project IS NOT NULL;
        CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
        """,
        """
        CREATE TABLE cron_runs (
            id INTEGER PRIMARY KEY, app TEXT NOT NULL, entry TEXT NOT NULL, run TEXT NOT NULL, json BLOB NOT NULL,
            UNIQUE (app, entry, run)
        ) STRICT;
        CREATE INDEX cron_runs_by_entry ON cron_runs (app, entry, id);
        """
    ]

    static var currentVersion: Int64 { Int64(migrations.count) }

    /// Brings the database to today's version; one transaction a step.
    static func migrate(_ connection: borrowing Connection, path: String) throws(StoreError) {
        let application = try connection.integer("PRAGMA application_id")
        let version = try connection.integer("PRAGMA user_version")
        guard application == applicationID || (application == 0 && version == 0) else {
            throw StoreError(
                .internal,
                "\(path) is a database of another program (application \(application)); move it away")
        }
        guard version <= currentVersion else {
            throw StoreError(
                .newerSchema,
                "\(path) has schema \(version), and this Slipway knows \(currentVersion) at most: start the newer "
                    + "Slipway that wrote it, or move the file away to have it rebuilt from git and the engine"
            )
        }
        guard version >= 0 else { throw StoreError(.corrupt, "\(path) has the impossible schema \(version)") }
        for (step, sql) in migrations.enumerated() where Int64(step) >= version {
            try connection.execute("BEGIN IMMEDIATE")
            do throws(StoreError) {
                try connection.execute(sql)
                try connection.execute("PRAGMA application_id = \(applicationID)")
                try connection.execute("PRAGMA user_version = \(step + 1)")
                try connection.execute("COMMIT")
            } catch {
                // The first failure is the one to tell; opening ends here.
                try? connection.execute("ROLLBACK")
                throw error
            }
        }
    }
}
