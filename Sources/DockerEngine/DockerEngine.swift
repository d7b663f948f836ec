internal import Execution
public import HTTPClient
internal import Model
public import Ports
internal import Synchronization

/// One Docker Engine, from 20.10 on, through its Unix socket.
///
/// Nothing here deletes a volume, and no container, network or volume without the installation's label is changed.
///
/// Podman's Docker-compatible socket works too, with these differences:
/// - `POST /containers/{id}/update` is not there: limits and restart policy changed by hand are not put back.
/// - There is no `/distribution`: a tag is resolved by pulling it.
/// - An image on the host has digests even if no registry knows it: it is taken only when the registry cannot be
///   asked or does not have it.
/// - An instance's `image` is the image's name, not the digest that it was made from.
/// - Disconnecting a network by hand is no event; the next list shows it.
/// - A start that failed leaves no reason in the container's state.
/// - An image's name is expanded (`app` becomes `docker.io/library/app`, a local one `localhost/app`).
/// - A container that the restart policy restarts comes back at once, without a growing pause.
/// - With CNI networks (Debian's default) aliases have no DNS; netavark with aardvark-dns has.
public final class DockerEngine: Engine {
    let configuration: DockerConfiguration
    let api: DockerAPI
    let policy: PayloadPolicy
    let authentication: RegistryAuthentication
    let inspection: RegistryInspection
    /// Networks known to be ours, with their project: tells which of a container's addresses is meant.
    private let ownNetworks = Mutex<[String: ProjectName]>([:])
    /// Whoever holds it may make networks.
    let networkTurn = Turnstile()

    /// Does not connect yet.
    public init(configuration: DockerConfiguration, client: HTTPClient) {
        self.configuration = configuration
        api = DockerAPI(
            socketPath: configuration.socketPath, client: client, callTimeout: configuration.callTimeout)
        policy = PayloadPolicy(
            installation: configuration.installation, dns: configuration.dns,
            projects: configuration.projects,
            naming: configuration.naming, secretsDirectory: configuration.secretsDirectory)
        authentication = RegistryAuthentication(
            credentials: configuration.credentials, dockerConfigFile: configuration.dockerConfigFile)
        inspection = RegistryInspection(authentication: authentication)
    }

    public func info() async throws(EngineError) -> EngineInfo {
        let peer = try await api.negotiate()
        return EngineInfo(
            name: peer.engineName, version: peer.engineVersion, apiVersion: peer.version.description)
    }

    // MARK: What the extensions share

    var installation: InstallationName { configuration.installation }

    func isOurs(_ labels: [String: String]?) -> Bool {
        labels?[LabelKey.installation] == installation.rawValue
    }

    func remember(network: String, project: ProjectName) {
        ownNetworks.withLock { $0[network] = project }
    }
    func remember(networks: [EngineSnapshot.OwnedNetwork]) {
        let known = Dictionary(networks.map { ($0.name, $0.project) }) { first, _ in first }
        ownNetworks.withLock { $0 = known }
    }
    func project(ofNetwork name: String) -> ProjectName? { ownNetworks.withLock { $0[name] } }

    /// A call that the engine answers from memory.
    func get(_ path: [String], query: [(String, String)] = []) -> DockerAPI.Call {
        DockerAPI.Call(method: "GET", path: path, query: query, timeout: configuration.callTimeout)
    }
    /// A call that makes the engine work.
    func post(_ path: [String], query: [(String, String)] = [], body: [UInt8]? = nil) -> DockerAPI.Call {
        DockerAPI.Call(
            method: "POST", path: path, query: query, body: body, timeout: configuration.effectTimeout)
    }

    /// The JSON of `payload` after the policy has seen it.
    ///
    /// - Parameter project: whose container it is about, where the payload itself does not say.
    func checked(
        _ payload: some Encodable, as kind: PayloadPolicy.Kind, project: ProjectName? = nil
    ) throws(EngineError) -> [UInt8] {
        let body = try DockerAPI.encode(payload, call: kind.rawValue)
        try policy.check(body, as: kind, project: project)
        return body
    }

    /// The container as it is now.
    ///
    /// - Throws: `notFound` if it is gone, `conflict` if it is not of this installation: then it is not touched.
    func requireOurs(_ id: ContainerID) async throws(EngineError) -> Wire.Container {
        let call = get(["containers", id.rawValue, "json"])
        guard let container = try await api.decodeIfThere(Wire.Container.self, call),
            container.id == id.rawValue
        else {
            throw EngineError(.notFound, "the container \(id.short) does not exist", call: call.name)
        }
        guard isOurs(container.config?.labels) else {
            throw EngineError(
                .conflict,
                "the container \(id.short) is not of installation \(installation); it is left alone",
                call: call.name)
        }
        return container
    }
}
