internal import Controller
internal import Model

/// One process of the controller, from its start to its end.
///
/// Safe to send: everything of a simulation runs on one thread.
final class Incarnation: @unchecked Sendable {
    let number: Int
    let executor = SimulationExecutor()
    var controller: Controller?
    /// What it has claimed; another one in its place is not written into.
    var store: MemoryStore?
    var task: Task<Void, Never>?
    /// `false` after a kill: none of its calls has an effect or an answer any more.
    var isAlive = true
    /// Stopped with SIGSTOP: its jobs are not run.
    var isSuspended = false
    /// Its last job has run.
    var hasEnded = false
    var wasReaped = false
    var passes: Int64 = 0
    private var waits: [Int: any Wait] = [:]
    private var lastWait = 0

    init(number: Int) { self.number = number }

    func add(_ wait: any Wait) -> Int {
        lastWait += 1
        waits[lastWait] = wait
        return lastWait
    }
    func remove(_ wait: Int) { waits[wait] = nil }

    /// Ends everything that the process waits for, without an answer.
    func cutAll() {
        let cut = waits.sorted { $0.key < $1.key }.map(\.value)
        waits = [:]
        for wait in cut { wait.cut() }
    }
}

/// Something that the controller waits for and that can end without an answer.
protocol Wait: AnyObject {
    func cut()
}

/// An answer that comes later, or never.
///
/// Safe to send: everything of a simulation runs on one thread.
final class Reply<Value: Sendable>: Wait, @unchecked Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case settled(Value?)
    }
    private var state = State.open
    private(set) var isCut = false
    private unowned let incarnation: Incarnation
    private var place = 0

    init(_ incarnation: Incarnation) {
        self.incarnation = incarnation
        place = incarnation.add(self)
    }

    var isSettled: Bool {
        if case .settled = state { return true }
        return false
    }

    /// Gives the answer; the first one counts.
    func settle(_ value: Value?) {
        switch state {
        case .settled: return
        case .open: state = .settled(value)
        case .waiting(let continuation):
            state = .settled(value)
            continuation.resume(returning: value)
        }
        incarnation.remove(place)
    }

    func cut() {
        guard !isSettled else { return }
        isCut = true
        settle(nil)
    }

    /// - Returns: `nil` where the process or its task ended before the answer.
    func value() async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if case .settled(let value) = state {
                    continuation.resume(returning: value)
                } else {
                    state = .waiting(continuation)
                }
            }
        } onCancel: {
            cut()
        }
    }
}
