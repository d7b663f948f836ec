internal import Glibc

/// Tells addresses that a container can have from those that are the controller's own, or the cloud's.
enum ContainerAddress {
    /// `true` for a plain IPv4 or IPv6 address that is not loopback, link-local (where clouds answer with
    /// credentials), multicast or unspecified. Other spellings, such as octal or hexadecimal ones, are refused.
    static func isAcceptable(_ text: String) -> Bool {
        var address4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &address4) == 1 {
            return isAcceptable4(UInt32(bigEndian: address4.s_addr))
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { return false }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        // Loopback and unspecified are among these.
        let isSpecial = bytes[..<12].allSatisfy { $0 == 0 }
        let isLinkLocal = bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
        let isMulticast = bytes[0] == 0xff
        return !isMapped && !isSpecial && !isLinkLocal && !isMulticast
    }

    private static func isAcceptable4(_ address: UInt32) -> Bool {
        let first = address >> 24
        let isLinkLocal = address >> 16 == 0xa9fe
        return first != 0 && first != 127 && !isLinkLocal && first < 224
    }
}
