internal import Execution
internal import HTTPClient
public import Model
public import Ports

extension DockerEngine {
    public func launch(_ order: InstanceOrder) async throws(EngineError) -> ContainerID {
        try await launch(order, secrets: nil)
    }

    public func launch(
        _ order: InstanceOrder, secrets: DeliveredSecrets?
    ) async throws(EngineError) -> ContainerID {
        let body = try await prepareCreation(of: order, secrets)
        let id: ContainerID
        let creation = try await create(order, body: body) { () async throws(EngineError) in
            try await adopt(order)
        }
        switch creation {
        case .existing(let existing): return existing
        case .made(let made): id = made
        }
        do throws(EngineError) {
            try await putFiles(order.template.files, into: id)
            try await startKnown(id)
        } catch {
            guard error.code == .notFound else { throw error }
            // By a person, `docker container prune`, or another launch that took it for a leftover.
            throw EngineError(
                .conflict, "the container \(order.name) was removed while it was being made", call: error.call
            )
        }
        return id
    }

    /// Looks at an order, and makes the network and the volumes that its container needs.
    ///
    /// - Returns: the body of the call that makes the container.
    func prepareCreation(
        of order: InstanceOrder, _ secrets: DeliveredSecrets?,
        _ change: (inout CreatePayload) -> Void = { _ in }
    ) async throws(EngineError) -> [UInt8] {
        guard (order.template.secrets ?? []).isEmpty || secrets != nil else {
            throw EngineError(
                .unauthorized,
                "\(order.name) needs secrets and the controller keeps none: set `secrets` in its configuration",
                call: "POST /containers/create")
        }
        guard order.labels.installation == installation else {
            throw EngineError(
                .policy, "the order is for installation \(order.labels.installation), not \(installation)",
                call: "POST /containers/create")
        }
        for file in order.template.files
        where !PayloadPolicy.isPathInContainer(file.target) || file.target.hasSuffix("/") {
            throw EngineError(
                .policy,
                "a file's target must be an absolute path without '..': \(EngineMessage.trimmed(file.target))",
                call: "PUT /containers/archive")
        }
        let peer = try await api.peer()
        var payload = CreatePayload(
            order, limitsJSONLogs: peer.logsToJSONFiles, dns: configuration.dns, secrets: secrets)
        change(&payload)
        // Before anything is made: a refused order leaves nothing behind.
        let body = try checked(payload, as: .createContainer)
        try await ensureNetwork(order.template.network, project: order.labels.project)
        for volume in Set(order.template.mounts.map(\.volume)).sorted() {
            try await ensureVolume(volume, labels: order.labels)
        }
        return body
    }

    // MARK: What a container needs

    /// One at a time: the engine's own check for duplicates does not hold against two calls at once, and two networks
    /// of one name let no container start.
    func ensureNetwork(_ name: String, project: ProjectName) async throws(EngineError) {
        if try await !isOwnNetworkThere(name) {
            await networkTurn.enter()
            defer { networkTurn.leave() }
            if try await !isOwnNetworkThere(name) { try await createNetwork(name, project: project) }
        }
        remember(network: name, project: project)
    }

    private func createNetwork(_ name: String, project: ProjectName) async throws(EngineError) {
        let labels = [LabelKey.installation: installation.rawValue, LabelKey.project: project.rawValue]
        let body = try checked(NetworkPayload(name: name, labels: labels), as: .createNetwork)
        do throws(EngineError) {
            _ = try await api.send(post(["networks", "create"], body: body))
        } catch {
            guard error.message.lowercased().contains("address pool") else { throw error }
            throw EngineError(
                error.code,
                "\(error.message): remove networks that nobody uses (docker network prune), or give the "
                    + "engine more default-address-pools in daemon.json", call: error.call)
        }
    }

    /// `false` if there is none; a network of that name that is not ours is a conflict.
    private func isOwnNetworkThere(_ name: String) async throws(EngineError) -> Bool {
        let call = get(["networks", name])
        guard let network = try await api.decodeIfThere(Wire.Network.self, call), network.name == name else {
            return false
        }
        guard isOurs(network.labels) else {
            throw EngineError(
                .conflict,
                "the network \(name) exists and is not of installation \(installation): remove or rename "
                    + "it (docker network rm \(name)), or give Slipway another name prefix", call: call.name)
        }
        return true
    }

    private func ensureVolume(_ name: String, labels: InstanceLabels) async throws(EngineError) {
        let call = get(["volumes", name])
        if let volume = try await api.decodeIfThere(Wire.Volume.self, call) {
            try checkVolume(volume, name: name, call: call.name)
            return try checkProject(of: volume, name: name, labels: labels, call: call.name)
        }
        let volumeLabels = [
            LabelKey.installation: installation.rawValue, LabelKey.project: labels.project.rawValue,
            LabelKey.app: labels.app.rawValue
        ]
        let body = try checked(VolumePayload(name: name, labels: volumeLabels), as: .createVolume)
        // Answers with the existing volume if another launch was faster. Podman refuses then.
        _ = try await api.send(post(["volumes", "create"], body: body), accepting: [409])
    }

    /// A volume that is there is used, as data that people have restored is; but not one that is a path of the
    /// host in disguise, or another installation's.
    private func checkVolume(_ volume: Wire.Volume, name: String, call: String) throws(EngineError) {
        if let owner = volume.labels?[LabelKey.installation], owner != installation.rawValue {
            throw EngineError(
                .conflict, "the volume \(name) belongs to installation \(EngineMessage.trimmed(owner))",
                call: call)
        }
        let isPlain = (volume.driver ?? "local") == "local" && volume.options?.isEmpty != false
        guard isPlain || configuration.trustedVolumes.contains(name) else {
            throw EngineError(
                .policy,
                "the volume \(name) has driver options, so it may be any path of the host: the operator must "
                    + "name it among the trusted volumes of the controller", call: call)
        }
    }

    /// Volumes outlive their apps, and names of apps come free: what one project has left is not another one's.
    private func checkProject(
        of volume: Wire.Volume, name: String, labels: InstanceLabels, call: String
    ) throws(EngineError) {
        guard configuration.projects.isSeparate,
            configuration.projects[labels.project]?.existingVolumes.contains(name) != true,
            volume.labels?[LabelKey.project] != labels.project.rawValue
        else { return }
        throw EngineError(
            .policy,
            "the volume \(name) exists and is not of the project \(labels.project): use another name, or have"
                + " it listed in `existing_volumes` of the project in the controller's configuration",
            call: call)
    }

    // MARK: The container

    enum Creation {
        case made(ContainerID)
        case existing(ContainerID)
    }

    /// - Parameter adopt: what is done about a container that has the name; `nil`: the name is free now.
    func create(
        _ order: InstanceOrder, body: [UInt8],
        adopting adopt: () async throws(EngineError) -> ContainerID?
    ) async throws(EngineError) -> Creation {
        let call = post(["containers", "create"], query: [("name", order.name)], body: body)
        // Each round removes at most one cause for the next.
        for _ in 1...3 {
            let response = try await api.send(call, accepting: [400, 404, 409, 500])
            let text = EngineMessage.text(of: response.body)
            // Podman answers 500 where Docker says 409.
            let isNameTaken = response.status == 500 && text.lowercased().contains("already in use")
            switch isNameTaken ? 409 : response.status {
            case 409:
                if let id = try await adopt() { return .existing(id) }
            case 404 where text.lowercased().contains("no such image"):
                try await bringBack(order.template.image, text: text)
            case 400...:
                let lower = text.lowercased()
                if lower.contains("no command specified") || lower.contains("no command or entrypoint") {
                    throw EngineError(
                        .startFailed, "the image has no command of its own: give the process one (\(text))",
                        call: call.name)
                }
                throw EngineMessage.error(status: response.status, body: response.body, call: call.name)
            default:
                let created = try DockerAPI.decode(Wire.Created.self, response.body, call: call.name)
                guard let id = created.id.flatMap(ContainerID.init) else {
                    throw EngineError(
                        .protocolViolation, "the engine gave the new container no id", call: call.name)
                }
                return .made(id)
            }
        }
        throw EngineError(
            .conflict,
            "the container \(order.name) could not be made in three attempts: something else keeps taking "
                + "its name, or removing its image", call: call.name)
    }

    /// The image was pruned between its preparation and now.
    private func bringBack(_ image: String, text: String) async throws(EngineError) {
        guard ImageReference(image)?.digest != nil else {
            throw EngineError(
                .internal,
                "the image \(image) was built on this host and is gone: build or load it again (\(text))",
                call: "POST /containers/create")
        }
        try await pull(pinned: image)
    }

    /// The container that has the order's name, if it is the installation's.
    func existing(_ order: InstanceOrder) async throws(EngineError) -> (ContainerID, Wire.Container)? {
        let container = try await api.decodeIfThere(
            Wire.Container.self, get(["containers", order.name, "json"]))
        guard let container, Self.plainName(container.name) == order.name,
            let id = container.id.flatMap(ContainerID.init)
        else { return nil }
        guard isOurs(container.config?.labels) else {
            throw EngineError(
                .conflict,
                "the name \(order.name) is taken by container \(id.short), which is not Slipway's: remove or "
                    + "rename it (docker rename \(order.name) \(order.name)-old)",
                call: "POST /containers/create")
        }
        return (id, container)
    }

    /// Takes the container that has the name as an earlier result of the same order, and starts it.
    ///
    /// - Returns: `nil` if the name is free now: the container was gone, or was a leftover and is removed.
    private func adopt(_ order: InstanceOrder) async throws(EngineError) -> ContainerID? {
        guard let (id, container) = try await existing(order) else { return nil }
        let call = "POST /containers/create"
        guard let labels = InstanceLabels(container.config?.labels ?? [:]),
            labels.job == nil, labels.template == order.labels.template,
            labels.app == order.labels.app, labels.process == order.labels.process
        else {
            throw EngineError(
                .conflict,
                "the name \(order.name) is taken by container \(id.short), which is of another release or app",
                call: call)
        }
        switch Self.state(container.state) {
        case .running, .restarting, .paused: return id
        case .exited:
            try await start(id)
            return id
        case .created, .dead, nil:
            // Its start failed, or the controller died before the files were in.
            try await delete(id)
            return nil
        case .removing:
            throw EngineError(
                .conflict, "the earlier container \(order.name) is still being removed", call: call)
        }
    }

    func putFiles(_ files: [FileSpec], into id: ContainerID) async throws(EngineError) {
        guard !files.isEmpty else { return }
        var archive = TarWriter()
        for file in files.sorted(by: { $0.target < $1.target }) {
            archive.add(path: String(file.target.drop { $0 == "/" }), content: file.content.data, mode: 0o444)
        }
        let call = DockerAPI.Call(
            method: "PUT", path: ["containers", id.rawValue, "archive"],
            query: [("path", "/"), ("noOverwriteDirNonDir", "1")],
            headers: [("Content-Type", "application/x-tar")], body: archive.finished(),
            timeout: configuration.effectTimeout)
        do throws(EngineError) {
            _ = try await api.send(call)
        } catch {
            // A target that is a folder, lies below a file or on a read-only mount: the release asks for the
            // impossible. The status varies with the version.
            let lower = error.message.lowercased()
            let isImpossible = [
                "cannot overwrite", "during bulk transfer", "not a directory", "read-only", "file exists"
            ].contains {
                lower.contains($0)
            }
            let isRefused = error.code == .invalid || error.code == .unauthorized
            guard isRefused || error.code == .internal && isImpossible else { throw error }
            throw EngineError(.startFailed, "the files cannot be put in: \(error.message)", call: call.name)
        }
    }
}
