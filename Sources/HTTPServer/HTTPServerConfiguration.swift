/// Where a server listens, and its limits.
public struct HTTPServerConfiguration: Sendable {
    /// A socket in the file system.
    public struct UnixListener: Sendable, Hashable {
        /// Absolute, at most 107 bytes. The directory must exist.
        public var path: String
        /// The file's permission bits.
        public var mode: UInt32
        /// The id of the group that is to own the file; `nil` leaves it.
        public var group: UInt32?

        public init(path: String, mode: UInt32 = 0o600, group: UInt32? = nil) {
            self.path = path
            self.mode = mode
            self.group = group
        }
    }

    public struct TCPListener: Sendable, Hashable {
        /// A name or a numeric address, such as `127.0.0.1`, `::1` or `0.0.0.0`.
        public var host: String
        /// 0 to 65535; 0 takes a free one, see `HTTPServer.tcpPort`.
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    public var unix: UnixListener?
    public var tcp: TCPListener?
    /// Connections per listener; further ones wait in the kernel's queue.
    public var connectionLimit: Int
    /// What a connection's request line and headers may take, in bytes; more is answered with 431 or 414.
    public var headerLimitInBytes: Int
    /// The longest body of a request to this method and path, in bytes; more is answered with 413.
    public var bodyLimitInBytes: @Sendable (_ method: String, _ path: String) -> Int
    /// What the bodies of all requests may take together, in bytes; more is answered with 503.
    public var totalBodyLimitInBytes: Int
    /// A connection that does not send a whole request in this time, or takes no data of a response, is closed.
    public var idleTimeout: Duration
    /// A handler that has not answered by then is cancelled and the peer gets 503. Streams may go on for longer.
    public var requestTimeout: Duration
    /// Gets complaints of the server itself, one line without line end; called on any thread.
    public var log: @Sendable (String) -> Void

    /// The default of `bodyLimitInBytes`: 1 MiB.
    public static let defaultBodyLimitInBytes = 1 << 20

    public init(
        unix: UnixListener? = nil, tcp: TCPListener? = nil, connectionLimit: Int = 512,
        headerLimitInBytes: Int = 32 << 10,
        bodyLimitInBytes: @escaping @Sendable (_ method: String, _ path: String) -> Int = { _, _ in
            HTTPServerConfiguration.defaultBodyLimitInBytes
        },
        totalBodyLimitInBytes: Int = 32 << 20, idleTimeout: Duration = .seconds(60),
        requestTimeout: Duration = .seconds(60), log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.unix = unix
        self.tcp = tcp
        self.connectionLimit = connectionLimit
        self.headerLimitInBytes = headerLimitInBytes
        self.bodyLimitInBytes = bodyLimitInBytes
        self.totalBodyLimitInBytes = totalBodyLimitInBytes
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.log = log
    }
}
