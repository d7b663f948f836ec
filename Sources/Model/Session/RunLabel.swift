/// What the label of a one-off run says of it, so that a controller that has just been started knows what to do with
/// its container: whether somebody is joined to it, and when it was asked for.
///
/// `xtmshq2.1` has a caller who waits for it; `dtmshq2.2` has none.
public struct RunLabel: Hashable, Sendable {
    /// Nobody is joined to it: it goes on by itself, and is kept for a while after its end.
    public var isDetached: Bool
    public var startedAt: WallTime
    /// Tells runs of one second apart, from 1.
    public var number: Int

    /// The longest that may be asked for, in seconds: 30 days.
    public static let longestTimeoutInSeconds: Int64 = 30 * 86_400

    public init(isDetached: Bool, startedAt: WallTime, number: Int) {
        self.isDetached = isDetached
        self.startedAt = startedAt
        self.number = number
    }

    /// As the container bears it.
    ///
    /// - Parameter timeoutInSeconds: the longest that it may run.
    /// - Returns: `nil` where the times make no label, as before 1970.
    public func job(timeoutInSeconds: Int64) -> JobLabel? {
        guard startedAt.secondsSince1970 >= 0, number >= 1 else { return nil }
        let run = (isDetached ? "d" : "x") + String(startedAt.secondsSince1970, radix: 36) + ".\(number)"
        return JobLabel(kind: .run, run: run, timeoutInSeconds: timeoutInSeconds)
    }

    /// `nil` for the label of another kind of job, or one that was not made here.
    public init?(_ job: JobLabel?) {
        guard let job, job.kind == .run, let kind = job.run.first, kind == "x" || kind == "d" else {
            return nil
        }
        let parts = job.run.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let started = Int64(parts[0], radix: 36), started >= 0,
            let number = Int(parts[1]), number >= 1
        else { return nil }
        self.init(isDetached: kind == "d", startedAt: WallTime(secondsSince1970: started), number: number)
    }
}

/// A one-off run as people see it.
public struct RunStatus: Codable, Hashable, Sendable {
    /// Of its container.
    public var name: String
    public var release: ReleaseNumber
    /// `created`, `running`, `exited` …
    public var state: String
    /// Once it has ended.
    public var exitCode: Int?
    public var startedAt: WallTime
    /// The longest that it may run.
    public var timeoutInSeconds: Int64
    /// Nobody is joined to it.
    public var detached: Bool

    public init(
        name: String, release: ReleaseNumber, state: String, exitCode: Int?, startedAt: WallTime,
        timeoutInSeconds: Int64, detached: Bool
    ) {
        self.name = name
        self.release = release
        self.state = state
        self.exitCode = exitCode
        self.startedAt = startedAt
        self.timeoutInSeconds = timeoutInSeconds
        self.detached = detached
    }
}
