internal import Execution
internal import Synchronization

/// An HTTP/1.1 server: libmicrohttpd carries the connections, Swift tasks the handlers.
///
/// It serves until `stop`; letting go of the value does not end it.
public final class HTTPServer: Sendable {
    /// The port of the TCP listener; `nil` without one.
    public let tcpPort: Int?

    private let core: ServerCore
    /// Emptied by `stop`.
    private let daemons: Mutex<Daemons>

    private struct Daemons: ~Copyable, Sendable {
        var unix: Daemon?
        var tcp: Daemon?
    }

    private init(core: ServerCore, daemons: consuming sending Daemons) {
        self.core = core
        tcpPort = daemons.tcp?.port
        self.daemons = Mutex(daemons)
    }

    /// Begins to listen and to answer with `handler`.
    ///
    /// A socket file that a dead server left is replaced; one that somebody listens at is `addressInUse`.
    public static func start(
        _ configuration: HTTPServerConfiguration, handler: @escaping HTTPHandler
    ) throws(HTTPServerError) -> HTTPServer {
        guard configuration.unix != nil || configuration.tcp != nil else {
            throw HTTPServerError(
                .invalidConfiguration, "the server has no listener; give a socket path or a port")
        }
        let core = try ServerCore(configuration, handler: handler)
        var daemons = Daemons()
        // Both sockets before the first daemon: a daemon would have to be stopped again.
        var unix: ListeningSocket?
        if let listener = configuration.unix { unix = try ListeningSocket(unix: listener) }
        if let listener = configuration.tcp {
            let socket = try ListeningSocket(tcp: listener)
            daemons.tcp = try Daemon(socket: socket, core: core, listener: .tcp)
        }
        if let socket = unix.take() {
            do throws(HTTPServerError) {
                daemons.unix = try Daemon(socket: socket, core: core, listener: .unix)
            } catch {
                daemons.tcp.take()?.stop()
                throw error
            }
        }
        core.startWatching()
        return HTTPServer(core: core, daemons: daemons)
    }

    /// Stops accepting, gives running requests `grace` to finish, then cancels and closes what is left.
    ///
    /// Event streams (`text/event-stream`) are ended at once, in good order. The socket file is removed. A second
    /// call returns at once.
    public func stop(grace: Duration) async {
        guard core.stopTaking() else { return }
        daemons.withLock { daemons in
            daemons.unix?.quiesce()
            daemons.tcp?.quiesce()
        }
        await core.drain(grace)
        core.abortAll()
        await core.upgradesEnded()
        await core.speakersEnded(max(grace, .seconds(2)))
        await withCheckedContinuation { continuation in
            Thread.start(name: "http-stop") {
                self.closeDaemons()
                continuation.resume()
            }
        }
        core.close()
    }

    private func closeDaemons() {
        let unix = daemons.withLock { $0.unix.take() }
        let tcp = daemons.withLock { $0.tcp.take() }
        unix?.stop()
        tcp?.stop()
    }
}
