import Certificates
import Model
import Ports
import Synchronization
import Testing

/// The operator's own certificates.
@Suite struct OwnFileTests {
    private func configuration(
        _ folder: String, acme: ACMEConfiguration? = nil
    ) throws -> CertificateConfiguration {
        try run("/bin/mkdir", folder + "/own")
        return CertificateConfiguration(
            directory: folder + "/certificates", ownDirectory: folder + "/own", acme: acme)
    }

    @Test func pairSingleAndWildcardGoBeforeTheAuthority() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder, acme: try FakeLego(in: folder, "exit 1").acme)
            try makePair(folder + "/own/pair", hosts: ["pair.example.com", "also.example.com"])
            try makeSingle(folder + "/own/single", hosts: ["single.example.com"])
            try makeSingle(folder + "/own/wild", hosts: ["*.example.org"])
            let hosts: Set = [
                "pair.example.com", "single.example.com", "a.example.org", "*.example.org", "a.b.example.org"
            ]
            try await withKeeper(configuration, clock: TestClock(), want: hosts) { running in
                try await eventually("the one host that is left fails") {
                    try await running.report("a.b.example.org").failures == 1
                }
                #expect(FakeLego.calls(in: folder) == ["a.b.example.org"])
                for report in await running.keeper.report() where report.host != "a.b.example.org" {
                    #expect(report.kind == .own && report.problem == nil && report.nextAttemptAt == nil)
                    #expect(report.issuer.hasPrefix("Own") && report.expiresAt != nil)
                }
                let files = await running.keeper.files()
                #expect(
                    files.map(\.hosts)
                        == [
                            [], ["*.example.org"], ["also.example.com"], ["pair.example.com"],
                            ["single.example.com"]
                        ])
                for file in files {
                    #expect(mode(file.path) == 0o600 && file.path.hasPrefix(folder + "/certificates/"))
                    let text = try read(file.path)
                    #expect(
                        text.hasPrefix("-----BEGIN PRIVATE KEY-----") && text.contains("BEGIN CERTIFICATE"))
                }
                try await eventually("handed out") { running.installed.withLock { $0.count } == 5 }
            }
        }
    }

    @Test func aBrokenFileIsToldAndTheOneBeforeStays() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder)
            let host = "shop.example.com"
            let path = folder + "/certificates/live/shop.example.com.pem"
            try makeSingle(folder + "/own/shop", hosts: [host])
            try write("no certificate", to: folder + "/own/broken.pem")
            try makePair(folder + "/foreign", hosts: ["foreign.example.com"])
            try run("/bin/cp", folder + "/foreign.crt", folder + "/own/mixed.crt")
            try makePair(folder + "/own/alone", hosts: ["alone.example.com"])
            try run("/bin/mv", folder + "/own/alone.key", folder + "/own/mixed.key")
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host, "broken"]) { running in
                try await eventually("handed out") { running.count(path) == 1 }
                let problems = await running.keeper.ownProblems()
                #expect(problems.count == 3)
                #expect(problems[0].contains("alone") && problems[0].contains("has no alone.key beside it"))
                #expect(problems[1].contains("broken") && problems[1].contains("no private key"))
                #expect(problems[2].contains("mixed") && problems[2].contains("belongs to none"))
                #expect(
                    try await running.report("broken").problem?.contains("own certificate broken") == true)
                #expect(try await running.report(host).problem == nil)

                let good = try read(path)
                try write("half a certif", to: folder + "/own/shop.pem")
                try await eventually("told") {
                    clock.advance(seconds: 60)
                    return try await running.report(host).problem?.contains("the one before stays in use")
                        == true
                }
                #expect(try read(path) == good)
            }
            // The next controller finds the file broken, and what was good.
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("handed out") { running.count(path) == 1 }
                let report = try await running.report(host)
                #expect(report.kind == .own && report.problem?.contains("stays in use") == true)
                try makeSingle(folder + "/own/shop", hosts: [host], days: 30)
                try await eventually("the mended one") {
                    clock.advance(seconds: 60)
                    return running.count(path) == 2
                }
                #expect(try await running.report(host).problem == nil)
                try run("/bin/rm", folder + "/own/shop.pem")
                try await eventually("gone") {
                    clock.advance(seconds: 60)
                    return try await running.report(host).kind == .selfSigned
                }
                // The edge may still name it.
                #expect(exists(path) && !exists(folder + "/certificates/own/shop.pem"))
                #expect(await running.keeper.files().map(\.hosts) == [[]])
            }
        }
    }

    @Test func anExpiredOneStaysAndTheAuthorityIsAsked() async throws {
        try await withFolder { folder in
            let host = "shop.example.com"
            try makePair(folder + "/new", hosts: [host], days: 400)
            let script = """
                mkdir -p $path/certificates; test -e \(folder)/allowed || exit 1
                cp \(folder)/new.crt $path/certificates/$host.crt; cp \(folder)/new.key $path/certificates/$host.key
                """
            let configuration = try configuration(folder, acme: try FakeLego(in: folder, script).acme)
            try makeSingle(folder + "/own/shop", hosts: [host], days: 10)
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                let path = folder + "/certificates/live/\(host).pem"
                try await eventually("handed out") { running.count(path) == 1 }
                let expired = try read(path)
                clock.advance(seconds: 11 * 86_400)
                try await eventually("asked") { try await running.report(host).failures == 1 }
                let report = try await running.report(host)
                #expect(report.kind == .own && report.problem?.contains("has expired") == true)
                #expect(await running.keeper.files().last?.hosts == [host])
                try write("", to: folder + "/allowed")
                clock.advance(seconds: 67)
                try await eventually("issued") { try await running.report(host).kind == .issued }
                try await eventually("handed out under the same name") { running.count(path) == 2 }
                #expect(try read(path) != expired)
            }
        }
    }

    @Test func aFileThatCannotBeReadForAWhileIsTakenAgain() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder)
            let host = "shop.example.com"
            try makeSingle(folder + "/own/\(host)", hosts: [host])
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("own") { try await running.report(host).kind == .own }
                try run("/bin/mv", folder + "/own/\(host).pem", folder + "/away.pem")
                try run("/bin/mkdir", folder + "/own/\(host).pem")
                try await eventually("told") {
                    clock.advance(seconds: 60)
                    return try await running.report(host).problem?.contains("not a regular file") == true
                }
                try run("/bin/rmdir", folder + "/own/\(host).pem")
                try run("/bin/mv", folder + "/away.pem", folder + "/own/\(host).pem")
                try await eventually("well again") {
                    clock.advance(seconds: 60)
                    return try await running.report(host).problem == nil
                }
                #expect(try await running.report(host).kind == .own)
            }
        }
    }

    @Test func aDirectoryThatIsAwayTakesNothingWithIt() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder)
            let host = "shop.example.com"
            try makeSingle(folder + "/own/shop", hosts: [host])
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("own") { try await running.report(host).kind == .own }
                try run("/bin/mv", folder + "/own", folder + "/away")
                try await eventually("told") {
                    clock.advance(seconds: 60)
                    return try await running.report(host).problem?.contains("cannot list") == true
                }
                #expect(try await running.report(host).kind == .own)
                #expect(await running.keeper.files().count == 2)
            }
        }
    }

    /// What was issued before keeps its name, and gets the operator's certificate as its content.
    @Test func anOwnWildcardGoesBeforeWhatWasIssued() async throws {
        try await withFolder { folder in
            let host = "shop.example.com"
            try makePair(folder + "/new", hosts: [host])
            let script = """
                mkdir -p $path/certificates; cp \(folder)/new.crt $path/certificates/$host.crt
                cp \(folder)/new.key $path/certificates/$host.key
                """
            let configuration = try configuration(folder, acme: try FakeLego(in: folder, script).acme)
            let path = folder + "/certificates/live/\(host).pem"
            let clock = TestClock()
            try await withKeeper(configuration, clock: clock, want: [host]) { running in
                try await eventually("issued") { running.count(path) == 1 }
                let issued = try read(path)
                try makeSingle(folder + "/own/wild", hosts: ["*.example.com"])
                try await eventually("the operator's") {
                    clock.advance(seconds: 60)
                    return running.count(path) == 2
                }
                let wild = folder + "/certificates/live/_.example.com.pem"
                #expect(try read(path) == (try read(wild)) && read(path) != issued)
                #expect(try await running.report(host).kind == .own)
                try run("/bin/rm", folder + "/own/wild.pem")
                try await eventually("what was issued") {
                    clock.advance(seconds: 60)
                    return running.count(path) == 3
                }
                #expect(try read(path) == issued && exists(wild))
                #expect(FakeLego.calls(in: folder) == [host])
            }
        }
    }

    @Test func theSelfSignedOneIsMadeOnceAndAnewBeforeItEnds() async throws {
        try await withFolder { folder in
            let configuration = CertificateConfiguration(directory: folder + "/certificates")
            let path = folder + "/certificates/default.pem"
            let clock = TestClock()
            let first = try await withKeeper(configuration, clock: clock, want: []) { running in
                #expect(await running.keeper.files() == [CertificateFile(path: path, hosts: [])])
                return try read(path)
            }
            #expect(
                try run("/usr/bin/openssl", "x509", "-in", path, "-noout", "-subject").contains(
                    "slipway default"))
            try await withKeeper(configuration, clock: clock, want: ["a.example.com"]) { running in
                try await eventually("handed out") { running.count(path) == 1 }
                #expect(try read(path) == first)
                let report = try await running.report("a.example.com")
                #expect(report.kind == .selfSigned && report.issuer == "slipway default")
                #expect(report.problem?.contains("no authority is configured") == true)
                clock.advance(seconds: 10 * 365 * 86_400 - 86_400)
                try await eventually("a new one") { running.count(path) == 2 }
                #expect(try read(path) != first)
            }
        }
    }
}
