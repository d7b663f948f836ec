/// What a `ByteChannel` moves bytes through: a socket, a TLS connection, the standard input.
///
/// Only the channel's own thread calls it, one call at a time, and `close` once, as the last. No call blocks.
public protocol ByteTransport: Sendable {
    /// Polled for readiness; valid until `close`.
    var descriptor: Int32 { get }
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportProgress
    func send(_ bytes: UnsafeRawBufferPointer) -> TransportProgress
    /// Tells the peer that nothing more is sent, where the transport can.
    func finishSending()
    func close()
}

/// What became of one call of a `ByteTransport`.
public enum TransportProgress: Sendable, Hashable {
    /// At least one byte was moved.
    case moved(Int)
    /// Nothing can be moved now.
    case wouldBlock
    /// The peer sends nothing more.
    case ended
    /// The connection is of no use any more; the system's reason.
    case failed(String)
}
