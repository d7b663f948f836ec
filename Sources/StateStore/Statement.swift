internal import CSQLite
internal import Ports

/// A prepared statement, finalized with this value. Used while its connection is open only.
@safe struct Statement: ~Copyable {
    private let pointer: OpaquePointer
    private let connection: OpaquePointer
    private let sql: String

    init(_ pointer: OpaquePointer, connection: OpaquePointer, sql: String) {
        unsafe self.pointer = unsafe pointer
        unsafe self.connection = unsafe connection
        self.sql = sql
    }

    deinit { unsafe sqlite3_finalize(pointer) }

    /// Makes it ready to be run anew with `values` from the first parameter on.
    func bind(_ values: [Value]) throws(StoreError) {
        reset()
        for (index, value) in values.enumerated() {
            let position = Int32(clamping: index + 1)
            let code =
                switch value {
                case .integer(let number): unsafe sqlite3_bind_int64(pointer, position, number)
                case .text(let text):
                    unsafe slipway_sqlite_bind_text(pointer, position, text, Int32(clamping: text.utf8.count))
                case .bytes(let bytes):
                    unsafe slipway_sqlite_bind_blob(pointer, position, bytes, Int32(clamping: bytes.count))
                case .null: unsafe sqlite3_bind_null(pointer, position)
                }
            try unsafe check("bind to \(sql.prefix(40))", code, on: connection)
        }
    }

    /// Goes to the next row; `false`: there is none.
    func step() throws(StoreError) -> Bool {
        let code = unsafe sqlite3_step(pointer)
        try unsafe check("run \(sql.prefix(40))", code, on: connection)
        return code & 0xff == SQLITE_ROW
    }

    /// Runs a statement without rows.
    func run(_ values: [Value]) throws(StoreError) {
        try bind(values)
        defer { reset() }
        while try step() {}
    }

    /// Ends a run; else the statement would hold its snapshot of the database.
    func reset() {
        // The code repeats what the last step threw.
        _ = unsafe sqlite3_reset(pointer)
    }

    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// Text or blob; empty for null.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(pointer, column) else { return [] }
        let count = unsafe sqlite3_column_bytes(pointer, column)
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(max(0, count))))
    }

    enum Value {
        case integer(Int64)
        case text(String)
        case bytes([UInt8])
        case null
    }
}
