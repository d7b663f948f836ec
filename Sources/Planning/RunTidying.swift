public import Model

/// What becomes of the containers of one-off runs: pure, and never in the way of a rollout.
public enum RunTidying {
    /// How many runs without a caller are kept after their end, for their log.
    public static let kept = 3
    /// How long they are kept at most.
    public static let keptFor = TimeSpan.seconds(24 * 3_600)

    /// One run that has a container.
    public struct Run: Sendable, Hashable {
        public var container: ObservedInstance
        /// Somebody is joined to it, or it is being made.
        public var isAttended: Bool
        /// When it was first seen to run; `nil` where it was not.
        public var runningSince: Instant?
        /// When it was first seen to have ended; `nil` while it has not.
        public var endedAt: Instant?
        /// From the signal to the end.
        public var grace: TimeSpan

        public init(
            container: ObservedInstance, isAttended: Bool, runningSince: Instant?, endedAt: Instant?,
            grace: TimeSpan
        ) {
            self.container = container
            self.runningSince = runningSince
            self.isAttended = isAttended
            self.endedAt = endedAt
            self.grace = grace
        }
    }

    public struct Result: Sendable, Hashable {
        public var actions: [Action] = []
        /// Those of the actions that end a run because its time is over.
        public var overdue: Set<ContainerID> = []
        /// When it is to be looked at again.
        public var wake: Instant?
    }

    /// - Parameter busy: names of containers that something is being done with; they are left alone meanwhile.
    public static func review(_ runs: [Run], busy: Set<String>, now: Instant) -> Result {
        var result = Result()
        let ended = runs.filter { isOver($0) }
            .sorted { (label($0).startedAt, label($0).number) > (label($1).startedAt, label($1).number) }
        let keptNames = Set(ended.filter { label($0).isDetached }.prefix(kept).map(\.container.name))
        for run in runs.sorted(by: { $0.container.name < $1.container.name })
        where !busy.contains(run.container.name) {
            review(run, isKept: keptNames.contains(run.container.name), now: now, &result)
        }
        return result
    }

    private static func review(
        _ run: Run, isKept: Bool, now: Instant, _ result: inout Result
    ) {
        let (id, name, label) = (run.container.id, run.container.name, label(run))
        switch run.container.state {
        case .created:
            // Whoever made it is gone, and nobody starts it any more. Were it started after all, the engine refuses.
            if !run.isAttended { result.actions.append(.discardJob(id, name: name)) }
        case .running, .paused, .restarting:
            if !run.isAttended, !label.isDetached {
                result.actions.append(.stop(id, name: name, grace: run.grace))
            } else if let since = run.runningSince, let timeout = run.container.labels.job?.timeoutInSeconds {
                let deadline = since + .seconds(timeout)
                if deadline <= now {
                    result.actions.append(.stop(id, name: name, grace: run.grace))
                    result.overdue.insert(id)
                } else {
                    result.wake = min(result.wake ?? .distantFuture, deadline)
                }
            }
        case .exited, .dead:
            guard !run.isAttended else { return }
            let until = (run.endedAt ?? now) + keptFor
            if isKept, now < until {
                result.wake = min(result.wake ?? .distantFuture, until)
            } else {
                result.actions.append(.remove(id, name: name, grace: .zero))
            }
        case .removing: break
        }
    }

    private static func isOver(_ run: Run) -> Bool {
        switch run.container.state {
        case .exited, .dead: true
        case .created, .running, .paused, .restarting, .removing: false
        }
    }

    /// One whose label makes no sense is nobody's: it goes like a run whose caller has gone.
    private static func label(_ run: Run) -> RunLabel {
        RunLabel(run.container.labels.job)
            ?? RunLabel(isDetached: false, startedAt: WallTime(secondsSince1970: 0), number: 1)
    }
}
