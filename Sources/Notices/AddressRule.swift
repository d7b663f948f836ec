internal import Glibc

/// Which addresses notices may go to, whatever name led there.
///
/// This machine, its links, and the addresses at which clouds keep their secrets are refused unless the configuration of
/// the controller allows them. A name is looked up before the rule is asked, so that no way of writing an address, and no
/// name server that changes its mind, goes round it.
public struct AddressRule: Sendable, Hashable {
    /// An address with the length of its network's prefix; IPv4 as the last 32 bits of `::ffff:0:0/96`.
    struct Network: Sendable, Hashable {
        var bytes: [UInt8]
        var prefix: Int

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == 16 else { return false }
            for bit in 0..<prefix {
                let mask = UInt8(0x80) >> UInt8(bit % 8)
                if bytes[bit / 8] & mask != address[bit / 8] & mask { return false }
            }
            return true
        }
    }
    private let allowed: [Network]

    private static let refused: [Network] = [
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "fe80::/10", "ff00::/8", "fd00:ec2::254", "fec0::/10"
    ].compactMap(network)

    /// - Parameter allowed: addresses or networks, such as `127.0.0.0/8` or `::1`.
    /// - Returns: `nil` where one of them is neither.
    public init?(allowed: [String]) {
        let networks = allowed.map(Self.network)
        guard !networks.contains(nil) else { return nil }
        self.allowed = networks.compactMap(\.self)
    }

    /// `address`: 4 or 16 bytes in network order.
    func permits(_ address: [UInt8]) -> Bool {
        guard address.count == 4 || address.count == 16 else { return false }
        let wide = Self.unmapped(address.count == 4 ? Self.mapped(address) : address)
        if allowed.contains(where: { $0.contains(wide) }) { return true }
        return !Self.refused.contains { $0.contains(wide) }
    }

    /// An IPv4 address in one of the forms that IPv6 wraps it in, as what it leads to.
    private static func unmapped(_ bytes: [UInt8]) -> [UInt8] {
        let isCompatible = bytes.prefix(12).allSatisfy { $0 == 0 } && bytes[12] != 0
        let isTranslated = bytes.prefix(12).elementsEqual([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])
        if isCompatible || isTranslated { return mapped(Array(bytes.suffix(4))) }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return mapped(Array(bytes[2..<6])) }
        return bytes
    }

    private static func mapped(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes
    }

    private static func network(_ text: String) -> Network? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2 else { return nil }
        var short = in_addr()
        var long = in6_addr()
        let bytes: [UInt8]
        let isShort = unsafe inet_pton(AF_INET, String(host), &short) == 1
        if isShort {
            bytes = mapped(unsafe withUnsafeBytes(of: &short) { unsafe Array($0) })
        } else if unsafe inet_pton(AF_INET6, String(host), &long) == 1 {
            bytes = unsafe withUnsafeBytes(of: &long) { unsafe Array($0) }
        } else {
            return nil
        }
        let most = isShort ? 32 : 128
        guard parts.count == 2 else { return Network(bytes: bytes, prefix: 128) }
        guard let length = Int(parts[1]), (0...most).contains(length) else { return nil }
        return Network(bytes: bytes, prefix: isShort ? 96 + length : length)
    }
}
