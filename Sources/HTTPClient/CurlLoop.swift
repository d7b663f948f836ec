internal import CCurl
internal import Execution
internal import Synchronization

/// All transfers of a client, on one thread of its own.
///
/// Tasks put commands into a list and wake the thread; nothing of libcurl but the wake-up is called anywhere else.
final class CurlLoop: Sendable {
    private enum Command {
        case add(TransferOrder)
        case cancel(UInt64)
        case resume(UInt64)
        case close
    }
    private struct State {
        var commands: [Command] = []
        var isClosed = false
        var lastID: UInt64 = 0
    }
    private let state = Mutex(State())
    private let multi: Multi

    static func now() -> Int64 { BootClock.nanoseconds() }

    init() {
        _ = Self.isLibraryReady
        multi = Multi()
    }

    /// libcurl asks for one call before all others.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    func start() {
        Thread.start(name: "http") { self.run() }
    }

    func nextID() -> UInt64 {
        state.withLock { state in
            state.lastID &+= 1
            return state.lastID
        }
    }

    func add(_ order: TransferOrder) {
        if !send(.add(order)) {
            let error = HTTPError(
                .cancelled, "the client is closed", url: HTTPError.presentable(order.request.url))
            order.continuation.resume(returning: .failure(error))
        }
    }
    func cancel(_ id: UInt64) { _ = send(.cancel(id)) }
    func resume(_ id: UInt64) { _ = send(.resume(id)) }
    func close() { _ = send(.close) }

    private func send(_ command: Command) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            // Under the lock, as the thread frees the handle after it has set `isClosed` under the same lock.
            multi.wakeUp()
            return true
        }
    }

    // MARK: The thread

    private func run() {
        var transfers: [UInt64: Transfer] = [:]
        while true {
            let commands = state.withLock { state in
                let commands = state.commands
                state.commands = []
                return commands
            }
            for command in commands {
                switch command {
                case .add(let order): begin(order, in: &transfers)
                case .cancel(let id):
                    guard let transfer = transfers[id] else { continue }
                    let url = HTTPError.presentable(transfer.order.request.url)
                    end(
                        transfer, with: HTTPError(.cancelled, "the request was cancelled", url: url),
                        in: &transfers)
                case .resume(let id): transfers[id]?.unpause(now: Self.now())
                case .close:
                    shutDown(&transfers)
                    return
                }
            }
            multi.perform()
            while let (transfer, code) = multi.nextDone() {
                end(transfer, with: transfer.error(for: code), in: &transfers)
            }
            multi.wait(milliseconds: expire(&transfers))
        }
    }

    private func begin(_ order: TransferOrder, in transfers: inout [UInt64: Transfer]) {
        do throws(HTTPError) {
            let transfer = try Transfer(order, now: Self.now())
            guard multi.add(transfer.handle) else {
                throw HTTPError(
                    .exhausted, "no memory for a transfer", url: HTTPError.presentable(order.request.url))
            }
            transfers[order.id] = transfer
        } catch {
            order.continuation.resume(returning: .failure(error))
        }
    }

    private func end(_ transfer: Transfer, with error: HTTPError?, in transfers: inout [UInt64: Transfer]) {
        multi.remove(transfer.handle)
        transfers[transfer.order.id] = nil
        transfer.finish(error)
    }

    /// Ends what is overdue; returns the time until the next deadline.
    private func expire(_ transfers: inout [UInt64: Transfer]) -> Int32 {
        let now = Self.now()
        var next: Int64 = now + 3_600_000_000_000
        var overdue: [(Transfer, HTTPError)] = []
        for transfer in transfers.values {
            if let error = transfer.overdue(at: now) {
                overdue.append((transfer, error))
            } else if let deadline = transfer.nextDeadline {
                next = min(next, deadline)
            }
        }
        for (transfer, error) in overdue { end(transfer, with: error, in: &transfers) }
        // Rounded up, so that the thread does not spin in the last millisecond.
        return Int32(clamping: max(0, next - now) / 1_000_000 + 1)
    }

    private func shutDown(_ transfers: inout [UInt64: Transfer]) {
        let late = state.withLock { state in
            state.isClosed = true
            let commands = state.commands
            state.commands = []
            return commands
        }
        for case .add(let order) in late {
            let url = HTTPError.presentable(order.request.url)
            order.continuation.resume(
                returning: .failure(HTTPError(.cancelled, "the client is closed", url: url)))
        }
        for transfer in Array(transfers.values) {
            let url = HTTPError.presentable(transfer.order.request.url)
            end(transfer, with: HTTPError(.cancelled, "the client is closed", url: url), in: &transfers)
        }
        multi.free()
    }
}

/// libcurl's handle of many transfers.
///
/// Unchecked, and safe: `curl_multi_wakeup` may be called from any thread; all else is called by the loop's thread only, and
/// `free` comes after the last wake-up, see `CurlLoop.send`.
@safe private struct Multi: @unchecked Sendable {  // safe: see above
    private let pointer: UnsafeMutableRawPointer

    init() {
        guard let pointer = unsafe curl_multi_init() else {
            // No memory for a few hundred bytes at start: nothing of the program would work.
            preconditionFailure("curl_multi_init failed")
        }
        unsafe self.pointer = unsafe pointer
        // Idle connections that are kept; the engine's socket needs few, and probes keep none.
        unsafe slipway_curl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, 32)
    }

    func wakeUp() { unsafe curl_multi_wakeup(pointer) }
    func add(_ handle: EasyHandle) -> Bool {
        unsafe curl_multi_add_handle(pointer, handle.pointer) == CURLM_OK
    }
    func remove(_ handle: EasyHandle) { unsafe curl_multi_remove_handle(pointer, handle.pointer) }
    func perform() {
        var running: Int32 = 0
        unsafe curl_multi_perform(pointer, &running)
    }
    /// A transfer that has ended by itself; it is still to be removed.
    func nextDone() -> (Transfer, CURLcode)? {
        var code = CURLE_OK
        var context: UnsafeMutableRawPointer?
        guard let handle = unsafe slipway_curl_multi_next_done(pointer, &code),
            unsafe slipway_curl_get_private(handle, &context) == CURLE_OK, let context = unsafe context
        else { return nil }
        return unsafe (Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue(), code)
    }
    func wait(milliseconds: Int32) { unsafe curl_multi_poll(pointer, nil, 0, milliseconds, nil) }
    func free() { unsafe curl_multi_cleanup(pointer) }
}
