/// Keys of the spec that are decoded and validated but that this version does not act on yet.
///
/// Using one is an error of the spec that says so; nothing is ignored in silence.
public struct LaterFeatures: Codable, Hashable, Sendable {
    public var autoscaling: AutoscalingSpec?
    public var placement: [ProcessName: PlacementSpec]

    public init(
        autoscaling: AutoscalingSpec? = nil,
        placement: [ProcessName: PlacementSpec] = [:]
    ) {
        self.autoscaling = autoscaling
        self.placement = placement
    }

    public var isEmpty: Bool { self == LaterFeatures() }
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
