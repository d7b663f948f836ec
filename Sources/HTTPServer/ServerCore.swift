internal import Execution
internal import Glibc
internal import Synchronization

/// What the listeners of a server share: its limits, its clients and the requests under way.
final class ServerCore: Sendable {
    private struct State {
        var nextID: UInt64 = 1
        var clients: [UInt64: Client] = [:]
        /// Requests whose handler was called and whose answer is not sent in full.
        var running: [UInt64: Running] = [:]
        var bodyBytes = 0
        var isStopping = false
        /// Connections that the library has left to us.
        var upgrades = 0
        /// Tasks that speak other protocols.
        var speakers = 0
        var upgradesWaiter: CheckedContinuation<Void, Never>?
        var isClosed = false
        var drain: Drain?

        mutating func takeID() -> UInt64 {
            defer { nextID += 1 }
            return nextID
        }
    }
    private struct Running {
        var exchange: Exchange
        var deadline: ContinuousClock.Instant
    }
    private struct Drain {
        var waiter: CheckedContinuation<Void, Never>
        var deadline: ContinuousClock.Instant
    }

    let configuration: HTTPServerConfiguration
    let handler: HTTPHandler
    let watch: PeerWatch
    private let state = Mutex(State())

    init(_ configuration: HTTPServerConfiguration, handler: @escaping HTTPHandler) throws(HTTPServerError) {
        self.configuration = configuration
        self.handler = handler
        watch = try PeerWatch()
    }

    /// Runs the thread that looks after hang-ups and deadlines, until `close`.
    func startWatching() {
        Thread.start(name: "http-watch") { self.run() }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    // MARK: Clients

    func addClient(socket: Int32) -> Client {
        let (client, isFirst) = state.withLock { state in
            let client = Client(id: state.takeID(), socket: socket)
            state.clients[client.id] = client
            return (client, state.clients.count == 1)
        }
        if isFirst { watch.wake() }
        return client
    }

    func remove(_ client: Client) { state.withLock { _ = $0.clients.removeValue(forKey: client.id) } }

    func newID() -> UInt64 { state.withLock { $0.takeID() } }

    // MARK: Requests

    /// Takes a request in; `false` when the server is stopping.
    func begin(_ exchange: Exchange) -> Bool {
        let deadline = ContinuousClock.now + configuration.requestTimeout
        return state.withLock { state in
            if state.isStopping { return false }
            state.running[exchange.id] = Running(exchange: exchange, deadline: deadline)
            return true
        }
    }

    func remove(_ exchange: Exchange) {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            state.running[exchange.id] = nil
            guard state.running.isEmpty else { return nil }
            defer { state.drain = nil }
            return state.drain?.waiter
        }
        waiter?.resume()
    }

    func reserve(bytes: Int) -> Bool {
        state.withLock { state in
            guard bytes <= configuration.totalBodyLimitInBytes - state.bodyBytes else { return false }
            state.bodyBytes += bytes
            return true
        }
    }

    func release(bytes: Int) {
        guard bytes > 0 else { return }
        state.withLock { $0.bodyBytes -= bytes }
    }

    func beginSpeaking() { state.withLock { $0.speakers += 1 } }
    func endSpeaking() { state.withLock { $0.speakers -= 1 } }

    func beginUpgrade() { state.withLock { $0.upgrades += 1 } }

    func endUpgrade() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            state.upgrades -= 1
            guard state.upgrades == 0 else { return nil }
            defer { state.upgradesWaiter = nil }
            return state.upgradesWaiter
        }
        waiter?.resume()
    }

    // MARK: The end

    /// Waits for those who speak other protocols to take their leave, at most `grace`: their connections are closed.
    func speakersEnded(_ grace: Duration) async {
        let deadline = ContinuousClock.now + grace
        while state.withLock({ $0.speakers > 0 }), .now < deadline {
            // Who stops the server has cancelled nothing of it; were it so, there would be nothing to wait for.
            guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { return }
        }
    }

    /// Waits until every connection that was left to us is given back: the library cannot stop before.
    func upgradesEnded() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.upgrades > 0 else { return true }
                state.upgradesWaiter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// No request is taken any more; `false` if that was so before.
    func stopTaking() -> Bool {
        let exchanges: [Exchange]? = state.withLock { state in
            if state.isStopping { return nil }
            state.isStopping = true
            return state.running.values.map(\.exchange)
        }
        guard let exchanges else { return false }
        for exchange in exchanges { exchange.endEventStream() }
        return true
    }

    /// Waits until no request is under way, at most `grace`.
    func drain(_ grace: Duration) async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.running.isEmpty { return true }
                state.drain = Drain(waiter: continuation, deadline: .now + grace)
                return false
            }
            if isIdle { continuation.resume() } else { watch.wake() }
        }
    }

    /// Ends whatever is still under way. Afterwards no connection is suspended.
    func abortAll() {
        for exchange in state.withLock({ $0.running.values.map(\.exchange) }) { exchange.abort() }
    }

    /// Ends the thread of `startWatching`.
    func close() {
        state.withLock { $0.isClosed = true }
        watch.wake()
    }

    private func run() {
        while true {
            let (isClosed, isIdle) = state.withLock { ($0.isClosed, $0.clients.isEmpty && $0.drain == nil) }
            if isClosed { return }
            for case .hungUp(let id) in watch.next(timeoutInMilliseconds: isIdle ? nil : 100) {
                let exchange = state.withLock { $0.running[id]?.exchange }
                exchange?.abort()
            }
            sweep(at: .now)
        }
    }

    private func sweep(at now: ContinuousClock.Instant) {
        let (expired, drained): ([Exchange], CheckedContinuation<Void, Never>?) = state.withLock { state in
            for client in state.clients.values
            where client.hasWaited(until: now, limit: configuration.idleTimeout) {
                // The library sees the end and closes. The number is valid: clients leave the table before that.
                _ = shutdown(client.socket, Int32(SHUT_RDWR))
            }
            let expired = state.running.values.filter { $0.deadline < now }.map(\.exchange)
            guard let drain = state.drain, drain.deadline < now else { return (expired, nil) }
            state.drain = nil
            return (expired, drain.waiter)
        }
        for exchange in expired { exchange.expire() }
        drained?.resume()
    }
}
