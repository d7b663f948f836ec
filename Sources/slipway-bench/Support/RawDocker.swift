import Glibc
import HTTPClient
import Model

/// Docker's API without anything of Slipway's adapter: the floor that measures stand on.
struct RawDocker: Sendable {
    private let client = HTTPClient()
    private let socket: String

    init(_ bench: Bench) { socket = bench.engineSocket }

    func answers() async -> Bool {
        guard unsafe access(socket, R_OK | W_OK) == 0 else { return false }
        do throws(HTTPError) {
            let request = HTTPRequest(url: "http://engine/_ping", unixSocket: socket, timeout: .seconds(5))
            return try await client.send(request).status == 200
        } catch {
            return false
        }
    }

    @discardableResult
    func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, type: String = "application/json",
        accepting: Set<Int> = []
    ) async throws -> HTTPResponse {
        let response = try await client.send(
            HTTPRequest(
                method: method, url: "http://engine/v1.41/\(path)", unixSocket: socket,
                headers: body == nil ? [] : [("Content-Type", type)], body: body, timeout: .seconds(120)))
        guard response.status < 400 || accepting.contains(response.status) else {
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            throw BenchError("\(method) \(path) answered \(response.status): \(text)")
        }
        return response
    }

    // MARK: Containers

    struct Payload: Encodable {
        var Image: String
        var Env: [String]
        var Labels: [String: String]
        var StopTimeout = 5
        var HostConfig: Host
        var NetworkingConfig: Networking
        struct Host: Encodable {
            var RestartPolicy = ["Name": "always"]
            var NetworkMode: String
            var LogConfig = Log()
        }
        struct Log: Encodable {
            var `Type` = "json-file"
            var Config = ["max-size": "10m", "max-file": "3"]
        }
        struct Networking: Encodable { var EndpointsConfig: [String: Endpoint] }
        struct Endpoint: Encodable { var Aliases: [String] }

        /// The same container that Slipway makes of `SampleSpecs.web`.
        init(image: String, labels: [String: String], network: String) {
            Image = image
            Env = ["PORT=8080", "SLIPWAY_APP=raw", "SLIPWAY_PROCESS=web"]
            Labels = labels
            HostConfig = Host(NetworkMode: network)
            NetworkingConfig = Networking(EndpointsConfig: [network: Endpoint(Aliases: ["raw", "raw-web"])])
        }
    }

    private struct Created: Decodable { var Id: String }

    func create(_ name: String, _ payload: Payload) async throws -> String {
        let response = try await send(
            "POST", "containers/create?name=\(name)", body: try WireCoding.encode(payload))
        return try WireCoding.decode(Created.self, from: response.body).Id
    }
    func start(_ id: String) async throws { try await send("POST", "containers/\(id)/start") }
    func kill(_ id: String) async throws { try await send("POST", "containers/\(id)/kill") }
    func stop(_ id: String) async throws { try await send("POST", "containers/\(id)/stop") }
    func remove(_ id: String) async throws {
        try await send("DELETE", "containers/\(id)?force=true", accepting: [404, 409])
    }

    struct Seen: Decodable, Sendable {
        var State: State
        var NetworkSettings: Settings
        struct State: Decodable, Sendable {
            var Running: Bool
            var StartedAt: String
        }
        struct Settings: Decodable, Sendable { var Networks: [String: Network] }
        struct Network: Decodable, Sendable { var IPAddress: String }
        var address: String? { NetworkSettings.Networks.values.map(\.IPAddress).first { !$0.isEmpty } }
    }
    func inspect(_ id: String) async throws -> Seen {
        try WireCoding.decode(Seen.self, from: try await send("GET", "containers/\(id)/json").body)
    }

    private struct Listed: Decodable { var Id: String }

    /// Removes every container and network that carries the label, until none is listed: a removal that the engine
    /// has answered may still hold its network for a moment.
    func sweep(label: String) async throws {
        let filter = "%7B%22label%22%3A%5B%22\(label)%22%5D%7D"
        let what = "an engine without what was made"
        try await waitUntil(what, timeout: .seconds(60), step: .milliseconds(200)) {
            let containers = try await list("containers/json?all=1&filters=\(filter)")
            try await atOnce(4, containers) { try await remove($0) }
            let networks = try await list("networks?filters=\(filter)")
            for id in networks { try await send("DELETE", "networks/\(id)", accepting: [403, 404, 409]) }
            return containers.isEmpty && networks.isEmpty
        }
    }

    private func list(_ path: String) async throws -> [String] {
        try WireCoding.decode([Listed].self, from: try await send("GET", path).body).map(\.Id)
    }

    /// One probe as the controller makes it.
    func probe(_ address: String) async -> Bool {
        do throws(HTTPError) {
            let request = HTTPRequest(
                url: "http://\(address):8080/health", timeout: .seconds(5), reusesConnection: false)
            return (200..<400).contains(try await client.send(request).status)
        } catch {
            return false
        }
    }
}

/// Does `work` for each item, at most `width` at a time, in order of the items.
func atOnce<Item: Sendable>(
    _ width: Int, _ items: [Item], _ work: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, item) in items.enumerated() {
            if index >= width { try await group.next() }
            group.addTask { try await work(item) }
        }
        try await group.waitForAll()
    }
}
