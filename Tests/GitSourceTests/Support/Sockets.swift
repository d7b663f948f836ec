internal import Execution
internal import Glibc
internal import Synchronization

/// Sockets of the loopback interface, for peers that behave as no real server does.
enum Sockets {
    /// A listening socket on a free port.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard unsafe bind(descriptor, pointer, size) == 0, Glibc.listen(descriptor, 16) == 0 else {
                    return -1
                }
                return Int(unsafe getsockname(descriptor, pointer, &size))
            }
        }
        guard code == 0 else { throw FixtureError("cannot listen: \(errno)") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Whether something accepts connections on the port.
    static func isOpen(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Accepts connections, keeps what is said, and answers each with `answer`, or never.
final class RecordingPeer: Sendable {
    let port: Int
    private let descriptor: Int32
    private let received = Mutex<[UInt8]>([])
    var text: String { received.withLock { String(decoding: $0, as: UTF8.self) } }

    init(answer: String?) throws {
        (descriptor, port) = try Sockets.listen()
        Thread.start(name: "peer") { [weak self, descriptor] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                // Held open without an answer until the other side gives up.
                Thread.start(name: "peer") { [weak self] in
                    var buffer = [UInt8](repeating: 0, count: 65_536)
                    while true {
                        let count = unsafe read(connection, &buffer, buffer.count)
                        guard count > 0 else { break }
                        self?.received.withLock { $0 += buffer.prefix(count) }
                        guard let answer, buffer.prefix(count).suffix(4) == [13, 10, 13, 10] else { continue }
                        _ = unsafe write(connection, answer, answer.utf8.count)
                    }
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
