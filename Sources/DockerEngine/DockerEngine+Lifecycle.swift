internal import HTTPClient
public import Model
public import Ports

extension DockerEngine {
    public func start(_ id: ContainerID) async throws(EngineError) {
        _ = try await requireOurs(id)
        try await startKnown(id)
    }

    /// Starts a container that was made or seen to be ours a moment ago: asking again costs up to 40 ms while the
    /// engine is making others.
    func startKnown(_ id: ContainerID) async throws(EngineError) {
        // 304: it runs already.
        let call = post(["containers", id.rawValue, "start"])
        do throws(EngineError) {
            do throws(EngineError) {
                _ = try await api.send(call)
            } catch {
                guard Self.isNetworkGone(error), try await rejoin(id) else { throw error }
                _ = try await api.send(call)
            }
        } catch {
            throw EngineMessage.startError(error)
        }
    }

    /// Status 404 of a start, 500 of a restart.
    private static func isNetworkGone(_ error: EngineError) -> Bool {
        let lower = error.message.lowercased()
        return lower.contains("network ") && lower.contains("not found")
    }

    /// Makes the project network of a stopped container anew if it is gone, and puts the container on it: a container
    /// holds on to the network's id, so that one of the same name does not help it.
    ///
    /// - Returns: whether there was something to do.
    private func rejoin(_ id: ContainerID) async throws(EngineError) -> Bool {
        let container = try await requireOurs(id)
        let networks = container.networkSettings?.networks ?? [:]
        guard let project = InstanceLabels(container.config?.labels ?? [:])?.project,
            let (name, endpoint) = networks.first(where: { isNetwork($0.key, of: project) }),
            let old = endpoint?.networkID
        else { return false }
        guard try await api.decodeIfThere(Wire.Network.self, get(["networks", old])) == nil else {
            return false
        }
        try await ensureNetwork(name, project: project)
        try await disconnect(id, from: name)
        // The engine itself has added the container's short id.
        let aliases = (endpoint?.aliases ?? []).filter { !id.rawValue.hasPrefix($0) }
        try await connect(id, to: name, aliases: aliases, project: project)
        return true
    }

    public func stop(_ id: ContainerID, grace: TimeSpan) async throws(EngineError) {
        do throws(EngineError) {
            let container = try await requireOurs(id)
            try await stop(container, id, grace)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    public func restart(_ id: ContainerID, grace: TimeSpan) async throws(EngineError) {
        _ = try await requireOurs(id)
        do throws(EngineError) {
            _ = try await api.send(graceful("restart", id, grace))
        } catch {
            guard Self.isNetworkGone(error) else { throw EngineMessage.startError(error) }
            // It is stopped by now, and its network is gone.
            try await startKnown(id)
        }
    }

    public func remove(_ id: ContainerID, grace: TimeSpan) async throws(EngineError) {
        do throws(EngineError) {
            let container = try await requireOurs(id)
            if Self.state(container.state)?.isLive ?? true { try await stop(container, id, grace) }
            try await delete(id)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    public func removeNetwork(_ name: String) async throws(EngineError) {
        let call = get(["networks", name])
        guard let network = try await api.decodeIfThere(Wire.Network.self, call), network.name == name,
            let id = network.id
        else { return }
        guard isOurs(network.labels) else {
            throw EngineError(
                .conflict, "the network \(name) is not of installation \(installation); it is left alone",
                call: call.name)
        }
        let attached = (network.containers ?? [:]).values.compactMap(\.name).sorted()
        guard attached.isEmpty else {
            let names = attached.prefix(5).map(EngineMessage.trimmed).joined(separator: ", ")
            throw EngineError(
                .conflict, "the network \(name) still has containers: \(names)", call: call.name)
        }
        let removal = DockerAPI.Call(
            method: "DELETE", path: ["networks", id], timeout: configuration.effectTimeout)
        do throws(EngineError) {
            _ = try await api.send(removal, accepting: [404])
        } catch {
            // 403 and 500 in various versions, for a container that was attached meanwhile.
            guard error.message.lowercased().contains("active endpoints") else { throw error }
            throw EngineError(.conflict, error.message, call: removal.name)
        }
    }

    /// Removes the container by force, and returns when it is gone. Its volumes stay, unnamed ones too: `v` is
    /// never given.
    func delete(_ id: ContainerID) async throws(EngineError) {
        let call = DockerAPI.Call(
            method: "DELETE", path: ["containers", id.rawValue], query: [("force", "1"), ("v", "0")],
            timeout: configuration.effectTimeout)
        let response = try await api.send(call, accepting: [404, 409])
        guard response.status == 409 else { return }
        let text = EngineMessage.text(of: response.body)
        guard text.lowercased().contains("already in progress") else {
            throw EngineMessage.error(status: 409, body: response.body, call: call.name)
        }
        let wait = post(["containers", id.rawValue, "wait"], query: [("condition", "removed")])
        _ = try await api.send(wait, accepting: [404])
    }

    private func stop(
        _ container: Wire.Container, _ id: ContainerID, _ grace: TimeSpan
    ) async throws(EngineError) {
        if Self.state(container.state) == .paused, try await api.peer().isPodman {
            // Docker wakes a paused container to end it; Podman refuses.
            _ = try await api.send(post(["containers", id.rawValue, "unpause"]), accepting: [409, 500])
        }
        _ = try await api.send(graceful("stop", id, grace))
    }

    private func graceful(_ verb: String, _ id: ContainerID, _ grace: TimeSpan) -> DockerAPI.Call {
        let seconds = min(max(0, grace.wholeSecondsRoundedUp), 86_400)
        var call = post(["containers", id.rawValue, verb], query: [("t", "\(seconds)")])
        call.timeout = .milliseconds(configuration.effectTimeout.milliseconds + seconds * 1_000)
        return call
    }
}
