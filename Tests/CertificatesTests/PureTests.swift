@testable import Certificates
import Testing

@Suite struct PureTests {
    @Test(arguments: [
        "example.com", "*.example.com", "a.b.c.example.com", "xn--bcher-kva.example", "1.example", "a-b.de"
    ])
    func hostsThatAreNames(host: String) {
        #expect(HostName.objection(to: host) == nil)
        #expect(HostName.host(ofFileName: HostName.fileName(of: host)) == host)
        #expect(!HostName.fileName(of: host).contains("*"))
    }

    @Test(arguments: [
        "", "x", "*", "*.", "*.com", "**.a.b", "a.*.b", "-a.b", "a-.b", "a..b", ".a.b", "a.b.", "A.b",
        "a_b.c", "a b.c",
        "a\nb.c", "a/b.c", "../a.b", "$(id).b", "--domains", "127.0.0.1", "[::1]", "a.b:80",
        "münchen.example",
        "a\u{0}.b", String(repeating: "a", count: 64) + ".b", String(repeating: "a.", count: 120) + "b"
    ])
    func hostsThatAreNot(host: String) {
        #expect(HostName.objection(to: host) != nil)
    }

    @Test func aStarStandsForOneLabel() {
        #expect(HostName.covers("*.b.c", "a.b.c") && HostName.covers("*.b.c", "*.b.c"))
        #expect(!HostName.covers("*.b.c", "b.c") && !HostName.covers("*.b.c", "x.a.b.c"))
        #expect(!HostName.covers("*.c", "*.b.c") && !HostName.covers("a.b.c", "*.b.c"))
    }

    @Test func renewalIsAtTwoThirdsAndSpread() {
        let day: Int64 = 86_400
        let times = (0..<50).map {
            Schedule.renewal(notBefore: 0, notAfter: 90 * day, issuedAt: 0, host: "h\($0).example.com")
        }
        #expect(times.allSatisfy { (60 * day...63 * day).contains($0) } && Set(times).count > 40)
        // Short ones are used for half their life at least, others for half a day.
        #expect(
            Schedule.renewal(notBefore: 0, notAfter: 3_600, issuedAt: 3_500, host: "a.b") == 3_500 + 1_800)
        #expect(
            Schedule.renewal(notBefore: 0, notAfter: day, issuedAt: 99 * day, host: "a.b") == 99 * day + day
                / 2)
    }

    @Test func retriesDoubleUntilADay() {
        var before: Int64 = 0
        for failures in 1...40 {
            let wait = Schedule.retry(
                after: .authority, failures: failures, attempts: [], now: 0, host: "a.b")
            #expect(wait >= before && wait <= 86_400 && wait >= min(86_400, 60 << min(failures - 1, 20)))
            before = wait
        }
        #expect(before == 86_400)
        #expect(Schedule.retry(after: .machine, failures: 30, attempts: [], now: 0, host: "a.b") == 300)
        #expect(
            Schedule.retry(after: .limit(until: nil), failures: 1, attempts: [], now: 0, host: "a.b") == 3_600
        )
        #expect(
            Schedule.retry(after: .limit(until: 9_000), failures: 1, attempts: [], now: 0, host: "a.b")
                == 9_000)
        #expect(Schedule.afterBound([1, 2, 3, 4], earliest: 9) == 9)
        #expect(Schedule.afterBound([1, 2, 3, 4, 5], earliest: 9) == 3_601)
    }

    @Test func datesOfAuthorities() {
        #expect(UTCTime.seconds("1970-01-01 00:00:00 UTC") == 0)
        #expect(UTCTime.seconds("2024-02-29T12:34:56Z") == 1_709_210_096)
        #expect(UTCTime.seconds("2000-03-01 00:00:00") == 951_868_800)
        for text in ["", "2024", "2024-13-01 00:00:00", "x024-01-01 00:00:00", "2024-01-01 25:00:00"] {
            #expect(UTCTime.seconds(text[...]) == nil)
        }
    }

    @Test func nothingOfTheConfigurationBecomesAnOption() {
        func objects(_ change: (inout ACMEConfiguration) -> Void) -> Bool {
            var acme = ACMEConfiguration(email: "a@example.org")
            change(&acme)
            return acme.objection != nil
        }
        #expect(!objects { _ in })
        for url in [
            "", "-x", "ftp://a", "https://", "https://-x", "https://a b", "https://u:p@h/", "https://a\n"
        ] {
            #expect(objects { $0.directoryURL = url }, "\(url)")
        }
        for email in ["", "-a@b.c", "a", "a@b", "a b@c.d", "@b.c", "a@-b.c", "a@*.b.c", "a@b.c@d.e"] {
            #expect(objects { $0.email = email }, "\(email)")
        }
        for address in [
            "", "8402", ":8402", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "a:80", "127.0.0.1:-1"
        ] {
            #expect(objects { $0.challengeAddress = address }, "\(address)")
        }
        for provider in ["", "-x", "a b", "a/b", "a\n"] {
            #expect(
                objects { $0.dns = DNSChallenge(provider: provider, environmentFile: "/e") }, "\(provider)")
        }
        #expect(objects { $0.legoPath = "lego" })
    }

    @Test func secretsGoByTheEnvironmentOnly() {
        let acme = ACMEConfiguration(
            caFile: "/ca",
            dns: DNSChallenge(provider: "exec", environmentFile: "/e", resolvers: ["192.0.2.1:53"]),
            binding: ExternalAccountBinding(keyID: "kid", keyFile: "/k"))
        let command = LegoCommand(
            host: "*.example.com", acme: acme, folder: "/f", email: "a@b.c",
            providerEnvironment: ["TOKEN": "s3cret", "PATH": "/evil"], bindingKey: "hm4c")
        let line = command.arguments.joined(separator: " ")
        #expect(!line.contains("s3cret") && !line.contains("hm4c"))
        #expect(command.environment["TOKEN"] == "s3cret" && command.environment["LEGO_EAB_HMAC"] == "hm4c")
        #expect(command.environment["PATH"]?.contains("evil") == false)
        #expect(command.environment["LEGO_CA_CERTIFICATES"] == "/ca")
        #expect(command.arguments.contains("--dns") && !command.arguments.contains("--http"))
        #expect(command.arguments.last == "run")
    }

    @Test func outputIsShortCleanAndWithoutSecrets() {
        let noise = String(repeating: "long ", count: 400)
        let text = """
            2026/11/25 22:13:20 [INFO] [a.test] acme: use http-01 solver
            2026/11/25 22:13:20 Could not obtain:\u{1b}[31m\tred s3cret-s3cret \u{202e}s3cret
            \(noise)
            """
        let output = LegoOutput(
            standardOutput: [], standardError: Array(text.utf8), secrets: ["s3cret", "s3cret-s3cret", "o"])
        #expect(output.summary.hasPrefix("Could not obtain: [31m red *** ***"))
        #expect(output.summary.count == 400 && !output.summary.contains("INFO"))
    }

    @Test func environmentFiles() async throws {
        try await withFolder { folder in
            let path = folder + "/env"
            try write("# a\n\nA=1\r\n export B=\"x y\"\nC='='\nD=\n", to: path)
            #expect(try EnvironmentFile.read(path) == ["A": "1", "B": "x y", "C": "=", "D": ""])
            for text in ["s3cret", "a=s3cret", "A B=s3cret", "=s3cret", "A=1\n-x=s3cret", "A=s3\u{0}cret"] {
                try write(text, to: path)
                let failure = try #require(throws: CertificateFailure.self) { try EnvironmentFile.read(path) }
                #expect(!failure.message.contains("s3cret"))
            }
            try write("A=1", to: path, mode: 0o640)
            #expect(throws: CertificateFailure.self) { try EnvironmentFile.read(path) }
        }
    }

    @Test func aDamagedMemoryWaits() async throws {
        try await withFolder { folder in
            try write("{", to: folder + "/m.json")
            let memory = HostMemory.read(folder + "/m.json", now: 100)
            #expect(memory.failures == 1 && memory.nextAttempt == 3_700)
            #expect(HostMemory.read(folder + "/none.json", now: 100) == HostMemory())
        }
    }
}
