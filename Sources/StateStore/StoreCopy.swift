internal import CSQLite
internal import Glibc
public import Ports

/// A copy of a store as it is at one moment, while a controller may go on to write it; and the lock of its directory.
public enum StoreCopy {
    /// The file's name in a state directory.
    public static let fileName = "slipway.db"

    /// Copies the store by SQLite's online backup: what was committed when it ends, and nothing half.
    ///
    /// - Parameters:
    ///   - directory: the state directory.
    ///   - target: a path where there is no file yet; it is made with mode 0600.
    /// - Throws: where there is no store, it is damaged, or the target cannot be written.
    public static func copy(from directory: String, to target: String) throws(StoreError) {
        let path = "\(directory)/\(fileName)"
        guard unsafe access(path, F_OK) == 0 else {
            throw StoreError(
                .readOnly, "there is no store at \(path); name the state directory by --state-dir")
        }
        let descriptor = unsafe open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(.readOnly, "cannot make \(target): \(unsafe String(cString: strerror(errno)))")
        }
        close(descriptor)
        let source = try Connection(path: path, isReadOnly: true)
        let copy = try Connection(path: target)
        try copy.backUp(from: source)
        // One file without a log beside it.
        try copy.execute("PRAGMA journal_mode = DELETE")
        let verdict = try copy.text("PRAGMA integrity_check(1)")
        guard verdict == "ok" else {
            throw StoreError(.corrupt, "\(path) is damaged: \(verdict.prefix(200))")
        }
    }

    /// Whether the file is a sound store of a version that this Slipway knows.
    public static func check(_ path: String) throws(StoreError) {
        let connection = try Connection(path: path)
        let verdict = try connection.text("PRAGMA integrity_check(1)")
        guard verdict == "ok" else {
            throw StoreError(.corrupt, "the store is damaged: \(verdict.prefix(200))")
        }
        guard try connection.integer("PRAGMA application_id") == Schema.applicationID else {
            throw StoreError(.corrupt, "the database is not one of Slipway's")
        }
        let version = try connection.integer("PRAGMA user_version")
        guard version <= Schema.currentVersion else {
            throw StoreError(
                .newerSchema,
                "the store has schema \(version), and this Slipway knows \(Schema.currentVersion) at most: install the newer"
                    + " version first")
        }
    }

    /// Runs `body` while no controller can start on `directory`, which is made if need be.
    ///
    /// - Throws: `locked` where a controller runs on it.
    public static func withLock<Value>(
        of directory: String, _ body: () throws -> Value
    ) throws -> Value {
        let lock = try StoreDirectory(path: directory)
        let value = try body()
        _ = lock.path
        return value
    }
}

extension Connection {
    /// Makes this database a copy of `source`.
    fileprivate func backUp(from source: borrowing Connection) throws(StoreError) {
        try unsafe withHandles(source) { (target, source) throws(StoreError) in
            guard let backup = unsafe sqlite3_backup_init(target, "main", source, "main") else {
                try unsafe check("copy itself", sqlite3_errcode(target), on: target)
                return
            }
            var code = SQLITE_OK
            var attempts = 0
            repeat {
                code = unsafe sqlite3_backup_step(backup, -1)
                attempts += 1
                // Somebody writes just now: the step begins again.
                if code == SQLITE_BUSY || code == SQLITE_LOCKED { sqlite3_sleep(50) }
            } while (code == SQLITE_BUSY || code == SQLITE_LOCKED) && attempts < 200
            let end = unsafe sqlite3_backup_finish(backup)
            try unsafe check("copy itself", code == SQLITE_DONE ? end : code, on: target)
        }
    }
}
