internal import Synchronization

/// A figure that only rises, from 0 at start.
public final class Counter: Sendable {
    private let state = Mutex<Int64>(0)
    init() {}

    public var value: Int64 { state.withLock { $0 } }

    /// - Parameter amount: negative ones count as 0; the sum saturates.
    public func increment(by amount: Int64 = 1) {
        state.withLock { value in
            let (sum, overflow) = value.addingReportingOverflow(max(0, amount))
            value = overflow ? .max : sum
        }
    }
}

/// A figure that rises and falls.
public final class Gauge: Sendable {
    private let state = Mutex<Double>(0)
    init() {}

    public var value: Double { state.withLock { $0 } }
    public func set(_ value: Double) { state.withLock { $0 = value } }
    public func add(_ amount: Double) { state.withLock { $0 += amount } }
}

/// How many observations were at most so large, for each of a fixed row of bounds.
public final class Histogram: Sendable {
    struct Snapshot {
        /// Per bound, and one more for everything above; not cumulative.
        var counts: [Int64]
        var sum: Double
    }

    /// Rising; the last bucket, `+Inf`, is implied.
    let bounds: [Double]
    private let state: Mutex<Snapshot>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(Snapshot(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    /// - Parameter value: not a number is ignored.
    public func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) / 1e18)
    }

    var snapshot: Snapshot { state.withLock { $0 } }
}
