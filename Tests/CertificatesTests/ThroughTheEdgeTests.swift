import Certificates
import EdgeProxy
import Execution
import Model
import Ports
import TestServers
import Testing

/// With a real HAProxy between the authority and `lego`.
@Suite struct ThroughTheEdgeTests {
    @Test func theEdgeShowsWhatWasIssuedThroughIt() async throws {
        try await withFolder { folder in
            try await withAuthority(in: folder) { authority in
                let answering = try closedPort()
                let https = try closedPort()
                let keeper = CertificateKeeper(
                    configuration: CertificateConfiguration(
                        directory: folder + "/certificates", acme: authority.acme(challengePort: answering),
                        hasDefault: false),
                    clock: TestClock()
                ) { _ in }
                let edge = HAProxyEdge(
                    configuration: EdgeConfiguration(
                        directory: folder + "/edge", httpAddresses: ["127.0.0.1:\(authority.challengePort)"],
                        httpsAddresses: ["127.0.0.1:\(https)"], challengeAddress: "127.0.0.1:\(answering)"),
                    certificates: keeper
                ) { _ in }
                let running = Task { await edge.run() }
                let app = try #require(AppName("shop"))
                let process = try #require(ProcessName("web"))
                let route = Route(
                    key: RouteKey(app: app, process: process),
                    domains: [DomainSpec(host: "shop.example.com")],
                    targets: [])
                let result: Result<Void, any Error>
                do {
                    try await eventually("the edge takes the route") {
                        do throws(EdgeError) {
                            try await edge.apply(route)
                            return true
                        } catch {
                            // The controller tries again too: on a busy machine a reload can take its time.
                            return false
                        }
                    }
                    try await eventually("the edge shows it") {
                        try shown(at: https, for: "shop.example.com").contains("Pebble")
                    }
                    let report = await edge.report()
                    #expect(report.certificates.map(\.kind) == [.issued])
                    #expect(report.problems.isEmpty)
                    #expect(try !shown(at: https, for: "other.example.com").contains("Pebble"))
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                running.cancel()
                await running.value
                await edge.shutdown()
                try result.get()
            }
        }
    }

    /// The issuer of the certificate that is shown for a host.
    private func shown(at port: Int, for host: String) throws -> String {
        let script = "openssl s_client -connect 127.0.0.1:\(port) -servername \(host) </dev/null 2>/dev/null"
        // Nobody listens yet: nothing is shown.
        let output = try Subprocess.run(
            ["/bin/sh", "-c", script + " | openssl x509 -noout -issuer 2>/dev/null"],
            environment: ["PATH": "/usr/bin:/bin"], timeout: .seconds(20))
        return String(decoding: output.standardOutput, as: UTF8.self)
    }
}
