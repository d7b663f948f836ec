import Execution
import Glibc
import HTTPServer
import Synchronization
import Testing

private let echo: HTTPHandler = { request in
    HTTPServerResponse(
        status: 200, headers: [("X-Path", request.path), ("X-Evil", "a\r\nSet-Cookie: b")],
        body: .bytes(request.body))
}

@Suite struct HTTPServerTests {
    @Test func answersRequests() async throws {
        let seen = Mutex<HTTPServerRequest?>(nil)
        try await withServer(handler: { request in
            seen.withLock { $0 = request }
            return await echo(request)
        }) { port in
            let request =
                "POST /v1/apps/a%2Fb//c%20d?x=1&x=2&y=a+b%21&z HTTP/1.1\r\nHost: test\r\nX-Twice: 1\r\nx-twice: 2\r\n"
                + "Content-Length: 5\r\nConnection: close\r\n\r\nhello"
            let answer = try await exchange(port: port, request)
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.hasSuffix("\r\n\r\nhello"))
            #expect(answer.contains("X-Path: /v1/apps/a/b//c d\r\n"))
            #expect(!answer.contains("Set-Cookie"))
        }
        let request = try #require(seen.withLock { $0 })
        #expect(request.method == "POST")
        #expect(request.segments == ["v1", "apps", "a/b", "c d"])
        #expect(request.query == ["x": "1", "y": "a b!", "z": ""])
        #expect(request.headers["x-twice"] == "1, 2")
        #expect(request.listener == .tcp)
        #expect(request.remote.hasPrefix("127.0.0.1:"))
    }

    @Test func keepsConnectionsOpen() async throws {
        try await withServer(handler: echo) { port in
            try await blocking {
                let connection = try RawConnection(port: port)
                for round in 0..<50 {
                    let body = "round \(round)."
                    try connection.send(
                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                    let answer = try connection.receive(until: body)
                    #expect(answer.hasPrefix("HTTP/1.1 200"))
                }
                // Two at once.
                try connection.send(
                    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                )
                let both = try connection.receiveAll()
                #expect(both.contains("X-Path: /1\r\n") && both.contains("X-Path: /2\r\n"))
            }
        }
    }

    @Test func headHasNoBody() async throws {
        try await withServer(handler: { _ in
            let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
            continuation.yield(Array("body".utf8))
            return HTTPServerResponse(status: 200, body: .stream(stream))
        }) { port in
            let answer = try await exchange(
                port: port, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(!answer.contains("body"))
        }
    }

    @Test func aBodyOverTheLimitIsRefused() async throws {
        try await withServer(
            { $0.bodyLimitInBytes = { _, path in path == "/small" ? 10 : 1 << 20 } }, handler: echo
        ) {
            port in
            let declared = try await exchange(
                port: port, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901")
            #expect(declared.hasPrefix("HTTP/1.1 413"))
            let chunked = try await exchange(
                port: port,
                "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"
            )
            #expect(chunked.hasPrefix("HTTP/1.1 413"))
            let exact = try await exchange(
                port: port,
                "POST /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n1234567890"
            )
            #expect(exact.hasPrefix("HTTP/1.1 200"))
            let huge = try await exchange(
                port: port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx")
            #expect(huge.isEmpty || huge.hasPrefix("HTTP/1.1 4"))
        }
    }

    @Test func anEndlessChunkedBodyIsCut() async throws {
        try await withServer({ $0.bodyLimitInBytes = { _, _ in 1_000 } }, handler: echo) { port in
            let sent = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                let piece = "1000\r\n" + String(repeating: "x", count: 4_096) + "\r\n"
                var pieces = 0
                while pieces < 50_000 {
                    do { try connection.send(piece) } catch { break }
                    pieces += 1
                }
                return pieces
            }
            #expect(sent < 5_000, "the server must not read on for ever")
        }
    }

    @Test func allBodiesTogetherAreBounded() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let running = Counter()
        try await withServer(
            { $0.totalBodyLimitInBytes = 1_500 },
            handler: { request in
                if request.path == "/hold" {
                    running.add()
                    for await _ in gate { break }
                }
                return HTTPServerResponse(status: 200)
            }
        ) { port in
            let body = String(repeating: "x", count: 1_000)
            let length = "Content-Length: 1000\r\nConnection: close\r\nHost: a\r\n\r\n\(body)"
            async let first = exchange(port: port, "POST /hold HTTP/1.1\r\n\(length)")
            try await eventually("the first is under way") { running.value == 1 }
            let second = try await exchange(port: port, "POST / HTTP/1.1\r\n\(length)")
            #expect(second.hasPrefix("HTTP/1.1 503"))
            open.finish()
            #expect(try await first.hasPrefix("HTTP/1.1 200"))
            let third = try await exchange(port: port, "POST / HTTP/1.1\r\n\(length)")
            #expect(third.hasPrefix("HTTP/1.1 200"), "the room is given back")
        }
    }

    @Test func longHeadersAreRefused() async throws {
        let calls = Counter()
        try await withServer(handler: { _ in
            calls.add()
            return HTTPServerResponse(status: 200)
        }) { port in
            let long = String(repeating: "a", count: 100_000)
            let headers = (try? await exchange(port: port, get("/", "X-Long: \(long)\r\n"))) ?? ""
            #expect(headers.isEmpty || headers.hasPrefix("HTTP/1.1 4"))
            let target = (try? await exchange(port: port, get("/\(long)"))) ?? ""
            #expect(target.isEmpty || target.hasPrefix("HTTP/1.1 4"))
        }
        #expect(calls.value == 0)
    }

    @Test(arguments: [
        "/%", "/%2", "/%zz", "/%00", "/a%0ab", "/%ff%fe", "/?a=%c0%80", "*", "relative", "http://", "ftp://x/"
    ])
    func badTargetsAreRefused(_ target: String) async throws {
        try await withServer(handler: echo) { port in
            let answer = try await exchange(port: port, get(target))
            #expect(answer.hasPrefix("HTTP/1.1 400"), "\(target): \(answer.prefix(40))")
        }
    }

    @Test func targetsWithAHostAreTaken() async throws {
        try await withServer(handler: echo) { port in
            let answer = try await exchange(port: port, get("http://example.com/x?y"))
            #expect(answer.contains("X-Path: /x\r\n"))
        }
    }

    /// Whatever comes in, the server stands.
    @Test func garbageDoesNoHarm() async throws {
        try await withServer({ $0.idleTimeout = .milliseconds(300) }, handler: echo) { port in
            var generator = SystemRandomNumberGenerator()
            var inputs: [[UInt8]] = [
                [], [0], [0xff], Array("\r\n\r\n".utf8), Array("GET\r\n\r\n".utf8),
                Array("GET / HTTP/9.9\r\n\r\n".utf8),
                Array("GET / HTTP/1.1\r\n\r\n".utf8),
                Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".utf8),
                Array(
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".utf8),
                Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".utf8),
                Array(
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
                        .utf8),
                Array("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n".utf8),
                Array("GET /\0x HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
                Array("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\u{1}\r\n\r\n".utf8) + [0xfe, 0xff]
            ]
            for _ in 0..<60 {
                inputs.append(
                    (0..<Int.random(in: 1...2_000, using: &generator)).map { _ in .random(in: 0...255) })
            }
            let valid = Array(
                "POST /x?y=z HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc".utf8)
            for _ in 0..<60 {
                var mutant = valid
                mutant[Int.random(in: 0..<mutant.count)] = .random(in: 0...255)
                inputs.append(mutant)
            }
            for cut in 0..<valid.count { inputs.append(Array(valid.prefix(cut))) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for input in inputs { group.addTask { _ = try? await exchange(port: port, input) } }
                try await group.waitForAll()
            }
            let answer = try await exchange(port: port, get("/alive"))
            #expect(answer.contains("X-Path: /alive\r\n"))
        }
    }

    @Test func aBadStatusIs500() async throws {
        try await withServer(handler: { request in
            HTTPServerResponse(status: Int(request.query["status"] ?? "") ?? 0, body: .bytes([65]))
        }) { port in
            for status in ["-1", "0", "100", "199", "600", "99999999999"] {
                let answer = try await exchange(port: port, get("/?status=\(status)"))
                #expect(answer.hasPrefix("HTTP/1.1 500"), "\(status)")
            }
            #expect(try await exchange(port: port, get("/?status=404")).hasPrefix("HTTP/1.1 404"))
        }
    }

    @Test func aHandlerThatTakesTooLongIsCancelled() async throws {
        let cancelled = Counter()
        try await withServer(
            { $0.requestTimeout = .milliseconds(100) },
            handler: { _ in
                do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.add() }
                return HTTPServerResponse(status: 200)
            }
        ) { port in
            #expect(try await exchange(port: port, get("/")).hasPrefix("HTTP/1.1 503"))
            try await eventually("the handler is cancelled") { cancelled.value == 1 }
        }
    }

    @Test func aPeerThatDripsIsCutOff() async throws {
        try await withServer({ $0.idleTimeout = .milliseconds(500) }, handler: echo) { port in
            let began = ContinuousClock.now
            try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
                do {
                    while ContinuousClock.now < began + .seconds(9) {
                        try connection.send("x")
                        // The pace of the peer that is played here, not a wait for anything.
                        _ = poll(nil, 0, 20)
                    }
                } catch {}
            }
            #expect(ContinuousClock.now < began + .seconds(8))
        }
    }

    @Test func aHangUpCancelsTheHandler() async throws {
        let started = Counter(), cancelled = Counter()
        try await withServer(handler: { _ in
            started.add()
            do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.add() }
            return HTTPServerResponse(status: 200)
        }) { port in
            do {
                let connection = try RawConnection(port: port)
                try connection.send(get("/"))
                try await eventually("the handler runs") { started.value == 1 }
                withExtendedLifetime(connection) {}
            }
            try await eventually("the handler is cancelled") { cancelled.value == 1 }
        }
    }

    @Test func twoHundredAtOnce() async throws {
        let running = Counter()
        let answers = try await withServer(handler: { request in
            running.add()
            // All must be in before any is answered.
            while running.value < 200, !Task.isCancelled { await Task.yield() }
            return HTTPServerResponse(status: 200, body: .bytes(Array(request.path.utf8)))
        }) { port in
            try await blocking {
                let connections = try (0..<200).map { _ in try RawConnection(port: port) }
                for (number, connection) in connections.enumerated() {
                    try connection.send(get("/\(number)"))
                }
                return try connections.map { try $0.receiveAll() }
            }
        }
        for (number, answer) in answers.enumerated() {
            #expect(answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("\r\n\r\n/\(number)"))
        }
    }

    @Test func connectionsOverTheLimitWait() async throws {
        try await withServer({ $0.connectionLimit = 2 }, handler: echo) { port in
            let first = try RawConnection(port: port)
            let second = try RawConnection(port: port)
            try first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
            try second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await blocking {
                (try first.receive(until: "\r\n\r\n"), try second.receive(until: "\r\n\r\n"))
            }
            async let third = exchange(port: port, get("/3"))
            try first.send(get("/4"))
            _ = try await blocking { try first.receiveAll() }
            #expect(try await third.contains("X-Path: /3\r\n"))
            withExtendedLifetime((first, second)) {}
        }
    }
}
