import Execution
import HTTPClient
import TestServers
import Testing

/// Against nghttpd, an HTTP/2 server with and without TLS.
@Suite struct HTTPClientTLSTests {
    let client = HTTPClient()

    private func waitUntilListening(_ port: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do throws(HTTPError) {
                try await client.connect(host: "127.0.0.1", port: port, timeout: .seconds(1))
                return
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    private func run(_ arguments: String...) throws {
        let output = try Subprocess.run(arguments, environment: [:], timeout: .seconds(30))
        try #require(output.exitCode == 0, "\(String(decoding: output.standardError, as: UTF8.self))")
    }

    @Test func `HTTP/2 without TLS`() async throws {
        try await withTemporaryDirectory { directory in
            try run("/bin/sh", "-c", "printf hello > \(directory)/file")
            let port = try closedPort()
            try await withProgram(
                ["/usr/sbin/nghttpd", "--no-tls", "-d", directory, "\(port)"],
                whenReady: { try await waitUntilListening(port) }
            ) {
                let response = try await client.send(
                    HTTPRequest(url: "http://127.0.0.1:\(port)/file", protocolVersion: .http2PriorKnowledge))
                #expect(response.status == 200)
                #expect(response.body == Array("hello".utf8))
            }
        }
    }

    @Test func `trailers are not headers`() async throws {
        let server = try RawServer { connection in
            guard connection.receive() != nil else { return }
            connection.send(
                HTTP2Answer.bytes(
                    headers: [("x-a", "head")], body: Array("hello".utf8), trailers: [("x-b", "tail")]))
            connection.waitForClose()
        }
        let response = try await client.send(
            HTTPRequest(url: server.url, protocolVersion: .http2PriorKnowledge))
        #expect(response.status == 200)
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("x-a") == "head")
        #expect(response.trailer("x-b") == "tail")
        #expect(response.header("x-b") == nil)
    }

    @Test func `TLS with a certificate that is trusted, or not`() async throws {
        try await withTemporaryDirectory { directory in
            try run("/bin/sh", "-c", "printf hello > \(directory)/file")
            try run(
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", "\(directory)/key.pem", "-out", "\(directory)/certificate.pem")
            let port = try closedPort()
            try await withProgram(
                [
                    "/usr/sbin/nghttpd", "-d", directory, "\(port)", "\(directory)/key.pem",
                    "\(directory)/certificate.pem"
                ],
                whenReady: { try await waitUntilListening(port) }
            ) {
                var request = HTTPRequest(url: "https://127.0.0.1:\(port)/file")
                do throws(HTTPError) {
                    _ = try await client.send(request)
                    Issue.record("an unknown authority was trusted")
                } catch {
                    #expect(error.code == .tls)
                }
                request.caFile = "\(directory)/certificate.pem"
                let trusted = try await client.send(request).body
                #expect(trusted == Array("hello".utf8))
                request.url = "https://localhost:\(port)/file"
                do throws(HTTPError) {
                    _ = try await client.send(request)
                    Issue.record("a certificate for another name was trusted")
                } catch {
                    #expect(error.code == .tls)
                }
            }
        }
    }
}
