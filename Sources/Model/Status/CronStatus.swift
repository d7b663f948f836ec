/// How a cron entry is doing.
public struct CronStatus: Codable, Hashable, Sendable {
    public var name: ProcessName
    public var schedule: String
    public var timezone: String
    /// When it is due next; `nil`: the app has no release yet, or `problem` says why.
    public var next: WallTime?
    /// Runs that have not ended, the oldest first.
    public var running: [Run]
    /// The newest run that is over.
    public var last: CronRunRecord?
    /// Why nothing of it is started.
    public var problem: String?

    public struct Run: Codable, Hashable, Sendable {
        public var run: String
        public var scheduled: WallTime
        public var isManual: Bool
        /// When its present try was first seen to run; `nil`: it is not running yet.
        public var startedAt: WallTime?
        /// Which try of the command, from 1.
        public var number: Int
        public var container: String
        public init(
            run: String, scheduled: WallTime, isManual: Bool, startedAt: WallTime?, number: Int,
            container: String
        ) {
            self.run = run
            self.scheduled = scheduled
            self.isManual = isManual
            self.startedAt = startedAt
            self.number = number
            self.container = container
        }
    }

    public init(
        name: ProcessName, schedule: String, timezone: String, next: WallTime? = nil, running: [Run] = [],
        last: CronRunRecord? = nil, problem: String? = nil
    ) {
        self.name = name
        self.schedule = schedule
        self.timezone = timezone
        self.next = next
        self.running = running
        self.last = last
        self.problem = problem
    }
}
