internal import CSQLite
internal import Ports

/// Throws what the call `action` failed with; every call of the library goes through here.
///
/// - Parameter connection: where the library left its text; `nil` where there is none.
func check(_ action: String, _ code: Int32, on connection: OpaquePointer?) throws(StoreError) {
    guard code != SQLITE_OK, code != SQLITE_DONE, code != SQLITE_ROW else { return }
    let extended = unsafe connection.map { unsafe sqlite3_extended_errcode($0) } ?? code
    let text = unsafe connection.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "no memory"
    throw StoreError(sqliteCode: code, extended: extended, action: action, text: text)
}

extension StoreError {
    init(sqliteCode code: Int32, extended: Int32, action: String, text: String) {
        let detail = "\(text), code \(extended)"
        switch code & 0xff {
        case SQLITE_FULL:
            self.init(.diskFull, "the store cannot \(action): the disk is full (\(detail)); free space on it")
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN:
            self.init(
                .readOnly,
                "the store cannot \(action): its file or directory may not be written (\(detail)); check owner and mode"
            )
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                .locked,
                "the store cannot \(action): another program holds the database (\(detail)); end that program"
            )
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self.init(
                .corrupt,
                "the store cannot \(action): its file is damaged (\(detail)); restart, and it is set aside and rebuilt"
            )
        case SQLITE_IOERR:
            self.init(.io, "the store cannot \(action): the disk failed (\(detail)); check the disk")
        default:
            self.init(.internal, "the store cannot \(action): \(detail)")
        }
    }
}
