internal import Execution
internal import Model
internal import Ports

/// The streams of a command or a container over a connection that has left HTTP.
actor EngineStreams {
    private nonisolated let channel: ByteChannel
    private nonisolated let call: String
    /// `false`: a terminal's one stream, as it is.
    private let isFramed: Bool
    private var frames = LogDemultiplexer()
    private var ready: [SessionOutput] = []
    private var isFirst: Bool
    /// What Docker before 25 writes into the output instead of starting the command, and nothing after it.
    private var held: [UInt8]?
    private static let startFailureMark = Array("OCI runtime exec failed".utf8)

    /// - Parameter mayFailToStart: what begins like the engine's complaint is held back until its end is known.
    init(_ channel: ByteChannel, isFramed: Bool, call: String, mayFailToStart: Bool = true) {
        isFirst = mayFailToStart
        self.channel = channel
        self.isFramed = isFramed
        self.call = call
    }

    nonisolated func write(_ input: [UInt8]) async throws(EngineError) {
        do throws(ByteChannelError) {
            try await channel.write(input)
        } catch {
            throw EngineError(.unreachable, error.message, call: call)
        }
    }

    nonisolated func finishInput() { channel.finishWriting() }
    nonisolated func close() { channel.close() }

    /// One reader at a time.
    func read() async throws(EngineError) -> SessionOutput? {
        while ready.isEmpty {
            let piece: [UInt8]?
            do throws(ByteChannelError) {
                piece = try await channel.read()
            } catch {
                throw EngineError(
                    .unreachable, "the connection to the engine broke: \(error.message)", call: call)
            }
            guard let piece else {
                // Whoever writes to a command that has ended is not to wait for anybody.
                channel.close()
                return nil
            }
            try take(piece)
        }
        return ready.removeFirst()
    }

    private func take(_ piece: [UInt8]) throws(EngineError) {
        guard isFramed else { return keep([.output(piece)]) }
        do throws(LogDemultiplexer.Malformed) {
            keep(
                try frames.add(piece).map {
                    $0.isError ? .errorOutput(Array($0.bytes)) : .output(Array($0.bytes))
                })
        } catch {
            channel.close()
            throw EngineError(.protocolViolation, "the engine's stream makes no sense", call: call)
        }
    }

    /// What looks like the engine's complaint is held back until it is known whether it is, or the command's own.
    private func keep(_ pieces: [SessionOutput]) {
        for piece in pieces {
            defer { isFirst = false }
            if let bytes = takeHeld() { ready.append(.output(bytes)) }
            if case .output(let bytes) = piece, isFirst, bytes.starts(with: Self.startFailureMark) {
                held = bytes
            } else {
                ready.append(piece)
            }
        }
    }

    /// What was held back, and is the whole output.
    func takeHeld() -> [UInt8]? {
        defer { held = nil }
        return held
    }
}
