/// The reverse proxy in front of the apps, as the controller knows it.
public struct EdgeStatus: Codable, Hashable, Sendable {
    public var isReachable: Bool
    /// Program and version; empty before the first answer.
    public var version: String
    public var certificates: [CertificateReport]
    public init(isReachable: Bool, version: String, certificates: [CertificateReport]) {
        self.isReachable = isReachable
        self.version = version
        self.certificates = certificates
    }
}

/// What the edge has measured of one release of one process over the last half to whole minute.
public struct TrafficStatus: Codable, Hashable, Sendable {
    public var process: ProcessName
    public var release: ReleaseNumber
    /// The share of new requests that the edge is told to give it, in hundredths of a per cent.
    public var weight: Int
    /// The share that it had of the requests that were counted, in hundredths of a per cent; `nil`: there were none.
    public var measuredWeight: Int?
    public var requests: Int64
    /// Answers 5xx and requests without an answer.
    public var errors: Int64
    /// The longest that 95 of 100 requests took, in milliseconds, as the bound of a class; `nil`: none was logged.
    public var p95InMilliseconds: Int64?
    /// What the figures were counted over.
    public var windowInSeconds: Int64
    public init(
        process: ProcessName, release: ReleaseNumber, weight: Int, measuredWeight: Int?, requests: Int64,
        errors: Int64, p95InMilliseconds: Int64?, windowInSeconds: Int64
    ) {
        self.process = process
        self.release = release
        self.weight = weight
        self.measuredWeight = measuredWeight
        self.requests = requests
        self.errors = errors
        self.p95InMilliseconds = p95InMilliseconds
        self.windowInSeconds = windowInSeconds
    }
}
