public import Model

/// Gets certificates for hosts, keeps them fresh, and hands them to the edge.
public protocol CertificateSource: Sendable {
    /// The hosts that need a certificate from now on, each perhaps with `*.` before it; all of them every time.
    func want(_ hosts: Set<String>) async
    /// Every certificate file that is to be in use now, those of a run before included.
    func files() async -> [CertificateFile]
    /// Works until it is cancelled. `install` is called for every file that is new or has changed; what it throws is
    /// reported, and tried again.
    func run(installing install: @escaping @Sendable (CertificateFile) async throws(EdgeError) -> Void) async
    /// One for each host that is wanted, sorted by host.
    func report() async -> [CertificateReport]
}

/// A certificate as the edge reads it: one file with the key, the certificate and its chain.
public struct CertificateFile: Sendable, Hashable {
    /// Absolute; of mode 0600, and replaced in one step when it changes.
    public var path: String
    /// Host names that it is for, perhaps with `*.` before them, sorted.
    public var hosts: [String]
    public init(path: String, hosts: [String]) {
        self.path = path
        self.hosts = hosts
    }
}
