public import Model

/// Where the edge listens, what it drives, and where it keeps its files.
public struct EdgeConfiguration: Sendable {
    /// Who keeps HAProxy running.
    public enum Supervision: Sendable, Hashable {
        /// We start it, in a session of its own, so that it outlives the controller; and start it again when it died.
        case own
        /// Somebody else, such as systemd, runs
        /// `haproxy -W -S DIRECTORY/run/master.sock,mode,600 -f DIRECTORY/haproxy.cfg`; we write its
        /// configuration and reload it.
        case external
    }

    /// Absolute; made with mode 0700 if it is not there, or 0711 with a `user`, who has to find the log's socket in it.
    /// At most 77 bytes, as sockets stand in it.
    public var directory: String
    /// Absolute path of HAProxy, 2.6 or later.
    public var program: String
    /// Addresses for plain HTTP, such as `:80` or `127.0.0.1:8080`.
    public var httpAddresses: [String]
    /// Addresses for HTTPS; empty: there is no TLS at all.
    public var httpsAddresses: [String]
    /// Where containers reach processes as `http://APP.SUFFIX` and `http://PROCESS.APP.SUFFIX`; `nil`: nowhere.
    public var internalAddress: String?
    /// The last label of internal names.
    public var internalSuffix: String
    /// Where `/.well-known/acme-challenge/` of the plain listeners goes; `nil`: to the apps.
    public var challengeAddress: String?
    public var supervision: Supervision
    /// Whose rights, and whose group's of the same name, workers have that serve requests, such as `haproxy`; only root
    /// can give them. `nil`: those of the master.
    public var user: String?
    /// A file `APP.log` for each app, one line a request, without queries; `nil`: none is written.
    public var accessLogDirectory: String?
    /// An access log is put aside as `APP.log.1` at this size.
    public var accessLogLimitInBytes: Int
    /// Of so many requests one is measured for the latency figures; with an access log, each.
    public var logSample: Int
    /// How long a replaced worker may finish what it has, before it is ended.
    public var hardStopAfter: TimeSpan
    /// How often a dead proxy is looked for.
    public var supervisionInterval: TimeSpan

    public init(
        directory: String, program: String = "/usr/sbin/haproxy", httpAddresses: [String] = [":80"],
        httpsAddresses: [String] = [], internalAddress: String? = nil, internalSuffix: String = "internal",
        challengeAddress: String? = nil, supervision: Supervision = .own, user: String? = nil,
        accessLogDirectory: String? = nil,
        accessLogLimitInBytes: Int = 64 << 20, logSample: Int = 1, hardStopAfter: TimeSpan = .minutes(5),
        supervisionInterval: TimeSpan = .milliseconds(500)
    ) {
        self.directory = directory
        self.program = program
        self.httpAddresses = httpAddresses
        self.httpsAddresses = httpsAddresses
        self.internalAddress = internalAddress
        self.internalSuffix = internalSuffix
        self.challengeAddress = challengeAddress
        self.supervision = supervision
        self.user = user
        self.accessLogDirectory = accessLogDirectory
        self.accessLogLimitInBytes = accessLogLimitInBytes
        self.logSample = logSample
        self.hardStopAfter = hardStopAfter
        self.supervisionInterval = supervisionInterval
    }
}
