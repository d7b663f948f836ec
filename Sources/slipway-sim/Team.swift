import Dispatch
import Execution
import Synchronization

/// Threads that share pieces of work which know nothing of each other.
enum Team {
    private final class Board<Result: Sendable>: Sendable {
        let state: Mutex<(next: Int, results: [Int: Result])> = Mutex((0, [:]))
        private let count: Int
        private let work: @Sendable (Int) -> Result

        init(count: Int, work: @escaping @Sendable (Int) -> Result) {
            self.count = count
            self.work = work
        }

        func run() {
            while let piece = take() {
                let result = work(piece)
                state.withLock { $0.results[piece] = result }
            }
        }

        private func take() -> Int? {
            state.withLock { state in
                guard state.next < count else { return nil }
                defer { state.next += 1 }
                return state.next
            }
        }
    }

    /// Does the pieces from 0 to `count - 1` on so many threads, this one among them.
    ///
    /// - Returns: the results in the order of the pieces, whoever did them.
    static func map<Result: Sendable>(
        _ count: Int, jobs: Int, _ work: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let board = Board(count: count, work: work)
        let done = DispatchSemaphore(value: 0)
        for number in 1..<max(1, jobs) {
            Thread.start(name: "simulation-\(number)") {
                board.run()
                done.signal()
            }
        }
        board.run()
        for _ in 1..<max(1, jobs) { done.wait() }
        return board.state.withLock { $0.results.sorted { $0.key < $1.key }.map(\.value) }
    }
}
