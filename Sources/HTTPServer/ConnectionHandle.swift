internal import CMicroHTTPD
internal import Glibc

/// The library's connection, as far as threads other than the library's own may use it.
///
/// Valid from the first callback of a request to its completed callback; `Exchange` drops it there, under its lock.
@safe struct ConnectionHandle: @unchecked Sendable {
    // Safe to send: the library allows `MHD_resume_connection` from any thread, and everything else here is called in
    // callbacks on the daemon's thread only.
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

    var socket: Int32 { unsafe slipway_mhd_socket(pointer) }

    func suspend() { unsafe MHD_suspend_connection(pointer) }
    func resume() { unsafe MHD_resume_connection(pointer) }

    /// Names in lower case, repeated ones joined.
    func headers() -> [String: String] {
        let collector = HeaderCollector()
        withExtendedLifetime(collector) {
            let context = unsafe Unmanaged.passUnretained(collector).toOpaque()
            unsafe MHD_get_connection_values_n(pointer, .HEADER_KIND, collectHeader, context)
        }
        return collector.headers
    }

    /// The peer's address and port in digits.
    func remoteAddress() -> String {
        guard let address = unsafe slipway_mhd_address(pointer) else { return "unknown" }
        let isV6 = unsafe address.pointee.sa_family == sa_family_t(AF_INET6)
        let length = isV6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let code = unsafe getnameinfo(
            address, socklen_t(length), &host, socklen_t(host.count), &port, socklen_t(port.count),
            NI_NUMERICHOST | NI_NUMERICSERV)
        guard code == 0 else { return "unknown" }
        return isV6 ? "[\(text(host))]:\(text(port))" : "\(text(host)):\(text(port))"
    }

    /// Hands `response` over and gives up our share of it; `false`: the connection is to be closed.
    func queue(status: Int, _ response: consuming PreparedResponse) -> Bool {
        unsafe MHD_queue_response(pointer, UInt32(clamping: status), response.pointer) == .YES
    }

    private func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private final class HeaderCollector {
    var headers: [String: String] = [:]
}

private func collectHeader(
    _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
    _ nameLength: Int,
    _ value: UnsafePointer<CChar>?, _ valueLength: Int
) -> MHD_Result {
    guard let context = unsafe context, let name = unsafe name else { return .YES }
    let collector = unsafe Unmanaged<HeaderCollector>.fromOpaque(context).takeUnretainedValue()
    let key = unsafe decodeText(name, nameLength).lowercased()
    let text = unsafe value.map { unsafe decodeText($0, valueLength) } ?? ""
    collector.headers[key] = collector.headers[key].map { $0 + ", " + text } ?? text
    return .YES
}

/// Bytes that are not UTF-8 become replacement characters.
private func decodeText(_ start: UnsafePointer<CChar>, _ length: Int) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
}
