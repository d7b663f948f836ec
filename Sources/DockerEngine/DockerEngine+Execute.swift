internal import FoundationEssentials
internal import HTTPClient
public import Model
public import Ports

extension DockerEngine {
    private static let outputLimitInBytes = 4_096

    /// Runs a command in a container.
    ///
    /// A command that outlives `timeout` is left to itself: the engine has no call to end it.
    ///
    /// - Throws: `conflict` if the container does not run, `startFailed` if there is no such command, `timeout`.
    public func execute(
        _ command: [String], in id: ContainerID, timeout: TimeSpan
    ) async throws(EngineError) -> CommandResult {
        guard !command.isEmpty else {
            throw EngineError(.invalid, "there is no command to run", call: "POST /containers/exec")
        }
        let result = await withTaskGroup(of: Result<CommandResult, EngineError>.self) { group in
            group.addTask { await self.run(command, in: id, timeout: timeout) }
            group.addTask {
                // Cancelled as soon as the command has ended; the reason does not matter then.
                try? await Task.sleep(for: timeout.duration)
                return .failure(
                    EngineError(
                        .timeout, "the command did not end within \(timeout)", call: "POST /exec/start"))
            }
            // There are two, so there is a first.
            let first = await group.next()
            group.cancelAll()
            return first
                ?? .failure(EngineError(.internal, "the call was cancelled", call: "POST /exec/start"))
        }
        return try result.get()
    }

    private func run(
        _ command: [String], in id: ContainerID, timeout: TimeSpan
    ) async -> Result<CommandResult, EngineError> {
        do throws(EngineError) {
            _ = try await requireOurs(id)
            let body = try checked(ExecPayload(command: command), as: .execute)
            let create = post(["containers", id.rawValue, "exec"], body: body)
            let created: Wire.Created
            do throws(EngineError) {
                created = try await api.decode(Wire.Created.self, create)
            } catch {
                // Podman's word for a container that does not run, with status 500.
                guard error.message.contains("container state improper") else { throw error }
                throw EngineError(.conflict, error.message, call: error.call)
            }
            guard let exec = created.id.flatMap(ContainerID.init) else {
                throw EngineError(.protocolViolation, "the engine gave the command no id", call: create.name)
            }
            let output = try await output(of: exec, timeout: timeout)
            let code = try await exitCode(of: exec)
            // Docker before 25 has begun its answer when it finds that there is no such command.
            if [126, 127].contains(code), output.hasPrefix("OCI runtime exec failed") {
                throw EngineError(.startFailed, EngineMessage.trimmed(output), call: create.name)
            }
            return .success(CommandResult(exitCode: code, output: output))
        } catch {
            return .failure(error)
        }
    }

    /// The last of what it prints, both streams as they come.
    private func output(of exec: ContainerID, timeout: TimeSpan) async throws(EngineError) -> String {
        var call = post(["exec", exec.rawValue, "start"])
        call.body = try DockerAPI.encode(ExecStartPayload(), call: call.name)
        call.timeout = timeout
        var frames = LogDemultiplexer()
        var tail: [UInt8] = []
        do {
            for try await piece in try await api.stream(call, idleTimeout: nil).body {
                for (_, bytes) in try frames.add(piece) { tail.append(contentsOf: bytes) }
                if tail.count > 4 * Self.outputLimitInBytes {
                    tail = Array(tail.suffix(Self.outputLimitInBytes))
                }
            }
        } catch {
            let error = failure(of: call.name, error)
            throw error.code == .conflict ? error : EngineMessage.startError(error)
        }
        return String(decoding: tail.suffix(Self.outputLimitInBytes), as: UTF8.self)
    }

    private func exitCode(of exec: ContainerID) async throws(EngineError) -> Int {
        let call = get(["exec", exec.rawValue, "json"])
        // The output may end a moment before the engine has noted the exit.
        for _ in 0..<100 {
            let state = try await api.decode(Wire.Exec.self, call)
            if state.isRunning != true, let code = state.exitCode { return code }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        throw EngineError(.timeout, "the command closed its output and goes on running", call: call.name)
    }
}
