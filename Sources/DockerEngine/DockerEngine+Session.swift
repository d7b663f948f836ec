internal import Execution
internal import FoundationEssentials
public import Model
public import Ports
internal import Synchronization

extension DockerEngine {
    /// Podman's own words for what goes wrong are not known here; it works with Docker from 20.10 on.
    public func openSession(
        _ order: EngineSessionOrder, in id: ContainerID
    ) async throws(EngineError) -> any ContainerSession {
        _ = try await requireOurs(id)
        var payload = ExecPayload(command: order.command)
        payload.attachesInput = order.hasInput ? true : nil
        payload.hasTerminal = order.hasTerminal ? true : nil
        let create = post(["containers", id.rawValue, "exec"], body: try checked(payload, as: .execute))
        guard let exec = try await api.decode(Wire.Created.self, create).id.flatMap(ContainerID.init) else {
            throw EngineError(.protocolViolation, "the engine gave the command no id", call: create.name)
        }
        var start = post(["exec", exec.rawValue, "start"])
        start.body = try DockerAPI.encode(
            ExecStartPayload(hasTerminal: order.hasTerminal), call: start.name)
        let channel: ByteChannel
        do throws(EngineError) {
            channel = try await api.upgrade(start)
        } catch {
            // From Docker 25 on a command that cannot be run is refused here; before that it shows in the output.
            let error = EngineMessage.startError(error)
            guard error.code == .startFailed else { throw error }
            return UnstartedSession(
                .notStarted(code: ExecSession.code(of: error.message), reason: error.message))
        }
        let session = ExecSession(
            engine: self, exec: exec, container: id, channel: channel, hasTerminal: order.hasTerminal)
        if !order.hasInput { channel.finishWriting() }
        if let size = order.size, order.hasTerminal { await session.resizeAtStart(size) }
        return session
    }
}

/// A command that the engine did not start.
private final class UnstartedSession: ContainerSession {
    private let verdict: SessionEnd
    init(_ verdict: SessionEnd) { self.verdict = verdict }

    func write(_ input: [UInt8]) async throws(EngineError) {
        throw EngineError(.conflict, "the command did not start", call: "POST /exec/start")
    }
    func finishInput() async {}
    func resize(_ size: TerminalSize) async {}
    func read() async throws(EngineError) -> SessionOutput? { nil }
    func end() async throws(EngineError) -> SessionEnd { verdict }
    func hangUp() async {}
}

/// A command that runs beside a container's own.
final class ExecSession: ContainerSession {
    private let engine: DockerEngine
    private let exec: ContainerID
    private let container: ContainerID
    private let hasTerminal: Bool
    private let streams: EngineStreams
    private let verdict = Mutex<SessionEnd?>(nil)
    /// Bounded by itself, and awaited where it is needed.
    private let process: Task<ProcessHandle?, Never>

    init(
        engine: DockerEngine, exec: ContainerID, container: ContainerID, channel: ByteChannel,
        hasTerminal: Bool
    ) {
        self.engine = engine
        self.exec = exec
        self.container = container
        self.hasTerminal = hasTerminal
        streams = EngineStreams(channel, isFramed: !hasTerminal, call: "POST /exec/start")
        process = Task { await Self.findProcess(engine, exec, container) }
    }

    func write(_ input: [UInt8]) async throws(EngineError) { try await streams.write(input) }
    func finishInput() async { streams.finishInput() }

    func read() async throws(EngineError) -> SessionOutput? {
        if let output = try await streams.read() { return output }
        guard let held = await streams.takeHeld() else { return nil }
        let code = try await exitCode()
        guard [126, 127].contains(code) else { return .output(held) }
        let reason = EngineMessage.trimmed(String(decoding: held.prefix(1_024), as: UTF8.self))
        verdict.withLock { $0 = .notStarted(code: code, reason: reason) }
        return nil
    }

    func resize(_ size: TerminalSize) async {
        guard hasTerminal else { return }
        // A command that has ended has no terminal; nothing else comes of a size that was not told.
        try? await tell(size)
    }

    /// The engine knows of the terminal a moment after it has said that the command is started.
    func resizeAtStart(_ size: TerminalSize) async {
        for _ in 0..<10 {
            if (try? await tell(size)) != nil { return }
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }

    private func tell(_ size: TerminalSize) async throws(EngineError) {
        let query = [("h", "\(size.rows)"), ("w", "\(size.columns)")]
        _ = try await engine.api.send(engine.post(["exec", exec.rawValue, "resize"], query: query))
    }

    func end() async throws(EngineError) -> SessionEnd {
        if let known = verdict.withLock({ $0 }) { return known }
        return .exited(code: try await exitCode())
    }

    private func exitCode() async throws(EngineError) -> Int {
        let call = engine.get(["exec", exec.rawValue, "json"])
        // The output may end a moment before the engine has noted the exit.
        for _ in 0..<250 {
            let state = try await engine.api.decode(Wire.Exec.self, call)
            if state.isRunning != true, let code = state.exitCode { return code }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        throw EngineError(.timeout, "the command closed its output and goes on running", call: call.name)
    }

    /// The engine has no call to end a command, and with a terminal it does not even tell the command that its
    /// connection is closed: so the process is told here, where it is one of this host.
    func hangUp() async {
        await process.value?.send(1)
        streams.close()
    }

    /// Looked for at the start: as soon as the connection is lost the engine says that the command has ended, whether
    /// it has or not.
    private static func findProcess(
        _ engine: DockerEngine, _ exec: ContainerID, _ container: ContainerID
    ) async -> ProcessHandle? {
        let call = engine.get(["exec", exec.rawValue, "json"])
        for _ in 0..<20 {
            // What cannot be asked has no process here; its connection is closed all the same.
            guard let before = try? await engine.api.decode(Wire.Exec.self, call) else { return nil }
            if before.isRunning == true, let number = before.process, number > 0 {
                guard let handle = ProcessHandle(number, inContainer: container.rawValue),
                    // Still the same: so the handle is its, and not that of a later one with its number.
                    let after = try? await engine.api.decode(Wire.Exec.self, call), after.isRunning == true,
                    after.process == number
                else { return nil }
                return handle
            }
            // The engine numbers it a moment after it has said that it is started.
            if before.exitCode != nil { return nil }
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return nil }
        }
        return nil
    }

    /// What a shell would end with.
    static func code(of reason: String) -> Int {
        let lower = reason.lowercased()
        return lower.contains("not found") || lower.contains("no such file") ? 127 : 126
    }
}
