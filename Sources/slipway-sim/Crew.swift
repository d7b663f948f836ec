import Dispatch
import Execution
import Simulation
import Synchronization

/// Threads that share the seeds of a run. Each simulation stays on one thread from its beginning to its end.
final class Crew: Sendable {
    private struct State {
        /// `nil`: all seeds have been taken.
        var next: UInt64?
        var totals = Totals()
        var told: ContinuousClock.Instant
    }
    private let state: Mutex<State>
    private let last: UInt64
    private let options: Options

    init(seeds: ClosedRange<UInt64>, options: Options) {
        state = Mutex(State(next: seeds.lowerBound, told: ContinuousClock().now))
        last = seeds.upperBound
        self.options = options
    }

    /// Runs all seeds; calls `tell` after each one, for one at a time.
    func run(tell: @escaping @Sendable (SimulationReport, SimulationOptions) -> Void) -> Totals {
        let done = DispatchSemaphore(value: 0)
        for number in 1..<max(1, options.jobs) {
            Thread.start(name: "simulation-\(number)") {
                self.work(tell)
                done.signal()
            }
        }
        work(tell)
        for _ in 1..<max(1, options.jobs) { done.wait() }
        return state.withLock { $0.totals }
    }

    private func work(_ tell: (SimulationReport, SimulationOptions) -> Void) {
        while let seed = takeSeed() {
            var simulation = options.simulation
            simulation.seed = seed
            let report = Simulation.run(simulation)
            state.withLock { state in
                state.totals.add(report)
                tell(report, simulation)
            }
        }
    }

    private func takeSeed() -> UInt64? {
        state.withLock { state in
            guard let seed = state.next else { return nil }
            state.next = seed < last ? seed + 1 : nil
            let now = ContinuousClock().now
            if !options.isQuiet, now - state.told > .seconds(10) {
                state.told = now
                Main.say("… seed \(seed) of \(last)")
            }
            return seed
        }
    }
}
