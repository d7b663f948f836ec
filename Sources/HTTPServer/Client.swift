internal import CLinux
internal import Synchronization

/// One connection, from accept to close.
final class Client: Sendable {
    private struct State {
        /// Since when a whole request is awaited; `nil` while one is worked on.
        var waitsSince: ContinuousClock.Instant?
        /// The target of the request that is being received, as sent.
        var target: [UInt8] = []
    }

    let id: UInt64
    /// Open for as long as the client stands in the core's table.
    let socket: Int32
    /// Who opened a Unix socket; `nil` where the kernel does not say.
    var peerUser: UInt32? {
        var user: UInt32 = 0
        return unsafe slipway_peer_user(socket, &user) == 0 ? user : nil
    }
    private let state: Mutex<State>

    init(id: UInt64, socket: Int32) {
        self.id = id
        self.socket = socket
        state = Mutex(State(waitsSince: .now))
    }

    func waits(since instant: ContinuousClock.Instant) { state.withLock { $0.waitsSince = instant } }
    func works() { state.withLock { $0.waitsSince = nil } }
    func hasWaited(until instant: ContinuousClock.Instant, limit: Duration) -> Bool {
        state.withLock { state in state.waitsSince.map { $0 + limit < instant } ?? false }
    }

    func noteTarget(_ target: [UInt8]) { state.withLock { $0.target = target } }
    func takeTarget() -> [UInt8] {
        state.withLock { state in
            defer { state.target = [] }
            return state.target
        }
    }
}
