internal import CLinux
internal import Glibc

/// Tells when the peer of a suspended connection hangs up, which the library does not look for.
@safe final class PeerWatch: Sendable {
    enum Event: Sendable {
        case hungUp(UInt64)
        case woken
    }

    private let poller: Int32
    private let wakeup: Int32
    private static let wakeupID = UInt64.max

    init() throws(HTTPServerError) {
        poller = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard poller >= 0, wakeup >= 0 else {
            let reason = systemText(errno)
            if poller >= 0 { close(poller) }
            if wakeup >= 0 { close(wakeup) }
            throw HTTPServerError(
                .internal, "cannot watch connections: \(reason); raise the limit of open files")
        }
        control(EPOLL_CTL_ADD, wakeup, events: EPOLLIN.rawValue, id: Self.wakeupID)
    }

    deinit {
        close(poller)
        close(wakeup)
    }

    /// Reports once when the peer of `socket` closes its side. Fails silently: it is noticed at the next write then.
    func add(_ socket: Int32, id: UInt64) {
        control(EPOLL_CTL_ADD, socket, events: EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue, id: id)
    }

    func remove(_ socket: Int32) { control(EPOLL_CTL_DEL, socket, events: 0, id: 0) }

    func wake() {
        var one: UInt64 = 1
        _ = unsafe write(wakeup, &one, 8)
    }

    /// Blocks until something happens; `nil` timeout: for as long as it takes.
    func next(timeoutInMilliseconds: Int32?) -> [Event] {
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        let count = unsafe epoll_wait(poller, &events, 64, timeoutInMilliseconds ?? -1)
        return unsafe events.prefix(Int(max(0, count))).map { event in
            guard unsafe event.data.u64 == Self.wakeupID else { return unsafe .hungUp(event.data.u64) }
            var counter: UInt64 = 0
            _ = unsafe read(wakeup, &counter, 8)
            return .woken
        }
    }

    private func control(_ operation: Int32, _ socket: Int32, events: UInt32, id: UInt64) {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.u64 = id
        _ = unsafe epoll_ctl(poller, operation, socket, &event)
    }
}

/// The system's text for an error number.
func systemText(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
}
