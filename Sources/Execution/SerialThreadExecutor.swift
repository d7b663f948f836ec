/// A serial executor on a thread of its own, for actors that own a blocking resource such as a database.
///
/// The cooperative pool has one thread per core; a blocking call on it delays unrelated work.
public final class SerialThreadExecutor: SerialExecutor {
    private let queue: JobQueue

    /// - Parameter name: at most 15 bytes are shown by the system.
    public init(name: String) {
        queue = JobQueue()
        Thread.start(name: name) { [queue] in
            while let job = queue.next() { job() }
        }
    }

    deinit { queue.close() }

    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        // Holds `self` until the job has run, so the executor outlives everything that was given to it.
        queue.add { unsafe unowned.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
