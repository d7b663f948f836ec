/// A name under which a process is reached from outside.
public struct DomainSpec: Codable, Hashable, Sendable {
    /// A host name in lower case, perhaps with `*.` before it, which stands for exactly one label.
    public var host: String
    /// Absolute; `nil` for all paths. Matches whole segments: `/shop` is not the beginning of `/shopping`.
    public var path: String?
    /// The host that visitors are sent to instead.
    public var redirect: String?
    public init(host: String, path: String? = nil, redirect: String? = nil) {
        self.host = host
        self.path = path
        self.redirect = redirect
    }
}

/// How the edge treats the requests of one process.
public struct EdgeSpec: Codable, Hashable, Sendable {
    /// What instances speak.
    public enum BackendProtocol: String, Codable, Hashable, Sendable, CaseIterable {
        case http
        /// HTTP/2 without TLS, as gRPC servers speak it.
        case http2 = "h2c"
    }
    public enum HTTPSPolicy: String, Codable, Hashable, Sendable, CaseIterable {
        /// Visitors who come by plain HTTP are sent to HTTPS.
        case redirect
        /// Both are answered.
        case both
        /// No certificate is asked for, and only plain HTTP is answered.
        case off
    }

    public var backendProtocol: BackendProtocol?
    public var https: HTTPSPolicy?
    /// The longest silence of an instance before the answer 504.
    public var timeout: TimeSpan?
    /// The longest silence on an upgraded connection (WebSocket) or an event stream.
    public var tunnelTimeout: TimeSpan?
    /// Larger request bodies are answered 413.
    public var maxBodyInBytes: Int64?
    /// Requests that one instance gets at once; more of them wait for their turn.
    public var maxRequests: Int?
    /// Requests of one client address in a second; more of them are answered 429.
    public var rateLimit: Int?
    /// A visitor comes to the same instance while it is there, by a cookie.
    public var sticky: Bool?
    /// Who may enter, sorted by name; empty: everybody.
    public var users: [EdgeUser]?
    /// Client networks such as `10.0.0.0/8` that may enter; empty: all.
    public var allow: [String]?
    /// Whether containers reach the process as `http://APP.internal`.
    public var isInternal: Bool?
    /// The page that is answered with 503 while no instance is ready.
    public var maintenancePage: PageSpec?

    public init(
        backendProtocol: BackendProtocol? = nil, https: HTTPSPolicy? = nil, timeout: TimeSpan? = nil,
        tunnelTimeout: TimeSpan? = nil, maxBodyInBytes: Int64? = nil, maxRequests: Int? = nil,
        rateLimit: Int? = nil, sticky: Bool? = nil, users: [EdgeUser]? = nil, allow: [String]? = nil,
        isInternal: Bool? = nil, maintenancePage: PageSpec? = nil
    ) {
        self.backendProtocol = backendProtocol
        self.https = https
        self.timeout = timeout
        self.tunnelTimeout = tunnelTimeout
        self.maxBodyInBytes = maxBodyInBytes
        self.maxRequests = maxRequests
        self.rateLimit = rateLimit
        self.sticky = sticky
        self.users = users
        self.allow = allow
        self.isInternal = isInternal
        self.maintenancePage = maintenancePage
    }

    public var effectiveBackendProtocol: BackendProtocol { backendProtocol ?? .http }
    public var effectiveHTTPS: HTTPSPolicy { https ?? .redirect }
    public var effectiveTimeout: TimeSpan { timeout ?? .seconds(60) }
    public var effectiveTunnelTimeout: TimeSpan { tunnelTimeout ?? .minutes(60) }
    public var effectiveIsInternal: Bool { isInternal ?? false }
}

/// Somebody who may enter by HTTP basic authentication.
public struct EdgeUser: Codable, Hashable, Sendable {
    public var name: String
    /// As `crypt(3)` makes it: `$5$…` or `$6$…`. Never the password itself.
    public var passwordHash: String
    public init(name: String, passwordHash: String) {
        self.name = name
        self.passwordHash = passwordHash
    }
}

/// A page of the repository that the edge answers with.
public struct PageSpec: Codable, Hashable, Sendable {
    /// Where the content came from, relative to the source, for people.
    public var source: String
    public var content: FileContent
    public init(source: String, content: FileContent) {
        self.source = source
        self.content = content
    }
}

/// What marks a request that is to reach the new release on purpose, whatever its share.
public struct TrialMatch: Codable, Hashable, Sendable {
    public enum Part: String, Codable, Hashable, Sendable, CaseIterable { case header, cookie }
    public var part: Part
    public var name: String
    /// `nil`: any value that is not empty.
    public var value: String?
    public init(part: Part, name: String, value: String? = nil) {
        self.part = part
        self.name = name
        self.value = value
    }
}
