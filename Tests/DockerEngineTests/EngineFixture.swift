@testable import DockerEngine
import FoundationEssentials
import Glibc
import HTTPClient
import Model
import Ports
import Testing

/// An installation of its own on the real engine; everything that carries its name is removed at the end.
final class EngineFixture: Sendable {
    static var socketPath: String {
        unsafe getenv("SLIPWAY_TEST_SOCKET").map { unsafe String(cString: $0) } ?? "/var/run/docker.sock"
    }

    /// Random, and a valid name of everything.
    let name: String
    let client = HTTPClient()
    let engine: DockerEngine
    let installation: InstallationName

    init(_ change: (inout DockerConfiguration) -> Void = { _ in }) throws {
        name = "t" + String(UInt32.random(in: .min ... .max), radix: 36)
        installation = try #require(InstallationName(name))
        var configuration = DockerConfiguration(socketPath: Self.socketPath, installation: installation)
        change(&configuration)
        engine = DockerEngine(configuration: configuration, client: client)
    }

    // MARK: The engine behind the adapter's back

    @discardableResult
    func call(
        _ method: String, _ path: String, json: String? = nil, bytes: [UInt8]? = nil,
        headers: [(String, String)] = [], expecting: Range<Int> = 200..<400,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [UInt8] {
        let response = try await client.send(
            HTTPRequest(
                method: method, url: "http://docker/v1.41\(path)", unixSocket: Self.socketPath,
                headers: headers + [("Content-Type", json == nil ? "application/x-tar" : "application/json")],
                body: json.map { Array($0.utf8) } ?? bytes, timeout: .seconds(60)))
        try #require(
            expecting.contains(response.status),
            "\(method) \(path): \(response.status) \(String(decoding: response.body.prefix(500), as: UTF8.self))",
            sourceLocation: sourceLocation)
        return response.body
    }

    func json<Value: Decodable>(_ type: Value.Type, _ path: String) async throws -> Value {
        try JSONDecoder().decode(type, from: Data(try await call("GET", path)))
    }

    /// Imports busybox as `NAME/KIND:1` and returns the reference.
    func importImage(_ kind: String = "app", changes: [String] = []) async throws -> String {
        let busybox = [UInt8](try Data(contentsOf: URL(filePath: "/bin/busybox")))
        var archive = TarWriter()
        archive.add(path: "bin/busybox", content: busybox, mode: 0o755)
        archive.add(path: "etc/passwd", content: Array("root:x:0:0:root:/:/bin/busybox\n".utf8), mode: 0o644)
        archive.add(path: "tmp/kind", content: Array(kind.utf8), mode: 0o644)
        var path = "/images/create?fromSrc=-&repo=\(name)/\(kind):1"
        for change in changes { path += "&changes=" + DockerAPI.percentEncoded(change, keepsSlashes: false) }
        try await call("POST", path, bytes: archive.finished())
        return "\(name)/\(kind):1"
    }

    func cleanUp() async {
        struct Named: Decodable {
            var Id: String?
            var Name: String?
            var Names: [String]?
            var RepoTags: [String]?
            var RepoDigests: [String]?
        }
        struct Volumes: Decodable { var Volumes: [Named]? }
        do {
            for container in try await json([Named].self, "/containers/json?all=1") {
                guard container.Names?.contains(where: { $0.hasPrefix("/\(name)") }) == true else { continue }
                try await call(
                    "DELETE", "/containers/\(container.Id ?? "-")?force=1&v=1", expecting: 200..<500)
            }
            for network in try await json([Named].self, "/networks")
            where network.Name?.hasPrefix(name) == true {
                try await call("DELETE", "/networks/\(network.Id ?? "-")", expecting: 200..<500)
            }
            for volume in try await json(Volumes.self, "/volumes").Volumes ?? [] {
                guard let volume = volume.Name, volume.hasPrefix(name) else { continue }
                try await call("DELETE", "/volumes/\(volume)", expecting: 200..<500)
            }
            for image in try await json([Named].self, "/images/json") {
                for tag in (image.RepoTags ?? []) + (image.RepoDigests ?? []) where tag.contains("\(name)/") {
                    try await call("DELETE", "/images/\(tag)?force=1", expecting: 200..<500)
                }
            }
        } catch {
            Issue.record("cleaning up after \(name): \(error)")
        }
    }

    // MARK: Orders

    static let idle = [
        "/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; echo out; echo err >&2; busybox sleep 999 & wait"
    ]

    func order(
        _ image: ResolvedImage, app: String = "shop", index: Int = 1, release: Int = 1,
        template: String = "a",
        command: [String]? = EngineFixture.idle, _ change: (inout ContainerTemplate) -> Void = { _ in }
    ) throws -> InstanceOrder {
        var container = ContainerTemplate(
            image: image.pinned, command: command, env: ["A": "b c", "PATH": "/bin"], files: [], mounts: [],
            nanoCPUs: nil, memoryInBytes: nil, restart: .never, stopGrace: .seconds(5),
            network: "\(name)-slipway-retail", aliases: [app])
        change(&container)
        let labels = InstanceLabels(
            installation: installation, project: try #require(ProjectName("retail")),
            app: try #require(AppName(app)), process: try #require(ProcessName("web")),
            release: try #require(ReleaseNumber(release)), spec: try #require(Self.digest("b")),
            template: try #require(Self.digest(template)), source: try #require(SourceName("main")),
            path: "\(app).yaml", commit: try #require(CommitID(String(repeating: "c", count: 40))))
        return InstanceOrder(
            name: "\(name)-\(app)-web-v\(release)-\(index)", labels: labels, template: container)
    }

    static func digest(_ digit: String) -> ContentDigest? {
        ContentDigest("sha256:" + String(repeating: digit, count: 64))
    }

    func localImage(_ kind: String = "app", changes: [String] = []) async throws -> ResolvedImage {
        try await engine.prepare(reference: try await importImage(kind, changes: changes), known: nil)
    }

    func launch(
        command: [String]? = EngineFixture.idle, _ change: (inout ContainerTemplate) -> Void = { _ in }
    ) async throws -> ContainerID {
        let image = try await localImage()
        return try await engine.launch(try order(image, command: command, change))
    }
}

/// A fixture for `body`, cleaned up after it.
func withEngine(
    _ change: (inout DockerConfiguration) -> Void = { _ in }, _ body: (EngineFixture) async throws -> Void
) async throws {
    let fixture = try EngineFixture(change)
    do throws(EngineError) {
        _ = try await fixture.engine.info()
    } catch {
        Issue.record(
            "no engine answers at \(EngineFixture.socketPath): run the tests with scripts/test (\(error))")
        return
    }
    do {
        try await body(fixture)
    } catch {
        await fixture.cleanUp()
        throw error
    }
    await fixture.cleanUp()
}

/// The error of a call that must fail.
func failure<Success>(_ call: () async throws(EngineError) -> Success) async -> EngineError? {
    do throws(EngineError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}

/// Waits until `condition` holds; an issue after fifteen seconds.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(15)
    while !(try await condition()) {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(20))
    }
}
