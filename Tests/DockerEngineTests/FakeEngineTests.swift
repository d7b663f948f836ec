@testable import DockerEngine
import Glibc
import HTTPClient
import Model
import Ports
import Synchronization
import TestServers
import Testing

/// An engine that answers wrongly, slowly or not at all.
@Suite struct FakeEngineTests {
    static let id = String(repeating: "a", count: 64)
    static let version = #"{"Version":"99","ApiVersion":"1.43","MinAPIVersion":"1.24","Arch":"amd64"}"#
    static let info = #"{"LoggingDriver":"json-file"}"#

    /// An engine that knows its version, and answers the rest by `answer`.
    private func withFake(
        version: String = FakeEngineTests.version, _ change: (inout DockerConfiguration) -> Void = { _ in },
        answer: @escaping @Sendable (String, RawServer.Connection) -> Void,
        _ body: (DockerEngine, RawServer) async throws -> Void
    ) async throws {
        let path = "/tmp/slipway-fake-\(UInt64.random(in: .min ... .max)).sock"
        defer { unsafe unlink(path) }
        let server = try RawServer(path: path) { connection in
            while let request = connection.request() {
                let line = String(request.prefix { $0 != "\r\n" })
                if line.hasPrefix("GET /version ") {
                    connection.answer(version)
                } else if line.contains("/info ") {
                    connection.answer(Self.info)
                } else {
                    answer(line, connection)
                }
            }
        }
        var configuration = DockerConfiguration(
            socketPath: path, installation: try #require(InstallationName("test")),
            callTimeout: .milliseconds(500),
            effectTimeout: .seconds(1), pullIdleTimeout: .milliseconds(500))
        change(&configuration)
        try await body(DockerEngine(configuration: configuration, client: HTTPClient()), server)
    }

    private func versionError(_ version: String) async throws -> EngineError? {
        var error: EngineError?
        try await withFake(version: version, answer: { _, connection in connection.answer("[]") }) {
            engine, _ in
            error = await failure { () throws(EngineError) in try await engine.list() }
        }
        return error
    }

    @Test func `the version is agreed on, or the reason told`() async throws {
        #expect(try await versionError(#"{"ApiVersion":"1.41","MinAPIVersion":"1.12"}"#) == nil)
        #expect(try await versionError(#"{"ApiVersion":"1.57","MinAPIVersion":"1.44"}"#) == nil)
        let old = try await versionError(#"{"ApiVersion":"1.40","MinAPIVersion":"1.12"}"#)
        #expect(old?.message.contains("update the engine") == true)
        let new = try await versionError(#"{"ApiVersion":"1.70","MinAPIVersion":"1.60"}"#)
        #expect(new?.message.contains("update Slipway") == true)
        for text in [
            "{}", "[]", "", #"{"ApiVersion":"x"}"#, #"{"ApiVersion":"99999999999999999999.1"}"#,
            #"{"ApiVersion":1}"#
        ] {
            #expect(try await versionError(text)?.code == .protocolViolation, "\(text)")
        }
    }

    @Test func `a container that vanishes while it is launched is not the release's fault`() async throws {
        try await withFake { line, connection in
            if line.contains("/containers/create") {
                connection.answer(#"{"Id":"\#(Self.id)"}"#, status: "201 Created")
            } else if line.contains("/start ") {
                connection.answer(#"{"message":"No such container: \#(Self.id)"}"#, status: "404 Not Found")
            } else {
                connection.answer(#"{"Name":"slipway-retail","Labels":{"slipway.installation":"test"}}"#)
            }
        } _: { engine, _ in
            let template = ContainerTemplate(
                image: "sha256:" + Self.id, command: nil, env: [:], files: [], mounts: [], nanoCPUs: nil,
                memoryInBytes: nil, restart: .always, stopGrace: .seconds(5), network: "slipway-retail",
                aliases: [])
            let digest = try #require(ContentDigest("sha256:" + Self.id))
            let labels = InstanceLabels(
                installation: try #require(InstallationName("test")),
                project: try #require(ProjectName("retail")),
                app: try #require(AppName("shop")), process: try #require(ProcessName("web")),
                release: try #require(ReleaseNumber(1)), spec: digest, template: digest,
                source: try #require(SourceName("main")), path: "shop.yaml",
                commit: try #require(CommitID(String(repeating: "c", count: 40))))
            let order = InstanceOrder(name: "shop-web-v1-1", labels: labels, template: template)
            let error = await failure { () throws(EngineError) in try await engine.launch(order) }
            #expect(error?.code == .conflict)
            #expect(error?.fault == .world)
        }
    }

    @Test func `the agreed version is in every call, and settled anew when refused`() async throws {
        let isUpdated = Shared(false)
        try await withFake { line, connection in
            if isUpdated.value, line.contains("/v1.43/") {
                isUpdated.value = false
                connection.answer(
                    #"{"message":"client version 1.43 is too old"}"#, status: "400 Bad Request")
            } else {
                connection.answer("[]")
            }
        } _: { engine, server in
            _ = try await engine.list()
            isUpdated.value = true
            _ = try await engine.list()
            let lines = server.requests.withLock { $0 }
            #expect(lines.filter { $0.hasPrefix("GET /version ") }.count == 2)
            #expect(lines.filter { $0.hasPrefix("GET /v1.43/containers/json") }.count == 2)
        }
    }

    /// Answers cut or bent in every way that comes to mind; nothing may trap, and none is taken for "nothing there".
    static let bent = [
        "", "[", "{}", "null", "[{]", #"{"message":"x"}"#, "[1]", #"[{"Id":1}]"#, #"["x"]"#,
        String(repeating: "[", count: 100_000), #"[{"Id":"a","Labels":[]}]"#, "\u{0}\u{1}",
        #"[{"Labels":{"a":1}}]"#
    ]

    @Test(arguments: bent)
    func `a list that makes no sense is an error, not an empty list`(answer: String) async throws {
        try await withFake { _, connection in
            connection.answer(answer)
        } _: { engine, _ in
            let error = await failure { () throws(EngineError) in try await engine.list() }
            #expect(error?.code == .protocolViolation)
        }
    }

    static let bentContainers: [(String, String)] = [
        ("{}", "gone"), (#"{"Id":"\#(id)"}"#, "gone"), ("{", "unreadable"), ("", "unreadable"),
        ("null", "unreadable"),
        (#"{"Id":"\#(id)","Config":{"Labels":{"slipway.installation":"test"}}}"#, "unreadable"),
        (#"{"Id":"\#(id)","RestartCount":1e300}"#, "unreadable"),
        (#"{"Id":"\#(id)","State":{"ExitCode":"x"}}"#, "unreadable"),
        (#"{"Id":"\#(id)","NetworkSettings":{"Networks":{"a":null}},"Config":{"Labels":null}}"#, "gone")
    ]

    @Test(arguments: bentContainers)
    func `a container that makes no sense is unreadable`(answer: String, expected: String) async throws {
        try await withFake { line, connection in
            if line.contains("/networks") {
                connection.answer("[]")
            } else if line.contains("/containers/json") {
                connection.answer(
                    #"[{"Id":"\#(Self.id)","Names":["/odd"],"Labels":{"slipway.installation":"test"}}]"#)
            } else {
                connection.answer(answer)
            }
        } _: { engine, _ in
            let snapshot = try await engine.list()
            #expect(snapshot.instances.isEmpty)
            #expect(snapshot.unreadable.map(\.name) == (expected == "gone" ? [] : ["odd"]), "\(answer)")
        }
    }

    @Test func `one container that hangs does not hide the others`() async throws {
        let other = String(repeating: "b", count: 64)
        try await withFake { line, connection in
            if line.contains("/networks") {
                connection.answer("[]")
            } else if line.contains("/containers/json") {
                let label = #""Labels":{"slipway.installation":"test"}"#
                connection.answer(
                    #"[{"Id":"\#(Self.id)","Names":["/hangs"],\#(label)},{"Id":"\#(other)","Names":["/odd"],\#(label)}]"#
                )
            } else if line.contains(Self.id) {
                connection.waitForClose()
            } else {
                connection.answer(#"{"Id":"\#(other)","Config":{"Labels":{"slipway.installation":"test"}}}"#)
            }
        } _: { engine, _ in
            let snapshot = try await engine.list()
            #expect(snapshot.unreadable.map(\.name) == ["hangs", "odd"])
            #expect(snapshot.unreadable.first?.reason.contains("no answer within 500ms") == true)
        }
    }

    @Test func `an engine that is away, hangs or hangs up`() async throws {
        let away = DockerEngine(
            configuration: DockerConfiguration(
                socketPath: "/nowhere/docker.sock", installation: try #require(InstallationName("test"))),
            client: HTTPClient())
        let error = await failure { () throws(EngineError) in try await away.list() }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("/nowhere/docker.sock") == true)
        try await withFake { _, connection in
            connection.waitForClose()
        } _: { engine, _ in
            let began = ContinuousClock.now
            #expect(await failure { () throws(EngineError) in try await engine.list() }?.code == .timeout)
            #expect(ContinuousClock.now - began < .seconds(5))
        }
        try await withFake { _, connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")
            connection.close()
        } _: { engine, _ in
            #expect(await failure { () throws(EngineError) in try await engine.list() }?.code == .unreachable)
        }
    }

    @Test(arguments: [
        (400, EngineError.Code.invalid), (403, .unauthorized), (404, .notFound), (409, .conflict),
        (500, .internal), (503, .internal)
    ])
    func `statuses become codes`(status: Int, code: EngineError.Code) async throws {
        try await withFake { _, connection in
            connection.answer(#"{"message":"because\nof that"}"#, status: "\(status) No")
        } _: { engine, _ in
            let error = await failure { () throws(EngineError) in try await engine.list() }
            #expect(error?.code == code)
            #expect(error?.message == "because of that")
        }
    }

    @Test func `events cut at any byte end with an error, and lose no complete one`() async throws {
        let line =
            #"{"Type":"container","Action":"start","Actor":{"ID":"\#(Self.id)","Attributes":{"slipway.installation":"test"}}}"#
            + "\n"
        for cut in stride(from: 0, through: line.utf8.count, by: 17) {
            let text = line + String(decoding: line.utf8.prefix(cut), as: UTF8.self)
            try await withFake { _, connection in
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for byte in text.utf8 { connection.send("1\r\n\(Character(UnicodeScalar(byte)))\r\n") }
                connection.send("0\r\n\r\n")
                connection.close()
            } _: { engine, _ in
                var count = 0
                do {
                    for try await id in engine.events() {
                        count += 1
                        #expect(id.rawValue == Self.id)
                    }
                    Issue.record("the stream ended without an error")
                } catch {
                    #expect((error as? EngineError)?.code == .unreachable)
                }
                #expect(count == (cut == line.utf8.count ? 2 : 1))
            }
        }
    }

    @Test func `an endless line of events is refused`() async throws {
        try await withFake { _, connection in
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while connection.send(Array(repeating: 65, count: 65_536)) {}
        } _: { engine, _ in
            do {
                for try await _ in engine.events() {}
            } catch {
                #expect((error as? EngineError)?.code == .protocolViolation)
            }
        }
    }

    @Test func `a pull without progress is given up, one that moves is not`() async throws {
        let digest = "sha256:" + String(repeating: "0", count: 64)
        let mayEnd = Shared(false)
        try await withFake { line, connection in
            if line.contains("/images/create") {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                let progress = #"{"status":"Downloading"}"# + "\n"
                // Four times as long as the silence that is allowed.
                for _ in 0..<20 {
                    connection.send("\(String(progress.utf8.count, radix: 16))\r\n\(progress)\r\n")
                    connection.pause(milliseconds: 100)
                }
                if mayEnd.value { connection.send("0\r\n\r\n") } else { connection.waitForClose() }
            } else {
                connection.answer(#"{"message":"no such image"}"#, status: "404 Not Found")
            }
        } _: { engine, _ in
            func prepare() async -> EngineError? {
                await failure { () throws(EngineError) in
                    try await engine.prepare(reference: "registry.test/app@\(digest)", known: nil)
                }
            }
            let stalled = await prepare()
            #expect(stalled?.code == .registryUnavailable)
            #expect(stalled?.message.contains("silent for 500ms") == true)
            mayEnd.value = true
            // It ends well, and the image is not there all the same.
            #expect(await prepare()?.code == .protocolViolation)
        }
    }

    /// As after an attempt that has pulled it and refused it.
    @Test func `an image for another machine is refused although it is on the host`() async throws {
        let digest = "sha256:" + String(repeating: "b", count: 64)
        let architecture = Shared("arm64")
        try await withFake { line, connection in
            if line.contains("/images/") {
                connection.answer(
                    #"{"Id":"\#(digest)","Architecture":"\#(architecture.value)","RepoDigests":["a@\#(digest)"]}"#
                )
            } else {
                connection.answer(#"{"message":"page not found"}"#, status: "404 Not Found")
            }
        } _: { engine, _ in
            func prepare() async -> EngineError? {
                await failure { () throws(EngineError) in
                    try await engine.prepare(reference: "registry.test/app@\(digest)", known: nil)
                }
            }
            let refusal = await prepare()
            #expect(refusal?.code == .invalid)
            #expect(refusal?.message.contains("is made for arm64, and this host is amd64") == true)
            architecture.value = "amd64"
            #expect(await prepare() == nil)
        }
    }
}
