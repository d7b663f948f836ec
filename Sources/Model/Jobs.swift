/// What a job is run for. A job is a container of an app that runs to its end once.
public enum JobKind: String, Codable, Hashable, Sendable, CaseIterable {
    /// The command of a release, before anything of the app changes.
    case release
    /// By the clock.
    case cron
    /// Asked for by a person.
    case run
}

/// What the labels of a job's container say beyond those of an instance.
public struct JobLabel: Codable, Hashable, Sendable {
    public var kind: JobKind
    /// Which run of the job it is; unique for the app and the job's name: `v42.1`, `20261126T0300Z`.
    ///
    /// Lower and upper case letters, digits and dots, at least one that is no digit, so that the name of its container
    /// is never that of an instance; at most 40.
    public let run: String
    /// The longest that it may run, in whole seconds; on the container, so that it is stopped even by a controller that
    /// knows nothing else of it.
    public var timeoutInSeconds: Int64

    /// `nil` where `run` is not as it has to be, or the time is not positive.
    public init?(kind: JobKind, run: String, timeoutInSeconds: Int64) {
        let bytes = Array(run.utf8)
        func isAllowed(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard (1...40).contains(bytes.count), bytes.allSatisfy(isAllowed), Int(run) == nil,
            timeoutInSeconds > 0
        else { return nil }
        self.kind = kind
        self.run = run
        self.timeoutInSeconds = timeoutInSeconds
    }

    /// The `attempt`th run of a release's command, counted from 1.
    public init(release: ReleaseNumber, attempt: Int, timeout: TimeSpan) {
        kind = .release
        timeoutInSeconds = max(1, timeout.wholeSecondsRoundedUp)
        run = "\(release).\(attempt)"
    }
}

/// A job's container to be made. It is started by an order of its own.
public struct JobOrder: Hashable, Sendable, Codable {
    public var name: String
    public var labels: InstanceLabels
    public var template: ContainerTemplate
    /// It gets a terminal instead of three streams.
    public var terminal: Bool
    /// Its standard input is open until who is attached first goes.
    public var input: Bool

    public init(
        name: String, labels: InstanceLabels, template: ContainerTemplate, terminal: Bool = false,
        input: Bool = false
    ) {
        self.name = name
        self.labels = labels
        self.template = template
        self.terminal = terminal
        self.input = input
    }
}

/// One run of a job, from before its container is made until its end is known.
///
/// It is started at most once. Whoever starts it writes `starting` down in the transaction of the intent, and nobody who
/// finds `starting` starts that container; what has become of it is seen by looking at it.
public struct JobRun: Codable, Hashable, Sendable {
    /// How often a container was made for it, from 1. Another one is made only where the one before never ran.
    public var attempt: Int
    public var phase: Phase

    public enum Phase: Codable, Hashable, Sendable {
        /// Nothing of it has run.
        case making
        /// The engine was asked to start it, and has not been seen to have done so.
        ///
        /// - Parameter since: when the call was over, or nobody was left who could have made it; `nil`: it may still
        ///   be under way.
        case starting(since: Instant?)
        /// It was asked to be started and never ran: its container goes, and another one is made.
        case discarding
        case running(since: Instant)
        /// It runs and is to end.
        case stopping(JobEnd)
        case ended(JobEnd)
    }

    public init(attempt: Int = 1, phase: Phase = .making) {
        self.attempt = attempt
        self.phase = phase
    }

    public var end: JobEnd? { if case .ended(let end) = phase { end } else { nil } }

    /// The command may be running, or be about to.
    public var isUnderWay: Bool {
        switch phase {
        case .starting, .running, .stopping: true
        case .making, .discarding, .ended: false
        }
    }
}

/// How a job's run has ended.
public enum JobEnd: Codable, Hashable, Sendable {
    case succeeded
    case failed(code: Int, outOfMemory: Bool)
    /// It ran longer than it may and was stopped.
    case timedOut
    /// The engine could not start it because of what it asks for, with the reason.
    case notStarted(String)
    /// Somebody did not want it any more while it ran.
    case stopped
    /// Its container was removed before its end was seen.
    case lost
}
