import Execution
import HTTPServer
import Synchronization
import Testing

private let eventStream = [("Content-Type", "text/event-stream")]

@Suite struct HTTPServerStreamTests {
    @Test func aStreamArrivesAsItIsMade() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let handed = Mutex<AsyncStream<[UInt8]>?>(stream)
        try await withServer(handler: { _ in
            let stream = handed.withLock { $0 } ?? AsyncStream { $0.finish() }
            return HTTPServerResponse(status: 200, headers: eventStream, body: .stream(stream))
        }) { port in
            let connection = try RawConnection(port: port)
            try connection.send(get("/"))
            let head = try await blocking { try connection.receive(until: "\r\n\r\n") }
            #expect(head.hasPrefix("HTTP/1.1 200"))
            for number in 0..<20 {
                continuation.yield(Array("data: \(number).\n\n".utf8))
                let piece = try await blocking { try connection.receive(until: "\(number).\n\n") }
                #expect(piece.contains("data: \(number)."))
            }
            continuation.finish()
            let end = try await blocking { try connection.receiveAll() }
            #expect(end.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func aLargeStreamArrivesWhole() async throws {
        try await withServer(handler: { _ in
            let stream = AsyncStream<[UInt8]> { continuation in
                for number in 0..<200 { continuation.yield([UInt8](repeating: UInt8(number), count: 40_000)) }
                continuation.finish()
            }
            return HTTPServerResponse(status: 200, body: .stream(stream))
        }) { port in
            let output = try await blocking {
                try Subprocess.run(
                    ["/usr/bin/curl", "-sS", "http://127.0.0.1:\(port)/"], environment: [:],
                    timeout: .seconds(30),
                    outputLimitInBytes: 1 << 24)
            }
            #expect(output.exitCode == 0)
            #expect(output.standardOutput.count == 200 * 40_000)
            let isInOrder = (0..<200).allSatisfy { number in
                let from = number * 40_000
                return output.standardOutput[from..<(from + 40_000)].allSatisfy { $0 == UInt8(number) }
            }
            #expect(isInOrder)
        }
    }

    @Test func aSlowReaderHoldsTheStreamBack() async throws {
        let taken = Counter(), ended = Counter()
        try await withServer(handler: { _ in
            let stream = AsyncStream<[UInt8]>(
                unfolding: {
                    taken.add()
                    return [UInt8](repeating: 65, count: 100_000)
                }, onCancel: { ended.add() })
            return HTTPServerResponse(status: 200, body: .stream(stream))
        }) { port in
            do {
                let connection = try RawConnection(port: port)
                try connection.send(get("/"))
                _ = try await blocking { try connection.receive(until: "\r\n\r\n") }
                // The kernel's buffers fill, then nothing is asked of the stream any more.
                var last = -1
                while last != taken.value {
                    last = taken.value
                    try await Task.sleep(for: .milliseconds(200))
                }
                #expect(last < 200, "20 MB would be more than the kernel buffers")
                let more = try await blocking {
                    (0..<400).reduce(0) { sum, _ in sum + ((try? connection.receive().count) ?? 0) }
                }
                #expect(more > 1_000_000)
                try await eventually("the stream goes on") { taken.value > last }
            }
            try await eventually("the hang-up ends the stream") { ended.value == 1 }
        }
    }

    @Test func aHangUpEndsAQuietStream() async throws {
        let ended = Counter()
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        continuation.onTermination = { _ in ended.add() }
        continuation.yield(Array(": hello\n\n".utf8))
        let handed = Mutex<AsyncStream<[UInt8]>?>(stream)
        try await withServer(handler: { _ in
            let stream = handed.withLock { $0.take() } ?? AsyncStream { $0.finish() }
            return HTTPServerResponse(status: 200, headers: eventStream, body: .stream(stream))
        }) { port in
            do {
                let connection = try RawConnection(port: port)
                try connection.send(get("/"))
                _ = try await blocking { try connection.receive(until: "hello") }
            }
            try await eventually("the stream is ended") { ended.value == 1 }
        }
    }

    @Test func stopWaitsForRunningRequests() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let started = Counter()
        let server = try HTTPServer.start(.init(tcp: .init(host: "127.0.0.1", port: 0))) { _ in
            started.add()
            for await _ in gate { break }
            return HTTPServerResponse(status: 200, body: .bytes(Array("done".utf8)))
        }
        let port = try #require(server.tcpPort)
        async let answer = exchange(port: port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try await eventually("the request runs") { started.value == 1 }
        async let stopped: Void = server.stop(grace: .seconds(20))
        try await eventually("nothing new is taken") { (try? RawConnection(port: port)) == nil }
        open.finish()
        #expect(try await answer.hasSuffix("done"))
        await stopped
    }

    @Test func stopCancelsWhatOutlivesTheGrace() async throws {
        let started = Counter(), cancelled = Counter()
        let server = try HTTPServer.start(.init(tcp: .init(host: "127.0.0.1", port: 0))) { _ in
            started.add()
            do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.add() }
            return HTTPServerResponse(status: 200)
        }
        let port = try #require(server.tcpPort)
        async let answer = exchange(port: port, get("/"))
        try await eventually("the request runs") { started.value == 1 }
        let began = ContinuousClock.now
        await server.stop(grace: .milliseconds(200))
        #expect(ContinuousClock.now - began < .seconds(5))
        #expect(try await answer.isEmpty)
        try await eventually("the handler is cancelled") { cancelled.value == 1 }
    }

    @Test func stopEndsEventStreamsAtOnce() async throws {
        let ended = Counter()
        let server = try HTTPServer.start(.init(tcp: .init(host: "127.0.0.1", port: 0))) { _ in
            let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
            continuation.onTermination = { _ in ended.add() }
            continuation.yield(Array(": hello\n\n".utf8))
            return HTTPServerResponse(status: 200, headers: eventStream, body: .stream(stream))
        }
        let port = try #require(server.tcpPort)
        let connections = try (0..<20).map { _ in try RawConnection(port: port) }
        for connection in connections {
            try connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await blocking { try connection.receive(until: "hello") }
        }
        let began = ContinuousClock.now
        await server.stop(grace: .seconds(30))
        #expect(ContinuousClock.now - began < .seconds(5))
        for connection in connections {
            #expect(try await blocking { try connection.receiveAll() }.hasSuffix("0\r\n\r\n"))
        }
        try await eventually("the streams are ended") { ended.value == 20 }
    }

    /// Streams come and go while the server is stopped: no trap in the library, no hang.
    @Test(arguments: 0..<10) func stopInTheMiddleOfEverything(_ round: Int) async throws {
        let server = try HTTPServer.start(.init(tcp: .init(host: "127.0.0.1", port: 0))) { request in
            if request.path == "/stream" {
                let stream = AsyncStream<[UInt8]> { continuation in
                    let task = Task {
                        while !Task.isCancelled {
                            continuation.yield([UInt8](repeating: 65, count: 100))
                            await Task.yield()
                        }
                    }
                    continuation.onTermination = { _ in task.cancel() }
                }
                return HTTPServerResponse(status: 200, body: .stream(stream))
            }
            await Task.yield()
            return HTTPServerResponse(status: 200)
        }
        let port = try #require(server.tcpPort)
        let served = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    for _ in 0..<200 {
                        do {
                            _ = try await blocking {
                                let connection = try RawConnection(port: port)
                                try connection.send(get(number % 4 == 0 ? "/stream" : "/"))
                                _ = try connection.receive()
                            }
                            served.add()
                        } catch { return }
                    }
                }
            }
            group.addTask {
                while served.value < 50 + round * 20 { await Task.yield() }
                await server.stop(grace: .milliseconds(round * 10))
            }
        }
        #expect(served.value >= 50)
    }
}
