internal import Execution
internal import HTTPClient
public import Model
public import Ports

extension DockerEngine {
    /// Joined to a container that was not started yet, nothing of what it writes is lost.
    public func attach(
        _ order: EngineSessionOrder, to id: ContainerID
    ) async throws(EngineError) -> any ContainerSession {
        _ = try await requireOurs(id)
        var query = [("stream", "1"), ("stdout", "1"), ("stderr", "1")]
        if order.hasInput { query.append(("stdin", "1")) }
        let channel = try await api.upgrade(post(["containers", id.rawValue, "attach"], query: query))
        return AttachedSession(engine: self, container: id, channel: channel, hasTerminal: order.hasTerminal)
    }
}

/// The streams of a container's own process.
final class AttachedSession: ContainerSession {
    private let engine: DockerEngine
    private let container: ContainerID
    private let hasTerminal: Bool
    private let streams: EngineStreams

    init(engine: DockerEngine, container: ContainerID, channel: ByteChannel, hasTerminal: Bool) {
        self.engine = engine
        self.container = container
        self.hasTerminal = hasTerminal
        streams = EngineStreams(
            channel, isFramed: !hasTerminal, call: "POST /containers/attach", mayFailToStart: false)
    }

    func write(_ input: [UInt8]) async throws(EngineError) { try await streams.write(input) }
    func finishInput() async { streams.finishInput() }
    func read() async throws(EngineError) -> SessionOutput? { try await streams.read() }

    func resize(_ size: TerminalSize) async {
        guard hasTerminal else { return }
        let query = [("h", "\(size.rows)"), ("w", "\(size.columns)")]
        // One that has ended has no terminal; nothing else comes of a size that was not told.
        _ = try? await engine.api.send(
            engine.post(["containers", container.rawValue, "resize"], query: query))
    }

    /// It may have closed its output and go on for as long as it likes.
    func end() async throws(EngineError) -> SessionEnd {
        var pause = Duration.milliseconds(20)
        while true {
            let state = DockerEngine.state(try await engine.requireOurs(container).state)
            if case .exited(let code, _) = state { return .exited(code: code) }
            do { try await Task.sleep(for: pause) } catch {
                throw EngineError(.internal, "the call was cancelled", call: "GET /containers/json")
            }
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Whoever has made the container ends it.
    func hangUp() async { streams.close() }
}
