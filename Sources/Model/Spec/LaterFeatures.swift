/// Keys of the spec that are decoded and validated but that this version does not act on yet.
///
/// Using one is an error of the spec that says so; nothing is ignored in silence.
public struct LaterFeatures: Codable, Hashable, Sendable {
    public var cron: [CronSpec]
    public var autoscaling: AutoscalingSpec?
    public var placement: [ProcessName: PlacementSpec]

    public init(
        cron: [CronSpec] = [],
        autoscaling: AutoscalingSpec? = nil,
        placement: [ProcessName: PlacementSpec] = [:]
    ) {
        self.cron = cron
        self.autoscaling = autoscaling
        self.placement = placement
    }

    public var isEmpty: Bool { self == LaterFeatures() }
}

/// A command that is run by the clock.
public struct CronSpec: Codable, Hashable, Sendable {
    public enum Overlap: String, Codable, Hashable, Sendable, CaseIterable { case allow, forbid, replace }
    public var name: ProcessName
    /// Five fields: minute, hour, day of month, month, day of week.
    public var schedule: String
    /// A name such as `Europe/Berlin`; `nil` for UTC.
    public var timezone: String?
    public var command: [String]
    public var timeout: TimeSpan?
    public var overlap: Overlap?
    public init(
        name: ProcessName, schedule: String, timezone: String? = nil, command: [String],
        timeout: TimeSpan? = nil,
        overlap: Overlap? = nil
    ) {
        self.name = name
        self.schedule = schedule
        self.timezone = timezone
        self.command = command
        self.timeout = timeout
        self.overlap = overlap
    }
}

/// How many instances of `web` follow the load.
public struct AutoscalingSpec: Codable, Hashable, Sendable {
    public var min: Int
    public var max: Int
    /// In whole per cent of the processors that an instance may use.
    public var targetCPU: Int
    public init(min: Int, max: Int, targetCPU: Int) {
        self.min = min
        self.max = max
        self.targetCPU = targetCPU
    }
}

/// Where instances may stand.
public struct PlacementSpec: Codable, Hashable, Sendable {
    /// A label of nodes over whose values instances are spread.
    public var spread: String?
    public var constraints: [Constraint]

    /// `disk==ssd` or `disk!=ssd`.
    public struct Constraint: Codable, Hashable, Sendable {
        public var label: String
        public var isEqual: Bool
        public var value: String
        public init(label: String, isEqual: Bool, value: String) {
            self.label = label
            self.isEqual = isEqual
            self.value = value
        }
    }

    public init(spread: String? = nil, constraints: [Constraint] = []) {
        self.spread = spread
        self.constraints = constraints
    }
}
