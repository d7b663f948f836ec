import FoundationEssentials

/// The engine as a person at its command line sees it.
struct Engine: Sendable {
    let socket: String

    struct Container: Sendable, Hashable {
        var id: String
        var name: String
        /// `running`, `exited`, …
        var state: String
        var startedAt: String
        var address: String
        var labels: [String: String]
        var memoryInBytes: Int64
        var image: String

        var isRunning: Bool { state == "running" }
        var app: String { labels["slipway.app"] ?? "" }
        var process: String { labels["slipway.process"] ?? "" }
        var release: String { labels["slipway.release"] ?? "" }
    }

    @discardableResult
    func docker(_ arguments: String...) async throws -> String { try await docker(arguments) }

    @discardableResult
    func docker(_ arguments: [String]) async throws -> String {
        try await Shell.succeed(["docker", "-H", "unix://" + socket] + arguments)
    }

    /// All containers, running or not, with a label, sorted by name.
    func containers(label: String) async throws -> [Container] {
        // A container may be removed between the listing and the look at it: list again.
        for _ in 0..<20 {
            let ids = try await docker("ps", "-aq", "--no-trunc", "--filter", "label=" + label).lines
            if ids.isEmpty { return [] }
            let output = try await Shell.run(["docker", "-H", "unix://" + socket, "inspect"] + ids)
            guard output.exitCode == 0 else { continue }
            return try parse(output.text).sorted { $0.name < $1.name }
        }
        throw Expired(what: "a stable listing of \(label)", last: "containers that vanish")
    }

    func container(_ name: String) async throws -> Container? {
        let output = try await Shell.run([
            "docker", "-H", "unix://" + socket, "inspect", "--type", "container", name
        ])
        return output.exitCode == 0 ? try parse(output.text).first : nil
    }

    private func parse(_ json: String) throws -> [Container] {
        struct Wire: Decodable {
            struct State: Decodable {
                var Status: String
                var StartedAt: String
            }
            struct Config: Decodable {
                var Labels: [String: String]?
                var Image: String
            }
            struct Host: Decodable { var Memory: Int64 }
            struct Settings: Decodable { var Networks: [String: Network]? }
            struct Network: Decodable { var IPAddress: String }
            var Id: String
            var Name: String
            var State: State
            var Config: Config
            var HostConfig: Host
            var NetworkSettings: Settings
        }
        return try JSONDecoder().decode([Wire].self, from: Data(json.utf8)).map { wire in
            Container(
                id: wire.Id, name: String(wire.Name.drop { $0 == "/" }), state: wire.State.Status,
                startedAt: wire.State.StartedAt,
                address: wire.NetworkSettings.Networks?.values.map(\.IPAddress).first { !$0.isEmpty } ?? "",
                labels: wire.Config.Labels ?? [:], memoryInBytes: wire.HostConfig.Memory,
                image: wire.Config.Image)
        }
    }
}
