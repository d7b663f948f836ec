internal import Synchronization

/// The pieces of a body between libcurl's thread and one reader, bounded.
final class BodyQueue: Sendable {
    /// When this much waits, the transfer is paused.
    static let limitInBytes = 256 << 10

    typealias Piece = Result<[UInt8]?, any Error>

    private struct State {
        var pieces: [[UInt8]] = []
        var head = 0
        var sizeInBytes = 0
        var isPaused = false
        var reader: CheckedContinuation<Piece, Never>?
        var end: Piece?
    }
    private let state = Mutex(State())

    /// Takes `bytes`, or refuses them because the reader is behind: the transfer is to be paused then.
    func offer(_ bytes: [UInt8]) -> Bool {
        let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Piece, Never>?) in
            if state.end != nil { return (true, nil) }
            if let reader = state.reader {
                state.reader = nil
                return (true, reader)
            }
            guard state.sizeInBytes < Self.limitInBytes else {
                state.isPaused = true
                return (false, nil)
            }
            state.pieces.append(bytes)
            state.sizeInBytes += bytes.count
            return (true, nil)
        }
        reader?.resume(returning: .success(bytes))
        return isTaken
    }

    /// The body ends, in order after the pieces that wait. The first end counts.
    func finish(_ error: (any Error)?) {
        let end: Piece = if let error { .failure(error) } else { .success(nil) }
        let reader = state.withLock { state in
            if state.end == nil { state.end = end }
            let reader = state.reader
            state.reader = nil
            return reader
        }
        reader?.resume(returning: end)
    }

    /// The next piece, `nil` at the end.
    ///
    /// - Parameters:
    ///   - resume: called when a paused transfer may go on.
    ///   - cancel: called when the reading task is cancelled.
    func next(resume: () -> Void, cancel: @escaping @Sendable () -> Void) async throws -> [UInt8]? {
        let piece = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (piece, mayGoOn) = take(or: continuation)
                if mayGoOn { resume() }
                if let piece { continuation.resume(returning: piece) }
            }
        } onCancel: {
            finish(CancellationError())
            cancel()
        }
        return try piece.get()
    }

    private func take(or reader: CheckedContinuation<Piece, Never>) -> (piece: Piece?, mayGoOn: Bool) {
        state.withLock { state in
            if state.head < state.pieces.count {
                let piece = state.pieces[state.head]
                state.head += 1
                state.sizeInBytes -= piece.count
                if state.head == state.pieces.count {
                    state.pieces.removeAll(keepingCapacity: true)
                    state.head = 0
                }
                let mayGoOn = state.isPaused && state.sizeInBytes < Self.limitInBytes / 2
                if mayGoOn { state.isPaused = false }
                return (.success(piece), mayGoOn)
            }
            if let end = state.end { return (end, false) }
            guard state.reader == nil else {
                let error = HTTPError(.invalidRequest, "a body is read by one task only", url: "")
                return (.failure(error), false)
            }
            state.reader = reader
            return (nil, false)
        }
    }
}
