import Glibc

/// Lines for people, to standard error.
enum Progress {
    static func say(_ line: String) {
        let bytes = Array("slipway-bench: \(line)\n".utf8)
        _ = unsafe write(2, bytes, bytes.count)
    }
}
