import FoundationEssentials
import TestServers

/// Where the reverse proxy of a world listens.
struct EdgePlace: Sendable {
    var http: Int
    var https: Int?
    /// More lines of the configuration below `edge`.
    var more: [String] = []

    var address: String { "127.0.0.1:\(http)" }

    init() throws { http = try closedPort() }

    /// Options of `slipwayd`.
    func configure(in directory: String) throws -> [String] {
        let file = directory + "/slipway.yaml"
        let secure = https.map { ["  https: [\"127.0.0.1:\($0)\"]"] } ?? []
        let lines = ["edge:", "  http: [\"\(address)\"]"] + secure + more.map { "  " + $0 }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        return ["--config", file]
    }
}

extension World {
    /// The status and the body of the answer to a request through the edge.
    func ask(
        _ host: String, path: String = "/", headers: [String] = [], options: [String] = []
    ) async throws -> (status: Int, body: String) {
        guard let edge = self.options.edge else { return (0, "this world has no edge") }
        let output = try await Shell.run(
            ["curl", "-s", "-m", "10", "-w", "\n%{http_code}", "-H", "Host: \(host)"]
                + headers.flatMap { ["-H", $0] } + options + ["http://\(edge.address)\(path)"])
        var lines = output.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let status = lines.popLast().flatMap { Int($0) } ?? 0
        return (status, lines.joined(separator: "\n").trimmed)
    }

    /// Waits until the edge answers for `host` with the version `body`.
    func answers(_ host: String, _ body: String, within limit: Duration = .seconds(30)) async throws {
        try await eventually("\(host) answers \(body)", within: limit, every: .milliseconds(50)) {
            let answer = try await ask(host)
            return answer.status == 200 && answer.body == body ? .yes(()) : .notYet("\(answer)")
        }
    }
}
