import EdgeProxy
import Execution
import FoundationEssentials
import Glibc
import HTTPClient
import Model
import Ports
import TestServers
import Testing

/// A real HAProxy on free ports, in a directory of its own, ended with the test.
final class EdgeFixture: Sendable {
    let directory: String
    let port: Int
    let configuration: EdgeConfiguration
    let client = HTTPClient()
    let messages = Shared<[String]>([])
    /// Kept until the end of the test.
    let servers = Shared<[RawServer]>([])

    init(_ change: (inout EdgeConfiguration) -> Void = { _ in }) throws {
        directory = "/tmp/edge-\(UInt32.random(in: 0...UInt32.max))"
        port = try closedPort()
        var configuration = EdgeConfiguration(
            directory: directory, httpAddresses: ["127.0.0.1:\(port)"], hardStopAfter: .seconds(20),
            supervisionInterval: .milliseconds(50))
        change(&configuration)
        self.configuration = configuration
    }

    deinit {
        // A test that has failed half-way leaves a proxy behind.
        let text = (try? String(contentsOfFile: directory + "/run/pid", encoding: .utf8)) ?? ""
        if let process = pid_t(text.filter(\.isNumber)),
            let command = try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8),
            command.contains(directory)
        {
            kill(process, SIGTERM)
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    func edge(certificates: (any CertificateSource)? = nil) -> HAProxyEdge {
        HAProxyEdge(configuration: configuration, certificates: certificates) { [messages] message in
            messages.value += [message]
        }
    }

    /// What the running process calls itself.
    func generation() throws -> String {
        let text = try admin("show info")
        return text.split(separator: "\n").first { $0.hasPrefix("description") }.map(String.init) ?? ""
    }

    /// What a person can do with HAProxy's socket.
    @discardableResult
    func admin(_ command: String, socket: String = "admin.sock") throws -> String {
        let output = try Subprocess.run(
            ["/usr/bin/python3", "-c", Self.script, "\(directory)/run/\(socket)", command],
            environment: [:], timeout: .seconds(20))
        return String(decoding: output.standardOutput, as: UTF8.self)
    }

    private static let script = """
        import socket, sys
        s = socket.socket(socket.AF_UNIX)
        s.connect(sys.argv[1])
        s.sendall((sys.argv[2] + "\\n").encode())
        s.shutdown(socket.SHUT_WR)
        while data := s.recv(65536): sys.stdout.buffer.write(data)
        """

    /// The answer to `GET` for a host of the edge.
    func get(
        _ host: String, _ path: String = "/", headers: [(String, String)] = [], method: String = "GET",
        body: [UInt8]? = nil, port: Int? = nil, reuses: Bool = false
    ) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                method: method, url: "http://127.0.0.1:\(port ?? self.port)\(path)",
                headers: [("Host", host)] + headers, body: body, timeout: .seconds(20),
                reusesConnection: reuses))
    }

    func text(_ host: String, _ path: String = "/", headers: [(String, String)] = []) async throws -> String {
        String(decoding: try await get(host, path, headers: headers).body, as: UTF8.self)
    }
}

/// Runs an edge for the time of `body`, with its supervision.
func withEdge(
    _ change: (inout EdgeConfiguration) -> Void = { _ in }, certificates: (any CertificateSource)? = nil,
    _ body: (EdgeFixture, HAProxyEdge) async throws -> Void
) async throws {
    let fixture = try EdgeFixture(change)
    let edge = fixture.edge(certificates: certificates)
    let running = Task { await edge.run() }
    do {
        try await body(fixture, edge)
    } catch {
        Issue.record("\(error); the edge said: \(fixture.messages.value)")
    }
    running.cancel()
    await running.value
    await edge.shutdown()
}

/// Waits for a condition.
func eventually(
    within limit: Duration = .seconds(30), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        await Task.yield()
    }
    Issue.record("not in \(limit): \(what)")
}

/// A server that says its name.
func backend(_ name: String) throws -> RawServer {
    try RawServer { connection in
        while connection.request() != nil { connection.answer(name) }
    }
}

let shop = key("shop")

func key(_ app: String, _ process: String = "web") -> RouteKey {
    guard let app = AppName(app), let process = ProcessName(process) else { fatalError("not a name") }
    return RouteKey(app: app, process: process)
}

func release(_ number: Int) -> ReleaseNumber {
    guard let release = ReleaseNumber(number) else { fatalError("not a release") }
    return release
}

func target(_ name: String, _ release: Int, _ server: RawServer, draining: Bool = false) -> Route.Target {
    target(name, release, port: server.port, draining: draining)
}

func target(_ name: String, _ number: Int, port: Int, draining: Bool = false) -> Route.Target {
    guard let container = ContainerID("c-\(name)") else { fatalError("not an id") }
    return Route.Target(
        container: container, name: name, release: release(number), address: "127.0.0.1", port: port,
        isDraining: draining)
}

func route(
    _ targets: [Route.Target], key: RouteKey = shop, host: String = "shop.example.com",
    split: [ReleaseNumber: Int]? = nil, options: EdgeSpec = EdgeSpec(), trial: Route.Trial? = nil
) -> Route {
    Route(
        key: key, domains: [DomainSpec(host: host)], targets: targets.sorted { $0.name < $1.name },
        split: split,
        options: options, trial: trial)
}

/// As `openssl passwd -5` makes it.
func passwordHash(_ password: String) throws -> String {
    let output = try Subprocess.run(
        ["/usr/bin/openssl", "passwd", "-5", password], environment: [:], timeout: .seconds(20))
    return String(decoding: output.standardOutput, as: UTF8.self).filter { !$0.isNewline }
}
