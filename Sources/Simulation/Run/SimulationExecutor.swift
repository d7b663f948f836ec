internal import Model

/// Holds the jobs of one incarnation of the controller until the simulation runs them, one at a time.
///
/// Safe to send: everything of a simulation runs on one thread.
final class SimulationExecutor: TaskExecutor, @unchecked Sendable {
    private var ready: [UnownedJob] = []

    var isIdle: Bool { ready.isEmpty }
    var count: Int { ready.count }

    func enqueue(_ job: consuming ExecutorJob) { ready.append(UnownedJob(job)) }

    /// Runs the job that `choose` picks of those that are ready; the others keep their order.
    func runOne(_ choose: (Int) -> Int) {
        guard !ready.isEmpty else { return }
        let job = ready.remove(at: choose(ready.count))
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
