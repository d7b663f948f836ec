import EdgeProxy
import Execution
import FoundationEssentials
import HTTPClient
import Model
import Ports
import TestServers
import Testing

/// Certificates that the test makes.
private final class TestCertificates: CertificateSource {
    let directory: String
    let wanted = Shared<Set<String>>([])
    let all = Shared<[CertificateFile]>([])
    let news = Shared<[CertificateFile]>([])
    let failures = Shared<[String]>([])

    init(directory: String) { self.directory = directory }

    func want(_ hosts: Set<String>) async { wanted.value = hosts }
    func files() async -> [CertificateFile] { all.value }
    func report() async -> [CertificateReport] { [] }
    func run(installing install: @escaping @Sendable (CertificateFile) async throws(EdgeError) -> Void) async
    {
        while !Task.isCancelled {
            for file in news.value {
                do throws(EdgeError) {
                    try await install(file)
                } catch {
                    failures.value += [error.message]
                }
                news.value.removeAll { $0 == file }
            }
            await Task.yield()
        }
    }

    /// A self-signed one whose subject says which it is.
    func make(_ host: String, subject: String) throws -> CertificateFile {
        let output = try Subprocess.run(
            [
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes",
                "-days", "30", "-subj", "/CN=\(subject)", "-addext", "subjectAltName=DNS:\(host)", "-keyout",
                "-",
                "-out", "-"
            ], environment: [:], timeout: .seconds(20))
        let path = "\(directory)/\(host.replacing("*", with: "any")).pem"
        try Data(output.standardOutput).write(to: URL(filePath: path), options: .atomic)
        return CertificateFile(path: path, hosts: [host])
    }
}

@Suite struct EdgeTLSTests {
    private func withTLS(
        _ body: (EdgeFixture, HAProxyEdge, TestCertificates, Int) async throws -> Void
    ) async throws {
        let directory = "/tmp/edge-certs-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let port = try closedPort()
        let source = TestCertificates(directory: directory)
        try await withEdge({ $0.httpsAddresses = ["127.0.0.1:\(port)"] }, certificates: source) {
            fixture, edge in
            try await body(fixture, edge, source, port)
        }
    }

    /// What curl sees: the status, the protocol, the body.
    private func curl(_ host: String, _ port: Int, _ more: [String] = []) throws -> String {
        let output = try Subprocess.run(
            [
                "/usr/bin/curl", "-s", "-k", "--resolve", "\(host):\(port):127.0.0.1", "-w",
                " %{http_code} %{http_version}", "https://\(host):\(port)/"
            ] + more, environment: [:], timeout: .seconds(20))
        return String(decoding: output.standardOutput, as: UTF8.self)
    }

    private func subject(_ host: String, _ port: Int) throws -> String {
        let output = try Subprocess.run(
            [
                "/usr/bin/openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-servername", host,
                "-verify_quiet"
            ], environment: [:], timeout: .seconds(20))
        let text = String(decoding: output.standardOutput, as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? text
    }

    @Test func `HTTPS is served by HTTP2, plain requests are sent there, and policies differ`() async throws {
        let server = try backend("ok")
        try await withTLS { fixture, edge, source, port in
            try await edge.apply(route([target("shop-web-v1-1", 1, server)]))
            #expect(try curl("shop.example.com", port) == "ok 200 2")
            let moved = try await fixture.get("shop.example.com", "/a?b=c")
            #expect(moved.status == 301)
            #expect(moved.header("Location") == "https://shop.example.com:\(port)/a?b=c")
            let posted = try await fixture.get("shop.example.com", method: "POST", body: [65])
            #expect(posted.status == 308)
            for (name, policy) in [("off", EdgeSpec.HTTPSPolicy.off), ("both", .both)] {
                try await edge.apply(
                    route(
                        [target("\(name)-web-v1-1", 1, server)], key: key(name), host: "\(name).test",
                        options: EdgeSpec(https: policy)))
            }
            #expect(try await fixture.text("off.test") == "ok")
            #expect(try curl("off.test", port).contains(" 404 "))
            #expect(try await fixture.text("both.test") == "ok")
            #expect(try curl("both.test", port) == "ok 200 2")
            #expect(source.wanted.value == ["shop.example.com", "both.test"])
            try await edge.remove(shop)
            #expect(source.wanted.value == ["both.test"])
        }
    }

    @Test func `certificates come and change without a reload, and stay over one`() async throws {
        let server = try backend("ok")
        try await withTLS { fixture, edge, source, port in
            try await edge.apply(route([target("shop-web-v1-1", 1, server)]))
            #expect(try subject("shop.example.com", port).contains("slipway"))
            let generation = try fixture.generation()
            for name in ["first", "second"] {
                let file = try source.make("shop.example.com", subject: name)
                source.news.value = [file]
                try await eventually("it is installed") { source.news.value.isEmpty }
                #expect(try subject("shop.example.com", port).contains(name))
            }
            source.news.value = [try source.make("*.example.net", subject: "third")]
            try await eventually("it is installed") { source.news.value.isEmpty }
            #expect(try subject("a.example.net", port).contains("third"))
            #expect(source.failures.value == [])
            #expect(try fixture.generation() == generation)
            try await edge.apply(route([], key: key("new"), host: "new.test"))
            #expect(try fixture.generation() != generation)
            #expect(try subject("shop.example.com", port).contains("second"))
            #expect(try subject("a.example.net", port).contains("third"))
        }
    }

    @Test func `a broken certificate is refused, and stops nothing else`() async throws {
        let server = try backend("ok")
        try await withTLS { fixture, edge, source, port in
            try await edge.apply(route([target("shop-web-v1-1", 1, server)]))
            let good = try source.make("shop.example.com", subject: "good")
            source.news.value = [good]
            try await eventually("it is installed") { source.news.value.isEmpty }
            try Data("nonsense\n".utf8).write(to: URL(filePath: good.path))
            source.news.value = [good]
            try await eventually("it is refused") { !source.failures.value.isEmpty }
            #expect(try subject("shop.example.com", port).contains("good"))
            #expect(await edge.report().problems.contains { $0.message.contains(good.path) })
            // The file is broken on the disk; routes go on all the same.
            try await edge.apply(route([], key: key("new"), host: "new.test"))
            #expect(try curl("shop.example.com", port) == "ok 200 2")
        }
    }
}
