internal import CMicroHTTPD

// What the library calls, on the thread of one daemon. Named functions: a closure written inline where an actor is
// current would trap on a foreign thread.

/// What the callbacks of one daemon know.
final class DaemonContext: Sendable {
    let core: ServerCore
    let listener: HTTPServerRequest.Listener

    init(core: ServerCore, listener: HTTPServerRequest.Listener) {
        self.core = core
        self.listener = listener
    }
}

/// A connection begins or ends. Its `Client` lives in the library's slot in between.
func connectionChanged(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_ConnectionNotificationCode
) {
    guard let context = unsafe context, let connection = unsafe connection, let slot = unsafe slot else {
        return
    }
    let core = unsafe Unmanaged<DaemonContext>.fromOpaque(context).takeUnretainedValue().core
    if slipway_mhd_is_start(code) {
        let client = core.addClient(socket: unsafe ConnectionHandle(connection).socket)
        unsafe slot.pointee = unsafe Unmanaged.passRetained(client).toOpaque()
    } else if let held = unsafe slot.pointee {
        core.remove(unsafe Unmanaged<Client>.fromOpaque(held).takeRetainedValue())
        unsafe slot.pointee = nil
    }
}

/// The target of a request line as it was sent; later calls have it decoded, with encoded slashes and zeros lost.
func targetReceived(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let target = unsafe target, let connection = unsafe connection,
        let held = unsafe slipway_mhd_context(connection)
    else { return nil }
    let bytes = unsafe Array(UnsafeRawBufferPointer(start: target, count: String(cString: target).utf8.count))
    unsafe Unmanaged<Client>.fromOpaque(held).takeUnretainedValue().noteTarget(bytes)
    // The request's own slot stays empty: it is filled, and emptied again, by calls that are sure to come in pairs.
    return nil
}

/// Once with the head, then with each piece of the body, then until an answer is queued.
func requestProgressed(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ target: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
    _ length: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let connection = unsafe connection, let method = unsafe method,
        let length = unsafe length, let slot = unsafe slot, let held = unsafe slipway_mhd_context(connection)
    else { return .NO }
    if let known = unsafe slot.pointee {
        let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
        let count = unsafe length.pointee
        guard count > 0 else { return exchange.proceed() ? .YES : .NO }
        unsafe length.pointee = 0
        return unsafe exchange.receive(UnsafeRawBufferPointer(start: data, count: count)) ? .YES : .NO
    }
    let daemon = unsafe Unmanaged<DaemonContext>.fromOpaque(context).takeUnretainedValue()
    let client = unsafe Unmanaged<Client>.fromOpaque(held).takeUnretainedValue()
    let handle = unsafe ConnectionHandle(connection)
    let (exchange, refusal) = daemon.open(handle, client: client, method: unsafe String(cString: method))
    unsafe slot.pointee = unsafe Unmanaged.passRetained(exchange).toOpaque()
    guard let refusal else { return .YES }
    return exchange.answerAtOnce(refusal.status, refusal.message) ? .YES : .NO
}

/// The last call of a request.
func requestCompleted(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
    guard let slot = unsafe slot, let held = unsafe slot.pointee else { return }
    unsafe slot.pointee = nil
    unsafe Unmanaged<Exchange>.fromOpaque(held).takeRetainedValue().complete()
}

/// The head of a switch to another protocol was sent; the socket is ours from here on.
func connectionUpgraded(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ request: UnsafeMutableRawPointer?,
    _ extra: UnsafePointer<CChar>?, _ length: Int, _ socket: Int32, _ handle: OpaquePointer?
) {
    guard let request = unsafe request, let handle = unsafe handle else { return }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(request).takeUnretainedValue()
    let first = unsafe [UInt8](UnsafeRawBufferPointer(start: extra, count: length))
    exchange.upgraded(unsafe UpgradeHandle(handle), first: first)
}

/// A complaint of the library.
func lineLogged(_ context: UnsafeMutableRawPointer?, _ line: UnsafePointer<CChar>?) {
    guard let context = unsafe context, let line = unsafe line else { return }
    let text = unsafe String(cString: line)
    let end = text.lastIndex { !$0.isNewline }.map { text.index(after: $0) } ?? text.startIndex
    unsafe Unmanaged<DaemonContext>.fromOpaque(context).takeUnretainedValue()
        .core.configuration.log(String(text[..<end]))
}

extension DaemonContext {
    fileprivate struct Refusal {
        var status: Int
        var message: String
    }

    /// Looks at the head of a request.
    fileprivate func open(
        _ connection: ConnectionHandle, client: Client, method: String
    ) -> (Exchange, Refusal?) {
        let target = RequestTarget(client.takeTarget())
        let head = HTTPServerRequest(
            method: method, path: target?.path ?? "/", segments: target?.segments ?? [],
            query: target?.query ?? [:],
            headers: connection.headers(), listener: listener,
            remote: listener == .unix ? "unix" : connection.remoteAddress(),
            peerUser: listener == .unix ? client.peerUser : nil)
        let limit = max(0, core.configuration.bodyLimitInBytes(method, head.path))
        let exchange = Exchange(
            id: core.newID(), core: core, client: client, connection: connection, head: head, bodyLimit: limit
        )
        if core.isStopping {
            return (exchange, Refusal(status: 503, message: "the server is stopping; try again later"))
        }
        if target == nil {
            return (
                exchange, Refusal(status: 400, message: "the request's target is not a valid path and query")
            )
        }
        if let declared = head.headers["content-length"], Int(declared).map({ $0 > limit }) ?? true {
            return (exchange, Refusal(status: 413, message: Exchange.tooLarge(limit)))
        }
        return (exchange, nil)
    }
}
