import Execution
import Glibc
import NameServer
import TestServers
import Testing

/// Against a real `dnsmasq`.
@Suite struct NameServerTests {
    private func configuration(
        _ folder: String, suffix: String = "internal"
    ) throws -> NameServerConfiguration {
        // Nobody is asked for other names.
        try write("# none\n", to: folder + "/resolv.conf")
        return NameServerConfiguration(
            directory: folder + "/names", address: loopback(), port: try closedPort(), suffix: suffix,
            target: "192.0.2.80", resolverFile: folder + "/resolv.conf")
    }

    private func answers(
        _ configuration: NameServerConfiguration, _ name: String = "shop.internal"
    ) -> Answer? {
        ask(name, at: configuration.address, port: configuration.port)
    }

    @Test func theConfiguration() {
        let configuration = NameServerConfiguration(directory: "/run/slipway/names", address: "172.17.0.1")
        #expect(configuration.objection == nil)
        #expect(
            configuration.text == """
                # Written by slipwayd: changes here are lost.
                port=53
                listen-address=172.17.0.1
                bind-interfaces
                keep-in-foreground
                log-facility=-
                pid-file=/run/slipway/names/dnsmasq.pid
                no-hosts
                resolv-file=/etc/resolv.conf
                cache-size=1000
                local=/internal/
                address=/internal/172.17.0.1

                """)
    }

    @Test func whatCannotBeUsedIsRefused() {
        func refuses(_ change: (inout NameServerConfiguration) -> Void) -> Bool {
            var configuration = NameServerConfiguration(directory: "/run/names", address: "172.17.0.1")
            change(&configuration)
            return configuration.objection != nil
        }
        #expect(!refuses { _ in })
        for address in ["", "::1", "172.17.0", "172.17.0.256", "172.17.0.1\nport=1", "0x7f.0.0.1", "-1.0.0.1"]
        {
            #expect(refuses { $0.address = address } && refuses { $0.target = address }, "\(address)")
        }
        for suffix in ["", ".", "a..b", "-a", "A", "a/b", "a\nb", "a b", "internal/1.2.3.4"] {
            #expect(refuses { $0.suffix = suffix }, "\(suffix)")
        }
        for path in ["", "relative", "/a b", "/a\nuser=root", "/a#b", "/a\"b"] {
            #expect(refuses { $0.directory = path } && refuses { $0.resolverFile = path }, "\(path)")
        }
        #expect(refuses { $0.port = 0 } && refuses { $0.port = 65_536 } && refuses { $0.cacheSize = -1 })
    }

    @Test func internalNamesAreOneAddressAndGoNowhereElse() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder, suffix: "svc.internal")
            try await supervising(configuration) { server in
                func answer(_ name: String, _ kind: RecordKind = .a) -> Answer? {
                    ask(name, kind, at: configuration.address, port: configuration.port)
                }
                try await eventually("it answers") { answer("shop.svc.internal") != nil }
                let there = Answer(code: 0, addresses: ["192.0.2.80"])
                for name in ["shop.svc.internal", "a.shop.svc.internal", "svc.internal"] {
                    #expect(answer(name) == there)
                    // A name without such a record, not a name that is not there: resolvers would take that
                    // for all.
                    #expect(answer(name, .aaaa) == Answer(code: 0, addresses: []))
                    #expect(answer(name, .text) == Answer(code: 0, addresses: []))
                }
                #expect(answer("shop.internal")?.addresses == [])
                #expect(await server.problem == nil)
                // No other address of the machine answers.
                #expect(ask("shop.svc.internal", at: loopback(), port: configuration.port) == nil)
            }
        }
    }

    @Test func otherNamesAreAskedElsewhere() async throws {
        try await withFolder { folder in
            // Name servers in such a file are asked at port 53.
            let other = NameServerConfiguration(
                directory: folder + "/other", address: loopback(), suffix: "example", target: "192.0.2.7",
                resolverFile: folder + "/none")
            try write("", to: folder + "/none")
            try await supervising(other) { _ in
                var configuration = try configuration(folder)
                configuration.resolverFile = folder + "/upstream"
                try write("nameserver \(other.address)\n", to: configuration.resolverFile)
                try await supervising(configuration) { _ in
                    try await eventually("the other one's answer") {
                        answers(configuration, "www.example")?.addresses == ["192.0.2.7"]
                    }
                    #expect(answers(configuration)?.addresses == ["192.0.2.80"])
                    // A change of the file is followed.
                    try write("nameserver 192.0.2.1\n", to: configuration.resolverFile)
                    try await eventually("nobody knows it any more") {
                        answers(configuration, "other.example") == nil
                    }
                }
            }
        }
    }

    @Test func aKilledOneIsStartedAgain() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder)
            try await supervising(configuration) { server in
                try await eventually("it answers") { answers(configuration) != nil }
                let first = try #require(await server.processID)
                kill(first, SIGKILL)
                try await eventually("another one") {
                    let next = await server.processID
                    return next != nil && next != first && answers(configuration) != nil
                }
            }
            #expect(answers(configuration) == nil)
        }
    }

    @Test func itOutlivesTheControllerAndIsTakenOver() async throws {
        try await withFolder { folder in
            var configuration = try configuration(folder)
            let first = try await supervising(configuration, endsIt: false) { server in
                try await eventually("it answers") { answers(configuration) != nil }
                return try #require(await server.processID)
            }
            #expect(answers(configuration) != nil)
            #expect(getsid(first) == first, "it is in a session of its own")
            try await supervising(configuration, endsIt: false) { server in
                try await eventually("it is known") { await server.processID == first }
            }
            // With another configuration it is another one.
            configuration.target = "192.0.2.81"
            try await supervising(configuration) { server in
                try await eventually("the new address") {
                    answers(configuration)?.addresses == ["192.0.2.81"]
                }
                #expect(await server.processID != first)
            }
            #expect(answers(configuration) == nil)
        }
    }

    @Test func anAddressThatIsNotThereYetIsToldAndTriedAgain() async throws {
        try await withFolder { folder in
            var configuration = try configuration(folder)
            configuration.address = "192.0.2.1"
            try await supervising(configuration) { server in
                try await eventually("told") {
                    await server.problem?.contains("192.0.2.1") == true
                }
                #expect(await server.problem?.contains("dnsmasq has ended") == true)
            }
        }
    }

    @Test func aForeignProcessUnderTheOldNumberIsLeftAlone() async throws {
        try await withFolder { folder in
            let configuration = try configuration(folder)
            try Subprocess.run(
                ["/bin/mkdir", configuration.directory], environment: [:], timeout: .seconds(30)
            ).expectSuccess()
            try write("\(getpid())\n", to: configuration.directory + "/dnsmasq.pid")
            try await supervising(configuration) { server in
                try await eventually("it answers") { answers(configuration) != nil }
                #expect(await server.processID != getpid())
            }
        }
    }

    @Test func aProgramThatIsMissingIsNamed() async throws {
        try await withFolder { folder in
            var configuration = try configuration(folder)
            configuration.program = folder + "/dnsmasq"
            try await supervising(configuration) { server in
                try await eventually("told") { await server.problem?.contains("install") == true }
            }
        }
    }
}

extension Subprocess.Output {
    fileprivate func expectSuccess() throws { try #require(exitCode == 0) }
}
