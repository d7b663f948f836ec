import EdgeProxy
import Glibc
import HTTPClient
import HTTPServer
import Model
import Ports

/// A real HAProxy with its adapter, in front of two small servers that say their name.
struct EdgeBench: Sendable {
    let folder: String
    let edge: HAProxyEdge
    /// Where the edge listens.
    let port: Int
    /// Ports of the two servers.
    let servers: [Int]
    let client = HTTPClient()

    static func with<Value: Sendable>(
        _ bench: Bench, _ body: @escaping @Sendable (EdgeBench) async throws -> Value
    ) async throws -> Value {
        guard unsafe access("/usr/sbin/haproxy", X_OK) == 0 else {
            throw BenchError("there is no /usr/sbin/haproxy: install the package haproxy")
        }
        return try await bench.withFolder { folder in
            let servers = try (0..<2).map { number in
                try HTTPServer.start(HTTPServerConfiguration(tcp: .init(host: "127.0.0.1", port: 0))) { _ in
                    HTTPServerResponse(status: 200, body: .bytes(Array("\(number)".utf8)))
                }
            }
            let port = Int.random(in: 10_000..<20_000)
            let edge = HAProxyEdge(
                configuration: EdgeConfiguration(
                    directory: "\(folder)/edge", httpAddresses: ["127.0.0.1:\(port)"]), certificates: nil
            ) { _ in }
            let world = EdgeBench(
                folder: folder, edge: edge, port: port, servers: servers.compactMap(\.tcpPort))
            let value = try await beside(edge) { try await body(world) }
            await edge.shutdown()
            for server in servers { await server.stop(grace: .seconds(1)) }
            return value
        }
    }

    private static func beside<Value: Sendable>(
        _ edge: HAProxyEdge, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                await edge.run()
                return nil
            }
            group.addTask { try await body() }
            var value: Value?
            while value == nil, let ended = try await group.next() { value = ended }
            group.cancelAll()
            guard let value else { throw BenchError("the edge ended by itself") }
            return value
        }
    }

    static func host(_ number: Int) -> String { "app-\(number).example.com" }

    /// The route of an app: one of the two servers gets the requests, and the other one drains.
    func route(_ number: Int, to serving: Int) throws -> Route {
        guard let app = AppName("app-\(number)"), let process = ProcessName("web"),
            let release = ReleaseNumber(1)
        else { throw BenchError("the names of the bench are no names") }
        let targets = try servers.enumerated().map { index, port in
            guard let id = ContainerID("\(index)\(number)".padded(to: 12)) else {
                throw BenchError("the ids of the bench are no ids")
            }
            return Route.Target(
                container: id, name: "app-\(number)-web-v1-\(index + 1)", release: release,
                address: "127.0.0.1",
                port: port, isDraining: index != serving)
        }
        return Route(
            key: RouteKey(app: app, process: process), domains: [DomainSpec(host: Self.host(number))],
            targets: targets, options: EdgeSpec(https: .off))
    }

    /// Gives the edge `count` apps, all of them at the first server; only the first app has a second instance, because
    /// HAProxy keeps a descriptor for each and not every machine lets it have so many.
    func fill(_ count: Int) async throws {
        try await waitUntil("the edge answers", timeout: .seconds(30)) {
            // Not before HAProxy has been started.
            (try? await edge.observe()) != nil
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                var whole = try route(number, to: 0)
                if number > 0 { whole.targets.removeLast() }
                let route = whole
                group.addTask { try await edge.apply(route) }
            }
            try await group.waitForAll()
        }
    }

    /// Which server answers for an app.
    func answer(_ number: Int, port: Int? = nil, keeps: Bool = true) async throws -> Int? {
        let response = try await client.send(
            HTTPRequest(
                url: "http://127.0.0.1:\(port ?? self.port)/", headers: [("Host", Self.host(number))],
                timeout: .seconds(10), reusesConnection: keeps))
        guard response.status == 200 else { throw BenchError("the edge answered \(response.status)") }
        return Int(String(decoding: response.body, as: UTF8.self))
    }

    /// Whether the edge answers 200 for a path of the first app, on a fresh connection.
    func port(answers path: String) async throws -> Bool {
        let response = try await client.send(
            HTTPRequest(
                url: "http://127.0.0.1:\(port)\(path)", headers: [("Host", Self.host(0))],
                timeout: .seconds(10),
                reusesConnection: false))
        return response.status == 200
    }

    /// Resident memory of all processes of HAProxy, in MiB.
    func residentMebibytes(_ bench: Bench) async throws -> Double {
        let script =
            #"for pid in $(pgrep -f "$1/edge/haproxy.cfg"); do awk '/^VmRSS/ {print $2}' /proc/$pid/status; done"#
        let text = try await bench.command(["/bin/sh", "-c", script, "-", folder])
        let sum = text.split(separator: "\n").compactMap { Double($0) }.reduce(0, +)
        guard sum > 0 else { throw BenchError("HAProxy is not running") }
        return sum / 1_024
    }
}

extension String {
    /// In hexadecimal digits, as ids are.
    fileprivate func padded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - self.count)) + self
    }
}
