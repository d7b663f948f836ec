internal import CMicroHTTPD

/// A response of the library's, given back when this goes away; the library keeps its own share of a queued one.
@safe struct PreparedResponse: ~Copyable {
    let pointer: OpaquePointer

    /// `nil` when there is no memory.
    init?(bytes: [UInt8]) {
        let made = unsafe bytes.withUnsafeBytes { buffer in
            // The library only reads where it copies.
            unsafe MHD_create_response_from_buffer(
                buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let made = unsafe made else { return nil }
        unsafe pointer = unsafe made
    }

    /// A response whose content `exchange` gives piece by piece. The response keeps `exchange` alive.
    init?(streaming exchange: Exchange) {
        let context = unsafe Unmanaged.passRetained(exchange)
        let made = unsafe MHD_create_response_from_callback(
            slipway_mhd_size_unknown, 16 << 10, readContent, context.toOpaque(), releaseContent)
        guard let made = unsafe made else {
            unsafe context.release()
            return nil
        }
        unsafe pointer = unsafe made
    }

    /// A response after which the connection is another protocol's.
    init?(upgradingTo name: String) {
        guard Self.isPlain(name), let made = unsafe MHD_create_response_for_upgrade(connectionUpgraded, nil)
        else { return nil }
        unsafe pointer = unsafe made
        _ = unsafe MHD_add_response_header(pointer, "Upgrade", name)
    }

    deinit { unsafe MHD_destroy_response(pointer) }

    /// Adds the headers that the library takes; those with line breaks or an own meaning to it are left out.
    func add(_ headers: [(String, String)]) {
        for (name, value) in headers where Self.isPlain(name) && Self.isPlain(value) && !Self.isOwn(name) {
            _ = unsafe MHD_add_response_header(pointer, name, value)
        }
    }

    func closeAfterwards() { _ = unsafe MHD_add_response_header(pointer, "Connection", "close") }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 9 }
    }

    private static func isOwn(_ name: String) -> Bool {
        ["connection", "content-length", "date", "transfer-encoding"].contains(name.lowercased())
    }
}

private func readContent(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int {
    guard let context = unsafe context, let buffer = unsafe buffer else { return slipway_mhd_end_with_error }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: max(0, capacity))
    return switch unsafe exchange.read(into: bytes) {
    case .bytes(let count): count
    case .suspended: 0
    case .ended: slipway_mhd_end_of_stream
    case .broken: slipway_mhd_end_with_error
    }
}

private func releaseContent(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<Exchange>.fromOpaque(context).release()
}
