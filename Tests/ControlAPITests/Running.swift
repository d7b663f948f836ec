import Access
import Commands
import ControlAPI
import FoundationEssentials
import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import Testing

/// The router behind a real server, on a Unix socket and on TCP.
struct Running {
    static let token = "correct-horse-battery-staple"

    let surface: ScriptedSurface
    let socket: String
    let port: Int
    let client = HTTPClient()

    /// Runs `body` against a server that is stopped afterwards.
    static func with(
        _ script: ScriptedSurface.Script, pace: ControlRouter.Pace = quickPace,
        sessions: SessionLimits = SessionLimits(), _ body: (Running) async throws -> Void
    ) async throws {
        let directory = try temporaryDirectory()
        defer { remove(directory) }
        let started = try await start(script, in: directory, pace: pace, sessions: sessions)
        do {
            try await body(started.running)
        } catch {
            await started.server.stop(grace: .zero)
            throw error
        }
        await started.server.stop(grace: .seconds(1))
    }

    static let quickPace = ControlRouter.Pace(heartbeat: .seconds(15), watch: .milliseconds(20))

    static func start(
        _ script: ScriptedSurface.Script, in directory: String, pace: ControlRouter.Pace = quickPace,
        sessions: SessionLimits = SessionLimits()
    ) async throws -> (running: Running, server: HTTPServer) {
        let surface = ScriptedSurface(script)
        // Each look at the clock is long after the last one, so that no wrong token makes the next one wait.
        let seconds = Mutex<Int64>(0)
        let router = ControlRouter(
            surface: surface, token: BearerToken(token), pace: pace, sessions: sessions,
            now: {
                seconds.withLock {
                    $0 += 1_000; return $0
                }
            })
        let configuration = HTTPServerConfiguration(
            unix: .init(path: directory + "/api.sock"), tcp: .init(host: "127.0.0.1", port: 0),
            bodyLimitInBytes: ControlRouter.bodyLimitInBytes)
        let server = try HTTPServer.start(configuration) { await router.handle($0) }
        let running = Running(
            surface: surface, socket: directory + "/api.sock", port: try #require(server.tcpPort))
        return (running, server)
    }

    static func temporaryDirectory() throws -> String {
        var template = Array("/tmp/slipway-api-XXXXXX".utf8CString)
        let path = unsafe mkdtemp(&template)
        try #require(unsafe path != nil)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func remove(_ directory: String) {
        // A directory that stays behind in /tmp fails no test.
        try? FileManager.default.removeItem(atPath: directory)
    }

    func get(_ path: String, _ method: String = "GET", body: String? = nil) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                method: method, url: "http://slipway" + path, unixSocket: socket,
                body: body.map { Array($0.utf8) }))
    }

    func overTCP(_ path: String, authorization: String?) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                url: "http://127.0.0.1:\(port)" + path,
                headers: authorization.map { [("Authorization", $0)] } ?? []))
    }

    /// Runs the command line as the program does, against this server.
    func slipway(
        _ arguments: String..., isTerminal: Bool = false,
        observe: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> (code: Int32, output: String, errors: String) {
        let capture = Capture()
        let console = Console(
            variables: ["LANG": "C.UTF-8", "SLIPWAY_SOCKET": socket], isTerminal: isTerminal, width: 100,
            write: { text in
                capture.output.withLock { $0 += text }
                observe(text)
            }, complain: { text in capture.errors.withLock { $0 += text } })
        let code = await runCommand(arguments: arguments, console: console)
        return (code, capture.output.withLock { $0 }, capture.errors.withLock { $0 })
    }

    private final class Capture: Sendable {
        let output = Mutex("")
        let errors = Mutex("")
    }
}

/// Asks again until it holds, for at most 10 s.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what)
        try await Task.sleep(for: .milliseconds(5))
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
