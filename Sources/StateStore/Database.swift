internal import Ports

/// The open store file with its prepared statements. Not thread-safe: one actor owns it.
final class Database {
    /// Dictionaries cannot hold values that are not copyable.
    private final class Kept {
        let statement: Statement
        init(_ statement: consuming Statement) { self.statement = statement }
    }

    private let connection: Connection
    private var kept: [String: Kept] = [:]

    /// Opens the file at `path` and brings its schema up to date.
    ///
    /// - Throws: `corrupt` where the file is not a sound database.
    init(path: String) throws(StoreError) {
        connection = try Connection(path: path)
        // No trusted functions, every cell checked, no surprise from a file that somebody tampered with.
        try connection.execute("PRAGMA trusted_schema = OFF")
        try connection.execute("PRAGMA cell_size_check = ON")
        try connection.execute("PRAGMA foreign_keys = ON")
        let verdict = try connection.text("PRAGMA quick_check(1)")
        guard verdict == "ok" else {
            throw StoreError(.corrupt, "\(path) is damaged: \(verdict.prefix(200))")
        }
        let mode = try connection.text("PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw StoreError(
                .io, "\(path) cannot keep a write-ahead log (mode \(mode)); use a local file system")
        }
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA journal_size_limit = 16777216")
        try connection.execute("PRAGMA temp_store = MEMORY")
        try Schema.migrate(connection, path: path)
    }

    /// Whether the file does not stand at its path any more.
    var hasMoved: Bool { connection.hasMoved }

    /// Runs `body` in a transaction that is durable when this returns; undone if it throws.
    func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try connection.execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            try body()
            try connection.execute("COMMIT")
        } catch {
            for kept in kept.values { kept.statement.reset() }
            // Some failures have undone it already. If undoing fails, the next BEGIN says so.
            if !connection.isIdle { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    func run(_ sql: String, _ values: Statement.Value...) throws(StoreError) {
        try statement(sql).statement.run(values)
    }

    /// Calls `body` with each row.
    func forEachRow(
        _ sql: String, _ values: [Statement.Value], body: (borrowing Statement) throws(StoreError) -> Void
    ) throws(StoreError) {
        let kept = try statement(sql)
        try kept.statement.bind(values)
        defer { kept.statement.reset() }
        while try kept.statement.step() { try body(kept.statement) }
    }

    /// The first column of the first row, 0 without a row.
    func integer(_ sql: String, _ values: Statement.Value...) throws(StoreError) -> Int64 {
        let kept = try statement(sql)
        try kept.statement.bind(values)
        defer { kept.statement.reset() }
        return try kept.statement.step() ? kept.statement.integer(0) : 0
    }

    /// Moves the log into the database file.
    func checkpoint() throws(StoreError) { try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") }

    private func statement(_ sql: String) throws(StoreError) -> Kept {
        if let known = kept[sql] { return known }
        let made = Kept(try connection.prepare(sql, isKept: true))
        kept[sql] = made
        return made
    }
}
