internal import Synchronization

/// What sessions may take of the controller.
public struct SessionLimits: Sendable {
    /// How many may be open at once; each has two threads and at most some 300 KiB.
    public var concurrent: Int
    /// How often a client is asked whether it is there. One that says nothing for four times as long is gone.
    public var ping: Duration
    /// A session in which nothing moves either way for so long is ended.
    public var idle: Duration
    /// How long a client may take what is left when the command has ended.
    public var farewell: Duration

    public init(
        concurrent: Int = 32, ping: Duration = .seconds(15), idle: Duration = .seconds(4 * 3_600),
        farewell: Duration = .seconds(10)
    ) {
        self.concurrent = concurrent
        self.ping = ping
        self.idle = idle
        self.farewell = farewell
    }
}

/// Counts the sessions that are open.
final class SessionDesk: Sendable {
    private let count = Mutex(0)
    let limits: SessionLimits

    init(limits: SessionLimits) { self.limits = limits }

    /// A place in the count, given back when the last reference to it goes; `nil`: there is none.
    func place() -> Place? {
        let isFree = count.withLock { count in
            guard count < limits.concurrent else { return false }
            count += 1
            return true
        }
        return isFree ? Place(desk: self) : nil
    }

    final class Place: Sendable {
        private let desk: SessionDesk
        fileprivate init(desk: SessionDesk) { self.desk = desk }
        deinit { desk.count.withLock { $0 -= 1 } }
    }
}
