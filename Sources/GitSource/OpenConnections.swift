internal import Glibc

/// The TCP connections that this process has open.
enum OpenConnections {
    /// The ports at the other ends. The helper has few descriptors, so the first ones are all.
    static func remotePorts() -> [Int] {
        (Int32(3)..<128).compactMap(remotePort)
    }

    private static func remotePort(_ descriptor: Int32) -> Int? {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe getpeername(descriptor, pointer, &size)
            }
        }
        // The port of an IPv4 address stands at the same place.
        let family = Int32(address.sin6_family)
        guard code == 0, family == AF_INET || family == AF_INET6 else { return nil }
        return Int(UInt16(bigEndian: address.sin6_port))
    }
}
