public import Model

/// Where an installation's certificates are kept and where they come from.
public struct CertificateConfiguration: Sendable {
    /// Absolute; made with mode 0700 if there is none. Nothing but the keeper writes to it.
    public var directory: String
    /// The operator's own files, looked at every minute: `NAME.pem` with key, certificate and chain, or
    /// `NAME.crt` with certificate and chain beside `NAME.key`. They go before what the authority issues for
    /// the same hosts. They are copied into `directory` and are never changed.
    public var ownDirectory: String?
    /// `nil`: nothing is asked for, and hosts without a file of the operator's keep the self-signed
    /// certificate.
    public var acme: ACMEConfiguration?

    /// Whether a self-signed certificate is made and handed out for names that have no other; `false` where
    /// the edge brings one of its own.
    public var hasDefault: Bool

    public init(
        directory: String, ownDirectory: String? = nil, acme: ACMEConfiguration? = nil,
        hasDefault: Bool = true
    ) {
        self.directory = directory
        self.ownDirectory = ownDirectory
        self.acme = acme
        self.hasDefault = hasDefault
    }
}

/// The authority that issues certificates by ACME, and how hosts are proven to it.
public struct ACMEConfiguration: Sendable {
    public static let letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"
    public static let letsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"

    /// The URL of the authority's directory. Another one means another account, and new certificates for all
    /// hosts.
    public var directoryURL: String
    /// Whom the authority may write to. `nil`: `slipway@` and the first host that is asked for.
    public var email: String?
    /// Certificates in PEM that vouch for a private authority's own server.
    public var caFile: String?
    /// An IPv4 address and a port on this machine, `127.0.0.1:8402`. While an order runs, answers for the
    /// requests below `/.well-known/acme-challenge/` of all hosts are given there; the edge passes them on.
    public var challengeAddress: String
    /// How hosts are proven by records in the DNS. `nil`: they cannot be, and so no `*.` host gets a
    /// certificate.
    public var dns: DNSChallenge?
    public var keyType: KeyType
    /// An account that exists with the authority outside of ACME.
    public var binding: ExternalAccountBinding?
    /// The program `lego`, an absolute path.
    public var legoPath: String
    /// The longest that one order takes; then it is killed, and has failed.
    public var orderTimeout: TimeSpan

    public enum KeyType: String, Sendable, CaseIterable {
        case ec256, ec384, rsa2048, rsa4096
    }

    public init(
        directoryURL: String = Self.letsEncrypt, email: String? = nil, caFile: String? = nil,
        challengeAddress: String = "127.0.0.1:8402", dns: DNSChallenge? = nil, keyType: KeyType = .ec256,
        binding: ExternalAccountBinding? = nil, legoPath: String = "/usr/bin/lego",
        orderTimeout: TimeSpan = .minutes(3)
    ) {
        self.directoryURL = directoryURL
        self.email = email
        self.caFile = caFile
        self.challengeAddress = challengeAddress
        self.dns = dns
        self.keyType = keyType
        self.binding = binding
        self.legoPath = legoPath
        self.orderTimeout = orderTimeout
    }
}

/// Proof by a record that `lego` puts into the DNS through the interface of a provider.
public struct DNSChallenge: Sendable {
    /// The provider's name as `lego dnshelp` lists it.
    public var provider: String
    /// Lines `KEY=VALUE` that the provider needs. Only its owner may read or write it, and the owner is root
    /// or the controller's user. Read anew for each order; its values are in no argument, log or report.
    public var environmentFile: String
    /// `true`: every host is proven this way, not only those with `*.`.
    public var isUsedForAll: Bool
    /// Name servers, `address:port`, that are asked where a record has to be seen; empty: those of the
    /// machine.
    public var resolvers: [String]
    /// Whether the record has to be seen at every name server of the zone before the authority is told.
    public var waitsForPropagation: Bool

    public init(
        provider: String, environmentFile: String, isUsedForAll: Bool = false, resolvers: [String] = [],
        waitsForPropagation: Bool = true
    ) {
        self.provider = provider
        self.environmentFile = environmentFile
        self.isUsedForAll = isUsedForAll
        self.resolvers = resolvers
        self.waitsForPropagation = waitsForPropagation
    }
}

/// What an authority gave out of band so that a new ACME account belongs to an account it knows.
///
/// `lego` gets it by its environment, `LEGO_EAB_KID` and `LEGO_EAB_HMAC`. Old versions, whose `lego --help`
/// does not name these, know the key as an argument only, where everyone on the machine could see it: it is
/// not given to them, and the authority refuses the account.
public struct ExternalAccountBinding: Sendable {
    public var keyID: String
    /// A file with the key in base64url, with the same mode as a `DNSChallenge.environmentFile`.
    public var keyFile: String
    public init(keyID: String, keyFile: String) {
        self.keyID = keyID
        self.keyFile = keyFile
    }
}
