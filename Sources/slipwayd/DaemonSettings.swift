import Access
import Controller
import Forges
import GitSource
import Model
import Planning

/// Everything that a person can set about the controller, with its defaults.
struct DaemonSettings: Sendable {
    var installation = "slipway"
    var namePrefix = ""
    var stateDirectory = "/var/lib/slipway"
    var apiSocket = "/run/slipway/slipway.sock"
    /// `HOST:PORT`; needs `tokenFile`.
    var apiListen: String?
    var tokenFile: String?
    /// The token of those who may look and plan, and change nothing.
    var readTokenFile: String?
    var engineSocket = "/var/run/docker.sock"
    var registries: [Registry] = []
    var defaultProject = "default"
    var brake = DeletionBrake()
    var relistInterval = TimeSpan.seconds(60)
    var repositoryLimits = GitLimits()
    var sources: [Source] = []
    var usesJSONLog: Bool?
    /// The URL of the Prometheus that conditions of an analysis are asked of.
    var prometheus: String?
    /// `nil`: the installation has no edge.
    var edge: Edge?
    /// Who is told of changes of state, and how often at most in an hour.
    var channels: [Channel] = []
    var noticeLimit = 30
    /// `nil`: specs with secrets are refused.
    var secrets: Secrets?
    /// `HOST:PORT` for webhooks of forges.
    var webhookListen: String?
    var projects: [ProjectName: ProjectRules] = [:]
    var audit = AuditKeeping()
    /// `nil`: people come with tokens of ours only.
    var identityProvider: IdentityProviderConfiguration?

    /// The reverse proxy in front of the apps.
    struct Edge: Sendable {
        var http: [String] = []
        var https: [String] = []
        /// Default: `edge` in the state directory.
        var directory: String?
        var program = "/usr/sbin/haproxy"
        var isExternal = false
        var accessLog: String?
        var logSample = 1
        var internalAddress: String?
        var internalSuffix = "internal"
        /// The operator's own certificates.
        var certificates: String?
        var acme: ACME?

        /// The address of the internal listener without its port: containers ask for names there.
        var internalHost: String? {
            internalAddress.flatMap { address in address.lastIndex(of: ":").map { String(address[..<$0]) } }
        }
    }

    struct ACME: Sendable {
        var email: String?
        /// `nil`: Let's Encrypt.
        var server: String?
        var certificateAuthorityFile: String?
        var challengeAddress = "127.0.0.1:8402"
        var dnsProvider: String?
        var dnsEnvironmentFile: String?
    }

    /// A way to people.
    struct Channel: Sendable {
        enum Kind: String, Sendable, CaseIterable { case webhook, slack, ntfy, email }
        var name: SourceName
        var kind: Kind
        var kinds = Set(Notice.Kind.allCases)
        /// Of the receiver; for `email` the server.
        var url: String?
        var urlFile: String?
        /// The key of a webhook, the token of ntfy, the password of a mail server.
        var secretFile: String?
        var topic: String?
        var from = ""
        var to: [String] = []
        var user: String?
        var requiresTLS = true
        var allowed: [String] = []
        var certificateAuthorityFile: String?
    }

    struct Registry: Sendable {
        var host: String
        var username: String
        var passwordFile: String
    }

    /// Where the people of a source review.
    struct SourceForge: Sendable {
        var kind: ForgeConfiguration.Kind
        var api: String
        /// `nil` for a plain git server, which has webhooks only.
        var repository: String?
        var token: ForgeConfiguration.TokenPlace?
        var webhookSecretFile: String?
    }

    struct Source: Sendable {
        var name: String
        var repository: String
        var branch = "main"
        var path = ""
        var project: String?
        var otherProjects: [String] = []
        var poll = TimeSpan.seconds(30)
        var credentials = GitCredentials.none
        /// `nil`: nothing is pushed.
        var pushCredentials: GitCredentials?
        /// `nil`: commits need no signature.
        var verification: SignaturePolicy?
        var onFailure = SourceDealings.FailureResponse.status
        var requiresPlan = false
        var forge: SourceForge?
        var certificateAuthorityFile: String?
        /// Set by `--repo`: a person at the machine named it, so it may be a path.
        var allowsLocal = false
    }
}

/// A setting that cannot be used, with what to do about it. Ends the program with exit code 64.
struct SettingsError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
