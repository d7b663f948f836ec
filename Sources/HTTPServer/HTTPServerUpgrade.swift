internal import CMicroHTTPD
public import Execution

/// What becomes of a connection that leaves HTTP for another protocol.
public struct HTTPServerUpgrade: Sendable {
    /// The protocol, as the `Upgrade` header has it.
    public var name: String
    /// Speaks the protocol; the connection is closed when it returns. Its task is cancelled when the server stops. What
    /// it holds on to goes with it, also where the connection is lost before the switch and it is never called.
    public var serve: @Sendable (ByteChannel) async -> Void

    public init(name: String, serve: @escaping @Sendable (ByteChannel) async -> Void) {
        self.name = name
        self.serve = serve
    }
}

/// The library's share in a connection that was left to us.
@safe struct UpgradeHandle: @unchecked Sendable {
    // Safe to send: the library allows `MHD_upgrade_action` from any thread, and `end` is called once, by the transport.
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

    /// Gives the connection back, which closes it.
    func end() { unsafe slipway_mhd_end_upgrade(pointer) }
}
