internal import Glibc

/// Addresses as the system reads them.
enum AddressText {
    /// The one way in which HAProxy writes it; `text` itself if it is no address.
    static func canonical(_ text: String) -> String {
        guard text.contains(":"), isAddress(text) else { return text }
        var address = in6_addr()
        var buffer = [CChar](repeating: 0, count: 64)
        guard unsafe inet_pton(AF_INET6, text, &address) == 1,
            unsafe inet_ntop(AF_INET6, &address, &buffer, 64) != nil
        else { return text }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return false }
        var address = in6_addr()
        let family = text.contains(":") ? AF_INET6 : AF_INET
        return unsafe inet_pton(family, text, &address) == 1
    }
}
