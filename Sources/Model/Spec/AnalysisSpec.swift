/// One check that a step of a canary must pass.
public struct AnalysisSpec: Codable, Hashable, Sendable {
    public enum Metric: String, Codable, Hashable, Sendable, CaseIterable {
        case errorRate = "error_rate"
        case latencyP50 = "latency_p50"
        case latencyP95 = "latency_p95"
        case latencyP99 = "latency_p99"
    }
    public enum Limit: Codable, Hashable, Sendable {
        /// In hundredths of a per cent.
        case share(Int)
        case time(TimeSpan)
    }
    public enum Check: Codable, Hashable, Sendable {
        /// `tolerance`, in whole per cent, is what the figure may be worse than the last good release's.
        case metric(Metric, max: Limit, comparesWithLastGood: Bool, tolerance: Int?, minRequests: Int?)
        case command([String])
        /// An absolute path of the new release that must answer 2xx.
        case http(path: String)
        /// A condition in the query language of Prometheus, which must hold. `${app}` and `${release}` stand for those
        /// of the rollout.
        case prometheus(query: String)
    }
    /// What becomes of a step whose bake is over while there were too few requests to judge by.
    public enum EvidencePolicy: String, Codable, Hashable, Sendable, CaseIterable {
        /// Waits for more; a person may `slipway promote`.
        case hold
        /// Goes on as if it were good.
        case proceed
        /// Counts as bad.
        case rollback
    }
    public var check: Check
    public var every: TimeSpan?
    /// This many failures in a row fail the release.
    public var failures: Int?
    public var onInsufficient: EvidencePolicy?
    public init(
        check: Check, every: TimeSpan? = nil, failures: Int? = nil, onInsufficient: EvidencePolicy? = nil
    ) {
        self.check = check
        self.every = every
        self.failures = failures
        self.onInsufficient = onInsufficient
    }

    public var effectiveEvery: TimeSpan { every ?? .seconds(30) }
    public var effectiveFailures: Int { failures ?? 2 }
    public var effectiveOnInsufficient: EvidencePolicy { onInsufficient ?? .hold }
    /// Fewer requests than these in a step are no evidence.
    public static let defaultMinRequests = 50
}
