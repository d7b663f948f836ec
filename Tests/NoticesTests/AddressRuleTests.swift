import Glibc
@testable import Notices
import Ports
import Synchronization
import TestServers
import Testing

@Suite struct AddressRuleTests {
    private func bytes(_ text: String) throws -> [UInt8] {
        var short = in_addr(), long = in6_addr()
        if unsafe inet_pton(AF_INET, text, &short) == 1 {
            return unsafe withUnsafeBytes(of: &short) { unsafe Array($0) }
        }
        try #require(unsafe inet_pton(AF_INET6, text, &long) == 1)
        return unsafe withUnsafeBytes(of: &long) { unsafe Array($0) }
    }

    @Test(arguments: [
        "127.0.0.1", "127.255.0.9", "0.0.0.0", "169.254.169.254", "169.254.0.1", "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1"
    ]) func placesThatNoNoticeIsForAreRefused(address: String) throws {
        #expect(!(try rule().permits(try bytes(address))))
    }

    @Test(arguments: [
        "192.0.2.7", "10.1.2.3", "192.168.0.9", "2001:db8::7", "fd12:3456::1", "64:ff9b::c000:207"
    ])
    func othersArePermitted(address: String) throws {
        #expect(try rule().permits(try bytes(address)))
    }

    @Test func theConfigurationAllowsMore() throws {
        let some = try rule("127.0.0.0/8", "::1")
        #expect(some.permits([127, 0, 0, 1]))
        #expect(some.permits(try bytes("::ffff:127.0.0.1")))
        #expect(some.permits(try bytes("::1")))
        #expect(!some.permits([169, 254, 169, 254]))
        #expect(!some.permits([1, 2, 3]))
        for text in ["", "127.0.0.1/33", "x", "1.2.3.4/-1", "::1/129", "127.0.0.1/8/8", "0x7f.1"] {
            #expect(AddressRule(allowed: [text]) == nil, "\(text)")
        }
    }

    /// However the address is written, it is looked at when it is known.
    @Test(arguments: [
        "127.0.0.1", "127.1", "0177.0.0.1", "0x7f000001", "2130706433", "localhost", "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0", "169.254.169.254", "[fe80::1]"
    ]) func noWayOfWritingGoesRound(host: String) async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.answer("")
        }
        let error = await failure(try channel("http://\(host):\(server.port)/", allowed: []), try sample())
        #expect(error?.code == .refusedAddress, "\(String(describing: error))")
        #expect(error?.isFinal == true)
        #expect(server.connections.withLock { $0 } == 0)
    }
}
