/// A command of an app that is run by the clock, in a container of its own.
public struct CronSpec: Codable, Hashable, Sendable {
    /// What becomes of a run that is due while an earlier one is under way.
    public enum Overlap: String, Codable, Hashable, Sendable, CaseIterable {
        /// Both run, up to `CronSpec.mostAtOnce`.
        case allow
        /// The later one is skipped.
        case forbid
        /// The earlier one is stopped, then the later one starts.
        case replace
    }

    /// Unique among processes and cron entries.
    public var name: ProcessName
    /// Five fields or a word such as `@daily`, as `CronSchedule` reads them, with one space between two fields.
    public var schedule: String
    /// A name such as `Europe/Berlin`; `nil` for UTC.
    public var timezone: String?
    public var command: [String]
    /// The longest time of one attempt.
    public var timeout: TimeSpan?
    public var overlap: Overlap?
    /// How many more attempts a run has that has failed.
    public var retries: Int?
    /// How late a run may start that was due while nobody could start it.
    public var missedRunWindow: TimeSpan?
    /// The process whose volumes and limits it has; `nil`: that of `AppSpec.jobProcess`.
    public var process: ProcessName?

    public init(
        name: ProcessName, schedule: String, timezone: String? = nil, command: [String],
        timeout: TimeSpan? = nil, overlap: Overlap? = nil, retries: Int? = nil,
        missedRunWindow: TimeSpan? = nil, process: ProcessName? = nil
    ) {
        self.name = name
        self.schedule = schedule
        self.timezone = timezone
        self.command = command
        self.timeout = timeout
        self.overlap = overlap
        self.retries = retries
        self.missedRunWindow = missedRunWindow
        self.process = process
    }

    /// With `overlap: allow`, so many runs of an entry are under way at most.
    public static let mostAtOnce = 10

    public var effectiveTimezone: String { timezone ?? "UTC" }
    public var effectiveTimeout: TimeSpan { timeout ?? .minutes(60) }
    public var effectiveOverlap: Overlap { overlap ?? .forbid }
    public var effectiveRetries: Int { retries ?? 0 }
    public var effectiveMissedRunWindow: TimeSpan { missedRunWindow ?? .minutes(10) }
}

extension AppSpec {
    /// Sorted by name.
    public var effectiveCron: [CronSpec] { cron ?? [] }
}
