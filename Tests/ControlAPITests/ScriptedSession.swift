import Model
import Ports
import Synchronization

/// A command that gives back what it is given, until its input ends; then it ends with `code`.
final class ScriptedSession: ContainerSession {
    private struct State {
        var pending: [SessionOutput] = []
        var isInputOver = false
        var isHungUp = false
        var sizes: [TerminalSize] = []
        var received = 0
        var taken = 0
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())
    let verdict: SessionEnd
    /// It takes no input, as a command that does not read.
    let isDeaf: Bool
    /// It writes for as long as somebody reads.
    let isTalkative: Bool

    init(
        _ verdict: SessionEnd = .exited(code: 0), output: [SessionOutput] = [], isDeaf: Bool = false,
        isTalkative: Bool = false, isOver: Bool = false
    ) {
        self.verdict = verdict
        self.isDeaf = isDeaf
        self.isTalkative = isTalkative
        state.withLock {
            $0.pending = output
            $0.isInputOver = isOver
        }
    }

    var isHungUp: Bool { state.withLock { $0.isHungUp } }
    var sizes: [TerminalSize] { state.withLock { $0.sizes } }
    var receivedInBytes: Int { state.withLock { $0.received } }
    var pieceCount: Int { state.withLock { $0.taken } }

    func write(_ input: [UInt8]) async throws(EngineError) {
        if isDeaf {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isHungUp { return true }
                    state.writer = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
            throw EngineError(.unreachable, "gone", call: "exec")
        }
        change { state in
            state.received += input.count
            state.pending.append(.output(input))
        }
    }

    func finishInput() async { change { $0.isInputOver = true } }
    func resize(_ size: TerminalSize) async { change { $0.sizes.append(size) } }
    func end() async throws(EngineError) -> SessionEnd { verdict }

    func hangUp() async {
        change { $0.isHungUp = true }
        let writer = state.withLock { state in
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }

    func read() async throws(EngineError) -> SessionOutput? {
        while true {
            let next: SessionOutput?? = state.withLock { state in
                state.taken += 1
                if !state.pending.isEmpty { return .some(state.pending.removeFirst()) }
                if state.isHungUp || Task.isCancelled { return .some(nil) }
                if isTalkative { return .output([UInt8](repeating: 7, count: 60_000)) }
                return state.isInputOver ? .some(nil) : nil
            }
            if let next { return next }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mayGoOn = state.withLock { state in
                        if !state.pending.isEmpty || state.isInputOver || state.isHungUp || Task.isCancelled {
                            return true
                        }
                        state.reader = continuation
                        return false
                    }
                    if mayGoOn { continuation.resume() }
                }
            } onCancel: {
                change { _ in }
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let reader = state.withLock { state in
            body(&state)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}
