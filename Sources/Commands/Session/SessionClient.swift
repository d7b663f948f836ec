internal import Execution
internal import Model
internal import Synchronization

/// This side of a session: from the standard input to the controller, and from there to the outputs.
struct SessionClient: Sendable {
    let channel: ByteChannel
    let local: LocalTerminal
    let order: SessionOrder
    /// Says what went wrong, a line without its end.
    let complain: @Sendable (String) -> Void

    static let lost: Int32 = 125

    private enum Outcome: Sendable {
        /// The session is over, with this code.
        case over(Int32)
        /// One of its parts has nothing more to do.
        case partDone
    }

    /// Returns the exit code. The terminal is as before then.
    func run() async -> Int32 {
        let raw = order.terminal && local.isInputTerminal ? RawTerminal(local.input) : nil
        let signals = raw == nil ? nil : SignalFeed()
        defer { raw?.restore() }
        let code = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await show(raw) }
            if order.input { group.addTask { await type() } }
            if let signals { group.addTask { await heed(signals, raw) } }
            while let outcome = await group.next() {
                guard case .over(let code) = outcome else { continue }
                channel.close()
                group.cancelAll()
                return code
            }
            return Self.lost
        }
        return code
    }

    // MARK: To the controller

    private func type() async -> Outcome {
        guard let input = try? ByteChannel(InputTransport(local.input), name: "stdin") else {
            try? await channel.write(SessionFrame.inputEnd.encoded)
            return .partDone
        }
        do throws(ByteChannelError) {
            while let piece = try await input.read() {
                try await channel.write(SessionFrame.input(piece).encoded)
            }
            try await channel.write(SessionFrame.inputEnd.encoded)
        } catch {
            // The other direction tells why nothing is taken any more.
        }
        return .partDone
    }

    private func heed(_ signals: SignalFeed, _ raw: RawTerminal?) async -> Outcome {
        // Between the order and now the window may have changed.
        await tellSize(unless: order.size)
        while let numbers = try? await signals.channel.read() {
            for number in numbers {
                if number == SignalFeed.windowSize {
                    await tellSize(unless: nil)
                } else {
                    raw?.restore()
                    SignalFeed.obey(number)
                }
            }
        }
        return .partDone
    }

    private func tellSize(unless known: TerminalSize?) async {
        guard let size = local.size, size != known else { return }
        // A size that is not told any more is of no use to anybody.
        try? await channel.write(SessionFrame.resize(size).encoded)
    }

    // MARK: From the controller

    private func show(_ raw: RawTerminal?) async -> Outcome {
        // Writing may block for as long as the reader of the output likes.
        let writer = BlockingPool(name: "stdout", threads: 1)
        var frames = SessionFrameDecoder(from: .controller)
        var failure: String?
        func end(_ code: Int32) -> Outcome {
            raw?.restore()
            if let failure { complain(failure) }
            return .over(code)
        }
        do {
            while let piece = try await channel.read() {
                for frame in try frames.add(piece) {
                    switch frame {
                    case .output(let bytes), .errorOutput(let bytes):
                        let isError = if case .errorOutput = frame { true } else { false }
                        let local = local
                        guard await writer.run({ local.put(bytes, toError: isError) }) else {
                            return end(Self.lost)
                        }
                    case .ping: channel.offer(SessionFrame.pong.encoded)
                    case .failure(let bytes):
                        failure =
                            (try? WireCoding.decode(ErrorReport.self, from: bytes))?.error.message
                            ?? "the session failed, and the controller's reason cannot be read"
                    case .exit(let code): return end(code)
                    default: break
                    }
                }
            }
        } catch let error as SessionFrameDecoder.Malformed {
            failure = "the controller does not speak the protocol of this version: \(error.reason)"
        } catch {
            failure = failure ?? "the connection to the controller broke: \(error)"
        }
        failure = failure ?? "the controller ended the session; it may be restarting"
        return end(Self.lost)
    }
}
