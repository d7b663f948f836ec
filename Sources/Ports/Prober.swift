public import Model

/// Asks one instance whether it is well.
public protocol Prober: Sendable {
    /// Runs the check once. Never throws: whatever goes wrong is a failed probe with its reason.
    func probe(_ target: ProbeTarget) async -> ProbeResult
}

public struct ProbeTarget: Sendable, Hashable {
    public var container: ContainerID
    /// `nil`: the container has no address yet.
    public var address: String?
    /// The process's port.
    public var port: Int?
    public var check: HealthcheckSpec.Check
    public var timeout: TimeSpan

    public init(
        container: ContainerID, address: String?, port: Int?, check: HealthcheckSpec.Check, timeout: TimeSpan
    ) {
        self.container = container
        self.address = address
        self.port = port
        self.check = check
        self.timeout = timeout
    }
}

public enum ProbeResult: Sendable, Hashable {
    case passed
    /// What was seen, for people: `GET /health answered 500`; at most 200 characters.
    case failed(String)
    /// The probe itself could not be made (engine down, descriptors out): says nothing about the instance.
    case unknown(String)
}
