import Execution
import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import TestServers
import Testing

@Suite struct HTTPClientTests {
    let client = HTTPClient()

    private func failure(_ request: HTTPRequest) async -> HTTPError? {
        do throws(HTTPError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Plain exchanges

    @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
    func `sends method, headers and body, and gives the whole answer`(method: String) async throws {
        let handler: HTTPHandler = { request in
            let body =
                "\(request.method) \(request.path) \(request.headers["x-test"] ?? "-") \(request.body.count)"
            return HTTPServerResponse(
                status: 201, headers: [("X-Answer", "yes")], body: .bytes(Array(body.utf8)))
        }
        try await withServer(handler: handler) { port in
            let body: [UInt8]? =
                ["POST", "PUT", "PATCH"].contains(method) ? Array(repeating: 65, count: 70_000) : nil
            let response = try await client.send(
                HTTPRequest(
                    method: method, url: "http://127.0.0.1:\(port)/a/b", headers: [("X-Test", "one two")],
                    body: body))
            #expect(response.status == 201)
            #expect(response.header("x-answer") == "yes")
            let expected = method == "HEAD" ? "" : "\(method) /a/b one two \(body?.count ?? 0)"
            #expect(String(decoding: response.body, as: UTF8.self) == expected)
        }
    }

    @Test func `sends an empty body with a length`() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("ok") }
        }
        for body: [UInt8]? in [nil, []] {
            _ = try await client.send(HTTPRequest(method: "POST", url: server.url, body: body))
        }
        let requests = server.requests.withLock { $0 }
        #expect(requests.count == 2)
        #expect(requests.allSatisfy { $0.lowercased().contains("content-length: 0\r\n") })
        #expect(requests.allSatisfy { !$0.lowercased().contains("content-type") })
        #expect(requests.allSatisfy { !$0.lowercased().contains("expect:") })
    }

    @Test func `speaks through a Unix socket`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/socket"
            let server = try RawServer(path: path) { connection in
                while connection.request() != nil { connection.answer("here") }
            }
            let response = try await client.send(HTTPRequest(url: "http://engine/v1/info", unixSocket: path))
            #expect(response.body == Array("here".utf8))
            #expect(server.requests.withLock { $0.first?.contains("Host: engine\r\n") } == true)
        }
    }

    @Test func `keeps a connection for the next request, unless told not to`() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("ok") }
        }
        for _ in 1...3 { _ = try await client.send(HTTPRequest(url: server.url)) }
        #expect(server.connections.withLock { $0 } == 1)
        for _ in 1...2 { _ = try await client.send(HTTPRequest(url: server.url, reusesConnection: false)) }
        #expect(server.connections.withLock { $0 } == 3)
    }

    @Test func `a silent server delays nobody else`() async throws {
        let silent = try RawServer { $0.waitForClose() }
        let quick = try RawServer { connection in
            while connection.request() != nil { connection.answer("ok") }
        }
        let waiting = (0..<200).map { _ in
            Task { await failure(HTTPRequest(url: silent.url, timeout: .seconds(60))) }
        }
        try await eventually("all are connected") { silent.connections.withLock { $0 } == 200 }
        let began = ContinuousClock.now
        for _ in 0..<50 { _ = try await client.send(HTTPRequest(url: quick.url)) }
        #expect(ContinuousClock.now - began < .seconds(5))
        for task in waiting { task.cancel() }
        for task in waiting { #expect(await task.value?.code == .cancelled) }
        try await eventually("the connections are closed") { silent.hangUps.withLock { $0 } == 200 }
    }

    @Test func `the environment's proxy is not asked`() async throws {
        unsafe setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsafe unsetenv("http_proxy") }
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("direct") }
        }
        let response = try await client.send(HTTPRequest(url: server.url))
        #expect(response.body == Array("direct".utf8))
    }

    // MARK: Refused requests

    static let refused: [(String, HTTPRequest)] = [
        ("a line break in a value", HTTPRequest(url: "http://h/", headers: [("X-A", "b\r\nX-C: d")])),
        ("a line break in a name", HTTPRequest(url: "http://h/", headers: [("X-A:\r\nX-C", "d")])),
        ("a zero byte in a value", HTTPRequest(url: "http://h/", headers: [("X-A", "b\0")])),
        ("an empty name", HTTPRequest(url: "http://h/", headers: [("", "b")])),
        ("a line break in the URL", HTTPRequest(url: "http://h/\r\nX-A: b")),
        ("a space in the URL", HTTPRequest(url: "http://h/a b")),
        ("no host", HTTPRequest(url: "http://")),
        ("another scheme", HTTPRequest(url: "file:///etc/passwd")),
        ("no scheme", HTTPRequest(url: "127.0.0.1/")),
        ("a line break in the method", HTTPRequest(method: "GET /\r\n", url: "http://h/")),
        ("an empty method", HTTPRequest(method: "", url: "http://h/")),
        ("a long socket path", HTTPRequest(url: "http://h/", unixSocket: String(repeating: "a", count: 108)))
    ]

    @Test(arguments: refused)
    func `refuses`(what: String, request: HTTPRequest) async throws {
        #expect(await failure(request)?.code == .invalidRequest, "\(what)")
    }

    // MARK: What goes wrong

    @Test func `nobody listens`() async throws {
        let port = try closedPort()
        let error = await failure(HTTPRequest(url: "http://user:secret@127.0.0.1:\(port)/a?token=secret"))
        #expect(error?.code == .unreachable)
        #expect(error?.message == "connection refused")
        #expect(error?.url == "http://127.0.0.1:\(port)/a")
        let missing = await failure(HTTPRequest(url: "http://engine/", unixSocket: "/nowhere/socket"))
        #expect(missing?.code == .unreachable)
        #expect(missing?.message == "no such file or directory")
    }

    @Test func `a silent server is a time-out`() async throws {
        let server = try RawServer { $0.waitForClose() }
        let began = ContinuousClock.now
        let error = await failure(HTTPRequest(url: server.url, timeout: .milliseconds(200)))
        #expect(error?.code == .timeout)
        #expect(error?.message == "no answer within 200ms")
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test func `a body that does not end is a time-out`() async throws {
        let server = try RawServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            connection.waitForClose()
        }
        let total = await failure(HTTPRequest(url: server.url, timeout: .milliseconds(300)))
        #expect(total?.code == .timeout)
        let idle = await failure(
            HTTPRequest(url: server.url, timeout: .seconds(60), idleTimeout: .milliseconds(300)))
        #expect(idle?.message == "silent for 300ms")
    }

    @Test func `a connection that breaks`() async throws {
        let texts = ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"]
        for text in texts {
            let server = try RawServer { connection in
                guard connection.request() != nil else { return }
                connection.send(text)
            }
            #expect(await failure(HTTPRequest(url: server.url))?.code == .connectionLost, "after \(text)")
        }
    }

    @Test func `what is not HTTP`() async throws {
        let long =
            "HTTP/1.1 200 OK\r\n"
            + String(repeating: "X-A: \(String(repeating: "b", count: 1_000))\r\n", count: 400)
        for text in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 banana\r\n\r\n", long + "\r\n"] {
            let server = try RawServer { connection in
                guard connection.request() != nil else { return }
                connection.send(text)
            }
            #expect(
                await failure(HTTPRequest(url: server.url))?.code == .protocolViolation, "\(text.prefix(40))")
        }
    }

    @Test(arguments: [true, false])
    func `a body up to the limit is taken, a longer one refused`(hasLength: Bool) async throws {
        let server = try RawServer { connection in
            while connection.request() != nil {
                let body = String(repeating: "a", count: 100_000)
                if hasLength {
                    connection.answer(body)
                } else {
                    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\(body)")
                    return
                }
            }
        }
        let taken = try await client.send(HTTPRequest(url: server.url, bodyLimitInBytes: 100_000))
        #expect(taken.body.count == 100_000)
        #expect(await failure(HTTPRequest(url: server.url, bodyLimitInBytes: 99_999))?.code == .tooLarge)
    }

    // MARK: Redirects

    @Test func `a redirect is an answer like any other`() async throws {
        let target = try RawServer { connection in
            while connection.request() != nil { connection.answer("there") }
        }
        let server = try RawServer { [url = target.url] connection in
            while connection.request() != nil {
                connection.answer("moved", status: "302 Found", headers: "Location: \(url)/next\r\n")
            }
        }
        let response = try await client.send(HTTPRequest(url: server.url))
        #expect(response.status == 302)
        #expect(target.requests.withLock { $0.isEmpty })
    }

    @Test func `credentials do not follow a redirect to another server`() async throws {
        let target = try RawServer { connection in
            while connection.request() != nil { connection.answer("there") }
        }
        let server = try RawServer { [url = target.url] connection in
            while connection.request() != nil {
                connection.answer("moved", status: "302 Found", headers: "Location: \(url)/next\r\n")
            }
        }
        let request = HTTPRequest(
            url: server.url, headers: [("Authorization", "Bearer secret")], followsRedirects: true)
        let response = try await client.send(request)
        #expect(response.status == 200)
        #expect(String(decoding: response.body, as: UTF8.self) == "there")
        #expect(server.requests.withLock { $0.first?.contains("Bearer secret") } == true)
        #expect(target.requests.withLock { $0.first?.contains("Bearer secret") } == false)
    }

    @Test func `a redirect to a file is not followed`() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil {
                connection.answer("moved", status: "302 Found", headers: "Location: file:///etc/passwd\r\n")
            }
        }
        let error = await failure(HTTPRequest(url: server.url, followsRedirects: true))
        #expect(error != nil)
    }

    // MARK: Connections only

    @Test func `connects, and closes at once`() async throws {
        let server = try RawServer { $0.waitForClose() }
        try await client.connect(host: "127.0.0.1", port: server.port, timeout: .seconds(5))
        try await eventually("the connection is closed") { server.hangUps.withLock { $0 } == 1 }
        #expect(server.requests.withLock { $0.isEmpty })
        let port = try closedPort()
        await #expect(throws: HTTPError.self) {
            try await client.connect(host: "127.0.0.1", port: port, timeout: .seconds(5))
        }
        await #expect(throws: HTTPError.self) {
            try await client.connect(host: "127.0.0.1/evil", port: server.port, timeout: .seconds(5))
        }
        await #expect(throws: HTTPError.self) {
            try await client.connect(host: "127.0.0.1", port: 65_536, timeout: .seconds(5))
        }
    }
}
