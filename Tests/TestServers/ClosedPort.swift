internal import Glibc

/// A TCP port of the loopback address on which nothing listens.
///
/// It lies below the range that the kernel draws ports for outgoing connections from, and nobody else who asks here gets
/// it, in this process or another one, before this one has ended.
public func closedPort() throws -> Int {
    for _ in 0..<1_000 {
        let port = Int.random(in: 10_000..<32_000)
        if reserve(port), isFree(port) { return port }
    }
    throw NoPort()
}

private struct NoPort: Error {}

/// Takes the name of the port among the sockets that have no place in the file system; the kernel frees it with the
/// process.
private func reserve(_ port: Int) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array("\0slipway-test-port-\(port)".utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
    let isMine = isBound(descriptor, address, MemoryLayout<sa_family_t>.size + name.count)
    if !isMine { close(descriptor) }
    return isMine
}

private func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(clamping: port).bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return isBound(descriptor, address, MemoryLayout<sockaddr_in>.size)
}

private func isBound<Address>(_ descriptor: Int32, _ address: Address, _ size: Int) -> Bool {
    var address = address
    return unsafe withUnsafeBytes(of: &address) { bytes in
        unsafe bind(descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress, socklen_t(size)) == 0
    }
}
