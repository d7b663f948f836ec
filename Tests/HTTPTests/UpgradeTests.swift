import Execution
import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import TestServers
import Testing

/// Connections that leave HTTP: the real client and the real server, and hand-made peers.
@Suite struct UpgradeTests {
    /// Gives back what it gets, until the peer says that nothing follows.
    private static let echo: HTTPHandler = { request in
        guard request.headers["upgrade"] == "echo" else { return HTTPServerResponse(status: 426) }
        return HTTPServerResponse(
            status: 101, headers: [("X-Kept", "yes")],
            body: .upgrade(
                HTTPServerUpgrade(name: "echo") { channel in
                    while let piece = try? await channel.read() {
                        guard (try? await channel.write(piece)) != nil else { return }
                    }
                    await channel.flush()
                }))
    }

    private func open(
        _ port: Int, to name: String = "echo", path: String = "/"
    ) async throws -> (HTTPResponse, ByteChannel) {
        let request = HTTPRequest(
            method: "POST", url: "http://127.0.0.1:\(port)\(path)", timeout: .seconds(10))
        guard case .switched(let response, let channel) = try await HTTPClient().upgrade(request, to: name)
        else {
            throw RawConnection.Failure(call: "upgrade", code: 0)
        }
        return (response, channel)
    }

    @Test func bytesGoBothWaysAtOnce() async throws {
        try await withServer(handler: Self.echo) { port in
            let (response, channel) = try await open(port)
            #expect(response.status == 101 && response.header("x-kept") == "yes")
            let total = 8 << 20
            let sum = try await withThrowingTaskGroup(of: Int?.self) { group in
                group.addTask {
                    for number in 0..<(total / 4_096) {
                        try await channel.write((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &+ number) })
                    }
                    return nil
                }
                group.addTask {
                    var position = 0
                    while position < total, let piece = try await channel.read() {
                        for byte in piece {
                            guard byte == UInt8(truncatingIfNeeded: position % 4_096 &+ position / 4_096)
                            else {
                                return position
                            }
                            position += 1
                        }
                    }
                    return position
                }
                return try await group.reduce(0) { $0 + ($1 ?? 0) }
            }
            #expect(sum == total)
        }
    }

    @Test func aUnixSocketAndManyAtOnce() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/s"
            try await withServer(
                {
                    $0.unix = .init(path: path)
                }, handler: Self.echo
            ) { _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            let request = HTTPRequest(
                                url: "http://x/", unixSocket: path, timeout: .seconds(10))
                            guard
                                case .switched(_, let channel) = try await HTTPClient().upgrade(
                                    request, to: "echo")
                            else { throw RawConnection.Failure(call: "upgrade", code: 1) }
                            try await channel.write(Array("hello \(number)".utf8))
                            #expect(try await channel.read() == Array("hello \(number)".utf8))
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    /// What is sent together with the request's head is not lost.
    @Test func theFirstBytesMayComeWithTheHead() async throws {
        try await withServer(handler: Self.echo) { port in
            let connection = try RawConnection(port: port)
            try connection.send(
                "POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
            let text = try await blocking { try connection.receive(until: "early") }
            #expect(text.hasPrefix("HTTP/1.1 101 ") && text.lowercased().contains("\r\nupgrade: echo\r\n"))
        }
    }

    @Test func anotherAnswerIsGivenWithItsText() async throws {
        try await withServer(handler: { _ in
            HTTPServerResponse(status: 409, body: .bytes(Array("not now".utf8)))
        }) { port in
            let request = HTTPRequest(method: "POST", url: "http://127.0.0.1:\(port)/", timeout: .seconds(10))
            guard case .refused(let response) = try await HTTPClient().upgrade(request, to: "echo") else {
                Issue.record("switched")
                return
            }
            #expect(response.status == 409 && response.body == Array("not now".utf8))
        }
    }

    /// A request that does not ask for it is not switched, and the server lives.
    @Test func aServerThatSwitchesUnasked() async throws {
        try await withServer(handler: { _ in
            HTTPServerResponse(status: 101, body: .upgrade(HTTPServerUpgrade(name: "echo") { _ in }))
        }) { port in
            let old = try RawConnection(port: port)
            try old.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n")
            let text = try await blocking { try old.receiveAll() }
            #expect(!text.hasPrefix("HTTP/1.1 101"))
            _ = try await open(port)
        }
    }

    /// The side that serves notices a peer that has gone while it does not read, and while it writes.
    @Test(arguments: [false, true]) func aPeerThatIsGone(_ writes: Bool) async throws {
        let ended = Counter()
        try await withServer(handler: { _ in
            HTTPServerResponse(
                status: 101,
                body: .upgrade(
                    HTTPServerUpgrade(name: "echo") { channel in
                        if writes {
                            while (try? await channel.write([UInt8](repeating: 1, count: 30_000))) != nil {}
                        } else {
                            _ = try? await channel.read()
                        }
                        ended.add()
                    }))
        }) { port in
            do {
                let (_, channel) = try await open(port)
                if writes { _ = try await channel.read() }
                channel.close()
            }
            try await eventually("the peer's end is noticed") { ended.value == 1 }
        }
    }

    @Test func aSlowReaderHoldsTheWriterBack() async throws {
        let written = Counter()
        try await withServer(handler: { _ in
            HTTPServerResponse(
                status: 101,
                body: .upgrade(
                    HTTPServerUpgrade(name: "echo") { channel in
                        for _ in 0..<2_000 {
                            guard (try? await channel.write([UInt8](repeating: 1, count: 30_000))) != nil
                            else {
                                return
                            }
                            written.add(30_000)
                        }
                        await channel.flush()
                    }))
        }) { port in
            let (_, channel) = try await open(port)
            // It is written until every buffer is full, and then not any more.
            var before = -1
            while before != written.value {
                before = written.value
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(written.value < 16 << 20, "\(written.value)")
            var received = 0
            while let piece = try await channel.read() { received += piece.count }
            #expect(received == 60_000_000)
        }
    }

    /// Stopping ends what goes on, at once, and without the library's complaint about connections that are left.
    @Test func theServerStopsWhileItGoesOn() async throws {
        let channel = try await withServer(handler: Self.echo) { port in
            let (_, channel) = try await open(port)
            try await channel.write([1])
            #expect(try await channel.read() == [1])
            return channel
        }
        // A reset is an end as well.
        _ = try? await channel.read()
        let error = await #expect(throws: ByteChannelError.self) {
            while true { try await channel.write([UInt8](repeating: 1, count: 60_000)) }
        }
        #expect(error?.message.isEmpty == false)
    }

    @Test(arguments: [
        "HTTP/1.1 101\r\n\r\nx", "HTTP/1.1 101 Switching\r\nA\r\n: b\r\n\r\nx", "", "HTTP/1.1", "\r\n\r\n",
        "HTTP/1.1 999999999999999999999 x\r\n\r\n", "SSH-2.0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nabc",
        "HTTP/1.1 500 x\r\nContent-Length: 99999999999999999999999\r\n\r\nabc"
    ]) func answersThatMakeNoSense(_ answer: String) async throws {
        let port = try await OneAnswer.start(Array(answer.utf8))
        let request = HTTPRequest(url: "http://127.0.0.1:\(port)/", timeout: .seconds(5))
        do throws(HTTPError) {
            switch try await HTTPClient().upgrade(request, to: "echo") {
            case .switched(_, let channel):
                #expect(answer.contains(" 101"))
                let first = try? await channel.read()
                #expect(first == [120])
            case .refused(let response):
                #expect([200, 500].contains(response.status) && response.body.count <= 3)
            }
        } catch {
            #expect([.connectionLost, .protocolViolation].contains(error.code), "\(answer) \(error)")
        }
    }

    @Test func aHeadWithoutEndIsGivenUp() async throws {
        let port = try await OneAnswer.start(
            Array("HTTP/1.1 101 x\r\n".utf8) + [UInt8](repeating: 97, count: 1 << 20))
        let request = HTTPRequest(url: "http://127.0.0.1:\(port)/", timeout: .seconds(5))
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPClient().upgrade(request, to: "echo")
        }
        #expect(error?.code == .protocolViolation)
    }

    /// Behind TLS that HAProxy ends, which speaks HTTP/2 as well: there is no upgrade in that.
    @Test func theUpgradePassesAProxyWithTLS() async throws {
        try await withTemporaryDirectory { directory in
            let made = try Subprocess.run(
                [
                    "/bin/sh", "-c",
                    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
                        + "-addext subjectAltName=IP:127.0.0.1 -keyout \(directory)/key -out \(directory)/certificate && "
                        + "cat \(directory)/certificate \(directory)/key > \(directory)/both"
                ], environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(30))
            try #require(made.exitCode == 0)
            try await withServer(handler: Self.echo) { port in
                let front = try closedPort()
                let configuration = """
                    defaults
                        mode http
                        timeout connect 5s
                        timeout client 20s
                        timeout server 20s
                    frontend front
                        bind 127.0.0.1:\(front) ssl crt \(directory)/both alpn h2,http/1.1
                        default_backend back
                    backend back
                        server one 127.0.0.1:\(port)

                    """
                let file = directory + "/haproxy.cfg"
                let written = try Subprocess.run(
                    ["/bin/sh", "-c", "cat > \(file)"], environment: [:], input: Array(configuration.utf8),
                    timeout: .seconds(10))
                try #require(written.exitCode == 0)
                try await withProgram(
                    ["/usr/sbin/haproxy", "-db", "-f", file],
                    whenReady: {
                        let deadline = ContinuousClock.now + .seconds(10)
                        while (try? await HTTPClient().connect(
                            host: "127.0.0.1", port: front, timeout: .seconds(1))) == nil
                        {
                            try #require(ContinuousClock.now < deadline)
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                ) {
                    var request = HTTPRequest(
                        method: "POST", url: "https://127.0.0.1:\(front)/", timeout: .seconds(10))
                    request.caFile = directory + "/certificate"
                    guard case .switched(_, let channel) = try await HTTPClient().upgrade(request, to: "echo")
                    else {
                        Issue.record("not switched")
                        return
                    }
                    let total = 2 << 20
                    let received = try await withThrowingTaskGroup(of: Int.self) { group in
                        group.addTask {
                            for _ in 0..<(total / 32_768) {
                                try await channel.write([UInt8](repeating: 9, count: 32_768))
                            }
                            return 0
                        }
                        group.addTask {
                            var count = 0
                            while count < total, let piece = try await channel.read() { count += piece.count }
                            return count
                        }
                        return try await group.reduce(0, +)
                    }
                    #expect(received == total)
                    // Whoever is not to be trusted is not.
                    request.caFile = nil
                    let untrusted = request
                    let error = await #expect(throws: HTTPError.self) {
                        try await HTTPClient().upgrade(untrusted, to: "echo")
                    }
                    #expect(error?.code == .tls)
                }
            }
        }
    }

    @Test func nobodyListens() async throws {
        let request = HTTPRequest(url: "http://x/", unixSocket: "/nonexistent/socket", timeout: .seconds(5))
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPClient().upgrade(request, to: "echo")
        }
        #expect(error?.code == .unreachable)
    }
}

/// Answers one connection with bytes as they are, and closes it.
private enum OneAnswer {
    static func start(_ bytes: [UInt8]) async throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Int32 in
                guard unsafe bind(listener, pointer, length) == 0, listen(listener, 1) == 0 else { return -1 }
                return unsafe getsockname(listener, pointer, &length)
            }
        }
        try #require(code == 0)
        Thread.start(name: "one-answer") {
            let peer = accept(listener, nil, nil)
            var request = [UInt8](repeating: 0, count: 4_096)
            _ = unsafe recv(peer, &request, request.count, 0)
            _ = unsafe send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            shutdown(peer, Int32(SHUT_WR))
            // Until the client has gone, so that what was sent is not thrown away.
            while unsafe recv(peer, &request, request.count, 0) > 0 {}
            close(peer)
            close(listener)
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
