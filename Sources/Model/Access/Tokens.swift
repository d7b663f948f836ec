/// The public name of a token: 12 lower-case hex digits. It opens nothing by itself.
public struct TokenID: Identifier {
    public let rawValue: String
    public init?(_ rawValue: String) {
        let isHex = rawValue.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard rawValue.utf8.count == 12, isHex else { return nil }
        self.rawValue = rawValue
    }
}

/// A token as the store keeps it: its secret is there as a digest only.
public struct TokenRecord: Codable, Hashable, Sendable {
    public var id: TokenID
    /// What people call it, 1 to 64 printable characters.
    public var name: String
    /// Sorted, at least one.
    public var grants: [Grant]
    /// SHA-256 of the secret. As the secret has 256 random bits, no slow hash could make it harder to find.
    public var digest: ContentDigest
    public var createdAt: WallTime
    public var createdBy: String
    /// `nil`: it does not expire.
    public var expiresAt: WallTime?
    public var revokedAt: WallTime?

    public init(
        id: TokenID, name: String, grants: [Grant], digest: ContentDigest, createdAt: WallTime,
        createdBy: String, expiresAt: WallTime? = nil, revokedAt: WallTime? = nil
    ) {
        self.id = id
        self.name = name
        self.grants = grants
        self.digest = digest
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }

    /// Whether it opens nothing any more at `now`.
    public func isSpent(at now: WallTime) -> Bool {
        revokedAt != nil || expiresAt.map { $0 <= now } ?? false
    }
}

/// A token as people see it: everything but what its secret could be told by.
public struct TokenReport: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable, CaseIterable { case valid, expired, revoked }
    public var id: TokenID
    public var name: String
    public var grants: [Grant]
    public var state: State
    public var createdAt: WallTime
    public var createdBy: String
    public var expiresAt: WallTime?
    public var revokedAt: WallTime?

    public init(_ record: TokenRecord, at now: WallTime) {
        id = record.id
        name = record.name
        grants = record.grants
        state = record.revokedAt != nil ? .revoked : record.isSpent(at: now) ? .expired : .valid
        createdAt = record.createdAt
        createdBy = record.createdBy
        expiresAt = record.expiresAt
        revokedAt = record.revokedAt
    }
}

/// The body of `POST /v1/tokens`.
public struct TokenRequest: Codable, Hashable, Sendable {
    /// 1 to 64 printable characters.
    public var name: String
    /// 1 to 50; none that the caller does not have.
    public var grants: [Grant]
    /// From now on, 1 minute to 10 years; 90 days if `nil`.
    public var expiresInSeconds: Int64?
    public init(name: String, grants: [Grant], expiresInSeconds: Int64? = nil) {
        self.name = name
        self.grants = grants
        self.expiresInSeconds = expiresInSeconds
    }
}

/// The only answer that ever has a token in it.
public struct CreatedToken: Codable, Hashable, Sendable {
    /// What clients send as `Authorization: Bearer …`.
    public var token: String
    public var report: TokenReport
    public init(token: String, report: TokenReport) {
        self.token = token
        self.report = report
    }
}
