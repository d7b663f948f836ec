import FoundationEssentials
import HTTPClient
import Ports
import Probing
import TestServers
import Testing

/// Conditions asked of a real Prometheus.
@Suite struct PrometheusTests {
    private func isFailed(_ result: ProbeResult, _ text: String) -> Bool {
        if case .failed(let reason) = result { reason.contains(text) } else { false }
    }

    private func isUnknown(_ result: ProbeResult) -> Bool {
        if case .unknown = result { true } else { false }
    }

    @Test func aConditionHoldsOrDoesNot() async throws {
        let folder = "/tmp/slipway-prometheus-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("global: {}\n".utf8).write(to: URL(filePath: folder + "/prometheus.yml"))
        let port = try closedPort()
        let source = PrometheusSource(url: "http://127.0.0.1:\(port)/", client: HTTPClient())
        #expect(isUnknown(await source.holds("vector(1)")), "nobody listens yet")
        let program = [
            "/usr/bin/prometheus", "--config.file=\(folder)/prometheus.yml",
            "--storage.tsdb.path=\(folder)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error"
        ]
        try await withProgram(
            program,
            whenReady: {
                try await eventually("Prometheus answers") {
                    await source.holds("vector(1)") == .passed
                }
            }
        ) {
            #expect(await source.holds("vector(0) < 0.05") == .passed)
            #expect(await source.holds("scalar(vector(1))") == .passed)
            #expect(isFailed(await source.holds("vector(3) < 2"), "does not hold"))
            #expect(isFailed(await source.holds("scalar(vector(0))"), "does not hold"))
            #expect(isFailed(await source.holds(#"no_such_series{release="v2"} > 0"#), "does not hold"))
            #expect(isFailed(await source.holds("rate("), "refuses the query"))
        }
    }
}
