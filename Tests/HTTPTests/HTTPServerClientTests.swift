import HTTPClient
import HTTPServer
import Testing

/// The two ends that Slipway has, against each other.
@Suite struct HTTPServerClientTests {
    @Test func requestsOverTheSocketFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/api.sock"
            let server = try HTTPServer.start(.init(unix: .init(path: path))) { request in
                HTTPServerResponse(
                    status: 201, headers: [("X-Seen", request.path)], body: .bytes(request.body))
            }
            let client = HTTPClient()
            let body = [UInt8](repeating: 7, count: 500_000)
            for number in 0..<20 {
                let answer = try await client.send(
                    HTTPRequest(
                        method: "POST", url: "http://localhost/v1/\(number)", unixSocket: path, body: body,
                        timeout: .seconds(20)))
                #expect(answer.status == 201)
                #expect(answer.header("x-seen") == "/v1/\(number)")
                #expect(answer.body == body)
            }
            let large = HTTPRequest(
                method: "POST", url: "http://localhost/", unixSocket: path,
                body: [UInt8](repeating: 7, count: 1 << 20 + 1), timeout: .seconds(20))
            // The peer may still be sending when the answer comes and the connection closes.
            let status = (try? await client.send(large))?.status
            #expect(status == 413 || status == nil)
            await server.stop(grace: .seconds(1))
        }
    }

    @Test func eventsArriveAndALostReaderEndsThem() async throws {
        let ended = Counter()
        try await withServer(handler: { _ in
            let (stream, continuation) = AsyncStream.makeStream(
                of: [UInt8].self, bufferingPolicy: .bufferingNewest(8))
            continuation.onTermination = { _ in ended.add() }
            continuation.yield(Array("data: 1\n\n".utf8))
            return HTTPServerResponse(
                status: 200, headers: [("Content-Type", "text/event-stream")], body: .stream(stream))
        }) { port in
            let client = HTTPClient()
            do {
                let stream = try await client.stream(
                    HTTPRequest(method: "GET", url: "http://127.0.0.1:\(port)/events", timeout: .seconds(20)))
                var events = stream.body.makeAsyncIterator()
                #expect(try await events.next() == Array("data: 1\n\n".utf8))
            }
            try await eventually("the stream is ended") { ended.value == 1 }
        }
    }
}
