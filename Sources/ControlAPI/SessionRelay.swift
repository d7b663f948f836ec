internal import Execution
internal import Model
internal import Ports
internal import Synchronization

/// Carries the frames of one session between its client and the engine, both ways at once.
///
/// Nothing is kept here but the frame in hand: a client that reads slowly holds up the command, and a command that
/// reads slowly its client.
struct SessionRelay: Sendable {
    let channel: ByteChannel
    let session: any ContainerSession
    let limits: SessionLimits
    /// Whether what the session was opened with is still good.
    let isGood: @Sendable () -> Bool

    private final class Vigil: Sendable {
        struct State {
            /// When the client was last heard, and when something last moved.
            var heard = ContinuousClock.now
            var moved = ContinuousClock.now
            /// The command is slow to read: the client's answers wait behind its input.
            var isHeldUp = false
            /// How it ends is known: what either side still says is for nobody.
            var isOver = false
        }
        let state = Mutex(State())
    }

    private enum Outcome { case ended, clientGone, refused(code: String, message: String) }

    /// Returns when the session is over and the client knows it, or is gone.
    func run() async {
        let vigil = Vigil()
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await takeInput(vigil) }
            group.addTask { await giveOutput(vigil) }
            group.addTask { await watch(vigil) }
            // There are three, so there is a first.
            let first = await group.next() ?? .clientGone
            vigil.state.withLock { $0.isOver = true }
            if case .ended = first {
                await part(&group)
            } else {
                await session.hangUp()
                if case .refused(let code, let message) = first {
                    await atMost(limits.farewell) { await tell(code, message) }
                    await atMost(limits.farewell) { await channel.flush() }
                }
            }
            group.cancelAll()
            return first
        }
        if case .ended = outcome { return }
        channel.close()
    }

    /// A client that takes nothing loses its connection, which ends `body`.
    private func atMost(_ limit: Duration, _ body: @escaping @Sendable () async -> Void) async {
        let channel = channel
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask {
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                channel.close()
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Lets the client take what was sent: closing at once, while it still sends, would throw that away.
    private func part(_ group: inout TaskGroup<Outcome>) async {
        let limit = limits.farewell
        let channel = channel
        await atMost(limit) { await channel.flush() }
        channel.finishWriting()
        group.addTask {
            // Cancelled as soon as the client has closed its side.
            try? await Task.sleep(for: limit)
            return .ended
        }
        while let next = await group.next() {
            // The watch over the session ends by itself; the end of the input is the client's leave.
            if case .refused = next { continue }
            return
        }
    }

    // MARK: From the client

    private func takeInput(_ vigil: Vigil) async -> Outcome {
        var frames = SessionFrameDecoder(from: .client)
        while true {
            let piece: [UInt8]?
            do throws(ByteChannelError) { piece = try await channel.read() } catch { return .clientGone }
            guard let piece else { return .clientGone }
            vigil.state.withLock { $0.heard = .now }
            do throws(SessionFrameDecoder.Malformed) {
                for frame in try frames.add(piece) { await take(frame, vigil) }
            } catch {
                return .refused(
                    code: "protocol",
                    message: "the client does not speak the protocol of this controller: \(error.reason)")
            }
        }
    }

    private func take(_ frame: SessionFrame, _ vigil: Vigil) async {
        guard !vigil.state.withLock({ $0.isOver }) else { return }
        switch frame {
        case .input(let bytes):
            guard !bytes.isEmpty else { return }
            vigil.state.withLock { $0.isHeldUp = true }
            // A command that takes no more input may still write: its end is told by the other direction.
            try? await session.write(bytes)
            vigil.state.withLock { state in
                state.isHeldUp = false
                (state.heard, state.moved) = (.now, .now)
            }
        case .inputEnd: await session.finishInput()
        case .resize(let size): await session.resize(size)
        default: break
        }
    }

    // MARK: To the client

    private func giveOutput(_ vigil: Vigil) async -> Outcome {
        do {
            while let output = try await session.read() {
                vigil.state.withLock { $0.moved = .now }
                switch output {
                case .output(let bytes): try await channel.write(SessionFrame.output(bytes).encoded)
                case .errorOutput(let bytes): try await channel.write(SessionFrame.errorOutput(bytes).encoded)
                }
                vigil.state.withLock { $0.moved = .now }
            }
            let end = try await session.end()
            guard !vigil.state.withLock({ $0.isOver }) else { return .clientGone }
            switch end {
            case .exited(let code):
                try await channel.write(SessionFrame.exit(Int32(clamping: code)).encoded)
            case .notStarted(let code, let reason), .cutShort(let code, let reason):
                let word = if case .cutShort = end { "timed_out" } else { "cannot_run" }
                await tell(word, reason)
                try await channel.write(SessionFrame.exit(Int32(clamping: code)).encoded)
            }
            return .ended
        } catch let error as EngineError {
            return .refused(code: "unavailable", message: error.message)
        } catch {
            return .clientGone
        }
    }

    private func tell(_ code: String, _ message: String) async {
        guard let report = try? WireCoding.encode(ErrorReport(code: code, message: message)) else { return }
        // A client that is gone is told nothing.
        try? await channel.write(SessionFrame.failure(report).encoded)
    }

    // MARK: The watch

    private func watch(_ vigil: Vigil) async -> Outcome {
        while (try? await Task.sleep(for: limits.ping)) != nil {
            let state = vigil.state.withLock { $0 }
            let now = ContinuousClock.now
            if !state.isHeldUp, state.heard + limits.ping * 4 < now { return .clientGone }
            if state.moved + limits.idle < now {
                return .refused(
                    code: "idle", message: "nothing has moved for \(limits.idle); the session is ended")
            }
            if !isGood() {
                return .refused(
                    code: "unauthorized", message: "the token is not good any more; the session is ended")
            }
            // A client that has much to read needs none to know that somebody is there.
            channel.offer(SessionFrame.ping.encoded)
        }
        return .clientGone
    }
}
