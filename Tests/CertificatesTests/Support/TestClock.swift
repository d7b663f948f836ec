import Certificates
import Execution
import Model
import Synchronization

/// A wall clock that begins at the machine's time and stands still until it is moved.
final class TestClock: CertificateClock {
    private struct Waiter {
        var id: Int
        var until: WallTime
        var continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now = WallTime(secondsSince1970: BootClock.wallSeconds())
        var nextID = 0
        var waiters: [Waiter] = []
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    func now() -> WallTime { state.withLock { $0.now } }

    var seconds: Int64 { now().secondsSince1970 }

    func wait(until time: WallTime) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return nil }
                    if time <= state.now { return true }
                    state.waiters.append(Waiter(id: id, until: time, continuation: continuation))
                    return false
                }
                if isOver == nil { continuation.resume(throwing: CancellationError()) }
                if isOver == true { continuation.resume() }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                if let index = state.waiters.firstIndex(where: { $0.id == id }) {
                    return state.waiters.remove(at: index)
                }
                state.cancelled.insert(id)
                return nil
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    func advance(seconds: Int64) {
        let woken: [Waiter] = state.withLock { state in
            state.now = WallTime(secondsSince1970: state.now.secondsSince1970 + seconds)
            let now = state.now
            let due = state.waiters.filter { $0.until <= now }
            state.waiters.removeAll { $0.until <= now }
            return due
        }
        for waiter in woken { waiter.continuation.resume() }
    }
}
