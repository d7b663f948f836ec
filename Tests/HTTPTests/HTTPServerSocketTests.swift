import Execution
import Glibc
import HTTPServer
import Testing

private let hello: HTTPHandler = { request in
    HTTPServerResponse(status: 200, body: .bytes(Array("\(request.listener) \(request.remote)".utf8)))
}

@Suite struct HTTPServerSocketTests {
    @Test func theSocketFileHasTheModeAndGoesWithTheServer() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/api.sock"
            let server = try HTTPServer.start(
                .init(unix: .init(path: path, mode: 0o660, group: 12)), handler: hello)
            #expect(server.tcpPort == nil)
            var status = stat()
            #expect(unsafe lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o660)
            if getuid() == 0 { #expect(status.st_gid == 12) }
            let answer = try await blocking {
                let connection = try RawConnection(path: path)
                try connection.send(get("/"))
                return try connection.receiveAll()
            }
            #expect(answer.hasSuffix("unix unix"))
            await server.stop(grace: .seconds(1))
            #expect(unsafe lstat(path, &status) != 0)
        }
    }

    @Test func theModeIsPrivateUnlessGiven() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/api.sock"
            let server = try HTTPServer.start(.init(unix: .init(path: path)), handler: hello)
            var status = stat()
            #expect(unsafe lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            await server.stop(grace: .zero)
        }
    }

    @Test func aStaleSocketIsReplaced() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/api.sock"
            // A socket that is bound, and left behind by a process that is gone.
            let output = try Subprocess.run(
                ["/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('\(path)')"],
                environment: [:], timeout: .seconds(10))
            try #require(output.exitCode == 0)
            let server = try HTTPServer.start(.init(unix: .init(path: path)), handler: hello)
            #expect(throws: HTTPServerError.self) {
                try HTTPServer.start(.init(unix: .init(path: path)), handler: hello)
            }
            let answer = try await blocking {
                let connection = try RawConnection(path: path)
                try connection.send(get("/"))
                return try connection.receiveAll()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            await server.stop(grace: .zero)
        }
    }

    @Test func whatIsNoSocketStays() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/file"
            let descriptor = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
            close(descriptor)
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer.start(.init(unix: .init(path: path)), handler: hello)
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(unsafe access(path, F_OK) == 0)
        }
    }

    @Test func badPlacesAreErrors() async throws {
        func code(_ configuration: HTTPServerConfiguration) -> HTTPServerError.Code? {
            do throws(HTTPServerError) {
                _ = try HTTPServer.start(configuration, handler: hello)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(.init()) == .invalidConfiguration)
        #expect(code(.init(unix: .init(path: "relative.sock"))) == .invalidConfiguration)
        #expect(
            code(.init(unix: .init(path: "/" + String(repeating: "x", count: 200)))) == .invalidConfiguration)
        #expect(code(.init(unix: .init(path: "/nowhere/at/all.sock"))) == .cannotListen)
        #expect(code(.init(tcp: .init(host: "127.0.0.1", port: 70_000))) == .invalidConfiguration)
        #expect(code(.init(tcp: .init(host: "no such host", port: 0))) == .cannotListen)
        #expect(code(.init(tcp: .init(host: "192.0.2.1", port: 0))) == .cannotListen)
        try await withServer(handler: hello) { port in
            #expect(code(.init(tcp: .init(host: "127.0.0.1", port: port))) == .addressInUse)
        }
    }

    @Test func bothListenersServeAtOnce() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/api.sock"
            try await withServer({ $0.unix = .init(path: path) }, handler: hello) { port in
                #expect(try await exchange(port: port, get("/")).contains("tcp 127.0.0.1:"))
                let answer = try await blocking {
                    let connection = try RawConnection(path: path)
                    try connection.send(get("/"))
                    return try connection.receiveAll()
                }
                #expect(answer.hasSuffix("unix unix"))
            }
        }
    }
}
