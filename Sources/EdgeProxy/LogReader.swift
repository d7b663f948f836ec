internal import Execution
internal import Glibc
internal import Model
internal import Ports
internal import Synchronization

/// Reads HAProxy's log lines on a thread of its own. While nobody reads, HAProxy drops them and goes on.
final class LogReader: Sendable {
    private let descriptor: Int32
    private let isStopped = Mutex(false)

    /// Listens at `path`, in place of a reader before.
    ///
    /// - Parameter receive: called on the reader's thread with the lines of a moment, at most 256.
    init(path: String, receive: @escaping @Sendable ([LogLine]) -> Void) throws(EdgeError) {
        let kind = Int32(SOCK_DGRAM.rawValue) | SocketFlag.closeOnExec
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw Files.failure("make a socket for", path) }
        var size: Int32 = 4 << 20
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        _ = unsafe unlink(path)
        var address = UnixAddress(path)
        guard address.bind(descriptor) == 0 else {
            let error = Files.failure("listen at", path)
            close(descriptor)
            throw error
        }
        do throws(EdgeError) {
            // The directory says who may come here.
            try Files.openToAll(path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        Thread.start(name: "edge-log") { [self] in read(receive) }
    }

    func stop() { isStopped.withLock { $0 = true } }

    private func read(_ receive: ([LogLine]) -> Void) {
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while !isStopped.withLock({ $0 }) {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&polled, 1, 100) > 0 else { continue }
            var lines: [LogLine] = []
            while lines.count < 256 {
                let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { break }
                let text = String(decoding: buffer.prefix(count), as: UTF8.self)
                for line in text.split(separator: "\n") {
                    if let line = LogLine(line) { lines.append(line) }
                }
            }
            if !lines.isEmpty { receive(lines) }
        }
    }
}

/// How long requests took, by server; shared by the reader and the edge.
final class LatencyBook: Sendable {
    private struct Server: Hashable {
        var backend: String
        var server: String
    }
    private struct State {
        var owners: FigureBook
        var counts: [RouteKey: [ReleaseNumber: [Int64]]] = [:]
    }
    private let state: Mutex<State>

    init() { state = Mutex(State(owners: FigureBook())) }

    func learn(_ route: Route) { state.withLock { $0.owners.learn(route) } }

    func forget(_ key: RouteKey) {
        state.withLock {
            $0.owners.forget(key)
            $0.counts[key] = nil
        }
    }

    /// - Parameter scale: requests that one line stands for.
    func add(_ lines: [LogLine], scale: Int64) {
        state.withLock { state in
            for line in lines {
                // An upgraded connection lasts as long as its visitor stays, which says nothing of the release.
                guard line.status != 101,
                    let owner = state.owners.owner(
                        backend: String(line.backend), server: String(line.server))
                else { continue }
                let bucket =
                    TrafficFigures.bounds.firstIndex { line.milliseconds <= $0 }
                    ?? TrafficFigures.bounds.count
                let empty = [Int64](repeating: 0, count: TrafficFigures.bounds.count + 1)
                state.counts[owner.key, default: [:]][owner.release, default: empty][bucket] += scale
            }
        }
    }

    subscript(key: RouteKey) -> [ReleaseNumber: [Int64]] { state.withLock { $0.counts[key] ?? [:] } }

    /// All at once, for a reading of all routes.
    var all: [RouteKey: [ReleaseNumber: [Int64]]] { state.withLock { $0.counts } }
}
