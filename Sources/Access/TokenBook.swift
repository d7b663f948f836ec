internal import Crypto
internal import Model
internal import Synchronization

/// The tokens of the store, in memory: a check costs one hash and no wait.
final class TokenBook: Sendable {
    enum Verdict: Sendable {
        case valid(TokenRecord)
        case expired(TokenRecord)
        case revoked(TokenRecord)
        case unknown
    }

    /// At most; a record that nobody needs any more goes before that.
    static let limit = 10_000
    /// How long a record is shown after it was revoked or has expired, in seconds.
    static let shownAfterEnd: Int64 = 30 * 86_400

    private let records = Mutex<[TokenID: (record: TokenRecord, digest: [UInt8])]>([:])
    /// Compared with where there is no record, so that the time does not tell which ids there are.
    private let nobody = SecureRandom.bytes(32)

    init(_ tokens: [TokenRecord]) {
        for token in tokens { put(token) }
    }

    func put(_ token: TokenRecord) {
        // A digest that is none opens nothing.
        let digest = Hex.decode(String(token.digest.rawValue.dropFirst(7))) ?? []
        records.withLock { $0[token.id] = (token, digest) }
    }

    func drop(_ ids: [TokenID]) {
        records.withLock { records in for id in ids { records[id] = nil } }
    }

    var all: [TokenRecord] { records.withLock { $0.values.map(\.record) }.sorted { $0.id < $1.id } }
    var count: Int { records.withLock { $0.count } }

    func check(_ text: TokenText, now: WallTime) -> Verdict {
        let found = records.withLock { $0[text.id] }
        guard ConstantTime.areEqual(text.digest, found?.digest ?? nobody), let record = found?.record else {
            return .unknown
        }
        if record.revokedAt != nil { return .revoked(record) }
        return record.isSpent(at: now) ? .expired(record) : .valid(record)
    }

    /// Records that ended so long ago that nobody asks for them.
    func stale(at now: WallTime) -> [TokenID] {
        all.filter { token in
            let end = [token.revokedAt, token.expiresAt].compactMap { $0?.secondsSince1970 }.min()
            return end.map { $0 + Self.shownAfterEnd <= now.secondsSince1970 } ?? false
        }.map(\.id)
    }
}
