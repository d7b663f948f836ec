import Model
import Ports
import Synchronization

/// The streams of a one-off run. When they are let go of, the run is over: it is stopped, and its container removed.
final class RunSession: ContainerSession {
    private struct State {
        var streams: (any ContainerSession)?
        var refusal: String?
        /// The controller knows that nobody is joined to it any more.
        var isLeft = false
    }
    private let controller: Controller
    private let app: AppName
    private let name: String
    private let state = Mutex(State())

    init(controller: Controller, app: AppName, name: String) {
        self.controller = controller
        self.app = app
        self.name = name
    }

    /// A caller that is lost before the first byte lets go of it without a word: the controller is to look.
    deinit { if !state.withLock({ $0.isLeft }) { controller.relistHub.send(()) } }

    func join(_ streams: any ContainerSession) { state.withLock { $0.streams = streams } }

    /// The engine has not started it, with its reason.
    func refuse(_ reason: String) { state.withLock { $0.refusal = reason } }

    private var streams: (any ContainerSession)? { state.withLock { $0.refusal == nil ? $0.streams : nil } }

    func write(_ input: [UInt8]) async throws(EngineError) {
        guard let streams else { throw EngineError(.conflict, "the command did not start", call: "attach") }
        try await streams.write(input)
    }
    func finishInput() async { await streams?.finishInput() }
    func resize(_ size: TerminalSize) async { await streams?.resize(size) }
    func read() async throws(EngineError) -> SessionOutput? { try await streams?.read() }

    func end() async throws(EngineError) -> SessionEnd {
        if let reason = state.withLock({ $0.refusal }) {
            state.withLock { $0.isLeft = true }
            await controller.leaveRun(name, app)
            let isMissing = ["not found", "no such file"].contains { reason.lowercased().contains($0) }
            return .notStarted(code: isMissing ? 127 : 126, reason: reason)
        }
        guard let streams else { throw EngineError(.conflict, "the command did not start", call: "attach") }
        let end = try await streams.end()
        state.withLock { $0.isLeft = true }
        let isOverdue = await controller.isOverdue(name)
        await controller.endRun(name, app)
        return isOverdue
            ? .cutShort(code: 124, reason: "\(name) did not end within its time and was stopped") : end
    }

    func hangUp() async {
        await state.withLock({ $0.streams })?.hangUp()
        state.withLock { $0.isLeft = true }
        await controller.leaveRun(name, app)
    }
}
