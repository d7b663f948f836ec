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

    @Test func namesOfCapabilities() {
        for name in ["NET_ADMIN", "CHOWN", "SYS_TIME"] { #expect(Capability.isName(name)) }
        for name in ["ALL", "CAP_CHOWN", "chown", "NET-ADMIN", "", "_A", "N"] {
            #expect(!Capability.isName(name))
        }
    }
}
