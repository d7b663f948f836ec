internal import Synchronization

/// Slows down whoever keeps guessing, by address, in bounded memory.
///
/// The first attempts are free; then each failure doubles the wait before the next one is looked at.
public final class AttemptThrottle: Sendable {
    /// Failures before the first wait.
    public static let free = 5
    /// In seconds.
    public static let longestWait: Int64 = 300
    /// Without a failure for so many seconds, an address begins anew.
    public static let memory: Int64 = 900
    /// Addresses that are remembered; of more, the one that failed longest ago is forgotten.
    public static let limit = 4_096

    private struct Entry {
        var failures: Int
        var last: Int64
        var blockedUntil: Int64
    }
    private let entries = Mutex<[String: Entry]>([:])

    public init() {}

    /// Seconds until the next attempt of the address is looked at; `nil`: now.
    public func wait(_ address: String, now: Int64) -> Int64? {
        entries.withLock { entries in
            guard let entry = entries[address], entry.blockedUntil > now else { return nil }
            return entry.blockedUntil - now
        }
    }

    /// Takes note of a wrong attempt.
    public func failed(_ address: String, now: Int64) {
        entries.withLock { entries in
            var entry = entries[address] ?? Entry(failures: 0, last: now, blockedUntil: 0)
            if now - entry.last > Self.memory { entry.failures = 0 }
            entry.failures += 1
            entry.last = now
            let over = entry.failures - Self.free
            if over > 0 { entry.blockedUntil = now + min(Self.longestWait, 1 << Int64(min(over - 1, 9))) }
            if entries[address] == nil, entries.count >= Self.limit { Self.makeRoom(&entries, now) }
            entries[address] = entry
        }
    }

    /// A right attempt makes up for all wrong ones.
    public func succeeded(_ address: String) {
        entries.withLock { $0[address] = nil }
    }

    var count: Int { entries.withLock { $0.count } }

    private static func makeRoom(_ entries: inout [String: Entry], _ now: Int64) {
        // An eighth at once: else an attacker with many addresses would make each failure search the whole table.
        let oldest = entries.sorted { ($0.value.last, $0.key) < ($1.value.last, $1.key) }
        for (address, _) in oldest.prefix(max(1, limit / 8)) { entries[address] = nil }
    }
}
