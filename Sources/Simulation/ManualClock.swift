public import Controller
public import Model
internal import Synchronization

/// A clock that stands still until it is moved.
public final class ManualClock: ControllerClock {
    private struct Sleeper {
        var id: Int
        var until: Instant
        var continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now = Instant.zero
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    public init() {}

    public func now() -> Instant { state.withLock { $0.now } }
    public func wall() -> WallTime {
        WallTime(secondsSince1970: 1_700_000_000 + now().nanoseconds / 1_000_000_000)
    }
    public func reading() -> ClockReading {
        ClockReading(now: now(), boot: "simulated", sinceBoot: now().nanoseconds)
    }

    public func sleep(until instant: Instant) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return nil }
                    if instant <= state.now { return true }
                    state.sleepers.append(Sleeper(id: id, until: instant, continuation: continuation))
                    return false
                }
                if isOver == nil { continuation.resume(throwing: CancellationError()) }
                if isOver == true { continuation.resume() }
            }
        } onCancel: {
            let sleeper: Sleeper? = state.withLock { state in
                if let index = state.sleepers.firstIndex(where: { $0.id == id }) {
                    return state.sleepers.remove(at: index)
                }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the time on and wakes everyone whose time has come, the earliest first.
    public func advance(by span: TimeSpan) {
        let woken: [Sleeper] = state.withLock { state in
            state.now = state.now + span
            let now = state.now
            let due = state.sleepers.filter { $0.until <= now }.sorted {
                ($0.until, $0.id) < ($1.until, $1.id)
            }
            state.sleepers.removeAll { $0.until <= now }
            return due
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }
}
