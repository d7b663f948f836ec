@testable import DockerEngine
import Execution
import FoundationEssentials
import Glibc
import HTTPClient
import Model
import Ports
import TestServers
import Testing

/// Against Debian's docker-registry on the loopback address, which engines take without TLS.
@Suite(.serialized) struct DockerImageTests {
    /// `user` and `secret`.
    private static let users = "user:$2b$04$.MXjNR9C3Twwy6VsDfbHDOt/tFEasDGnorQ1FkKlfezWqgJvm0QWG\n"

    private func withRegistry(
        isProtected: Bool = false, _ body: (String) async throws -> Void
    ) async throws {
        var template = Array("/tmp/slipway-registry-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let port = try closedPort()
        var configuration = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(directory)/data}}
            http: {addr: "127.0.0.1:\(port)"}

            """
        if isProtected { configuration += "auth: {htpasswd: {realm: test, path: \(directory)/users}}\n" }
        try Data(configuration.utf8).write(to: URL(filePath: "\(directory)/config.yml"))
        try Data(Self.users.utf8).write(to: URL(filePath: "\(directory)/users"))
        let client = HTTPClient()
        try await withProgram(["/usr/bin/docker-registry", "serve", "\(directory)/config.yml"]) {
            try await eventually("the registry answers") {
                do throws(HTTPError) {
                    let status = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(port)/v2/"))
                        .status
                    return [200, 401].contains(status)
                } catch {
                    return false
                }
            }
        } _: {
            try await body("127.0.0.1:\(port)")
        }
        _ = try Subprocess.run(["/bin/rm", "-rf", directory], environment: [:], timeout: .seconds(30))
    }

    /// Puts an image into the registry and takes it from the engine. Returns its name without the tag.
    private func publish(
        _ fixture: EngineFixture, to registry: String, _ kind: String = "app"
    ) async throws -> String {
        let local = try await fixture.importImage(kind)
        let name = "\(registry)/\(fixture.name)/\(kind)"
        try await fixture.call("POST", "/images/\(local)/tag?repo=\(name)&tag=1")
        let login = Data(#"{"username":"user","password":"secret"}"#.utf8).base64EncodedString()
        let answer = try await fixture.call(
            "POST", "/images/\(name)/push?tag=1", json: "", headers: [("X-Registry-Auth", login)])
        try #require(!String(decoding: answer, as: UTF8.self).contains("errorDetail"))
        try await forget(fixture, name)
        try await fixture.call("DELETE", "/images/\(local)")
        return name
    }

    private func forget(_ fixture: EngineFixture, _ name: String) async throws {
        struct Image: Decodable {
            var RepoTags: [String]?
            var RepoDigests: [String]?
        }
        for image in try await fixture.json([Image].self, "/images/json") {
            for tag in (image.RepoTags ?? []) + (image.RepoDigests ?? []) where tag.hasPrefix(name) {
                try await fixture.call("DELETE", "/images/\(tag)?force=1", expecting: 200..<500)
            }
        }
    }

    private func isPresent(_ fixture: EngineFixture, _ name: String) async throws -> Bool {
        try await fixture.engine.image(name) != nil
    }

    @Test func `a tag becomes a digest, and the image is there`() async throws {
        try await withRegistry { registry in
            try await withEngine { fixture in
                let name = try await publish(fixture, to: registry)
                let image = try await fixture.engine.prepare(reference: "\(name):1", known: nil)
                #expect(image.isFromRegistry)
                #expect(image.reference == "\(name):1")
                #expect(image.pinned == "\(name)@\(image.digest)")
                #expect(try await isPresent(fixture, image.pinned))
                #expect(try await fixture.engine.prepare(reference: "\(name):1", known: nil) == image)
                // As a rollback needs it: gone from the host, known by digest.
                try await forget(fixture, name)
                #expect(try await !isPresent(fixture, image.pinned))
                #expect(try await fixture.engine.prepare(reference: "\(name):1", known: image) == image)
                #expect(try await isPresent(fixture, image.pinned))
                // Written with its digest.
                try await forget(fixture, name)
                let written = try await fixture.engine.prepare(reference: image.pinned, known: nil)
                #expect(written.pinned == image.pinned)
                let id = try await fixture.engine.launch(try fixture.order(image))
                #expect(try await fixture.engine.inspect(id)?.image == image.pinned)
            }
        }
    }

    /// For plans: nothing is brought, and the size is what the registry itself says of the layers.
    @Test func `an image is looked up without being pulled, with what a pull would bring`() async throws {
        struct Manifest: Decodable {
            struct Blob: Decodable { var size: Int64 }
            var config: Blob
            var layers: [Blob]
        }
        try await withRegistry(isProtected: true) { registry in
            try await withEngine { fixture in
                let name = try await publish(fixture, to: registry)
                let configuration = DockerConfiguration(
                    socketPath: EngineFixture.socketPath, installation: fixture.installation,
                    credentials: [registry: .init(user: "user", secret: "secret")])
                let engine = DockerEngine(configuration: configuration, client: fixture.client)
                let path = name.dropFirst(registry.count + 1)
                let login = Data("user:secret".utf8).base64EncodedString()
                let answer = try await fixture.client.send(
                    HTTPRequest(
                        url: "http://\(registry)/v2/\(path)/manifests/1",
                        headers: [
                            ("Authorization", "Basic \(login)"),
                            ("Accept", "application/vnd.docker.distribution.manifest.v2+json")
                        ]))
                let manifest = try JSONDecoder().decode(Manifest.self, from: Data(answer.body))
                let size = manifest.config.size + manifest.layers.reduce(0) { $0 + $1.size }
                let found = try #require(try await engine.look(up: "\(name):1", besides: nil))
                #expect(found.pullBytes == size && size > 100_000)
                let pinned = "\(name)@\(found.digest)"
                #expect(try await !isPresent(fixture, pinned))
                #expect(try await engine.look(up: "\(name):1", besides: pinned)?.pullBytes == 0)
                // Whoever may not look learns no size, and that is no failure of its own.
                let stranger = RegistryInspection(
                    authentication: RegistryAuthentication(credentials: [:], dockerConfigFile: nil))
                let reference = try #require(ImageReference("\(name):1"))
                #expect(await stranger.blobs(of: reference, found.digest, architecture: "amd64") == nil)
                let image = try await engine.prepare(reference: "\(name):1", known: nil)
                #expect(image.digest == found.digest)
                #expect(try await engine.look(up: "\(name):1", besides: nil)?.pullBytes == 0)
                let missing = await failure { () throws(EngineError) in
                    _ = try await engine.look(up: "\(name):9", besides: nil)
                }
                #expect(missing?.code == .notFound)
            }
        }
    }

    @Test func `a tag that has moved gives another digest`() async throws {
        try await withRegistry { registry in
            try await withEngine { fixture in
                let name = try await publish(fixture, to: registry)
                let first = try await fixture.engine.prepare(reference: "\(name):1", known: nil)
                let other = try await publish(fixture, to: registry, "other")
                let moved = try await fixture.engine.prepare(reference: "\(other):1", known: nil)
                try await fixture.call("POST", "/images/\(moved.pinned)/tag?repo=\(name)&tag=1")
                try await fixture.call(
                    "POST", "/images/\(name)/push?tag=1", json: "", headers: [("X-Registry-Auth", "e30=")])
                let second = try await fixture.engine.prepare(reference: "\(name):1", known: nil)
                #expect(second.digest != first.digest)
                #expect(second.digest == moved.digest)
                // The pinned one is not moved with it.
                #expect(try await fixture.engine.prepare(reference: "\(name):1", known: first) == first)
            }
        }
    }

    @Test func `an image pruned between preparation and launch is pulled again`() async throws {
        try await withRegistry { registry in
            try await withEngine { fixture in
                let name = try await publish(fixture, to: registry)
                let image = try await fixture.engine.prepare(reference: "\(name):1", known: nil)
                try await forget(fixture, name)
                let id = try await fixture.engine.launch(try fixture.order(image))
                #expect(try await fixture.engine.inspect(id)?.state == .running)
            }
        }
    }

    @Test func `what a registry does not have is not found`() async throws {
        try await withRegistry { registry in
            try await withEngine { fixture in
                let name = try await publish(fixture, to: registry)
                let missing = "sha256:" + String(repeating: "0", count: 64)
                for reference in ["\(name):9", "\(registry)/\(fixture.name)/nothing:1", "\(name)@\(missing)"]
                {
                    let error = await failure { () throws(EngineError) in
                        try await fixture.engine.prepare(reference: reference, known: nil)
                    }
                    #expect(error?.code == .notFound, "\(reference): \(String(describing: error))")
                    #expect(error?.message.contains(fixture.name) == true)
                }
            }
        }
    }

    @Test func `credentials from the configuration, from Docker's file, wrong and missing`() async throws {
        try await withRegistry(isProtected: true) { registry in
            try await withEngine { fixture in
                let name = try await publish(fixture, to: registry)
                func prepare(_ change: (inout DockerConfiguration) -> Void) async -> EngineError? {
                    var configuration = DockerConfiguration(
                        socketPath: EngineFixture.socketPath, installation: fixture.installation)
                    change(&configuration)
                    let engine = DockerEngine(configuration: configuration, client: fixture.client)
                    return await failure { () throws(EngineError) in
                        try await engine.prepare(reference: "\(name):1", known: nil)
                    }
                }
                #expect(await prepare { _ in }?.code == .unauthorized)
                let wrong = await prepare {
                    $0.credentials = [registry: .init(user: "user", secret: "wr0ng")]
                }
                #expect(wrong?.code == .unauthorized)
                #expect(wrong?.message.contains("wr0ng") == false)
                #expect(
                    await prepare { $0.credentials = ["other": .init(user: "user", secret: "secret")] } != nil
                )
                #expect(
                    await prepare { $0.credentials = [registry: .init(user: "user", secret: "secret")] }
                        == nil)
                try await forget(fixture, name)
                let file = "/tmp/\(fixture.name)-config.json"
                let login = Data("user:secret".utf8).base64EncodedString()
                try Data(
                    #"{"auths":{"https://\#(registry)/v1/":{"auth":"\#(login)"}},"credsStore":"x"}"#.utf8
                )
                .write(to: URL(filePath: file))
                #expect(await prepare { $0.dockerConfigFile = file } == nil)
                try FileManager.default.removeItem(atPath: file)
            }
        }
    }

    @Test func `a registry that is away is the world's fault`() async throws {
        let port = try closedPort()
        try await withEngine { fixture in
            let error = await failure { () throws(EngineError) in
                try await fixture.engine.prepare(reference: "127.0.0.1:\(port)/app:1", known: nil)
            }
            #expect(error?.code == .registryUnavailable, "\(String(describing: error))")
            let digest = "sha256:" + String(repeating: "0", count: 64)
            let pull = await failure { () throws(EngineError) in
                try await fixture.engine.prepare(reference: "127.0.0.1:\(port)/app@\(digest)", known: nil)
            }
            #expect(pull?.code == .registryUnavailable, "\(String(describing: pull))")
        }
    }

    @Test(arguments: [429, 503])
    func `a registry in trouble is the world's fault`(status: Int) async throws {
        let registry = try RawServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("GET /v2/ ") {
                    connection.answer("{}", headers: "Docker-Distribution-Api-Version: registry/2.0\r\n")
                } else {
                    let code = status == 429 ? "TOOMANYREQUESTS" : "UNKNOWN"
                    connection.answer(
                        #"{"errors":[{"code":"\#(code)","message":"slow down"}]}"#,
                        status: "\(status) Trouble",
                        headers: "Content-Type: application/json\r\n")
                }
            }
        }
        try await withEngine({ $0.pullIdleTimeout = .seconds(5) }) { fixture in
            // A pull is tried again by the engine itself for longer than a test may take.
            let digest = "@sha256:" + String(repeating: "0", count: 64)
            for suffix in status == 429 ? [":1"] : [":1", digest] {
                let error = await failure { () throws(EngineError) in
                    try await fixture.engine.prepare(
                        reference: "127.0.0.1:\(registry.port)/app\(suffix)", known: nil)
                }
                #expect(
                    error?.code == (status == 429 ? .rateLimited : .registryUnavailable),
                    "\(suffix): \(String(describing: error))")
            }
        }
    }

    @Test func `what is no reference is refused`() async throws {
        try await withEngine { fixture in
            for reference in ["", "App:1", "app:", "app@sha256:12", "../../containers/json", "app?x=y", "a b"]
            {
                let error = await failure { () throws(EngineError) in
                    try await fixture.engine.prepare(reference: reference, known: nil)
                }
                #expect(error?.code == .invalid, "\(reference)")
            }
        }
    }
}
