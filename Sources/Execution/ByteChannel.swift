internal import CLinux
internal import Glibc
internal import Synchronization

/// Bytes both ways between tasks and one descriptor, with a thread that waits for it.
///
/// Nothing grows: at most one piece is read ahead, and a writer waits while 64 KiB are still to be sent. Letting go of
/// the last reference closes the channel, as does the cancellation of a task that reads or writes.
public final class ByteChannel: Sendable {
    /// The longest piece that `read` gives, and what may wait to be sent, in bytes.
    public static let limitInBytes = 64 << 10

    private let core: ChannelCore

    /// Begins to read ahead.
    ///
    /// - Parameters:
    ///   - transport: given back by `close` on the channel's thread.
    ///   - first: bytes that were received before, read first.
    ///   - endsWithPeer: the channel ends as soon as the peer closes its side, whatever is still to be read: for a
    ///     protocol in which nobody half-closes, so that a peer that is gone is noticed while nobody reads.
    ///   - name: of the thread, at most 15 bytes.
    /// - Throws: `ByteChannelError` where the system has no descriptor left.
    public init(
        _ transport: any ByteTransport, first: [UInt8] = [], endsWithPeer: Bool = false, name: String
    ) throws(ByteChannelError) {
        core = try ChannelCore(transport, first: first, endsWithPeer: endsWithPeer)
        let core = core
        Thread.start(name: name) { core.run() }
    }

    deinit { core.close() }

    /// The next piece, never empty; `nil` once the peer sends nothing more or the channel was closed. One reader at a
    /// time.
    public func read() async throws(ByteChannelError) -> [UInt8]? {
        let core = core
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { core.read($0) }
        } onCancel: {
            core.close()
        }.get()
    }

    /// Returns when the bytes have a place in what is to be sent, in one piece: writers do not mix.
    ///
    /// - Throws: `ByteChannelError` once the peer takes nothing more or the channel is closed.
    public func write(_ bytes: [UInt8]) async throws(ByteChannelError) {
        guard !bytes.isEmpty else { return }
        let core = core
        try await withTaskCancellationHandler {
            await withCheckedContinuation { core.write(bytes, $0) }
        } onCancel: {
            core.close()
        }.get()
    }

    /// The same where there is a place at once; else the bytes are left out.
    public func offer(_ bytes: [UInt8]) { core.offer(bytes) }

    /// Returns when everything that was written has been sent, or never will be.
    public func flush() async {
        await withCheckedContinuation { core.flush($0) }
    }

    /// After what is still to be sent, the peer is told that nothing follows.
    public func finishWriting() { core.finishWriting() }

    /// Ends it at once: readers get the end, writers an error. May be called often, from anywhere.
    public func close() { core.close() }
}

/// Why bytes could not be moved.
public struct ByteChannelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What failed, in the system's words.
    public var message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// What the thread and the tasks of a channel share.
private final class ChannelCore: Sendable {
    typealias Reader = CheckedContinuation<Result<[UInt8]?, ByteChannelError>, Never>
    typealias Writer = CheckedContinuation<Result<Void, ByteChannelError>, Never>

    private struct State {
        var incoming: [UInt8] = []
        var reader: Reader?
        /// Why nothing is received any more; `nil` while something may come.
        var end: Result<[UInt8]?, ByteChannelError>?
        var outgoing: [UInt8] = []
        /// How much of `outgoing` is sent.
        var sent = 0
        var writers: [(bytes: [UInt8], writer: Writer)] = []
        var flushers: [CheckedContinuation<Void, Never>] = []
        /// Why nothing is sent any more.
        var sendError: ByteChannelError?
        var isFinishing = false
        var isFinished = false
        var isClosed = false

        var unsent: Int { outgoing.count - sent }
    }
    private let state: Mutex<State>
    private let transport: any ByteTransport
    private let endsWithPeer: Bool
    private let wakeup: Int32

    init(_ transport: any ByteTransport, first: [UInt8], endsWithPeer: Bool) throws(ByteChannelError) {
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeup >= 0 else {
            let reason = errorText(errno)
            transport.close()
            throw ByteChannelError("cannot watch a connection: \(reason); raise the limit of open files")
        }
        self.transport = transport
        self.endsWithPeer = endsWithPeer
        var state = State()
        state.incoming = first
        self.state = Mutex(state)
    }

    deinit { Glibc.close(wakeup) }

    // MARK: Tasks

    func read(_ reader: Reader) {
        let result: Result<[UInt8]?, ByteChannelError>? = state.withLock { state in
            if !state.incoming.isEmpty {
                defer { state.incoming = [] }
                return .success(state.incoming)
            }
            if let end = state.end { return end }
            if state.isClosed { return .success(nil) }
            guard state.reader == nil else {
                return .failure(ByteChannelError("a connection is read by one task only"))
            }
            state.reader = reader
            return nil
        }
        wake()
        if let result { reader.resume(returning: result) }
    }

    func write(_ bytes: [UInt8], _ writer: Writer) {
        let result: Result<Void, ByteChannelError>? = state.withLock { state in
            if let error = state.sendError { return .failure(error) }
            if state.isClosed || state.isFinishing { return .failure(Self.closed) }
            guard state.writers.isEmpty, state.unsent < ByteChannel.limitInBytes else {
                state.writers.append((bytes, writer))
                return nil
            }
            state.outgoing += bytes
            return .success(())
        }
        wake()
        if let result { writer.resume(returning: result) }
    }

    func offer(_ bytes: [UInt8]) {
        state.withLock { state in
            guard state.sendError == nil, !state.isClosed, !state.isFinishing, state.writers.isEmpty,
                state.unsent < ByteChannel.limitInBytes
            else { return }
            state.outgoing += bytes
        }
        wake()
    }

    func flush(_ flusher: CheckedContinuation<Void, Never>) {
        let isOver = state.withLock { state in
            if state.isClosed || state.sendError != nil || state.unsent == 0 && state.writers.isEmpty {
                return true
            }
            state.flushers.append(flusher)
            return false
        }
        if isOver { flusher.resume() }
    }

    func finishWriting() {
        state.withLock { $0.isFinishing = true }
        wake()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = unsafe Glibc.write(wakeup, &one, 8)
    }

    private static let closed = ByteChannelError("the connection is closed")

    // MARK: The thread

    func run() {
        // A descriptor that only says that its peer is gone would be reported without end.
        var isIgnored = false
        while !state.withLock({ $0.isClosed }) {
            if trySending() || tryReceiving() { continue }
            let (wantsMore, hasUnsent) = state.withLock { state in
                (state.end == nil && state.incoming.isEmpty, state.sendError == nil && state.unsent > 0)
            }
            var events = (wantsMore ? Int16(POLLIN) : 0) | (hasUnsent ? Int16(POLLOUT) : 0)
            if endsWithPeer { events |= Int16(EPOLLRDHUP.rawValue) }
            if events != 0 { isIgnored = false }
            var polls = [
                pollfd(fd: isIgnored ? -1 : transport.descriptor, events: events, revents: 0),
                pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)
            ]
            _ = unsafe poll(&polls, 2, -1)
            if polls[1].revents != 0 {
                var counter: UInt64 = 0
                _ = unsafe Glibc.read(wakeup, &counter, 8)
                isIgnored = false
            }
            let isGone =
                polls[0].revents & (Int16(POLLHUP | POLLERR | POLLNVAL) | Int16(EPOLLRDHUP.rawValue)) != 0
            if isGone {
                if endsWithPeer { break }
                if events == 0 { isIgnored = true }
            }
        }
        transport.close()
        finish()
    }

    /// Whether something was moved.
    private func trySending() -> Bool {
        let (piece, mustFinish): ([UInt8], Bool) = state.withLock { state in
            if state.unsent == 0 {
                let mustFinish = state.isFinishing && !state.isFinished && state.writers.isEmpty
                if mustFinish { state.isFinished = true }
                return ([], mustFinish)
            }
            guard state.sendError == nil else { return ([], false) }
            return (Array(state.outgoing[state.sent...].prefix(ByteChannel.limitInBytes)), false)
        }
        if mustFinish { transport.finishSending() }
        guard !piece.isEmpty else { return false }
        switch unsafe piece.withUnsafeBytes({ unsafe transport.send($0) }) {
        case .moved(let count):
            noteSent(count)
            return true
        case .wouldBlock: return false
        case .ended: failSending(Self.closed)
        case .failed(let reason): failSending(ByteChannelError(reason))
        }
        return true
    }

    private func noteSent(_ count: Int) {
        let (writers, flushers): ([Writer], [CheckedContinuation<Void, Never>]) = state.withLock { state in
            state.sent += count
            if state.unsent == 0 {
                state.outgoing.removeAll(keepingCapacity: true)
                state.sent = 0
            } else if state.sent >= ByteChannel.limitInBytes {
                state.outgoing.removeFirst(state.sent)
                state.sent = 0
            }
            var writers: [Writer] = []
            while state.unsent < ByteChannel.limitInBytes, !state.writers.isEmpty {
                let next = state.writers.removeFirst()
                state.outgoing += next.bytes
                writers.append(next.writer)
            }
            guard state.unsent == 0 else { return (writers, []) }
            defer { state.flushers = [] }
            return (writers, state.flushers)
        }
        for writer in writers { writer.resume(returning: .success(())) }
        for flusher in flushers { flusher.resume() }
    }

    private func failSending(_ error: ByteChannelError) {
        let (writers, flushers): ([Writer], [CheckedContinuation<Void, Never>]) = state.withLock { state in
            state.sendError = error
            state.outgoing = []
            state.sent = 0
            defer { (state.writers, state.flushers) = ([], []) }
            return (state.writers.map(\.writer), state.flushers)
        }
        for writer in writers { writer.resume(returning: .failure(error)) }
        for flusher in flushers { flusher.resume() }
    }

    private func tryReceiving() -> Bool {
        guard state.withLock({ $0.end == nil && $0.incoming.isEmpty }) else { return false }
        var buffer = [UInt8](repeating: 0, count: ByteChannel.limitInBytes)
        let progress = unsafe buffer.withUnsafeMutableBytes { unsafe transport.receive(into: $0) }
        switch progress {
        case .moved(let count): deliver(.success(Array(buffer.prefix(count))))
        case .wouldBlock: return false
        case .ended: deliver(.success(nil))
        case .failed(let reason): deliver(.failure(ByteChannelError(reason)))
        }
        return true
    }

    private func deliver(_ piece: Result<[UInt8]?, ByteChannelError>) {
        let reader: Reader? = state.withLock { state in
            if case .success(let bytes?) = piece {
                if state.reader == nil { state.incoming = bytes }
            } else {
                state.end = piece
            }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: piece)
    }

    /// Nobody waits any more.
    private func finish() {
        failSending(Self.closed)
        let reader: Reader? = state.withLock { state in
            state.isClosed = true
            if state.end == nil { state.end = .success(nil) }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: .success(nil))
    }
}
