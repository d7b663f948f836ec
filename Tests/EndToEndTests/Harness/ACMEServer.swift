import FoundationEssentials
import TestServers
import Testing

/// A real ACME server for one world, with the names that it asks for: everybody is at 127.0.0.1.
struct ACMEServer: Sendable {
    let directory: String
    let port: Int
    let managementPort: Int
    let challengePort: Int

    var configuration: [String] {
        [
            "acme:", "  email: operator@example.org", "  server: https://127.0.0.1:\(port)/dir",
            "  ca_file: \(directory)/api.crt", "  challenge: 127.0.0.1:\(challengePort)"
        ]
    }

    /// - Parameter validationPort: where it looks for answers of HTTP-01: the edge's plain listener.
    static func with(
        validationPort: Int, _ body: (ACMEServer) async throws -> Void
    ) async throws {
        let directory = "/tmp/slipway-acme-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let server = ACMEServer(
            directory: directory, port: try closedPort(), managementPort: try closedPort(),
            challengePort: try closedPort())
        do {
            try await server.start(validationPort: validationPort, dnsPort: try closedPort())
            try await body(server)
        } catch {
            Issue.record(
                "\(error)\n\((try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "")")
        }
        _ = try await Shell.run(["pkill", "-9", "-f", directory])
        try FileManager.default.removeItem(atPath: directory)
    }

    private func start(validationPort: Int, dnsPort: Int) async throws {
        let configuration = """
            {"pebble": {"listenAddress": "127.0.0.1:\(port)", "managementListenAddress": "127.0.0.1:\(managementPort)",
            "certificate": "\(directory)/api.crt", "privateKey": "\(directory)/api.key", "httpPort": \(validationPort),
            "tlsPort": 1, "ocspResponderURL": "", "externalAccountBindingRequired": false}}
            """
        try Data(configuration.utf8).write(to: URL(filePath: directory + "/pebble.json"))
        // The last argument of the name server is only there to be found by.
        let script = #"""
            cd "$1" || exit 1
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout api.key -out api.crt -days 30 \
                -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null || exit 1
            setsid pebble-challtestsrv -dns01 "127.0.0.1:$2" -http01 '' -https01 '' -tlsalpn01 '' -management '' \
                -defaultIPv4 127.0.0.1 -defaultIPv6 '' "$1" >>log 2>&1 </dev/null &
            PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 setsid pebble -config "$1/pebble.json" \
                -dnsserver "127.0.0.1:$2" >>log 2>&1 </dev/null &
            """#
        try await Shell.succeed(["sh", "-c", script, "-", directory, "\(dnsPort)"])
        try await eventually("the ACME server answers", within: .seconds(15)) {
            let output = try await Shell.run([
                "curl", "-ks", "-o", "/dev/null", "https://127.0.0.1:\(port)/dir"
            ])
            return output.exitCode == 0 ? .yes(()) : .notYet("\(output)")
        }
        try await Shell.succeed([
            "curl", "-ks", "-o", directory + "/root.pem", "https://127.0.0.1:\(managementPort)/roots/0"
        ])
    }
}
