import Execution
import Glibc
import HTTPClient
import Synchronization
import TestServers
import Testing

@Suite struct HTTPClientStreamTests {
    let client = HTTPClient()

    @Test func `gives the head before the body has come, and pieces as they come`() async throws {
        let mayGoOn = Shared(false)
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n")
            while !mayGoOn.value { connection.pause(milliseconds: 1) }
            connection.send("3\r\none\r\n")
            connection.send("3\r\ntwo\r\n0\r\n\r\n")
        }
        let stream = try await client.stream(HTTPRequest(url: server.url))
        #expect(stream.status == 200)
        #expect(stream.header("x-a") == "b")
        mayGoOn.value = true
        var text = ""
        for try await piece in stream.body { text += String(decoding: piece, as: UTF8.self) }
        #expect(text == "onetwo")
    }

    @Test func `a slow reader holds the server back, and loses nothing`() async throws {
        let sizeInBytes = 64 << 20
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(sizeInBytes)\r\n\r\n")
            var block = [UInt8](repeating: 0, count: 1 << 16)
            for number in 0..<sizeInBytes / block.count {
                block[0] = UInt8(truncatingIfNeeded: number)
                guard connection.send(block) else { return }
            }
        }
        let stream = try await client.stream(HTTPRequest(url: server.url))
        var iterator = stream.body.makeAsyncIterator()
        var received = try #require(try await iterator.next())
        // The server stops once all buffers on the way are full: two equal readings, some time apart.
        var last = -1
        try await eventually("the server is held back") {
            let now = server.sentInBytes.withLock { $0 }
            defer { last = now }
            _ = poll(nil, 0, 100)
            return now == last
        }
        #expect(last < sizeInBytes / 2)
        while let piece = try await iterator.next() { received += piece }
        #expect(received.count == sizeInBytes)
        let marks = stride(from: 0, to: received.count, by: 1 << 16).map { received[$0] }
        #expect(marks == (0..<sizeInBytes >> 16).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func `letting go of the stream closes the connection`() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.waitForClose()
        }
        do {
            let stream = try await client.stream(HTTPRequest(url: server.url))
            #expect(stream.status == 200)
        }
        try await eventually("the connection is closed") { server.hangUps.withLock { $0 } == 1 }
    }

    @Test func `cancelling the reader closes the connection`() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            connection.waitForClose()
        }
        let count = Counter()
        let client = client
        let url = server.url
        let reader = Task {
            let stream = try await client.stream(HTTPRequest(url: url))
            for try await piece in stream.body { count.add(piece.count) }
        }
        try await eventually("a piece has come") { count.value == 3 }
        reader.cancel()
        _ = await reader.result
        try await eventually("the connection is closed") { server.hangUps.withLock { $0 } == 1 }
    }

    @Test func `the body's own time-out is silence, not length`() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 1...10 {
                connection.send("1\r\na\r\n")
                connection.pause(milliseconds: 50)
            }
            connection.waitForClose()
        }
        let request = HTTPRequest(
            url: server.url, timeout: .milliseconds(300), idleTimeout: .milliseconds(400))
        let stream = try await client.stream(request)
        var count = 0
        do {
            for try await piece in stream.body { count += piece.count }
            Issue.record("the stream ended")
        } catch {
            #expect((error as? HTTPError)?.code == .timeout)
        }
        #expect(count == 10)
    }

    @Test func `a body that breaks off is an error, after what has come`() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        }
        let stream = try await client.stream(HTTPRequest(url: server.url))
        var text = ""
        do {
            for try await piece in stream.body { text += String(decoding: piece, as: UTF8.self) }
            Issue.record("the stream ended")
        } catch {
            #expect((error as? HTTPError)?.code == .connectionLost)
        }
        #expect(text == "one")
    }

    @Test func `no head in time`() async throws {
        let server = try RawServer { $0.waitForClose() }
        do throws(HTTPError) {
            _ = try await client.stream(HTTPRequest(url: server.url, timeout: .milliseconds(200)))
            Issue.record("there was a head")
        } catch {
            #expect(error.code == .timeout)
        }
    }
}
