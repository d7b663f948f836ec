internal import Execution
public import Model

/// The wall clock as the keeper sees it: certificates live by the wall clock, and so does what is kept of
/// attempts.
public protocol CertificateClock: Sendable {
    func now() -> WallTime
    /// Returns at `time`, or earlier: who waits looks at the clock again. Throws when the task is cancelled.
    func wait(until time: WallTime) async throws
}

/// The clock of a real machine.
public struct SystemCertificateClock: CertificateClock {
    public init() {}
    public func now() -> WallTime { WallTime(secondsSince1970: BootClock.wallSeconds()) }
    public func wait(until time: WallTime) async throws {
        let (span, overflow) = time.secondsSince1970.subtractingReportingOverflow(now().secondsSince1970)
        // At most a minute, so that a clock that is set does not leave anything asleep until the old time.
        try await Task.sleep(for: .seconds(overflow ? 60 : min(max(span, 1), 60)))
    }
}
