internal import Synchronization

/// Keeps the newest entries, for tests and for showing the last ones.
public final class MemoryLogHandler: LogHandler {
    private let limit: Int
    private let state = Mutex<[LogEntry]>([])

    /// - Parameter limit: at least 1; older entries are dropped.
    public init(limit: Int = 10_000) { self.limit = max(1, limit) }

    /// Oldest first.
    public var entries: [LogEntry] { state.withLock { Array($0.suffix(limit)) } }

    public func log(_ entry: LogEntry) {
        state.withLock { entries in
            entries.append(entry)
            // In halves, so that each entry is moved once on average.
            if entries.count >= limit * 2 { entries.removeFirst(entries.count - limit) }
        }
    }
}
