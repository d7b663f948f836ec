internal import CSQLite
internal import Ports

/// An open database, closed with this value.
@safe struct Connection: ~Copyable {
    private let pointer: OpaquePointer

    /// Opens the file, makes it if there is none.
    ///
    /// - Parameter isReadOnly: for whoever only looks, beside a controller that writes.
    init(path: String, isReadOnly: Bool = false) throws(StoreError) {
        var opened: OpaquePointer?
        let access = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        do throws(StoreError) {
            try unsafe check("open \(path)", code, on: opened)
        } catch {
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        guard let opened = unsafe opened else {
            throw StoreError(.internal, "the store cannot open \(path): no memory")
        }
        unsafe pointer = unsafe opened
        // Another process has no business here; the little wait is for a person's `sqlite3` that only looks.
        _ = unsafe sqlite3_busy_timeout(opened, 250)
        _ = unsafe slipway_sqlite_set_defensive(opened)
    }

    deinit { unsafe sqlite3_close_v2(pointer) }

    /// Runs statements that give no rows, or whose rows do not matter.
    func execute(_ sql: String) throws(StoreError) {
        try unsafe check("run \(sql.prefix(40))", sqlite3_exec(pointer, sql, nil, nil, nil), on: pointer)
    }

    /// - Parameter isKept: `true` for a statement that is used again and again.
    func prepare(_ sql: String, isKept: Bool = false) throws(StoreError) -> Statement {
        var prepared: OpaquePointer?
        let flags = UInt32(isKept ? SQLITE_PREPARE_PERSISTENT : 0)
        let code = unsafe sqlite3_prepare_v3(pointer, sql, -1, flags, &prepared, nil)
        try unsafe check("prepare \(sql.prefix(40))", code, on: pointer)
        guard let prepared = unsafe prepared else {
            throw StoreError(.internal, "the store prepared nothing: \(sql)")
        }
        return unsafe Statement(prepared, connection: pointer, sql: sql)
    }

    /// The first column of the first row, 0 without a row.
    func integer(_ sql: String) throws(StoreError) -> Int64 {
        let statement = try prepare(sql)
        return try statement.step() ? statement.integer(0) : 0
    }

    /// The first column of the first row, empty without a row.
    func text(_ sql: String) throws(StoreError) -> String {
        let statement = try prepare(sql)
        return try statement.step() ? statement.text(0) : ""
    }

    /// Calls `body` with the library's handles of this database and `other`.
    func withHandles(
        _ other: borrowing Connection, _ body: (OpaquePointer, OpaquePointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        try unsafe body(pointer, other.pointer)
    }

    /// Whether the file does not stand at its path any more.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = unsafe sqlite3_file_control(pointer, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

    /// Whether no transaction is open.
    var isIdle: Bool { unsafe sqlite3_get_autocommit(pointer) != 0 }
}
