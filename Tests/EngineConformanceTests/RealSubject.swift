import DockerEngine
import FoundationEssentials
import Glibc
import HTTPClient
import Model
import Ports
import Testing

/// The adapter on the Docker Engine and the registry that `scripts/test` provides.
final class RealSubject: Subject {
    let engine: any Engine
    let installation: InstallationName
    let prefix: String
    private let client = HTTPClient()
    private let socketPath: String
    private let registry: String
    private let image: ResolvedImage

    static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// On the engine that all tests share.
    convenience init() async throws {
        let registry = try #require(
            Self.variable("SLIPWAY_TEST_REGISTRY"), "these tests need a registry: run them with scripts/test")
        try await self.init(
            socketPath: Self.variable("SLIPWAY_TEST_SOCKET") ?? "/var/run/docker.sock", registry: registry,
            reference: "\(registry)/app:1")
    }

    /// - Parameter reference: an image with a busybox.
    init(socketPath: String, registry: String, reference: String) async throws {
        self.socketPath = socketPath
        self.registry = registry
        prefix = "c" + String(UInt32.random(in: .min ... .max), radix: 36)
        installation = try #require(InstallationName(prefix))
        engine = DockerEngine(
            configuration: DockerConfiguration(socketPath: socketPath, installation: installation),
            client: client)
        image = try await engine.prepare(reference: reference, known: nil)
    }

    func content(of program: Program) -> (image: String, command: [String]?) {
        let wait = """
            echo out; echo err >&2
            while [ ! -e /tmp/end ]; do
                if [ -e /tmp/outgrow ]; then a=x; while :; do a=$a$a; done; fi
                sleep 0.05
            done
            code=$(cat /tmp/end); rm /tmp/end; exit $code
            """
        let command: [String] =
            switch program {
            case .idle: ["/bin/sh", "-c", "trap 'exit 143' TERM; \(wait)"]
            case .stubborn: ["/bin/sh", "-c", "trap '' TERM; \(wait)"]
            case .exits(let code): ["/bin/sh", "-c", "exit \(code)"]
            case .missing: ["/bin/no-such-program"]
            }
        return (image.pinned, command)
    }

    func reference(to kind: ImageKind) -> String {
        switch kind {
        case .known: "\(registry)/app:1"
        case .unknownTag: "\(registry)/app:no-such-tag"
        case .unknownRepository: "\(registry)/no-such-repository:1"
        // Nobody listens on the first port.
        case .registryDown: "127.0.0.1:1/app:1"
        case .byDigest: "\(registry)/app@\(image.digest)"
        case .unknownDigest: "\(registry)/app@sha256:\(String(repeating: "0", count: 64))"
        case .malformed: "Not A Reference"
        }
    }

    // MARK: Behind the adapter's back

    func byHand(_ deed: Deed, _ id: ContainerID) async throws {
        let container = "/containers/\(id)"
        switch deed {
        case .end(let code):
            try await run("echo \(code) >/tmp/code && mv /tmp/code /tmp/end", in: id)
        case .outgrow: try await run(": >/tmp/outgrow", in: id)
        case .pause: try await call("POST", container + "/pause")
        case .stop: try await call("POST", container + "/stop?t=5")
        case .remove: try await call("DELETE", container + "?force=1")
        case .rename(let name): try await call("POST", container + "/rename?name=\(name)")
        case .setMemory(let bytes):
            try await call(
                "POST", container + "/update", json: #"{"Memory":\#(bytes),"MemorySwap":\#(bytes * 2)}"#)
        case .setPolicy(let policy):
            try await call(
                "POST", container + "/update", json: #"{"RestartPolicy":{"Name":"\#(policy.rawValue)"}}"#)
        case .connect(let network):
            try await call("POST", "/networks/\(network)/connect", json: #"{"Container":"\#(id)"}"#)
        case .disconnect(let network):
            try await call("POST", "/networks/\(network)/disconnect", json: #"{"Container":"\#(id)"}"#)
        }
    }

    /// Returns before the command has had its effect.
    private func run(_ script: String, in id: ContainerID) async throws {
        let exec = try await created(
            "/containers/\(id)/exec", json: #"{"Cmd":["/bin/sh","-c","\#(script)"]}"#)
        try await call("POST", "/exec/\(exec)/start", json: #"{"Detach":true}"#)
    }

    func makeForeign(_ name: String, copiesLabel: Bool) async throws -> ContainerID {
        let id = try await make(name, labels: copiesLabel ? ["slipway.installation": prefix] : [:])
        try await call("POST", "/containers/\(id)/start")
        return id
    }

    func makeImage(_ short: String) async throws -> String {
        let repository = "\(registry)/\(prefix)-\(short)"
        let container = try await make("\(prefix)-\(short)-original", labels: [:])
        try await call("POST", "/commit?container=\(container)&repo=\(repository)&tag=1", json: "{}")
        try await call(
            "POST", "/images/\(repository)/push?tag=1", headers: [("X-Registry-Auth", "e30=")])
        try await call("DELETE", "/containers/\(container)")
        try await call("DELETE", "/images/\(repository):1")
        return "\(repository):1"
    }

    func removeImage(_ image: ResolvedImage) async throws {
        try await call("DELETE", "/images/\(image.pinned)")
    }

    func makeForeignNetwork(_ name: String) async throws {
        try await call("POST", "/networks/create", json: #"{"Name":"\#(name)"}"#)
    }

    func settle(_ id: ContainerID) async throws {
        guard try await engine.inspect(id)?.state == .running else { return }
        // The masks of signals that are caught and ignored; 15 is SIGTERM.
        let script =
            "until grep -qE '^Sig(Cgt|Ign):.*[4567cdef][0-9a-f]{3}$' /proc/1/status; do sleep 0.02; done"
        _ = try await engine.execute(["/bin/sh", "-c", script], in: id, timeout: .seconds(20))
    }

    func makeMarker() async throws -> ContainerID {
        try await make(Stage.markerName(prefix), labels: ["slipway.installation": prefix])
    }

    func touchMarker() async throws {
        try await call(
            "POST", "/containers/\(Stage.markerName(prefix))/update",
            json: #"{"RestartPolicy":{"Name":"no"}}"#)
    }

    func exists(_ id: ContainerID) async throws -> Bool {
        let containers = try await json([Named].self, "/containers/json?all=1")
        return containers.contains { $0.id == id.rawValue }
    }

    private func make(_ name: String, labels: [String: String]) async throws -> ContainerID {
        let labels = String(decoding: try JSONEncoder().encode(labels), as: UTF8.self)
        return try await created(
            "/containers/create?name=\(name)",
            json:
                #"{"Image":"\#(image.pinned)","Cmd":["/bin/sleep","999"],"Labels":\#(labels),"HostConfig":{"NetworkMode":"none"}}"#
        )
    }

    private struct Named: Decodable {
        var id: String?
        var name: String?
        var names: [String]?
        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case name = "Name"
            case names = "Names"
        }
    }

    private func created(_ path: String, json: String) async throws -> ContainerID {
        let answer = try await call("POST", path, json: json)
        let id = try JSONDecoder().decode(Named.self, from: Data(answer)).id
        return try #require(id.flatMap(ContainerID.init))
    }

    @discardableResult
    private func call(
        _ method: String, _ path: String, json: String? = nil, headers: [(String, String)] = [],
        expecting: Range<Int> = 200..<400
    ) async throws -> [UInt8] {
        let response = try await client.send(
            HTTPRequest(
                method: method, url: "http://docker/v1.41\(path)", unixSocket: socketPath,
                headers: headers + (json == nil ? [] : [("Content-Type", "application/json")]),
                body: json.map { Array($0.utf8) }, timeout: .seconds(60)))
        try #require(
            expecting.contains(response.status),
            "\(method) \(path): \(response.status) \(String(decoding: response.body.prefix(500), as: UTF8.self))"
        )
        return response.body
    }

    private func json<Value: Decodable>(_ type: Value.Type, _ path: String) async throws -> Value {
        try JSONDecoder().decode(type, from: Data(try await call("GET", path)))
    }

    func cleanUp() async {
        do {
            for container in try await json([Named].self, "/containers/json?all=1") {
                guard let id = container.id,
                    container.names?.contains(where: { $0.hasPrefix("/\(prefix)") }) == true
                else { continue }
                try await call("DELETE", "/containers/\(id)?force=1&v=1", expecting: 200..<500)
            }
            for network in try await json([Named].self, "/networks") {
                guard let id = network.id, network.name?.hasPrefix(prefix) == true else { continue }
                try await call("DELETE", "/networks/\(id)", expecting: 200..<500)
            }
        } catch {
            Issue.record("cleaning up after \(prefix): \(error)")
        }
    }
}
