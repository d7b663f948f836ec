import Certificates
import Model
import Ports
import Synchronization
import TestServers
import Testing

/// Against a real ACME server.
@Suite struct IssueTests {
    /// The life of Pebble's certificates: five years.
    private static let life: Int64 = 157_766_400

    @Test func byHTTPThenRenewedAtTwoThirdsOfItsLife() async throws {
        try await withFolder { folder in
            try await withAuthority(in: folder) { authority in
                let configuration = CertificateConfiguration(
                    directory: folder + "/certificates", acme: authority.acme())
                let clock = TestClock()
                let path = folder + "/certificates/live/shop.example.com.pem"
                let first = try await withKeeper(configuration, clock: clock, want: ["shop.example.com"]) {
                    running in
                    let before = try await running.report("shop.example.com")
                    #expect(before.kind == .selfSigned && before.expiresAt == nil)
                    try await eventually("installed") { running.count(path) == 1 }
                    let report = try await running.report("shop.example.com")
                    #expect(report.kind == .issued && report.problem == nil && report.failures == 0)
                    #expect(report.issuer.contains("Pebble"))
                    let due = try #require(report.nextAttemptAt).secondsSince1970
                    #expect(abs(due - clock.seconds - Self.life / 3 * 2) < Self.life / 30 + 60)
                    let files = await running.keeper.files()
                    #expect(files.map(\.hosts) == [[], ["shop.example.com"]])
                    #expect(files[0].path == folder + "/certificates/default.pem")
                    return try read(path)
                }
                #expect(mode(path) == 0o600 && mode(folder + "/certificates") == 0o700)
                let certificate = try run("/usr/bin/openssl", "x509", "-in", path, "-noout", "-pubkey")
                #expect(try run("/usr/bin/openssl", "pkey", "-in", path, "-pubout") == certificate)
                #expect(first.hasPrefix("-----BEGIN PRIVATE KEY-----"))
                #expect(first.split(separator: "BEGIN CERTIFICATE").count == 3, "the chain is in it")

                // A restart knows it at once, and asks for nothing.
                try await withKeeper(configuration, clock: clock, want: ["shop.example.com"]) { running in
                    #expect(await running.keeper.files().count == 2)
                    try await eventually("installed again") { running.count(path) == 1 }
                    clock.advance(seconds: Self.life / 3 * 2 + Self.life / 30)
                    try await eventually("renewed") { running.count(path) == 2 }
                    #expect(try read(path) != first)
                    // The clock of this test is ahead of the server's: no renewal follows the renewal.
                    let due = try #require(try await running.report("shop.example.com").nextAttemptAt)
                    #expect(due.secondsSince1970 >= clock.seconds + 12 * 3_600 - 60)
                    #expect(running.lines.withLock { $0.count { $0.contains("is in place") } } == 1)
                }
            }
        }
    }

    @Test func aFailureWaitsOverRestartsAndTouchesNothing() async throws {
        try await withFolder { folder in
            try await withAuthority(in: folder) { authority in
                let clock = TestClock()
                let host = "shop.example.com"
                let path = folder + "/certificates/live/\(host).pem"
                var configuration = CertificateConfiguration(
                    directory: folder + "/certificates", acme: authority.acme())
                try await withKeeper(configuration, clock: clock, want: [host]) { running in
                    try await eventually("installed") { running.count(path) == 1 }
                }
                let serving = try read(path)

                // Nobody answers at the port that the authority asks any more. Another account, as this authority takes
                // one proof in a hundred for a second time, however it is told not to.
                configuration.acme = authority.acme(challengePort: try closedPort())
                configuration.acme?.email = "another@example.org"
                clock.advance(seconds: Self.life / 3 * 2 + Self.life / 30)
                try await withKeeper(configuration, clock: clock, want: [host]) { running in
                    try await eventually("one failure") { try await running.report(host).failures == 1 }
                    let report = try await running.report(host)
                    #expect(report.kind == .issued)
                    let problem = try #require(report.problem)
                    #expect(problem.contains("its DNS has to lead here"), "\(problem)")
                    let wait = try #require(report.nextAttemptAt).secondsSince1970 - clock.seconds
                    #expect((60...66).contains(wait))
                }
                try await withKeeper(configuration, clock: clock, want: [host]) { running in
                    try await eventually("handed out") { running.count(path) == 1 }
                    let report = try await running.report(host)
                    #expect(report.failures == 1 && report.problem != nil)
                    #expect(try #require(report.nextAttemptAt).secondsSince1970 > clock.seconds + 59)
                    clock.advance(seconds: 67)
                    try await eventually("two failures") { try await running.report(host).failures == 2 }
                    let wait = try #require(try await running.report(host).nextAttemptAt).secondsSince1970
                    #expect((120...132).contains(wait - clock.seconds))
                }
                #expect(try read(path) == serving)

                // Expired, it stays in use.
                clock.advance(seconds: Self.life)
                try await withKeeper(configuration, clock: clock, want: [host]) { running in
                    try await eventually("three failures") { try await running.report(host).failures == 3 }
                    let report = try await running.report(host)
                    #expect(report.kind == .issued && report.problem?.contains("has expired") == true)
                    #expect(await running.keeper.files().contains { $0.path == path })
                }
                #expect(try read(path) == serving)
            }
        }
    }

    @Test func aWildcardByDNS() async throws {
        try await withFolder { folder in
            try await withAuthority(in: folder) { authority in
                let clock = TestClock()
                var configuration = CertificateConfiguration(
                    directory: folder + "/certificates", acme: authority.acme())
                let host = "*.example.com"
                try await withKeeper(configuration, clock: clock, want: [host]) { running in
                    let report = try await running.report(host)
                    #expect(report.problem?.contains("configure a DNS provider") == true)
                    #expect(report.nextAttemptAt == nil && report.failures == 0 && report.kind == .selfSigned)
                }
                let management = "http://127.0.0.1:\(authority.dnsManagementPort)"
                try write(
                    """
                    #!/bin/sh
                    test "$SECRET" = s3cret-sentinel || exit 9
                    case $1 in
                    present) exec curl -s -d "{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}" \(management)/set-txt ;;
                    cleanup) exec curl -s -d "{\\"host\\":\\"$2\\"}" \(management)/clear-txt ;;
                    esac
                    """, to: folder + "/provider.draft", mode: 0o700)
                try run("/bin/cp", "-p", folder + "/provider.draft", folder + "/provider")
                try write(
                    "# for lego\nEXEC_PATH=\(folder)/provider\nexport SECRET='s3cret-sentinel'\n",
                    to: folder + "/provider.env")
                configuration.acme = authority.acme(
                    dns: DNSChallenge(
                        provider: "exec", environmentFile: folder + "/provider.env",
                        resolvers: ["127.0.0.1:\(authority.dnsPort)"], waitsForPropagation: false))
                let path = folder + "/certificates/live/_.example.com.pem"
                try await withKeeper(configuration, clock: clock, want: [host]) { running in
                    try await eventually("installed") { running.count(path) == 1 }
                    #expect(running.installed.withLock { $0.last?.hosts } == [host])
                    #expect(try await running.report(host).kind == .issued)
                    #expect(!running.lines.withLock { "\($0)" }.contains("s3cret-sentinel"))
                }
                let names = try run(
                    "/usr/bin/openssl", "x509", "-in", path, "-noout", "-ext", "subjectAltName")
                #expect(names.contains("DNS:*.example.com"))
            }
        }
    }

    /// With no address of its own, the account gets one that stays.
    @Test func anAccountWithoutAnAddress() async throws {
        try await withFolder { folder in
            try await withAuthority(in: folder) { authority in
                var acme = authority.acme()
                acme.email = nil
                let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
                let hosts: Set = ["a.example.com", "b.example.com"]
                try await withKeeper(configuration, clock: TestClock(), want: hosts) { running in
                    try await eventually("both") {
                        await running.keeper.report().count { $0.kind == .issued } == 2
                    }
                }
                let found = try run("/usr/bin/find", folder + "/certificates/lego", "-name", "account.json")
                #expect(found.split(separator: "\n").count == 1, "\(found)")
                #expect(found.contains("slipway@a.example.com"), "\(found)")
            }
        }
    }
}
