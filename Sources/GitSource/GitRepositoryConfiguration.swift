/// Which repository to follow, how to reach it, and how much of it to accept.
public struct GitRepositoryConfiguration: Sendable {
    /// `https://host/path`, `http://…`, `ssh://[user@]host[:port]/path`, `user@host:path`, or, if
    /// `allowsLocal`, `file:///path` and absolute paths.
    public var url: String
    /// The folder for mirrors, made if missing; each repository gets an entry of its own below it.
    public var mirrorDirectory: String
    public var credentials: GitCredentials
    /// How to sign in for a push; `nil`: nothing is ever pushed.
    public var pushCredentials: GitCredentials?
    public var limits: GitLimits
    /// By branch: whose signatures it needs. Others need none.
    public var verification: [String: SignaturePolicy]
    /// The absolute path of the program `slipway-fetch`.
    public var fetchHelper: String
    /// Repositories on this machine may be followed. Only a person at the machine may decide that.
    public var allowsLocal: Bool
    /// PEM certificates to trust instead of the system's; absolute path.
    public var certificateAuthorityFile: String?

    public init(
        url: String, mirrorDirectory: String, fetchHelper: String, credentials: GitCredentials = .none,
        pushCredentials: GitCredentials? = nil,
        limits: GitLimits = GitLimits(), allowsLocal: Bool = false, certificateAuthorityFile: String? = nil,
        verification: [String: SignaturePolicy] = [:]
    ) {
        self.verification = verification
        self.url = url
        self.mirrorDirectory = mirrorDirectory
        self.fetchHelper = fetchHelper
        self.credentials = credentials
        self.pushCredentials = pushCredentials
        self.limits = limits
        self.allowsLocal = allowsLocal
        self.certificateAuthorityFile = certificateAuthorityFile
    }
}

/// How to sign in at the remote.
public enum GitCredentials: Sendable {
    case none
    /// HTTP basic authentication; forges take any user name with a token, such as `git` or `oauth2`.
    case token(username: String, GitSecret)
    /// As `token`, read from a file of at most 64 KiB at each fetch, so that it can be exchanged while
    /// running.
    case tokenFile(username: String, path: String)
    /// A private key without passphrase. The host must be listed in `knownHosts`, an OpenSSH known_hosts file
    /// (plain or hashed names; patterns and `@` markers are not understood). `user` is used where the URL has
    /// none.
    case sshKey(path: String, knownHosts: String, user: String)
}

/// A secret that does not print.
public struct GitSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Swift.Mirror { Swift.Mirror(self, children: []) }
}

/// How much of a repository is accepted.
public struct GitLimits: Sendable {
    /// Bytes of one transfer, as they come over the wire.
    public var repositorySizeInBytes: Int64
    /// For one fetch in full, connection included.
    public var fetchTimeout: Duration
    /// Entries below a source's path, folders included.
    public var entriesInTree: Int
    /// Bytes of one path.
    public var pathLength: Int

    public init(
        repositorySizeInBytes: Int64 = 1 << 30, fetchTimeout: Duration = .seconds(60),
        entriesInTree: Int = 100_000,
        pathLength: Int = 1_024
    ) {
        self.repositorySizeInBytes = repositorySizeInBytes
        self.fetchTimeout = fetchTimeout
        self.entriesInTree = entriesInTree
        self.pathLength = pathLength
    }
}
