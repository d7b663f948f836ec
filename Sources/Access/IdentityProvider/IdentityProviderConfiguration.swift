public import Model

/// Whose tokens are believed, and what they give.
public struct IdentityProviderConfiguration: Sendable, Hashable {
    /// As it stands in tokens, without a slash added or taken away.
    public var issuer: String
    /// What a token must be meant for.
    public var audience: String
    /// Where the keys are; `nil`: where the issuer's `/.well-known/openid-configuration` says.
    public var keysURL: String?
    /// The claim that the audit log names people by.
    public var nameClaim: String
    /// Every rule that fits gives its grants.
    public var rules: [Rule]
    /// A PEM file with the only certificate authorities to trust; `nil`: the system's.
    public var certificateAuthorityFile: String?
    /// `http://` to this very machine is taken, for tests and for a provider beside the controller.
    public var allowsLoopback: Bool

    /// Whoever's `claim` is `value`, or has it in its list, gets `grants`.
    public struct Rule: Sendable, Hashable {
        public var claim: String
        public var value: String
        public var grants: [Grant]
        public init(claim: String, value: String, grants: [Grant]) {
            self.claim = claim
            self.value = value
            self.grants = grants
        }
    }

    public init(
        issuer: String, audience: String, keysURL: String? = nil, nameClaim: String = "sub", rules: [Rule],
        certificateAuthorityFile: String? = nil, allowsLoopback: Bool = false
    ) {
        self.issuer = issuer
        self.audience = audience
        self.keysURL = keysURL
        self.nameClaim = nameClaim
        self.rules = rules
        self.certificateAuthorityFile = certificateAuthorityFile
        self.allowsLoopback = allowsLoopback
    }
}
