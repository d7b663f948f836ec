@testable import Certificates
import Execution
import Glibc
import Model
import Ports
import Synchronization
import TestServers
import Testing

/// What an authority, a broken program or a shutdown does to an order.
@Suite struct BackoffTests {
    private let host = "shop.example.com"

    /// The real `lego` against an authority that answers every order with 429.
    @Test func aRateLimitIsWaitedFor() async throws {
        let until = "2099-01-01 00:00:00 UTC"
        let server = try RawServer { connection in
            while let request = connection.request() {
                let base =
                    "http://"
                    + (request.firstRange(of: "Host: ").map { range in
                        String(request[range.upperBound...].prefix { $0 != "\r\n" })
                    } ?? "")
                let nonce = "Replay-Nonce: n0nce\r\n"
                if request.contains("/dir ") {
                    connection.answer(
                        """
                        {"newNonce":"\(base)/nonce","newAccount":"\(base)/account","newOrder":"\(base)/order",\
                        "revokeCert":"\(base)/revoke","keyChange":"\(base)/key"}
                        """, headers: "Content-Type: application/json\r\n" + nonce)
                } else if request.contains("/nonce ") {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(nonce)\r\n")
                } else if request.contains("/account ") {
                    connection.answer(
                        #"{"status":"valid"}"#, status: "201 Created",
                        headers: "Content-Type: application/json\r\nLocation: \(base)/account/1\r\n" + nonce)
                } else {
                    connection.answer(
                        """
                        {"type":"urn:ietf:params:acme:error:rateLimited","status":429,\
                        "detail":"too many certificates already issued, retry after \(until): see the docs"}
                        """, status: "429 Too Many Requests",
                        headers: "Content-Type: application/problem+json\r\nRetry-After: 7200\r\n" + nonce)
                }
            }
        }
        try await withFolder { folder in
            let clock = TestClock()
            let acme = ACMEConfiguration(
                directoryURL: server.url + "/dir", email: "operator@example.org",
                challengeAddress: "127.0.0.1:\(try closedPort())")
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("one failure") {
                    let report = try await running.report(host)
                    return report.failures == 1 && report.problem?.contains("its limit is reached") == true
                }
                // That date is too far off to be believed.
                let due = try #require(try await running.report(host).nextAttemptAt).secondsSince1970
                #expect(due == clock.seconds + Schedule.longestLimitPause)
            }
        }
    }

    @Test func tooSlowIsKilledWithItsChildren() async throws {
        try await withFolder { folder in
            var acme = try FakeLego(in: folder, "/bin/sleep 300 & echo $! >\(folder)/child; wait").acme
            acme.orderTimeout = .milliseconds(500)
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            try await withKeeper(configuration, clock: TestClock(), want: [host]) { running in
                try await eventually("it was killed") {
                    try await running.report(host).problem?.contains("did not end in time") == true
                }
            }
            let child = try #require(pid_t(try read(folder + "/child").split(separator: "\n").joined()))
            // A killed child may wait for the first process to take notice of it.
            try await eventually("the child is gone") {
                try kill(child, 0) != 0 || (read("/proc/\(child)/stat")).contains(") Z ")
            }
        }
    }

    @Test func aShutdownInTheMiddleCountsAsAnAttempt() async throws {
        try await withFolder { folder in
            let acme = try FakeLego(in: folder, "exec /bin/sleep 300").acme
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("it runs") { FakeLego.calls(in: folder).count == 1 }
            }
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("a step was made") { !running.installed.withLock { $0.isEmpty } }
                let report = try await running.report(host)
                #expect(report.failures == 1 && report.problem?.contains("did not end") == true)
                #expect(try #require(report.nextAttemptAt).secondsSince1970 >= clock.seconds + 60)
                clock.advance(seconds: 67)
                try await eventually("again") { FakeLego.calls(in: folder).count == 2 }
            }
        }
    }

    @Test func secretsAreInNoReportAndNoLog() async throws {
        try await withFolder { folder in
            let dns = DNSChallenge(provider: "exec", environmentFile: folder + "/dns.env", isUsedForAll: true)
            let acme = try FakeLego(
                in: folder, dns: dns,
                "echo \"it failed with $TOKEN\" >&2; tr '\\0' ' ' </proc/$$/cmdline; exit 1"
            ).acme
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            try write("TOKEN=s3cret-sentinel\n", to: folder + "/dns.env", mode: 0o644)
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("refused") {
                    try await running.report(host).problem?.contains("can be read by others") == true
                }
                #expect(FakeLego.calls(in: folder).isEmpty)
                try #require(unsafe chmod(folder + "/dns.env", 0o600) == 0)
                clock.advance(seconds: 70)
                try await eventually("failed") {
                    try await running.report(host).problem?.contains("it failed with ***") == true
                }
                let text = "\(await running.keeper.report()) \(running.lines.withLock { $0 })"
                #expect(!text.contains("s3cret"))
            }
        }
    }

    @Test func atMostFiveInAnHourAndOneAtATimeByHTTP() async throws {
        try await withFolder { folder in
            let script = """
                test -e \(folder)/busy && echo overlap >>\(folder)/calls
                touch \(folder)/busy; /bin/rm \(folder)/busy; echo no >&2; exit 1
                """
            let configuration = CertificateConfiguration(
                directory: folder + "/certificates", acme: try FakeLego(in: folder, script).acme)
            let clock = TestClock()
            let hosts: Set = [
                "a.example.com", "b.example.com", "-rf.example.com", "$(id).example.com", "x", "A.b.c"
            ]
            try await withKeeper(configuration, clock: clock, want: hosts) { running in
                for failures in 1...5 {
                    try await eventually("failure \(failures)") {
                        let reports = await running.keeper.report().filter { $0.nextAttemptAt != nil }
                        return reports.count == 2 && reports.allSatisfy { $0.failures == failures }
                    }
                    if failures < 5 {
                        clock.advance(seconds: Schedule.firstBackoff << (failures - 1) * 11 / 10)
                    }
                }
                for report in await running.keeper.report() where report.nextAttemptAt != nil {
                    let first = clock.seconds - (66 + 132 + 264 + 528)
                    #expect(try #require(report.nextAttemptAt).secondsSince1970 >= first + 3_600)
                }
                #expect(Set(FakeLego.calls(in: folder)) == ["a.example.com", "b.example.com"])
                let refused = await running.keeper.report().filter { $0.nextAttemptAt == nil }
                #expect(
                    refused.count == 4 && refused.allSatisfy { $0.problem != nil && $0.kind == .selfSigned })
            }
        }
    }

    @Test func twoAtATimeByDNSAndOneUntilThereIsAnAccount() async throws {
        try await withFolder { folder in
            try run("/bin/mkdir", folder + "/running", folder + "/seen")
            // Each waits until it is let go, and notes how many there were.
            let script = """
                touch \(folder)/running/$host; ls \(folder)/running | wc -l >\(folder)/seen/$host
                while ! test -e \(folder)/go-$host; do /bin/sleep 0.01; done
                mkdir -p $path/accounts/server/mail; touch $path/accounts/server/mail/account.json
                /bin/rm \(folder)/running/$host; exit 1
                """
            try write("", to: folder + "/dns.env")
            let dns = DNSChallenge(provider: "exec", environmentFile: folder + "/dns.env", isUsedForAll: true)
            let acme = try FakeLego(in: folder, dns: dns, script).acme
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            let hosts: Set = ["a.example.com", "b.example.com", "c.example.com", "d.example.com"]
            try await withKeeper(configuration, clock: TestClock(), want: hosts) { running in
                for ended in 1...4 {
                    let expected = ended == 1 ? 1 : min(2, 5 - ended)
                    var working: [Substring] = []
                    try await eventually("\(expected) at work") {
                        working = try run("/bin/ls", folder + "/running").split(separator: "\n")
                        return working.count == expected
                    }
                    try write("", to: folder + "/go-" + working[0])
                    try await eventually("\(ended) ended") {
                        await running.keeper.report().count { $0.failures == 1 } == ended
                    }
                }
            }
            let seen = try run("/bin/sh", "-c", "cat \(folder)/seen/*").split { !$0.isNumber }.map(
                String.init)
            #expect(seen.count == 4 && Set(seen) == ["1", "2"], "\(seen)")
        }
    }

    @Test func aCertificateForAnotherNameIsNotUsed() async throws {
        try await withFolder { folder in
            try makePair(folder + "/other", hosts: ["other.example.com"])
            let script = """
                mkdir -p $path/certificates; cp \(folder)/other.crt $path/certificates/$host.crt
                cp \(folder)/other.key $path/certificates/$host.key
                """
            let configuration = CertificateConfiguration(
                directory: folder + "/certificates", acme: try FakeLego(in: folder, script).acme)
            try await withKeeper(configuration, clock: TestClock(), want: [host]) { running in
                try await eventually("refused") {
                    try await running.report(host).problem?.contains("for other names") == true
                }
                #expect(await running.keeper.files().count == 1)
            }
        }
    }

    /// Cut off between the authority's answer and the file in place, no second order is made.
    @Test func whatAnOrderLeftBehindIsTaken() async throws {
        try await withFolder { folder in
            let acme = try FakeLego(in: folder, "exit 1").acme
            let left = folder + "/certificates/lego/\(LegoCommand.accountName(acme))/certificates"
            try run("/bin/mkdir", "-p", left)
            try makePair("\(left)/\(host)", hosts: [host])
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            try await withKeeper(configuration, clock: TestClock(), want: [host]) { running in
                try await eventually("taken") { try await running.report(host).kind == .issued }
                #expect(FakeLego.calls(in: folder).isEmpty)
            }
        }
    }

    @Test func anAccountThatIsGoneIsMadeAnew() async throws {
        try await withFolder { folder in
            let script = """
                test -e $path/accounts || exit 3
                echo "acme: error: 400 :: urn:ietf:params:acme:error:accountDoesNotExist :: gone" >&2; exit 1
                """
            let acme = try FakeLego(in: folder, script).acme
            let account = folder + "/certificates/lego/" + LegoCommand.accountName(acme)
            try run("/bin/mkdir", "-p", account + "/accounts/server/mail", account + "/accounts.refused-1/x")
            let configuration = CertificateConfiguration(directory: folder + "/certificates", acme: acme)
            try await withKeeper(configuration, clock: TestClock(), want: [host]) { running in
                try await eventually("refused") { try await running.report(host).failures == 1 }
            }
            #expect(!exists(account + "/accounts") && exists(account + "/accounts.refused-2/server/mail"))
        }
    }

    @Test func whatTheEdgeRefusesIsGivenAgain() async throws {
        try await withFolder { folder in
            let configuration = CertificateConfiguration(directory: folder + "/certificates")
            let refusals = [EdgeError(.unreachable, "nobody there"), EdgeError(.unreachable, "nobody there")]
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [], refusals: refusals) { running in
                try await eventually("taken in the end") {
                    clock.advance(seconds: 1)
                    return running.count(folder + "/certificates/default.pem") == 1
                }
                #expect(running.lines.withLock { $0.count { $0.contains("nobody there") } } == 1)
            }
        }
    }

    @Test func aDirectoryThatCannotBeMadeIsToldAndTriedAgain() async throws {
        try await withFolder { folder in
            try write("", to: folder + "/certificates")
            let configuration = CertificateConfiguration(directory: folder + "/certificates")
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                #expect(try await running.report(host).problem?.contains("is not a directory") == true)
                try run("/bin/rm", folder + "/certificates")
                try await eventually("it works") {
                    clock.advance(seconds: 60)
                    return running.count(folder + "/certificates/default.pem") == 1
                }
            }
        }
    }
}
