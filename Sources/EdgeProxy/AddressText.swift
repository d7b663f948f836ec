internal import Glibc

/// Addresses as the system reads them.
enum AddressText {
    static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return false }
        var address = in6_addr()
        let family = text.contains(":") ? AF_INET6 : AF_INET
        return unsafe inet_pton(family, text, &address) == 1
    }
}
