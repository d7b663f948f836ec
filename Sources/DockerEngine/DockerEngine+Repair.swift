public import Model
public import Ports

extension DockerEngine {
    /// Puts settings back that were changed by hand.
    ///
    /// - Throws: `invalid` where the engine cannot do so on a container that exists: a limit that is to be taken
    ///   away altogether, and on Podman any limit or restart policy.
    public func repair(_ id: ContainerID, _ repairs: [Repair]) async throws(EngineError) {
        let container = try await requireOurs(id)
        let project = container.config?.labels?[LabelKey.project].flatMap(ProjectName.init)
        for repair in repairs {
            switch repair {
            case .resources(let nanoCPUs, let memory):
                try await update(id, container, nanoCPUs: nanoCPUs, memory: memory)
            case .restartPolicy(let policy):
                try await update(id, UpdatePayload(restartPolicy: RestartPolicyPayload(policy)), project)
            case .rename(let name):
                guard PayloadPolicy.isObjectName(name) else {
                    throw EngineError(.invalid, "not a container's name", call: "POST /containers/rename")
                }
                guard Self.plainName(container.name) != name else { continue }
                _ = try await api.send(post(["containers", id.rawValue, "rename"], query: [("name", name)]))
            case .connect(let network, let aliases):
                try await connect(id, to: network, aliases: aliases, project: project)
            case .disconnect(let network):
                try await disconnect(id, from: network)
            case .unpause:
                try await unpause(id)
            }
        }
    }

    private func update(
        _ id: ContainerID, _ container: Wire.Container, nanoCPUs: Int64?, memory: Int64?
    ) async throws(EngineError) {
        let effective = Self.effective(container)
        guard
            (nanoCPUs != nil || effective.nanoCPUs == nil)
                && (memory != nil || effective.memoryInBytes == nil)
        else {
            throw EngineError(
                .invalid,
                "the engine cannot take a limit away from a container that exists: it goes with the next "
                    + "release, or `docker rm` the container for a new one", call: "POST /containers/update")
        }
        guard nanoCPUs != nil || memory != nil else { return }
        // Memory plus swap, twice the memory as at creation; the engine refuses a memory limit above it.
        let swap = memory.map { $0 > Int64.max / 2 ? Int64.max : $0 * 2 }
        let project = container.config?.labels?[LabelKey.project].flatMap(ProjectName.init)
        try await update(id, UpdatePayload(memory: memory, memorySwap: swap, nanoCPUs: nanoCPUs), project)
    }

    private func update(
        _ id: ContainerID, _ payload: UpdatePayload, _ project: ProjectName?
    ) async throws(EngineError) {
        let body = try checked(payload, as: .updateContainer, project: project)
        let call = post(["containers", id.rawValue, "update"], body: body)
        do throws(EngineError) {
            _ = try await api.send(call)
        } catch {
            guard error.code == .notFound, try await api.peer().isPodman else { throw error }
            throw EngineError(
                .invalid,
                "Podman's API cannot change the limits or the restart policy of a container that exists: they "
                    + "come back with the next release", call: call.name)
        }
    }

    /// - Parameter project: of the container.
    func connect(
        _ id: ContainerID, to network: String, aliases: [String], project: ProjectName?
    ) async throws(EngineError) {
        let target = get(["networks", network])
        guard let found = try await api.decodeIfThere(Wire.Network.self, target), found.name == network else {
            throw EngineError(.notFound, "the network \(network) does not exist", call: target.name)
        }
        guard isOurs(found.labels) else {
            throw EngineError(
                .conflict, "the network \(network) is not of this installation", call: target.name)
        }
        guard let project, found.labels?[LabelKey.project] == project.rawValue else {
            throw EngineError(
                .policy, "the network \(network) is not of the container's project", call: target.name)
        }
        let payload = ConnectPayload(container: id.rawValue, endpoint: EndpointPayload(aliases: aliases))
        let body = try checked(payload, as: .connect)
        do throws(EngineError) {
            _ = try await api.send(post(["networks", network, "connect"], body: body))
        } catch {
            guard error.message.lowercased().contains("already exists in network") else { throw error }
        }
    }

    func disconnect(_ id: ContainerID, from network: String) async throws(EngineError) {
        let body = try DockerAPI.encode(
            DisconnectPayload(container: id.rawValue), call: "POST /networks/disconnect")
        do throws(EngineError) {
            _ = try await api.send(post(["networks", network, "disconnect"], body: body), accepting: [404])
        } catch {
            guard error.message.lowercased().contains("is not connected to") else { throw error }
        }
    }

    private func unpause(_ id: ContainerID) async throws(EngineError) {
        do throws(EngineError) {
            _ = try await api.send(post(["containers", id.rawValue, "unpause"]))
        } catch {
            let lower = error.message.lowercased()
            // Unpaused meanwhile. "not running" stays an error: the caller sees another state than it thought.
            guard lower.contains("is not paused") else { throw error }
        }
    }
}
