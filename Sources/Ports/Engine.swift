public import Model

/// What runs containers. The controller knows no more of an engine than this.
///
/// Every call has a deadline of its own inside the adapter and throws `EngineError`; every effect is idempotent.
public protocol Engine: Sendable {
    /// Asks the engine who it is; also settles the version of its API anew.
    func info() async throws(EngineError) -> EngineInfo
    /// Everything that carries the installation's label, with each container inspected.
    func list() async throws(EngineError) -> EngineSnapshot
    /// One container; `nil` if it is gone or does not carry the installation's label.
    func inspect(_ id: ContainerID) async throws(EngineError) -> ObservedInstance?
    /// The digest that `reference` names now, and the image present on the host. With `known`, that very image.
    func prepare(reference: String, known: ResolvedImage?) async throws(EngineError) -> ResolvedImage
    /// What `reference` names now, without bringing it; `nil`: the adapter cannot tell.
    ///
    /// - Parameter present: the pinned name of an image that the host has; what both have is not pulled again.
    func look(up reference: String, besides present: String?) async throws(EngineError) -> ImageLookup?
    /// Makes what is missing of network, volumes and container, puts the files in, and starts it.
    ///
    /// A container of that name with the same template label is taken as its own earlier result; another one is
    /// `EngineError.Code.conflict`.
    func launch(_ order: InstanceOrder) async throws(EngineError) -> ContainerID
    /// The same for an order whose template has secrets.
    ///
    /// - Parameter secrets: what was delivered for it; nothing of its values may be shown by an error.
    func launch(
        _ order: InstanceOrder, secrets: DeliveredSecrets?
    ) async throws(EngineError) -> ContainerID
    func start(_ id: ContainerID) async throws(EngineError)
    /// Makes a job's container with all that it needs, and does not start it. One of that name with the same labels is
    /// taken as its own earlier result, whatever has become of it; another one is `EngineError.Code.conflict`.
    func createJob(
        _ order: JobOrder, secrets: DeliveredSecrets?
    ) async throws(EngineError) -> ContainerID
    /// Starts a job's container. The engine is asked once, whatever happens to the answer.
    func startJob(_ id: ContainerID) async throws(EngineError)
    /// Removes a job's container that was never started; one that is gone counts as removed. `conflict` if it runs or
    /// has run.
    func discardJob(_ id: ContainerID) async throws(EngineError)
    /// Returns when the container has stopped; one that is gone counts as stopped.
    func stop(_ id: ContainerID, grace: TimeSpan) async throws(EngineError)
    func restart(_ id: ContainerID, grace: TimeSpan) async throws(EngineError)
    /// Stops and removes the container, never a volume; one that is gone counts as removed.
    func remove(_ id: ContainerID, grace: TimeSpan) async throws(EngineError)
    func repair(_ id: ContainerID, _ repairs: [Repair]) async throws(EngineError)
    /// Removes a network of ours; one that is gone counts as removed.
    func removeNetwork(_ name: String) async throws(EngineError)
    /// Runs a command in a container and returns its exit code and the last 4 KiB of its output.
    func execute(
        _ command: [String], in id: ContainerID, timeout: TimeSpan
    ) async throws(EngineError) -> CommandResult
    /// Runs a command in a container that runs, with the caller's streams joined to it.
    ///
    /// - Throws: `conflict` if the container does not run. A command that cannot be started is no error: the session
    ///   says so.
    func openSession(
        _ order: EngineSessionOrder, in id: ContainerID
    ) async throws(EngineError) -> any ContainerSession
    /// Joins the caller's streams to the process of a container, before it is started or after. How it ended is asked
    /// of the container, which has to be there for it.
    func attach(
        _ order: EngineSessionOrder, to id: ContainerID
    ) async throws(EngineError) -> any ContainerSession
    /// The last lines of a container's log, oldest first.
    func logTail(_ id: ContainerID, lines: Int) async throws(EngineError) -> [EngineLogLine]
    /// The log of a container from the last `tail` lines on; ends with the container unless `follow` is false.
    func logs(
        _ id: ContainerID, tail: Int, sinceSeconds: Int64?, follow: Bool
    ) -> AsyncThrowingStream<EngineLogLine, any Error>
    /// Ids of containers of ours that something has happened to. A hint only: events may be lost. Ends with an
    /// error when the connection does.
    func events() -> AsyncThrowingStream<ContainerID, any Error>
}

extension Engine {
    public func look(up reference: String, besides present: String?) async throws(EngineError) -> ImageLookup?
    {
        nil
    }
    /// For engines that have no files: the secrets are left out.
    public func launch(
        _ order: InstanceOrder, secrets: DeliveredSecrets?
    ) async throws(EngineError) -> ContainerID { try await launch(order) }
}

public struct ImageLookup: Sendable, Hashable {
    public var digest: ContentDigest
    /// Compressed size in bytes of what would have to be pulled; 0: it is on the host; `nil`: nobody can tell.
    public var pullBytes: Int64?
    public init(digest: ContentDigest, pullBytes: Int64?) {
        self.digest = digest
        self.pullBytes = pullBytes
    }
}

public struct EngineInfo: Sendable, Hashable {
    public var name: String
    public var version: String
    public var apiVersion: String
    public init(name: String, version: String, apiVersion: String) {
        self.name = name
        self.version = version
        self.apiVersion = apiVersion
    }
}

public struct CommandResult: Sendable, Hashable {
    public var exitCode: Int
    public var output: String
    public init(exitCode: Int, output: String) {
        self.exitCode = exitCode
        self.output = output
    }
}

public struct EngineLogLine: Sendable, Hashable {
    public var isError: Bool
    public var text: String
    public init(isError: Bool, text: String) {
        self.isError = isError
        self.text = text
    }
}

/// Why an engine did not do what it was asked to.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No connection, or it broke.
        case unreachable
        case timeout
        /// The object is not there. For an image: the registry says that it does not exist.
        case notFound
        /// The name is taken by something that is not ours.
        case conflict
        case unauthorized
        case rateLimited
        /// The registry answered 5xx or could not be reached by the engine.
        case registryUnavailable
        case diskFull
        /// The container was made but did not start because of what the release asks for: no such command, a port.
        case startFailed
        /// The request was refused as wrong.
        case invalid
        /// The controller's policy refuses the payload.
        case policy
        /// An answer that makes no sense.
        case protocolViolation
        case `internal`
    }

    /// Whose fault a failure is: a release's own fault rolls it back, the world's fault is waited out.
    public enum Fault: Sendable, Hashable { case release, world }

    public var code: Code
    /// What failed and what to do about it; no secret, at most 1 KiB.
    public var message: String
    /// The call, such as `POST /containers/create`.
    public var call: String

    public init(_ code: Code, _ message: String, call: String) {
        self.code = code
        self.message = message
        self.call = call
    }

    public var fault: Fault {
        switch code {
        case .startFailed, .invalid, .policy: .release
        // Somebody has removed it; nor is a push that has not ended yet a release's doing.
        case .notFound, .unreachable, .timeout, .conflict, .unauthorized, .rateLimited, .registryUnavailable,
            .diskFull,
            .protocolViolation, .internal:
            .world
        }
    }

    public var description: String { "\(call): \(message)" }
}
