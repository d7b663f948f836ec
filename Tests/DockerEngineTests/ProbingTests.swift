import DockerEngine
import Glibc
import HTTPClient
import Model
import Ports
import Probing
import Synchronization
import TestServers
import Testing

/// Probes against real servers in containers, and against servers of our own on another address of this machine.
@Suite(.serialized) struct ProbingTests {
    /// The address of the engine's default bridge on this machine: an address that a probe accepts, on which the
    /// tests can listen.
    private func probe(
        _ fixture: EngineFixture, _ id: ContainerID, _ check: HealthcheckSpec.Check, port: Int? = 8080,
        timeout: TimeSpan = .seconds(5)
    ) async throws -> ProbeResult {
        let address = try await fixture.engine.inspect(id)?.address
        return await EngineProber(engine: fixture.engine, client: fixture.client).probe(
            ProbeTarget(container: id, address: address, port: port, check: check, timeout: timeout))
    }

    private func isFailed(_ result: ProbeResult, _ text: String) -> Bool {
        if case .failed(let reason) = result { reason.contains(text) } else { false }
    }

    /// A server in a container: answers each request by the script's `answer LINE HOST`.
    private static func serving(_ answer: String) -> [String] {
        let handler =
            "read -r line; host=none; while read -r h v; do h=${h%:}; [ \"$h\" = Host ] && host=${v%?}; [ ${#h} -le 1 ] && break; done; \(answer)"
        let script =
            "printf '%s' '#!/bin/busybox sh\n'\"$HANDLER\" >/handler; busybox chmod 755 /handler; trap 'exit 0' TERM; busybox nc -ll -p 8080 -e /handler & wait"
        return ["/bin/busybox", "sh", "-c", "HANDLER='\(handler.replacing("'", with: "'\\''"))'; \(script)"]
    }

    @Test func `HTTP probes`() async throws {
        try await withEngine { fixture in
            let answer =
                "path=${line#* }; path=${path%% *}; case $path in /health) s='200 OK';; /moved) s='302 Found';; /host) if [ \"$host\" = shop.example.com ]; then s='204 No Content'; else s='421 Misdirected'; fi;; /hang) busybox sleep 99;; *) s='500 Broken';; esac; printf 'HTTP/1.1 %s\\r\\nContent-Length: 2\\r\\nLocation: http://169.254.169.254/\\r\\n\\r\\nok' \"$s\""
            let id = try await fixture.launch(command: Self.serving(answer))
            try await eventually("the server answers") {
                try await probe(fixture, id, .http(path: "/health", host: nil, port: nil)) == .passed
            }
            #expect(
                try await probe(fixture, id, .http(path: "/health", host: nil, port: 8080), port: nil)
                    == .passed)
            #expect(try await probe(fixture, id, .http(path: "/moved", host: nil, port: nil)) == .passed)
            #expect(
                try await probe(fixture, id, .http(path: "/broken", host: nil, port: nil))
                    == .failed("GET /broken answered 500"))
            #expect(
                try await probe(fixture, id, .http(path: "/host", host: nil, port: nil))
                    == .failed("GET /host answered 421"))
            #expect(
                try await probe(fixture, id, .http(path: "/host", host: "shop.example.com", port: nil))
                    == .passed)
            #expect(
                try await probe(
                    fixture, id, .http(path: "/hang", host: nil, port: nil), timeout: .milliseconds(500))
                    == .failed("no answer within 500ms"))
            let address = try #require(try await fixture.engine.inspect(id)?.address)
            #expect(
                try await probe(fixture, id, .http(path: "/", host: nil, port: 81))
                    == .failed("connection refused at \(address):81"))
            #expect(try await probe(fixture, id, .tcp(port: nil)) == .passed)
            #expect(
                try await probe(fixture, id, .tcp(port: 81)) == .failed("connection refused at \(address):81")
            )
            try await fixture.engine.remove(id, grace: .zero)
        }
    }

    @Test func `command probes`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            #expect(try await probe(fixture, id, .command(["/bin/busybox", "true"])) == .passed)
            #expect(
                try await probe(fixture, id, .command(["/bin/busybox", "sh", "-c", "echo no luck; exit 4"]))
                    == .failed("/bin/busybox exited with 4: no luck"))
            let hangs = try await probe(
                fixture, id, .command(["/bin/busybox", "sleep", "9"]), timeout: .milliseconds(500))
            #expect(hangs == .failed("/bin/busybox did not end within 500ms"))
            let missing = try await probe(fixture, id, .command(["/missing"]))
            #expect(isFailed(missing, "/missing"), "\(missing)")
            try await fixture.engine.stop(id, grace: .seconds(5))
            #expect(
                try await probe(fixture, id, .command(["/bin/busybox", "true"]))
                    == .failed("the container does not run"))
        }
        let away = DockerEngine(
            configuration: DockerConfiguration(
                socketPath: "/nowhere/docker.sock", installation: try #require(InstallationName("test"))),
            client: HTTPClient())
        let id = try #require(ContainerID(String(repeating: "a", count: 64)))
        let result = await EngineProber(engine: away, client: HTTPClient()).probe(
            ProbeTarget(container: id, address: nil, port: nil, check: .command(["x"]), timeout: .seconds(5)))
        guard case .unknown = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test func `the address must be a container's`() async throws {
        let prober = EngineProber(
            engine: DockerEngine(
                configuration: DockerConfiguration(installation: try #require(InstallationName("test"))),
                client: HTTPClient()),
            client: HTTPClient())
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("ok") }
        }
        let id = try #require(ContainerID("a"))
        let addresses: [String?] = [
            nil, "", "127.0.0.1", "localhost", "0177.0.0.1", "0x7f000001", "2130706433", "::1", "::",
            "0.0.0.0",
            "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "::127.0.0.1", "224.0.0.1",
            "127.0.0.1@172.17.0.2", "example.com"
        ]
        for address in addresses {
            for check in [
                HealthcheckSpec.Check.http(path: "/", host: nil, port: nil), .tcp(port: nil),
                .grpc(service: "", port: nil)
            ] {
                let target = ProbeTarget(
                    container: id, address: address, port: server.port, check: check, timeout: .seconds(2))
                guard case .failed = await prober.probe(target) else {
                    Issue.record("\(address ?? "nil") was asked")
                    continue
                }
            }
        }
        #expect(server.connections.withLock { $0 } == 0)
        let portless = ProbeTarget(
            container: id, address: "172.17.0.2", port: nil, check: .tcp(port: nil), timeout: .seconds(2))
        #expect(isFailed(await prober.probe(portless), "no port"))
    }

    // MARK: gRPC

    private struct Answer: Sendable {
        var headers: [(String, String)] = [("content-type", "application/grpc")]
        var body: [UInt8]?
        var trailers: [(String, String)] = [("grpc-status", "0")]
        var expected: String?
    }

    /// Asks a server on this machine's address in the engine's default network.
    private func probeGRPC(_ answer: Answer, service: String = "") async throws -> (ProbeResult, [UInt8]) {
        let asked = Shared<[UInt8]>([])
        let server = try RawServer(address: Self.ownAddress()) { connection in
            // The preface, the settings and the request come in one or more pieces; the request ends with its body.
            while let bytes = connection.receiveBytes() {
                asked.value += bytes
                let end = GRPCRequest.bytes(service)
                if asked.value.count > 80, asked.value.suffix(end.count) == end[...] { break }
            }
            connection.send(
                HTTP2Answer.bytes(headers: answer.headers, body: answer.body, trailers: answer.trailers))
            connection.waitForClose()
        }
        let fixture = try EngineFixture()
        let id = try #require(ContainerID("a"))
        let result = await EngineProber(engine: fixture.engine, client: fixture.client).probe(
            ProbeTarget(
                container: id, address: try Self.ownAddress(), port: server.port,
                check: .grpc(service: service, port: nil),
                timeout: .seconds(5)))
        // Its port is its last use; without this it may be gone before it is asked.
        withExtendedLifetime(server) {}
        return (result, asked.value)
    }

    private enum GRPCRequest {
        static func bytes(_ service: String) -> [UInt8] {
            let name = Array(service.utf8)
            let message = name.isEmpty ? [] : [0x0a, UInt8(name.count)] + name
            return [0, 0, 0, 0, UInt8(message.count)] + message
        }
    }

    /// An address of this machine that is not loopback.
    private static func ownAddress() throws -> String {
        var list: UnsafeMutablePointer<ifaddrs>?
        try #require(unsafe getifaddrs(&list) == 0)
        defer { unsafe freeifaddrs(list) }
        var entry = unsafe list
        while let current = unsafe entry {
            defer { unsafe entry = current.pointee.ifa_next }
            guard let address = unsafe current.pointee.ifa_addr,
                unsafe Int32(address.pointee.sa_family) == AF_INET
            else { continue }
            let value = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
            }
            let text = [24, 16, 8, 0].map { "\(value >> UInt32($0) & 255)" }.joined(separator: ".")
            if value >> 24 != 127, value >> 16 != 0xa9fe { return text }
        }
        throw EngineError(.internal, "this machine has no address but loopback", call: "getifaddrs")
    }

    @Test func `gRPC health answers`() async throws {
        let serving: [UInt8] = [0, 0, 0, 0, 2, 8, 1]
        let answers = [
            Answer(body: serving),
            Answer(body: [0, 0, 0, 0, 2, 8, 2], expected: "NOT_SERVING"),
            Answer(body: [0, 0, 0, 0, 0], expected: "UNKNOWN"),
            Answer(body: [0, 0, 0, 0, 9, 8, 1], expected: "makes no sense"),
            Answer(body: [0, 0, 0, 0, 1, 8], expected: "makes no sense"),
            Answer(
                body: [0, 0, 0, 0, 11, 0x12] + Array(repeating: 255, count: 10), expected: "makes no sense"),
            Answer(body: serving, trailers: [("grpc-status", "14")], expected: "grpc-status 14"),
            Answer(body: serving, trailers: [], expected: "no grpc-status"),
            Answer(headers: [("grpc-status", "5")], body: nil, expected: "does not know"),
            Answer(headers: [("grpc-status", "12")], body: nil, expected: "no gRPC health service")
        ]
        for answer in answers {
            let (result, _) = try await probeGRPC(answer)
            if let expected = answer.expected {
                #expect(isFailed(result, expected), "\(result)")
            } else {
                #expect(result == .passed)
            }
        }
        let (result, asked) = try await probeGRPC(answers[0], service: "shop.Cart")
        #expect(result == .passed)
        #expect(asked.suffix(16) == ([0, 0, 0, 0, 11, 0x0a, 9] + "shop.Cart".utf8)[...])
    }
}
