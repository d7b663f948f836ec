/// One process of one app as the edge knows it.
public struct RouteKey: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var app: AppName
    public var process: ProcessName
    public init(app: AppName, process: ProcessName) {
        self.app = app
        self.process = process
    }
    public static func < (left: Self, right: Self) -> Bool {
        (left.app, left.process) < (right.app, right.process)
    }
    public var description: String { "\(app)/\(process)" }
}

/// Who gets the requests of one process, and in what shares: the whole truth for that process.
public struct Route: Hashable, Sendable, Codable {
    public var key: RouteKey
    /// Names under which the process is reached.
    public var domains: [DomainSpec]
    /// Sorted by name.
    public var targets: [Target]
    /// Shares of new requests by release in whole per cent, each 0 to 100, together 100. `nil`: every target that
    /// does not drain gets the same.
    public var split: [ReleaseNumber: Int]?
    /// How its requests are treated.
    public var options: EdgeSpec
    /// How the release that is moving in is reached on purpose; `nil`: not at all.
    public var trial: Trial?
    /// Who may call it by its internal name: address ranges such as `172.18.0.0/16`. `nil`: it has none.
    public var callers: [String]?

    /// A way to the new release beside its share of the requests.
    public struct Trial: Hashable, Sendable, Codable {
        /// Requests that bear this mark get there.
        public var match: TrialMatch?
        /// All requests for this host get there; where nothing moves in, they are answered 404.
        public var host: String?
        /// The release that moves in; `nil` at rest.
        public var release: ReleaseNumber?
        public init(match: TrialMatch? = nil, host: String? = nil, release: ReleaseNumber? = nil) {
            self.match = match
            self.host = host
            self.release = release
        }
    }

    public struct Target: Hashable, Sendable, Codable {
        public var container: ContainerID
        public var name: String
        public var release: ReleaseNumber
        /// `nil`: the engine has not said.
        public var address: String?
        public var port: Int
        /// Finishes what it has and gets nothing new.
        public var isDraining: Bool
        public init(
            container: ContainerID, name: String, release: ReleaseNumber, address: String?, port: Int,
            isDraining: Bool = false
        ) {
            self.container = container
            self.name = name
            self.release = release
            self.address = address
            self.port = port
            self.isDraining = isDraining
        }
    }

    public init(
        key: RouteKey, domains: [DomainSpec], targets: [Target], split: [ReleaseNumber: Int]? = nil,
        options: EdgeSpec = EdgeSpec(), trial: Trial? = nil, callers: [String]? = nil
    ) {
        self.callers = callers
        self.key = key
        self.domains = domains
        self.targets = targets
        self.split = split
        self.options = options
        self.trial = trial
    }

    /// Whether new requests reach the container.
    public func serves(_ container: ContainerID) -> Bool {
        guard let target = targets.first(where: { $0.container == container }), !target.isDraining else {
            return false
        }
        return split.map { ($0[target.release] ?? 0) > 0 } ?? true
    }

    /// The share of new requests that `release` gets, in per cent; 0 where nothing of it takes requests.
    public func share(of release: ReleaseNumber) -> Double {
        let serving = targets.filter { !$0.isDraining }
        let mine = serving.count { $0.release == release }
        guard mine > 0 else { return 0 }
        if let split { return Double(split[release] ?? 0) }
        return Double(mine) * 100 / Double(serving.count)
    }
}

/// What the edge has counted of one release of one process since the edge was started. Counts only rise; a fall
/// means that the edge was started anew.
public struct TrafficFigures: Hashable, Sendable, Codable {
    public var requests: Int64
    /// Answers 5xx, and requests that got no answer.
    public var errors: Int64
    /// Requests by duration: `latency[n]` took at most `bounds[n]` milliseconds, and more than the bound before.
    /// The last one holds all the rest.
    public var latency: [Int64]

    /// Upper bounds of `latency` in milliseconds; it has one more element than these.
    public static let bounds: [Int64] = [
        1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 800,
        1_000,
        1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 7_500, 10_000, 30_000
    ]

    /// The class in `latency` of a request that took so many milliseconds.
    public static func latencyClass(milliseconds: Int64) -> Int {
        bounds.firstIndex { milliseconds <= $0 } ?? bounds.count
    }

    /// Requests whose duration is known.
    public var sampled: Int64 { latency.reduce(0, +) }

    /// The bound in milliseconds within which `percent` (1 to 100) of the requests stayed; one beyond the last bound
    /// counts as twice that. `nil`: no duration is known.
    public func percentile(_ percent: Int64) -> Int64? {
        let total = sampled
        guard total > 0 else { return nil }
        var seen: Int64 = 0
        for (index, count) in latency.enumerated() {
            seen += count
            guard seen * 100 >= total * percent else { continue }
            return index < Self.bounds.count ? Self.bounds[index] : (Self.bounds.last ?? 0) * 2
        }
        return nil
    }

    /// How many requests took longer than `milliseconds`: for certain, and at most.
    public func slower(than milliseconds: Int64) -> (surely: Int64, perhaps: Int64) {
        var surely: Int64 = 0, perhaps: Int64 = 0
        for (index, count) in latency.enumerated() {
            let lower = index == 0 ? 0 : Self.bounds[min(index, Self.bounds.count) - 1]
            let upper = index < Self.bounds.count ? Self.bounds[index] : Int64.max
            if lower >= milliseconds { surely += count }
            if upper > milliseconds { perhaps += count }
        }
        return (surely, perhaps)
    }

    public init(requests: Int64 = 0, errors: Int64 = 0, latency: [Int64] = []) {
        self.requests = requests
        self.errors = errors
        self.latency = latency
    }

    /// What was counted since `earlier`. Figures that have fallen were counted from zero again.
    public func since(_ earlier: Self) -> Self {
        guard requests >= earlier.requests, errors >= earlier.errors else { return self }
        let counts = latency.enumerated().map { index, count in
            max(0, count - (index < earlier.latency.count ? earlier.latency[index] : 0))
        }
        return Self(
            requests: requests - earlier.requests, errors: errors - earlier.errors, latency: counts)
    }
}

/// What the edge does for one process now.
public struct ObservedRoute: Hashable, Sendable, Codable {
    public var route: Route
    /// Open requests and sessions by target.
    public var sessions: [ContainerID: Int]
    public var figures: [ReleaseNumber: TrafficFigures]
    public init(
        route: Route, sessions: [ContainerID: Int] = [:], figures: [ReleaseNumber: TrafficFigures] = [:]
    ) {
        self.route = route
        self.sessions = sessions
        self.figures = figures
    }
}

/// How the edge itself is, beside its routes.
public struct EdgeReport: Hashable, Sendable, Codable {
    /// Program and version, such as `HAProxy 2.6.12`.
    public var version: String
    /// One for each thing that is not as it should be; empty: all is well.
    public var problems: [Problem]
    /// Sorted by host.
    public var certificates: [CertificateReport]

    public struct Problem: Hashable, Sendable, Codable {
        /// The route at fault; `nil`: the edge as a whole.
        public var key: RouteKey?
        /// What failed, and what to do about it.
        public var message: String
        public init(key: RouteKey? = nil, message: String) {
            self.key = key
            self.message = message
        }
    }

    public init(version: String = "", problems: [Problem] = [], certificates: [CertificateReport] = []) {
        self.version = version
        self.problems = problems
        self.certificates = certificates
    }
}

/// The certificate that the edge shows for one host.
public struct CertificateReport: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// Made by Slipway itself, until there is a better one: browsers warn.
        case selfSigned = "self_signed"
        /// Issued by the authority of the configuration.
        case issued
        /// A file that the operator has put there.
        case own
    }
    public var host: String
    public var kind: Kind
    /// Who signed it, for people.
    public var issuer: String
    /// `nil`: there is none yet.
    public var expiresAt: WallTime?
    /// When a new one is asked for, or asked for again after a failure; `nil`: never.
    public var nextAttemptAt: WallTime?
    /// Attempts that have failed in a row.
    public var failures: Int
    /// Why the last attempt failed, and what to do about it; `nil`: it did not.
    public var problem: String?
    public init(
        host: String, kind: Kind, issuer: String = "", expiresAt: WallTime? = nil,
        nextAttemptAt: WallTime? = nil, failures: Int = 0, problem: String? = nil
    ) {
        self.host = host
        self.kind = kind
        self.issuer = issuer
        self.expiresAt = expiresAt
        self.nextAttemptAt = nextAttemptAt
        self.failures = failures
        self.problem = problem
    }
}
