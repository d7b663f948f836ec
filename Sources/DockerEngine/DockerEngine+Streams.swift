internal import FoundationEssentials
internal import HTTPClient
public import Model
public import Ports

extension DockerEngine {
    /// The end of the connection is an error, even if the engine says good-bye: events are missed from then on.
    public func events() -> AsyncThrowingStream<ContainerID, any Error> {
        EngineStream<EventParser>(failure: failure(of: "GET /events")) { [self] in
            let peer = try await api.peer()
            var filters = ["type": ["container", "network"]]
            // Other containers' health checks make most of a busy engine's events. Podman knows other names.
            if !peer.isPodman { filters["event"] = EventParser.actions.sorted() }
            var call = get(["events"], query: [("filters", try Self.filters(filters))])
            call.timeout = configuration.effectTimeout
            let parser = EventParser(
                installation: installation, isOwnNetwork: { [self] in project(ofNetwork: $0) != nil })
            return (try await api.stream(call, idleTimeout: nil), parser)
        }.elements
    }

    public func logs(
        _ id: ContainerID, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) -> AsyncThrowingStream<EngineLogLine, any Error> {
        EngineStream<LogParser>(failure: failure(of: "GET /containers/logs")) { [self] in
            let container = try await requireOurs(id)
            var query = [
                ("stdout", "1"), ("stderr", "1"), ("follow", follow ? "1" : "0"), ("tail", "\(max(0, tail))")
            ]
            if let sinceSeconds { query.append(("since", "\(max(0, sinceSeconds))")) }
            let call = get(["containers", id.rawValue, "logs"], query: query)
            let idle: TimeSpan? = follow ? nil : configuration.callTimeout
            return (
                try await api.stream(call, idleTimeout: idle),
                LogParser(isFramed: container.config?.hasTerminal != true)
            )
        }.elements
    }

    public func logTail(_ id: ContainerID, lines: Int) async throws(EngineError) -> [EngineLogLine] {
        let wanted = min(max(0, lines), 10_000)
        guard wanted > 0 else { return [] }
        var tail: [EngineLogLine] = []
        do {
            for try await line in logs(id, tail: wanted, sinceSeconds: nil, follow: false) {
                tail.append(line)
            }
        } catch {
            throw failure(of: "GET /containers/logs", error)
        }
        return tail.suffix(wanted)
    }

    private func failure(of call: String) -> @Sendable (any Error) -> any Error {
        { [self] error in error is CancellationError ? error : failure(of: call, error) }
    }

    func failure(of call: String, _ error: any Error) -> EngineError {
        switch error {
        case let error as EngineError: error
        case let error as HTTPError: api.engineError(error, call: call)
        case is CancellationError: EngineError(.internal, "the call was cancelled", call: call)
        case is LineSplitter.TooLong: EngineError(.protocolViolation, "a line is too long", call: call)
        default: EngineError(.protocolViolation, "the engine's stream makes no sense", call: call)
        }
    }
}

/// Containers of ours that events are about.
struct EventParser: StreamParser {
    static let actions: Set = [
        "create", "start", "die", "stop", "kill", "pause", "unpause", "rename", "update", "destroy", "oom",
        "restart",
        "connect", "disconnect"
    ]
    /// Podman's own words.
    private static let otherActions: Set = ["remove", "died", "cleanup", "init"]
    private static let lineLimitInBytes = 256 << 10

    let installation: InstallationName
    let isOwnNetwork: @Sendable (String) -> Bool
    private var lines = LineSplitter(limitInBytes: lineLimitInBytes)

    init(installation: InstallationName, isOwnNetwork: @escaping @Sendable (String) -> Bool) {
        self.installation = installation
        self.isOwnNetwork = isOwnNetwork
    }

    mutating func add(_ bytes: [UInt8]) throws -> [ContainerID] {
        var found: [ContainerID] = []
        for line in try lines.add(bytes) {
            if let id = try subject(of: line) { found.append(id) }
        }
        return found
    }

    mutating func finish() throws -> [ContainerID] {
        throw EngineError(.unreachable, "the engine ended the stream of events", call: "GET /events")
    }

    private func subject(of line: [UInt8]) throws(EngineError) -> ContainerID? {
        let event = try DockerAPI.decode(Wire.Event.self, line, call: "GET /events")
        guard let action = event.action, Self.actions.contains(action) || Self.otherActions.contains(action)
        else {
            return nil
        }
        let attributes = event.actor?.attributes ?? [:]
        switch event.type {
        case "container":
            guard attributes[LabelKey.installation] == installation.rawValue else { return nil }
            return event.actor?.id.flatMap(ContainerID.init)
        case "network":
            // It carries no labels, only the network's name.
            guard let name = attributes["name"], isOwnNetwork(name) else { return nil }
            return attributes["container"].flatMap(ContainerID.init)
        default: return nil
        }
    }
}

struct LogParser: StreamParser {
    /// `false` for a container with a terminal: one stream, as it is.
    let isFramed: Bool
    private var frames = LogDemultiplexer()
    private var lines = LogLines()

    init(isFramed: Bool) { self.isFramed = isFramed }

    mutating func add(_ bytes: [UInt8]) throws -> [EngineLogLine] {
        let pieces = isFramed ? try frames.add(bytes) : [(isError: false, bytes: bytes[...])]
        var found: [EngineLogLine] = []
        for piece in pieces {
            found += lines.add(piece.bytes, isError: piece.isError).map {
                EngineLogLine(isError: $0.isError, text: $0.text)
            }
        }
        return found
    }

    mutating func finish() -> [EngineLogLine] {
        lines.rest().map { EngineLogLine(isError: $0.isError, text: $0.text) }
    }
}
