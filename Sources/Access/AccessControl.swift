internal import Crypto
public import Model
public import Ports

/// Everything about who may ask: lets people in, gives and takes tokens, and writes down what was done.
public struct AccessControl: Sendable {
    /// How long a token is good for where nobody says otherwise, in seconds.
    public static let usualLife: Int64 = 90 * 86_400
    /// The shortest and the longest life of a token, in seconds.
    public static let lives: ClosedRange<Int64> = 60...(10 * 365 * 86_400)

    public let gatekeeper: Gatekeeper
    public let audit: AuditLog
    private let store: any AccessStore
    private let book: TokenBook
    /// Seconds since 1970.
    public let now: @Sendable () -> Int64

    /// Reads the tokens of the store.
    ///
    /// - Parameters:
    ///   - adminToken: opens everything; of the configuration.
    ///   - readToken: lets its bearer look and plan.
    ///   - now: seconds since 1970.
    public init(
        store: any AccessStore, adminToken: BearerToken? = nil, readToken: BearerToken? = nil,
        provider: IdentityProvider? = nil, keeping: AuditKeeping = AuditKeeping(),
        now: @escaping @Sendable () -> Int64, complain: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(StoreError) {
        self.store = store
        self.now = now
        book = TokenBook(try await store.tokens())
        audit = AuditLog(store: store, keeping: keeping, now: now, complain: complain)
        gatekeeper = Gatekeeper(
            adminToken: adminToken, readToken: readToken, book: book, provider: provider, now: now)
    }

    private var wall: WallTime { WallTime(secondsSince1970: now()) }

    /// The tokens that `caller` gives and takes, by name.
    public func tokens(for caller: Caller) -> [TokenReport] {
        book.all.filter { isFor($0, caller) }.map { TokenReport($0, at: wall) }
            .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// Makes a token. Its text is in the answer, and never anywhere again.
    public func create(_ request: TokenRequest, by caller: Caller) async throws(ControlError) -> CreatedToken
    {
        let grants = Set(request.grants).sorted()
        try check(request, grants, caller)
        await forgetStale()
        guard book.count < TokenBook.limit else {
            throw ControlError(
                .conflict,
                "there are \(TokenBook.limit) tokens, which is the most; revoke some, and wait until they are"
                    + " forgotten after 30 days")
        }
        let text = TokenText()
        guard let digest = ContentDigest("sha256:" + Hex.encode(text.digest)) else {
            throw ControlError(.internal, "the token has no digest")
        }
        let record = TokenRecord(
            id: text.id, name: request.name, grants: grants, digest: digest, createdAt: wall,
            createdBy: caller.name,
            expiresAt: WallTime(secondsSince1970: now() + (request.expiresInSeconds ?? Self.usualLife)))
        try await save(record)
        return CreatedToken(token: text.text, report: TokenReport(record, at: wall))
    }

    /// Takes a token away, at once and for good. Doing it again changes nothing.
    ///
    /// - Parameter key: its id, or the name of a token that is still good.
    public func revoke(_ key: String, by caller: Caller) async throws(ControlError) -> TokenReport {
        let mine = book.all.filter { isFor($0, caller) }
        let found =
            mine.first { $0.id.rawValue == key } ?? mine.first { $0.name == key && !$0.isSpent(at: wall) }
        guard var record = found else {
            throw ControlError(.notFound, "there is no such token; `slipway token list` shows them")
        }
        guard record.revokedAt == nil else { return TokenReport(record, at: wall) }
        record.revokedAt = wall
        // In memory first: even where the store cannot be written to, it opens nothing from now on.
        book.put(record)
        try await save(record)
        return TokenReport(record, at: wall)
    }

    private func save(_ record: TokenRecord) async throws(ControlError) {
        do throws(StoreError) {
            try await store.save(record)
        } catch {
            throw ControlError(.unavailable, "the store refuses to write: \(error.message)")
        }
        book.put(record)
    }

    private func forgetStale() async {
        let stale = book.stale(at: wall)
        guard !stale.isEmpty else { return }
        do throws(StoreError) {
            try await store.forget(stale)
            book.drop(stale)
        } catch {
            // They open nothing; the next token tries again.
        }
    }

    /// A token is somebody's to manage if all that it gives is in projects that they manage.
    private func isFor(_ token: TokenRecord, _ caller: Caller) -> Bool {
        token.grants.allSatisfy { mayGive($0, caller) }
    }

    private func mayGive(_ grant: Grant, _ caller: Caller) -> Bool {
        guard let project = grant.project else { return caller.mayEverywhere(.administer) }
        return caller.may(.administer, in: project)
    }

    private func check(_ request: TokenRequest, _ grants: [Grant], _ caller: Caller) throws(ControlError) {
        let name = request.name
        guard (1...64).contains(name.count), name.utf8.allSatisfy({ (0x20...0x7e).contains($0) }),
            !name.hasPrefix(" "), !name.hasSuffix(" ")
        else {
            throw ControlError(.invalid, "name: must have 1 to 64 printable ASCII characters")
        }
        guard (1...50).contains(grants.count) else {
            throw ControlError(.invalid, "grants: must be 1 to 50 roles")
        }
        if let life = request.expiresInSeconds, !Self.lives.contains(life) {
            throw ControlError(
                .invalid,
                "expires_in_seconds: must be from \(Self.lives.lowerBound) to \(Self.lives.upperBound)")
        }
        if let grant = grants.first(where: { !mayGive($0, caller) }) {
            // Whether there is such a project is not said.
            throw ControlError(
                .invalid,
                "grants: you cannot give `\(grant)`, as you are not admin "
                    + (grant.project == nil ? "of all projects" : "there"))
        }
        guard !book.all.contains(where: { $0.name == name && !$0.isSpent(at: wall) && isFor($0, caller) })
        else {
            throw ControlError(
                .conflict, "there is a token `\(name)` already; revoke it first, or choose another name")
        }
    }
}
