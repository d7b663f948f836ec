internal import Synchronization

/// Hands the chunks of an event stream from the task that makes them to the server that sends them.
///
/// It holds at most `capacity` chunks: a producer waits when the peer reads slowly, so nothing is lost and nothing
/// grows. A heartbeat is sent only where nothing else is.
final class Outbox: Sendable {
    typealias Chunk = [UInt8]

    private struct State {
        var chunks: [Chunk] = []
        var isHeartbeatDue = false
        var isClosed = false
        var reader: CheckedContinuation<Chunk?, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let heartbeat: Chunk

    init(capacity: Int, heartbeat: Chunk) {
        self.capacity = capacity
        self.heartbeat = heartbeat
    }

    /// Returns when the chunk has a place; `false` once the peer is gone. One producer at a time.
    func put(_ chunk: Chunk) async -> Bool {
        await waitForRoom()
        let (reader, isOpen): (CheckedContinuation<Chunk?, Never>?, Bool) = state.withLock { state in
            guard !state.isClosed else { return (nil, false) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            state.chunks.append(chunk)
            return (nil, true)
        }
        reader?.resume(returning: chunk)
        return isOpen
    }

    private func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = state.withLock { state in
                    if state.isClosed || state.chunks.count < capacity || Task.isCancelled { return true }
                    state.writer = continuation
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }

    /// Makes a comment line for a reader that would otherwise hear nothing.
    func beat() {
        let reader = state.withLock { state -> CheckedContinuation<Chunk?, Never>? in
            guard let reader = state.reader else {
                state.isHeartbeatDue = state.chunks.isEmpty && !state.isClosed
                return nil
            }
            state.reader = nil
            return reader
        }
        reader?.resume(returning: heartbeat)
    }

    /// The next chunk; `nil` at the end. One reader at a time.
    func next() async -> Chunk? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (ready, chunk, writer) = state.withLock {
                    Self.take(&$0, continuation, heartbeat: heartbeat)
                }
                writer?.resume()
                if ready { continuation.resume(returning: chunk) }
            }
        } onCancel: {
            close()
        }
    }

    private static func take(
        _ state: inout State, _ continuation: CheckedContinuation<Chunk?, Never>, heartbeat: Chunk
    ) -> (ready: Bool, chunk: Chunk?, writer: CheckedContinuation<Void, Never>?) {
        if !state.chunks.isEmpty {
            let writer = state.writer
            state.writer = nil
            return (true, state.chunks.removeFirst(), writer)
        }
        if state.isClosed { return (true, nil, nil) }
        if state.isHeartbeatDue {
            state.isHeartbeatDue = false
            return (true, heartbeat, nil)
        }
        state.reader = continuation
        return (false, nil, nil)
    }

    /// Ends the stream after what it still holds.
    func close() {
        let (reader, writer) = state.withLock { state in
            state.isClosed = true
            defer {
                state.reader = nil
                state.writer = nil
            }
            return (state.reader, state.writer)
        }
        reader?.resume(returning: nil)
        writer?.resume()
    }
}
