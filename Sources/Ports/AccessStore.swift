public import Model

/// Keeps tokens and the audit log. Durable when a call returns.
public protocol AccessStore: Sendable {
    func tokens() async throws(StoreError) -> [TokenRecord]
    /// Adds a token, or takes the place of the one with its id.
    func save(_ token: TokenRecord) async throws(StoreError)
    /// Drops tokens for good.
    func forget(_ tokens: [TokenID]) async throws(StoreError)
    /// Adds to the log; the store gives the sequence numbers. Nothing else ever changes a record.
    func append(_ records: [AuditRecord]) async throws(StoreError)
    /// Newest first.
    func audit(_ query: AuditQuery) async throws(StoreError) -> [AuditRecord]
    /// Drops the oldest records, as `keeping` says.
    func prune(_ keeping: AuditKeeping, now: WallTime) async throws(StoreError)
}
