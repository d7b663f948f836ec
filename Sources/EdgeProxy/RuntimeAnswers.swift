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
        var line = FieldScanner(answer, separator: UInt8(ascii: " "))
        while line.next(limit: 20) {
            guard line.count >= 19, line.first != UInt8(ascii: "#"), let admin = line.integer(6),
                let weight = line.integer(7), let port = line.integer(18)
            else { continue }
            servers.append(
                LiveServer(
                    backend: line.text(1), name: line.text(3), address: line.text(4), port: port,
                    weight: weight, isOut: admin & 0x23 != 0, isDraining: admin & 0x18 != 0))
        }
        return servers
    }

    /// `show stat -1 4 -1`: columns by their names in the first line.
    static func counters(_ answer: [UInt8]) -> [ServerCounters] {
        var columns: StatColumns?
        var counters: [ServerCounters] = []
        var line = FieldScanner(answer, separator: UInt8(ascii: ","))
        while line.next(limit: columns.map { $0.last + 1 } ?? 200) {
            if line.first == UInt8(ascii: "#") {
                if line.text(0) == "# pxname" {
                    columns = StatColumns((0..<line.count).map { line.text($0) })
                }
                continue
            }
            guard let columns, line.count > columns.last else { continue }
            func number(_ index: Int) -> Int64 { Int64(line.integer(index) ?? 0) }
            let failed = number(columns.connectErrors) + number(columns.responseErrors)
            counters.append(
                ServerCounters(
                    backend: line.text(0), server: line.text(1), sessions: Int(number(columns.sessions)),
                    requests: columns.answers.reduce(0) { $0 + number($1) } + failed,
                    errors: number(columns.serverErrors) + failed))
        }
        return counters
    }

    private struct StatColumns {
        var sessions: Int
        var connectErrors: Int
        var responseErrors: Int
        var serverErrors: Int
        var answers: [Int]
        var last: Int

        init?(_ names: [String]) {
            func index(_ name: String) -> Int? { names.firstIndex(of: name) }
            let wanted = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"]
            let found = wanted.compactMap(index)
            guard let sessions = index("scur"), let connect = index("econ"), let response = index("eresp"),
                let server = index("hrsp_5xx"), found.count == wanted.count
            else { return nil }
            self.sessions = sessions
            connectErrors = connect
            responseErrors = response
            serverErrors = server
            answers = found
            last = max(sessions, connect, response, found.max() ?? 0)
        }
    }

    /// `show map FILE`: an address, the key, and the value. A table that nothing looks at is not known to HAProxy.
    static func map(_ answer: [UInt8]) -> [String: String] {
        var entries: [String: String] = [:]
        var line = FieldScanner(answer, separator: UInt8(ascii: " "))
        while line.next(limit: 3) {
            guard line.count == 3, line.text(0).hasPrefix("0x") else { continue }
            entries[line.text(1)] = line.text(2)
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
}
