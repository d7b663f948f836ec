internal import Execution
public import Model

/// The time as the controller sees it. The simulator gives one that stands still until it is moved.
public protocol ControllerClock: Sendable {
    func now() -> Instant
    func wall() -> WallTime
    /// What is kept in the store, so that the clock goes on where it was.
    func reading() -> ClockReading
    /// Returns at `instant` or later; throws `CancellationError` when the task is cancelled.
    func sleep(until instant: Instant) async throws
}

/// The clock of a real machine.
///
/// It runs on the kernel's time since boot, so a jump of the wall clock by a year changes nothing, and it goes on
/// from the stored reading after a restart. Time in which the machine was off does not count.
public struct SystemClock: ControllerClock {
    private let offset: Int64
    private let boot: String

    /// - Parameter reading: the last one of the store, or `nil` for a new installation.
    public init(resuming reading: ClockReading?) {
        boot = BootClock.bootID()
        let sinceBoot = BootClock.nanoseconds()
        guard let reading else {
            offset = -sinceBoot
            return
        }
        let isSameBoot = reading.boot == boot && reading.sinceBoot <= sinceBoot
        offset =
            reading.now.nanoseconds.subtractingReportingOverflow(isSameBoot ? reading.sinceBoot : sinceBoot)
            .partialValue
    }

    public func now() -> Instant { Instant(nanoseconds: BootClock.nanoseconds() &+ offset) }
    public func wall() -> WallTime { WallTime(secondsSince1970: BootClock.wallSeconds()) }
    public func reading() -> ClockReading {
        let sinceBoot = BootClock.nanoseconds()
        return ClockReading(now: Instant(nanoseconds: sinceBoot &+ offset), boot: boot, sinceBoot: sinceBoot)
    }
    public func sleep(until instant: Instant) async throws {
        let now = now()
        guard instant > now else { return }
        let nanoseconds = min(instant.nanoseconds - now.nanoseconds, 3_600_000_000_000)
        try await Task.sleep(for: .nanoseconds(nanoseconds))
    }
}
