internal import Glibc

/// A connected stream socket that does not block.
public struct SocketTransport: ByteTransport {
    public let descriptor: Int32
    private let release: @Sendable () -> Void

    /// - Parameter release: called once, by `close`, instead of closing the descriptor.
    public init(_ descriptor: Int32, release: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.release = release
    }

    public func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportProgress {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        return Self.progress(count)
    }

    public func send(_ bytes: UnsafeRawBufferPointer) -> TransportProgress {
        let count = unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return Self.progress(count)
    }

    public func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    public func close() { release() }

    private static func progress(_ count: Int) -> TransportProgress {
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended }
        switch errno {
        case EAGAIN, EINTR: return .wouldBlock
        case let code: return .failed(errorText(code))
        }
    }
}

/// What can be read from a descriptor that others use as well, such as the standard input: it is not made
/// non-blocking, as that would change it for them, and not closed.
public struct InputTransport: ByteTransport {
    public let descriptor: Int32
    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    public func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportProgress {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&ready, 1, 0) > 0 else { return .wouldBlock }
        if ready.revents & Int16(POLLNVAL) != 0 { return .ended }
        let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended }
        // A terminal whose other side is gone says EIO.
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .ended
    }

    public func send(_ bytes: UnsafeRawBufferPointer) -> TransportProgress { .failed("only for reading") }
    public func finishSending() {}
    public func close() {}
}
