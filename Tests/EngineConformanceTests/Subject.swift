import Model
import Ports

/// An engine that the scenarios are played on, with what a person can do to it behind the port's back.
protocol Subject: Sendable {
    var engine: any Engine { get }
    var installation: InstallationName { get }
    /// Put before every name, so that runs do not meet each other.
    var prefix: String { get }

    /// The image and the command whose containers behave as `program` says.
    func content(of program: Program) -> (image: String, command: [String]?)
    func reference(to image: ImageKind) async throws -> String
    /// What a person does at the engine's own command line.
    func byHand(_ deed: Deed, _ id: ContainerID) async throws
    /// Makes a container without our labels, running; with `copiesLabel`, one with our installation's label only.
    func makeForeign(_ name: String, copiesLabel: Bool) async throws -> ContainerID
    /// Publishes an image that nothing else is made of, with a busybox, and returns what it is asked for by.
    func makeImage(_ short: String) async throws -> String
    /// Removes an image that no container is of from the host.
    func removeImage(_ image: ResolvedImage) async throws
    func makeForeignNetwork(_ name: String) async throws
    /// What the engine's own list says, whoever it belongs to.
    func exists(_ id: ContainerID) async throws -> Bool
    /// Makes the engine announce the container that `makeMarker` has made.
    func touchMarker() async throws
    /// Returns when the process of a container that runs has said what SIGTERM does to it; until then nothing.
    func settle(_ id: ContainerID) async throws
    func makeMarker() async throws -> ContainerID
    func cleanUp() async
}

/// What the process of a container does.
enum Program: Sendable, Hashable {
    /// Runs, prints a line on each stream, and ends with 143 at SIGTERM.
    case idle
    /// Runs and ignores SIGTERM.
    case stubborn
    /// Ends at once.
    case exits(Int)
    /// Is not there.
    case missing
}

enum ImageKind: CaseIterable, Sendable {
    case known, unknownTag, unknownRepository, registryDown, byDigest, unknownDigest, malformed
}

enum Deed: Sendable {
    /// The process ends with that code by itself.
    case end(code: Int)
    /// The process grows until the kernel kills it.
    case outgrow
    case pause
    case stop
    case remove
    case rename(String)
    case setMemory(Int64)
    case setPolicy(RestartPolicy)
    case connect(String)
    case disconnect(String)
}
