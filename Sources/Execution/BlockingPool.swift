/// A fixed number of threads for independent blocking calls.
///
/// More calls than threads wait in order; the caller is suspended, not blocked.
public final class BlockingPool: Sendable {
    private let queue = JobQueue()

    /// - Parameter threads: at least 1.
    public init(name: String, threads: Int) {
        precondition(threads >= 1, "a pool needs a thread")
        for number in 0..<threads {
            Thread.start(name: "\(name)-\(number)") { [queue] in
                while let job = queue.next() { job() }
            }
        }
    }

    deinit { queue.close() }

    /// Runs `body` on one of the threads. A call that has begun is not interrupted by cancellation.
    public func run<Success: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
            queue.add {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
