/// A server of a backend as HAProxy has it now.
struct LiveServer: Hashable, Sendable {
    var backend: String
    var name: String
    var address: String
    var port: Int
    var weight: Int
    /// Takes nothing new.
    var isOut: Bool
    /// Somebody has set it to drain, which we never do: sticky visitors would still come.
    var isDraining: Bool
}

/// What HAProxy has counted of one server since its worker began.
struct ServerCounters: Hashable, Sendable {
    var backend: String
    var server: String
    /// Requests and sessions open now.
    var sessions: Int
    var requests: Int64
    var errors: Int64
}

/// Reads HAProxy's answers.
enum RuntimeAnswers {
    /// `show servers state`: columns by number, as version 1 of that format has them.
    static func servers(_ answer: [UInt8]) -> [LiveServer] {
        var servers: [LiveServer] = []
        lines(answer) { line in
            guard line.first != UInt8(ascii: "#") else { return }
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 19, let admin = integer(fields[6]), let weight = integer(fields[7]),
                let port = integer(fields[18])
            else { return }
            servers.append(
                LiveServer(
                    backend: text(fields[1]), name: text(fields[3]), address: text(fields[4]), port: port,
                    weight: weight, isOut: admin & 0x23 != 0, isDraining: admin & 0x18 != 0))
        }
        return servers
    }

    /// `show stat -1 4 -1`: columns by their names in the first line.
    static func counters(_ answer: [UInt8]) -> [ServerCounters] {
        var columns: StatColumns?
        var counters: [ServerCounters] = []
        lines(answer) { line in
            if line.first == UInt8(ascii: "#") {
                if line.starts(with: Array("# pxname,".utf8)) { columns = StatColumns(line) }
                return
            }
            guard let columns else { return }
            let fields = line.split(
                separator: UInt8(ascii: ","), maxSplits: columns.last + 1, omittingEmptySubsequences: false)
            guard fields.count > columns.last else { return }
            func number(_ index: Int) -> Int64 { Int64(integer(fields[index]) ?? 0) }
            let failed = number(columns.connectErrors) + number(columns.responseErrors)
            counters.append(
                ServerCounters(
                    backend: text(fields[0]), server: text(fields[1]),
                    sessions: Int(number(columns.sessions)),
                    requests: columns.answers.reduce(0) { $0 + number($1) } + failed,
                    errors: number(columns.serverErrors) + failed))
        }
        return counters
    }

    private struct StatColumns {
        var sessions = 0
        var connectErrors = 0
        var responseErrors = 0
        var serverErrors = 0
        var answers: [Int] = []
        var last = 0

        init?(_ header: ArraySlice<UInt8>) {
            let names = header.dropFirst(2).split(
                separator: UInt8(ascii: ","), omittingEmptySubsequences: false
            ).map(RuntimeAnswers.text)
            func index(_ name: String) -> Int? { names.firstIndex(of: name) }
            let wanted = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"]
            guard let sessions = index("scur"), let connect = index("econ"), let response = index("eresp"),
                let server = index("hrsp_5xx")
            else { return nil }
            self.sessions = sessions
            connectErrors = connect
            responseErrors = response
            serverErrors = server
            answers = wanted.compactMap(index)
            guard answers.count == wanted.count else { return nil }
            last = ([sessions, connect, response] + answers).max() ?? 0
        }
    }

    /// `show map FILE`: an address, the key, and the value. A table that nothing looks at is not known to HAProxy.
    static func map(_ answer: [UInt8]) -> [String: String] {
        var entries: [String: String] = [:]
        lines(answer) { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard fields.count == 3, fields[0].starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")]) else {
                return
            }
            entries[text(fields[1])] = text(fields[2])
        }
        return entries
    }

    /// `show info`: `Name: value`.
    static func info(_ answer: String) -> [String: String] {
        var entries: [String: String] = [:]
        for line in answer.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            entries[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return entries
    }

    /// `show proc` of the master.
    static func processes(_ answer: String) -> MasterView? {
        var view: MasterView?
        var isOld = false
        for line in answer.split(separator: "\n") {
            if line.hasPrefix("# old workers") { isOld = true }
            if line.hasPrefix("# programs") { isOld = false }
            let fields = line.split(separator: " ")
            guard fields.count >= 3, let process = Int32(fields[0]) else { continue }
            if fields[1] == "master" {
                let failed = line.firstRange(of: "[failed: ").map { line[$0.upperBound...] }
                    .flatMap { Int($0.prefix { $0.isNumber }) }
                view = MasterView(process: process, failedReloads: failed ?? 0)
            } else if fields[1] == "worker" {
                if isOld { view?.oldWorkers.append(process) } else { view?.workers.append(process) }
            }
        }
        return view
    }

    struct MasterView: Hashable, Sendable {
        var process: Int32
        var failedReloads: Int
        var workers: [Int32] = []
        var oldWorkers: [Int32] = []
    }

    private static func lines(_ bytes: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: 10) ?? bytes.endIndex
            if end > start { body(bytes[start..<end]) }
            start = end + 1
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int? {
        var value = 0
        guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
        for byte in bytes {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        return value
    }
}
