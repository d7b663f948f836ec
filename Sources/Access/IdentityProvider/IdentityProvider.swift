internal import Crypto
public import HTTPClient
internal import Model

/// Believes the tokens of one OpenID Connect provider, as far as they are signed, meant for us, and in time.
public struct IdentityProvider: Sendable {
    /// What clocks may differ by, in seconds.
    static let skew: Int64 = 60

    private let configuration: IdentityProviderConfiguration
    let keys: KeyKeeper

    public init(
        _ configuration: IdentityProviderConfiguration, client: HTTPClient,
        now: @escaping @Sendable () -> Int64
    ) {
        self.configuration = configuration
        keys = KeyKeeper(configuration, client: client, now: now)
    }

    /// Who bears the token.
    func caller(_ text: some StringProtocol & Sendable, now: Int64) async throws(TokenProblem) -> Caller {
        let token = try SignedToken(text)
        // What costs nothing first: nobody's token but the issuer's makes us ask for keys.
        try check(token.claims, now: now)
        guard let candidates = await keys.candidates(token.keyID, token.algorithm) else {
            throw TokenProblem("cannot be checked: the identity provider's keys cannot be fetched")
        }
        guard candidates.contains(where: { $0.isValid(token.signature, of: token.signed) }) else {
            throw TokenProblem("is not signed by a key of the identity provider")
        }
        guard let subject = token.claims["sub"]?.text, !subject.isEmpty else {
            throw TokenProblem("has no subject")
        }
        let grants = Set(configuration.rules.filter { fits($0, token.claims) }.flatMap(\.grants))
        let name = token.claims[configuration.nameClaim]?.text ?? subject
        return Caller(name: ActorName.printable(name), way: .identityProvider, grants: grants.sorted())
    }

    private func check(_ claims: [String: JSONTree], now: Int64) throws(TokenProblem) {
        guard claims["iss"]?.text == configuration.issuer else { throw TokenProblem("is of another issuer") }
        guard claims["aud"]?.texts.contains(configuration.audience) == true else {
            throw TokenProblem("is meant for somebody else")
        }
        guard let expiry = claims["exp"]?.seconds else { throw TokenProblem("says not when it expires") }
        guard now < expiry + Self.skew else { throw TokenProblem("has expired") }
        if let begin = claims["nbf"] {
            guard let seconds = begin.seconds, seconds - Self.skew <= now else {
                throw TokenProblem("is not valid yet")
            }
        }
    }

    private func fits(_ rule: IdentityProviderConfiguration.Rule, _ claims: [String: JSONTree]) -> Bool {
        claims[rule.claim]?.texts.contains(rule.value) == true
    }
}

/// Names as the audit log takes them.
public enum ActorName {
    /// At most 128 characters, control characters as `?`.
    public static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(128).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
                        .unassigned:
                        "?"
                    default: scalar
                    }
                }))
    }
}
