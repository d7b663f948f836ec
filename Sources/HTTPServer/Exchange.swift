internal import Execution
internal import Synchronization

/// One request and its response, between the library's thread and the handler's task.
///
/// The connection is suspended while the handler works and while a stream has nothing to send. Whoever flips
/// `isSuspended` back resumes it, in the same hold of the lock, so it is resumed exactly once; and it cannot go away
/// while it is suspended, since the library ends suspended connections never by itself.
final class Exchange: Sendable {
    enum Reading {
        case bytes(Int)
        case suspended, ended, broken
    }

    private enum Phase {
        case receiving, handling, answered
        /// Answered in full, or given up.
        case over
    }

    private struct State {
        /// `nil` once the library is done with the request.
        var connection: ConnectionHandle?
        var phase = Phase.receiving
        var isSuspended = false
        /// Status and reason, once the body is too much.
        var rejection: (Int, String)?
        var body: [UInt8] = []
        var bodyExcess = 0
        var reservedInBytes = 0
        var task: Task<Void, Never>?
        var response: HTTPServerResponse?
        var chunks = ChunkQueue()
        var isStreamEnded = false
        var isEventStream = false
        var room: CheckedContinuation<Void, Never>?
        /// What is to become of the connection once the library has sent the switch.
        var upgrade: HTTPServerUpgrade?
        var channel: ByteChannel?
    }

    /// What a stream may be ahead of its reader.
    private static let bufferLimitInBytes = 64 << 10

    let id: UInt64
    private let core: ServerCore
    private let client: Client
    private let bodyLimit: Int
    /// Everything but the body.
    private let head: HTTPServerRequest
    private let state: Mutex<State>

    init(
        id: UInt64, core: ServerCore, client: Client, connection: ConnectionHandle, head: HTTPServerRequest,
        bodyLimit: Int
    ) {
        self.id = id
        self.core = core
        self.client = client
        self.bodyLimit = bodyLimit
        self.head = head
        state = Mutex(State(connection: connection))
    }

    // MARK: On the library's thread

    /// Takes a piece of the body; `false`: the connection is to be closed.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            if state.rejection == nil, state.body.count + bytes.count > bodyLimit {
                state.rejection = (413, Self.tooLarge(bodyLimit))
            }
            if state.rejection == nil, !reserve(bytes.count, &state) {
                state.rejection = (503, "too many requests with a body are under way; try again later")
            }
            guard state.rejection == nil else {
                // An answer is possible only after the body, so a little more is read and dropped for its sake.
                state.body = []
                state.bodyExcess += bytes.count
                return state.bodyExcess <= max(bodyLimit, 64 << 10)
            }
            unsafe state.body.append(contentsOf: bytes)
            return true
        }
    }

    static func tooLarge(_ limit: Int) -> String { "the body is longer than the \(limit) bytes allowed here" }

    /// Called with the whole request, and again each time the connection was resumed without an answer queued.
    /// `false`: the connection is to be closed.
    func proceed() -> Bool {
        let (isNew, rejection, answer): (Bool, (Int, String)?, HTTPServerResponse?) = state.withLock {
            state in
            defer { state.response = nil }
            return (state.phase == .receiving, state.rejection, state.response)
        }
        if let answer { return queue(answer) }
        guard isNew else { return waitAgain() }
        if let rejection { return answerAtOnce(rejection.0, rejection.1) }
        return start()
    }

    /// Answers without asking the handler, and closes the connection after it.
    func answerAtOnce(_ status: Int, _ message: String) -> Bool {
        let response = HTTPServerResponse(plain: status, message)
        return state.withLock { state in
            guard state.phase == .receiving, let connection = state.connection else { return false }
            state.phase = .answered
            guard let prepared = PreparedResponse(bytes: response.bytes) else { return false }
            prepared.add(response.headers)
            prepared.closeAfterwards()
            return connection.queue(status: status, prepared)
        }
    }

    /// Gives the next piece of a stream.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        let (reading, room): (Reading, CheckedContinuation<Void, Never>?) = state.withLock { state in
            guard state.phase == .answered, let connection = state.connection else { return (.broken, nil) }
            let count = unsafe state.chunks.take(into: buffer)
            if count > 0 {
                guard state.chunks.count < Self.bufferLimitInBytes else { return (.bytes(count), nil) }
                let room = state.room
                state.room = nil
                return (.bytes(count), room)
            }
            if state.isStreamEnded { return (.ended, nil) }
            suspend(connection, &state)
            return (.suspended, nil)
        }
        room?.resume()
        return reading
    }

    /// The library is done with the request, well or badly.
    func complete() {
        end { state in
            state.connection = nil
            state.isSuspended = false
        }
        core.remove(self)
        client.waits(since: .now)
    }

    // MARK: On any thread

    /// The peer is gone, or the server stops: ends the task and lets the library close the connection.
    func abort() { end { _ in } }

    /// The handler's time is over.
    func expire() {
        let task: Task<Void, Never>? = state.withLock { state in
            guard state.phase == .handling, state.response == nil else { return nil }
            state.response = HTTPServerResponse(plain: 503, "the answer took too long; try again later")
            resume(&state)
            return state.task
        }
        task?.cancel()
    }

    /// Ends an event stream in good order; other responses go on.
    func endEventStream() {
        let task: Task<Void, Never>? = state.withLock { state in
            guard state.isEventStream || state.channel != nil else { return nil }
            state.isStreamEnded = true
            resume(&state)
            return state.task
        }
        task?.cancel()
    }

    /// The library has sent the switch and leaves the socket to us, until `handle` is given back.
    func upgraded(_ handle: UpgradeHandle, first: [UInt8]) {
        let core = core
        core.beginUpgrade()
        let transport = SocketTransport(client.socket) {
            handle.end()
            core.endUpgrade()
        }
        // Where there is no descriptor left, the transport was given back.
        let channel = try? ByteChannel(transport, first: first, endsWithPeer: true, name: "http-upgrade")
        state.withLock { state in
            guard let channel, let upgrade = state.upgrade, state.phase == .answered else {
                channel?.close()
                return
            }
            state.upgrade = nil
            state.channel = channel
            core.beginSpeaking()
            state.task = Task {
                await upgrade.serve(channel)
                channel.close()
                core.endSpeaking()
            }
        }
    }

    // MARK: Inner steps

    private func start() -> Bool {
        guard core.begin(self) else { return answerAtOnce(503, "the server is stopping; try again later") }
        client.works()
        return state.withLock { state in
            // It may have been aborted since `begin`.
            guard state.phase == .receiving, let connection = state.connection else { return false }
            var request = head
            request.body = state.body
            state.body = []
            state.phase = .handling
            suspend(connection, &state)
            state.task = Task { [request] in await self.run(request) }
            return true
        }
    }

    private func waitAgain() -> Bool {
        state.withLock { state in
            guard state.phase == .handling, let connection = state.connection else { return false }
            if state.response == nil { suspend(connection, &state) }
            return true
        }
    }

    private func run(_ request: HTTPServerRequest) async {
        let response = await core.handler(request)
        let isTaken = state.withLock { state in
            guard state.phase == .handling, state.response == nil else { return false }
            state.response = response
            state.isEventStream = response.isEventStream
            resume(&state)
            return true
        }
        guard isTaken, case .stream(let stream) = response.body else { return }
        for await chunk in stream {
            guard await send(chunk) else { break }
        }
        state.withLock { state in
            state.isStreamEnded = true
            if state.phase == .answered { resume(&state) }
        }
    }

    /// Gives a piece to the reader and waits until there is room for another; `false`: nobody reads any more.
    private func send(_ chunk: [UInt8]) async -> Bool {
        let isFull: Bool? = state.withLock { state in
            guard state.phase == .handling || state.phase == .answered, !state.isStreamEnded else {
                return nil
            }
            state.chunks.append(chunk)
            if state.phase == .answered { resume(&state) }
            return state.chunks.count >= Self.bufferLimitInBytes
        }
        guard let isFull else { return false }
        guard isFull else { return true }
        await withCheckedContinuation { continuation in
            let isRoom = state.withLock { state in
                let mustWait =
                    state.phase != .over && !state.isStreamEnded
                    && state.chunks.count >= Self.bufferLimitInBytes
                if mustWait { state.room = continuation }
                return !mustWait
            }
            if isRoom { continuation.resume() }
        }
        return true
    }

    private func queue(_ response: HTTPServerResponse) -> Bool {
        let isClosing = core.isStopping
        return state.withLock { state in
            guard state.phase == .handling, let connection = state.connection else { return false }
            state.phase = .answered
            let isValid = response.isValid
            let prepared: PreparedResponse? =
                switch response.body {
                case .stream where isValid: PreparedResponse(streaming: self)
                case .upgrade(let upgrade) where isValid: PreparedResponse(upgradingTo: upgrade.name)
                default: PreparedResponse(bytes: isValid ? response.bytes : [])
                }
            guard let prepared else { return false }
            if isValid { prepared.add(response.headers) }
            if case .upgrade(let upgrade) = response.body, isValid {
                state.upgrade = upgrade
            } else if isClosing {
                prepared.closeAfterwards()
            }
            return connection.queue(status: isValid ? response.status : 500, prepared)
        }
    }

    private func end(_ change: (inout State) -> Void) {
        let (task, room): (Task<Void, Never>?, CheckedContinuation<Void, Never>?) = state.withLock { state in
            state.phase = .over
            state.upgrade = nil
            state.channel?.close()
            state.channel = nil
            resume(&state)
            change(&state)
            state.response = nil
            state.chunks = ChunkQueue()
            state.body = []
            core.release(bytes: state.reservedInBytes)
            state.reservedInBytes = 0
            defer { state.room = nil }
            return (state.task, state.room)
        }
        task?.cancel()
        room?.resume()
    }

    private func suspend(_ connection: ConnectionHandle, _ state: inout State) {
        connection.suspend()
        state.isSuspended = true
        core.watch.add(client.socket, id: id)
    }

    private func resume(_ state: inout State) {
        guard state.isSuspended, let connection = state.connection else { return }
        state.isSuspended = false
        core.watch.remove(client.socket)
        connection.resume()
    }

    private func reserve(_ count: Int, _ state: inout State) -> Bool {
        guard core.reserve(bytes: count) else { return false }
        state.reservedInBytes += count
        return true
    }
}
