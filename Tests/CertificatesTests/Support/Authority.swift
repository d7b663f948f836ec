import Certificates
import Glibc
import TestServers
import Testing

/// A real ACME server with the DNS that it asks, on free ports.
struct Authority {
    let folder: String
    let port: Int
    /// Where it looks for answers of HTTP-01, whatever the host.
    let challengePort: Int
    let dnsPort: Int
    let dnsManagementPort: Int

    var url: String { "https://127.0.0.1:\(port)/dir" }

    func acme(challengePort: Int? = nil, dns: DNSChallenge? = nil) -> ACMEConfiguration {
        ACMEConfiguration(
            directoryURL: url, email: "operator@example.org", caFile: folder + "/api.crt",
            challengeAddress: "127.0.0.1:\(challengePort ?? self.challengePort)", dns: dns)
    }
}

func withAuthority<Success>(
    in folder: String, _ body: (Authority) async throws -> Success
) async throws -> Success {
    let authority = Authority(
        folder: folder, port: try closedPort(), challengePort: try closedPort(), dnsPort: try closedPort(),
        dnsManagementPort: try closedPort())
    let managementPort = try closedPort()
    try run(
        "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", folder + "/api.key", "-out", folder + "/api.crt", "-days", "30", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    try write(
        """
        {"pebble": {"listenAddress": "127.0.0.1:\(authority.port)",
        "managementListenAddress": "127.0.0.1:\(managementPort)", "certificate": "\(folder)/api.crt",
        "privateKey": "\(folder)/api.key", "httpPort": \(authority.challengePort), "tlsPort": 1,
        "ocspResponderURL": "", "externalAccountBindingRequired": false}}
        """, to: folder + "/pebble.json")
    let names = [
        "/usr/bin/pebble-challtestsrv", "-dns01", "127.0.0.1:\(authority.dnsPort)", "-http01", "", "-https01",
        "",
        "-tlsalpn01", "", "-management", "127.0.0.1:\(authority.dnsManagementPort)", "-defaultIPv4",
        "127.0.0.1",
        "-defaultIPv6", ""
    ]
    let server = [
        "/usr/bin/env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0",
        "/usr/bin/pebble",
        "-config", folder + "/pebble.json", "-dnsserver", "127.0.0.1:\(authority.dnsPort)"
    ]
    return try await withProgram(
        names,
        whenReady: {
            try await eventually("the DNS answers") { canConnect(authority.dnsManagementPort) }
        }
    ) {
        try await withProgram(
            server, whenReady: { try await eventually("pebble answers") { canConnect(authority.port) } }
        ) {
            try await body(authority)
        }
    }
}

private func canConnect(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(clamping: port).bigEndian
    unsafe inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    return unsafe withUnsafeBytes(of: &address) { bytes in
        unsafe connect(
            descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress,
            socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
}
