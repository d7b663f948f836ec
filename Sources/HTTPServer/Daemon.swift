internal import CMicroHTTPD
internal import Glibc

/// One listener of a server: a daemon of the library with its thread.
@safe struct Daemon: ~Copyable, @unchecked Sendable {
    // Safe to send: the library's calls used here may come from any thread, and `stop` consumes the value.
    private let pointer: OpaquePointer
    private let context: Unmanaged<DaemonContext>
    private let log: UnsafeMutablePointer<slipway_mhd_log_target>
    private let socket: ListeningSocket

    init(
        socket: consuming ListeningSocket, core: ServerCore, listener: HTTPServerRequest.Listener
    ) throws(HTTPServerError) {
        let configuration = core.configuration
        let context = unsafe Unmanaged.passRetained(DaemonContext(core: core, listener: listener))
        let log = UnsafeMutablePointer<slipway_mhd_log_target>.allocate(capacity: 1)
        unsafe log.initialize(to: slipway_mhd_log_target(log: lineLogged, context: context.toOpaque()))
        let seconds = max(1, configuration.idleTimeout.components.seconds)
        var options = unsafe slipway_mhd_options(
            listen_socket: socket.descriptor,
            connection_limit: UInt32(clamping: max(1, configuration.connectionLimit)),
            timeout_in_seconds: UInt32(clamping: seconds),
            memory_limit: max(4_096, configuration.headerLimitInBytes), context: context.toOpaque(),
            access: requestProgressed, completed: requestCompleted, connection: connectionChanged,
            target: targetReceived, log: log)
        guard let pointer = unsafe slipway_mhd_start(&options) else {
            unsafe log.deallocate()
            unsafe context.release()
            throw HTTPServerError(.internal, "the HTTP library did not start: \(systemText(errno))")
        }
        unsafe self.pointer = unsafe pointer
        unsafe self.context = unsafe context
        unsafe self.log = unsafe log
        self.socket = socket
    }

    var port: Int? { socket.port }

    /// Takes no connection any more; those that are there go on.
    borrowing func quiesce() {
        _ = unsafe MHD_quiesce_daemon(pointer)
        socket.refuse()
    }

    /// Closes every connection and waits for the daemon's thread. No connection may be suspended.
    consuming func stop() {
        unsafe MHD_stop_daemon(pointer)
        unsafe log.deallocate()
        unsafe context.release()
    }
}
