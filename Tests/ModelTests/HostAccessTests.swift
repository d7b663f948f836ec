import Model
import Testing

/// Paths of the host that a project may be given.
@Suite struct HostAccessTests {
    @Test(arguments: ["/", "/srv/media", "/srv/media:ro", "/home/a b"])
    func pathsAreTaken(_ text: String) { #expect(HostPathRule(text)?.description == text) }

    @Test(arguments: [
        "", "srv", "./srv", "~/srv", "/srv/", "//srv", "/srv//a", "/srv/../etc", "/srv/.", "/a:b", "/a\n",
        ":ro"
    ])
    func othersAreNot(_ text: String) { #expect(HostPathRule(text) == nil) }

    @Test(arguments: [
        "/", "/proc", "/proc/1", "/sys", "/dev/kvm", "/run", "/run/docker.sock", "/var", "/var/lib",
        "/var/lib/docker",
        "/var/lib/docker/volumes", "/var/lib/slipway", "/var/lib/slipway/edge"
    ])
    func whatGivesAwayTheHostIsRefused(_ path: String) throws {
        let rule = try #require(HostPathRule(path))
        #expect(rule.objection(protected: ["/run", "/var/lib/docker", "/var/lib/slipway"]) != nil)
    }

    @Test(arguments: ["/srv", "/var/lib/slipway-media", "/processes", "/etc/ssl", "/mnt/dev"])
    func othersMayBeAllowed(_ path: String) throws {
        let rule = try #require(HostPathRule(path))
        #expect(rule.objection(protected: ["/run", "/var/lib/docker", "/var/lib/slipway"]) == nil)
    }

    @Test(arguments: ["2222:22", "53:5353/udp", "127.0.0.1:5432:5432", "10.0.0.7:53:53/udp", "65535:1"])
    func portsAreTaken(_ text: String) { #expect(HostPort(text)?.text == text) }

    @Test(arguments: [
        "", ":", "22", "22:", ":22", "0:22", "22:0", "65536:22", "-1:22", "+1:22", " 1:22", "1:22/",
        "1:22/TCP", "1:2:3",
        "1:22/tcp/udp", "0.0.0.0:1:2", "1.2.3:1:2", "01.2.3.4:1:2", "::1:1:2", "host:1:2", "22-23:22",
        "000022:22"
    ])
    func othersAreNoPorts(_ text: String) { #expect(HostPort(text) == nil) }

    @Test(arguments: ["22", "8000-8100", "53/udp", "127.0.0.1:5432", "10.0.0.7:1-65535/udp"])
    func rulesForPortsAreTaken(_ text: String) { #expect(HostPortRule(text)?.description == text) }

    @Test(arguments: [
        "", "-", "0", "1-", "-1", "9-8", "1-65536", "1-2-3", "a:1", "0.0.0.0:1", "1/icmp", "1:2:3"
    ])
    func othersAreNoRulesForPorts(_ text: String) { #expect(HostPortRule(text) == nil) }

    @Test func onePortIsHadByOne() throws {
        func isSame(_ left: String, _ right: String) throws -> Bool {
            try #require(HostPort(left)).claim.isSame(as: try #require(HostPort(right)).claim)
        }
        #expect(try isSame("22:1", "22:2") && isSame("22:1", "127.0.0.1:22:1"))
        #expect(try isSame("127.0.0.1:22:1", "127.0.0.1:22:2"))
        #expect(try !isSame("22:1", "23:1") && !isSame("22:1", "22:1/udp"))
        #expect(try !isSame("127.0.0.1:22:1", "127.0.0.2:22:1"))
    }

    @Test func namesOfCapabilities() {
        for name in ["NET_ADMIN", "CHOWN", "SYS_TIME"] { #expect(Capability.isName(name)) }
        for name in ["ALL", "CAP_CHOWN", "chown", "NET-ADMIN", "", "_A", "N"] {
            #expect(!Capability.isName(name))
        }
    }
}
