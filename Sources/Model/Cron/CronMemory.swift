/// What the controller remembers of one cron entry. What has ended stands in the history, not here.
public struct CronMemory: Codable, Hashable, Sendable {
    /// The schedule and zone that `considered` counts by.
    public var schedule: String
    /// The newest time at which the entry was due and was decided on, or when the entry was first seen. Nothing that
    /// is due at it or before it is begun any more.
    public var considered: WallTime
    /// Runs that have not ended, the oldest first; at most `CronSpec.mostAtOnce` and one more.
    public var runs: [CronRun]
    /// The newest run that has ended, was skipped, or was missed.
    public var last: CronRunRecord?
    /// The newest run that has ended has failed.
    public var isFailing: Bool

    public init(schedule: String, considered: WallTime) {
        self.schedule = schedule
        self.considered = considered
        runs = []
        isFailing = false
    }
}

/// A run of a cron entry from the moment it is decided on until it has ended, over all of its tries.
public struct CronRun: Codable, Hashable, Sendable {
    /// When it was due; for a run by hand, when it was asked for.
    public var scheduled: WallTime
    public var isManual: Bool
    /// Which try of the command, from 1.
    public var number: Int
    /// The present try.
    public var job: JobRun
    /// Of the present try's container; `nil`: none was thought of yet.
    public var labels: InstanceLabels?
    /// When the present try was first seen to run.
    public var startedAt: WallTime?
    /// The present try waits until then.
    public var notBefore: Instant?
    /// It was found by a store that did not know it: nobody knows what was tried before, so it is not tried again.
    public var isAdopted: Bool?
    /// The longest time of one try.
    public var timeout: TimeSpan
    /// How many times before it were passed over, as nobody could start them; at most 1,000.
    public var passedOver: Int

    public init(
        scheduled: WallTime, isManual: Bool, number: Int = 1, job: JobRun = JobRun(), timeout: TimeSpan,
        passedOver: Int = 0
    ) {
        self.scheduled = scheduled
        self.isManual = isManual
        self.number = number
        self.job = job
        self.timeout = timeout
        self.passedOver = passedOver
    }

    /// What its present container is called by.
    public var name: CronRunName {
        CronRunName(scheduled: scheduled, isManual: isManual, number: number, attempt: job.attempt)
    }
}

/// A run of a cron entry that is over. Never changes.
public struct CronRunRecord: Codable, Hashable, Sendable {
    public enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case succeeded, failed
        /// Its last try ran longer than it may and was stopped.
        case timedOut = "timed_out"
        /// Another run was under way, and the entry does not overlap.
        case skipped
        /// Nobody could start it within its window.
        case missed
        /// A later run took its place, or the entry is gone.
        case stopped
        /// Its container was removed by somebody else before its end was seen.
        case lost

        /// Somebody should look at it.
        public var isTrouble: Bool {
            switch self {
            case .failed, .timedOut, .missed, .lost: true
            case .succeeded, .skipped, .stopped: false
            }
        }
    }

    /// So many of an entry are kept.
    public static let kept = 20

    public var app: AppName
    public var entry: ProcessName
    /// Which run: `20261126T0300Z`.
    public var run: String
    public var scheduled: WallTime
    public var isManual: Bool
    /// When its last try was first seen to run; `nil`: none has.
    public var startedAt: WallTime?
    public var endedAt: WallTime
    public var outcome: Outcome
    /// Of the last try, where it has ended by itself.
    public var exitCode: Int?
    /// How often the command was tried.
    public var tries: Int
    /// How many times before it were passed over, as nobody could start them; at most 1,000.
    public var passedOver: Int
    /// What happened, for people.
    public var message: String
    /// `nil`: it never got one.
    public var release: ReleaseNumber?
    /// The container of its last try, which is kept for a while for its log.
    public var container: String?

    public init(
        app: AppName, entry: ProcessName, run: String, scheduled: WallTime, isManual: Bool,
        startedAt: WallTime?, endedAt: WallTime, outcome: Outcome, exitCode: Int?, tries: Int,
        passedOver: Int, message: String, release: ReleaseNumber?, container: String?
    ) {
        self.app = app
        self.entry = entry
        self.run = run
        self.scheduled = scheduled
        self.isManual = isManual
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.exitCode = exitCode
        self.tries = tries
        self.passedOver = passedOver
        self.message = message
        self.release = release
        self.container = container
    }
}
