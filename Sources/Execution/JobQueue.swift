internal import Dispatch
internal import Synchronization

/// An unbounded queue of closures for worker threads. Its callers bound it: see `BlockingPool`.
final class JobQueue: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        /// Taken ones are `nil`: a closure holds on to what it captured for no longer than it runs.
        var jobs: [Job?] = []
        var head = 0
        var isClosed = false
    }
    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)

    func add(_ job: @escaping Job) {
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    /// Blocks the calling thread; `nil` once the queue is closed and empty.
    func next() -> Job? {
        while true {
            available.wait()
            let (job, isClosed): (Job?, Bool) = state.withLock { state in
                guard state.head < state.jobs.count else { return (nil, state.isClosed) }
                let job = state.jobs[state.head]
                state.jobs[state.head] = nil
                state.head += 1
                if state.head > 1_024, state.head * 2 > state.jobs.count {
                    state.jobs.removeFirst(state.head)
                    state.head = 0
                }
                return (job, false)
            }
            if let job { return job }
            if isClosed {
                available.signal()
                return nil
            }
        }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        available.signal()
    }
}
