public import Model
public import Ports

/// Writes down who did what. Refused attempts are many where somebody guesses, so they are thinned out; what was
/// allowed never is.
public actor AuditLog {
    /// Refused attempts of one address and kind: one record in so many seconds.
    static let pause: Int64 = 60
    /// Records of refused attempts in `pause` seconds, of all addresses together.
    static let deniedLimit = 60
    /// Kinds that are remembered at once.
    static let kindLimit = 1_024
    /// Records that wait for a store that cannot be written to; of more, the oldest are lost, and that is said.
    static let pendingLimit = 1_000
    /// Records between two looks at the age and number of all.
    static let pruneEvery = 256

    private let store: any AccessStore
    private let keeping: AuditKeeping
    private let now: @Sendable () -> Int64
    private let complain: @Sendable (String) -> Void

    private struct Kind: Hashable {
        var actor: String
        var address: String
        var reason: String
    }
    private var kinds: [Kind: (at: Int64, leftOut: Int)] = [:]
    private var windowBegan: Int64 = 0
    private var deniedInWindow = 0
    private var pending: [AuditRecord] = []
    private var isWriting = false
    /// At the limit at first: nobody knows how full the store is when it is opened.
    private var sincePrune = AuditLog.pruneEvery

    public init(
        store: any AccessStore, keeping: AuditKeeping = AuditKeeping(), now: @escaping @Sendable () -> Int64,
        complain: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.store = store
        self.keeping = keeping
        self.now = now
        self.complain = complain
    }

    /// Returns when the record is durable, or has to wait for the store.
    public func note(_ record: AuditRecord) async {
        if record.result == .denied {
            guard let thinned = thin(record) else { return }
            add(thinned)
        } else {
            add(record)
        }
        await write()
    }

    /// Newest first.
    public func records(_ query: AuditQuery) async throws(StoreError) -> [AuditRecord] {
        await write()
        return try await store.audit(query)
    }

    /// The record if it is to be written, with the number of those of its kind that were not.
    private func thin(_ record: AuditRecord) -> AuditRecord? {
        let now = now()
        if now - windowBegan >= Self.pause {
            windowBegan = now
            deniedInWindow = 0
            kinds = kinds.filter { $0.value.leftOut > 0 || now - $0.value.at < Self.pause }
        }
        let kind = Kind(actor: record.actor, address: record.address ?? "", reason: record.reason ?? "")
        let last = kinds[kind]
        if last == nil, kinds.count >= Self.kindLimit { return nil }
        let isTooSoon = last.map { now - $0.at < Self.pause } ?? false
        guard !isTooSoon, deniedInWindow < Self.deniedLimit else {
            kinds[kind] = (last?.at ?? now - Self.pause, (last?.leftOut ?? 0) + 1)
            return nil
        }
        deniedInWindow += 1
        kinds[kind] = (now, 0)
        var record = record
        if let leftOut = last?.leftOut, leftOut > 0 { record.leftOut = leftOut }
        return record
    }

    private func add(_ record: AuditRecord) {
        pending.append(record)
        guard pending.count > Self.pendingLimit else { return }
        pending.removeFirst()
        complain("the audit log cannot be written, and its oldest waiting record is lost")
    }

    private func write() async {
        // Whoever writes takes all that came meanwhile; who comes meanwhile waits for nothing more than the next round.
        while !pending.isEmpty, !isWriting {
            isWriting = true
            let records = pending
            do throws(StoreError) {
                try await store.append(records)
                pending.removeFirst(min(records.count, pending.count))
                try await prune(after: records.count)
                isWriting = false
            } catch {
                isWriting = false
                complain("the audit log cannot be written, and waits: \(error.message)")
                return
            }
        }
    }

    private func prune(after count: Int) async throws(StoreError) {
        sincePrune += count
        guard sincePrune >= Self.pruneEvery else { return }
        sincePrune = 0
        try await store.prune(keeping, now: WallTime(secondsSince1970: now()))
    }
}
