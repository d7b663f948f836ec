import FoundationEssentials
import Testing

/// Every kind of traffic through the edge, beside whatever else happens: see `Load/load.py`.
struct EdgeLoad: Sendable {
    struct Result: Decodable, Sendable {
        var counts: [String: Int]
        /// Answers by version.
        var versions: [String: Int]
        var failures: [String]
        /// Instances whose open streams and sockets ended.
        var cut: [String]

        var requests: Int { ["kept", "fresh", "slow"].reduce(0) { $0 + (counts[$1] ?? 0) } }
    }

    /// Runs `body` under load, and returns what became of the requests.
    static func run(
        _ world: World, hosts: [String], _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Result {
        guard let edge = world.options.edge else { throw Expired(what: "load", last: "there is no edge") }
        let stop = world.directory + "/load-stops"
        let script =
            "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Load/load.py"
        async let output = Shell.run(
            ["/usr/bin/python3", script, edge.address, stop] + hosts, timeout: .seconds(1_500))
        do {
            try await body()
        } catch {
            try Data().write(to: URL(filePath: stop))
            _ = try await output
            throw error
        }
        try Data().write(to: URL(filePath: stop))
        let ended = try await output
        guard ended.exitCode == 0, let line = ended.text.split(separator: "\n").last else {
            throw Shell.Failed(output: ended)
        }
        return try JSONDecoder().decode(Result.self, from: Data(line.utf8))
    }
}
