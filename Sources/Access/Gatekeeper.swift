internal import Crypto
public import Model

/// Tells who bears a token. What it does not know it refuses.
public struct Gatekeeper: Sendable {
    /// Bytes of an `Authorization` header that are looked at.
    static let headerLimitInBytes = 16_384

    let adminToken: BearerToken?
    let readToken: BearerToken?
    let book: TokenBook
    let provider: IdentityProvider?
    public let throttle: AttemptThrottle
    private let now: @Sendable () -> Int64

    init(
        adminToken: BearerToken?, readToken: BearerToken?, book: TokenBook, provider: IdentityProvider?,
        throttle: AttemptThrottle = AttemptThrottle(), now: @escaping @Sendable () -> Int64
    ) {
        self.adminToken = adminToken
        self.readToken = readToken
        self.book = book
        self.provider = provider
        self.throttle = throttle
        self.now = now
    }

    /// With the tokens of the configuration alone.
    ///
    /// - Parameter now: seconds since 1970.
    public init(
        adminToken: BearerToken?, readToken: BearerToken? = nil, now: @escaping @Sendable () -> Int64
    ) {
        self.init(adminToken: adminToken, readToken: readToken, book: TokenBook([]), provider: nil, now: now)
    }

    /// Whether what let somebody in would let them in now; looks at expiry and revocation only.
    public func isStillGood(authorization: String?) -> Bool {
        guard let candidate = Self.bearer(authorization) else { return false }
        if let text = TokenText(candidate) {
            if case .valid = book.check(text, now: WallTime(secondsSince1970: now())) { return true }
            return false
        }
        guard let token = try? SignedToken(candidate) else { return true }
        return token.claims["exp"]?.seconds.map { now() < $0 + IdentityProvider.skew } ?? false
    }

    /// - Parameters:
    ///   - authorization: the header's value; `nil`: there is none.
    ///   - address: the peer's, without its port.
    public func caller(
        authorization: String?, address: String
    ) async throws(AccessDenial) -> Caller {
        guard let candidate = Self.bearer(authorization) else {
            // No guess was made, so it counts as none.
            throw AccessDenial(.missing, "a request needs the header 'Authorization: Bearer TOKEN'")
        }
        if let text = TokenText(candidate) { return try own(text, address) }
        // Tokens of ours cannot be guessed, and cost a hash: they are taken above even from an address that keeps
        // guessing, as it may be that of a proxy with everybody behind it. All others wait their turn.
        if let wait = throttle.wait(address, now: now()) {
            throw AccessDenial(
                .throttled, "too many wrong tokens came from this address; try again in \(wait) s",
                retryAfterInSeconds: wait)
        }
        do throws(AccessDenial) {
            let caller = try await foreign(candidate)
            throttle.succeeded(address)
            return caller
        } catch {
            throttle.failed(address, now: now())
            throw error
        }
    }

    private func own(_ text: TokenText, _ address: String) throws(AccessDenial) -> Caller {
        let denial: AccessDenial
        switch book.check(text, now: WallTime(secondsSince1970: now())) {
        case .valid(let record):
            throttle.succeeded(address)
            return Caller(name: Self.name(record), way: .token, grants: record.grants)
        case .expired(let record):
            denial = AccessDenial(
                .expired, "the token has expired; make a new one with `slipway token create`",
                actor: Self.name(record))
        case .revoked(let record):
            denial = AccessDenial(.revoked, "the token was revoked", actor: Self.name(record))
        case .unknown: denial = AccessDenial(.wrong, "the token is not one that is known here")
        }
        throttle.failed(address, now: now())
        throw denial
    }

    private func foreign(_ candidate: Substring) async throws(AccessDenial) -> Caller {
        // Both are always compared, so that the time does not tell which one is set.
        let (isAdmin, isReader) = (
            adminToken?.accepts(candidate) ?? false, readToken?.accepts(candidate) ?? false
        )
        if isAdmin {
            return Caller(name: "token of the configuration", way: .configuration, grants: [Grant(.admin)])
        }
        if isReader {
            return Caller(
                name: "read token of the configuration", way: .configuration, grants: [Grant(.developer)],
                onlyPermissions: [.look, .plan, .logs])
        }
        guard let provider, candidate.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2 else {
            throw AccessDenial(.wrong, "the token is not one that is known here")
        }
        do throws(TokenProblem) {
            return try await provider.caller(candidate, now: now())
        } catch {
            throw AccessDenial(error.text == "has expired" ? .expired : .wrong, "the token \(error.text)")
        }
    }

    /// Two projects may have a token of one name, so its id stands beside it.
    private static func name(_ record: TokenRecord) -> String { "token \(record.name) (\(record.id))" }

    private static func bearer(_ header: String?) -> Substring? {
        let scheme = "bearer "
        guard let header, header.utf8.count <= headerLimitInBytes,
            header.prefix(scheme.count).lowercased() == scheme
        else { return nil }
        let candidate = header.dropFirst(scheme.count).drop { $0 == " " }
        return candidate.isEmpty ? nil : candidate
    }
}
