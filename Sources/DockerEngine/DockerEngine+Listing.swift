internal import FoundationEssentials
public import Model
public import Ports

extension DockerEngine {
    /// How many containers are inspected at once.
    private static let inspectionsAtOnce = 4

    public func list() async throws(EngineError) -> EngineSnapshot {
        let filters = try Self.filters(["label": ["\(LabelKey.installation)=\(installation)"]])
        let networks = try await listNetworks(filters)
        remember(networks: networks)
        var call = get(["containers", "json"], query: [("all", "1"), ("filters", filters)])
        call.bodyLimitInBytes = 64 << 20
        let listed = try await api.decode([Wire.ListedContainer].self, call)

        var snapshot = EngineSnapshot(networks: networks)
        for reading in try await inspectAll(listed) {
            switch reading {
            case .instance(let instance): snapshot.instances.append(instance)
            case .unreadable(let container): snapshot.unreadable.append(container)
            case .gone: break
            }
        }
        snapshot.instances.sort { ($0.name, $0.id) < ($1.name, $1.id) }
        snapshot.unreadable.sort { ($0.name, $0.id) < ($1.name, $1.id) }
        return snapshot
    }

    public func inspect(_ id: ContainerID) async throws(EngineError) -> ObservedInstance? {
        let call = get(["containers", id.rawValue, "json"])
        guard let container = try await api.decodeIfThere(Wire.Container.self, call),
            container.id == id.rawValue, isOurs(container.config?.labels)
        else { return nil }
        switch read(container) {
        case .success(let instance): return instance
        case .failure(let fault):
            throw EngineError(.protocolViolation, "container \(id.short): \(fault.reason)", call: call.name)
        }
    }

    static func filters(_ filters: [String: [String]]) throws(EngineError) -> String {
        String(decoding: try DockerAPI.encode(filters, call: "filters"), as: UTF8.self)
    }

    private func listNetworks(_ filters: String) async throws(EngineError) -> [EngineSnapshot.OwnedNetwork] {
        let call = get(["networks"], query: [("filters", filters)])
        var networks: [EngineSnapshot.OwnedNetwork] = []
        for network in try await api.decode([Wire.Network].self, call) where isOurs(network.labels) {
            guard let name = network.name,
                let project = network.labels?[LabelKey.project].flatMap(ProjectName.init)
            else { continue }
            let subnets = (network.addresses?.ranges ?? []).compactMap(\.subnet).sorted()
            networks.append(EngineSnapshot.OwnedNetwork(name: name, project: project, subnets: subnets))
        }
        return networks.sorted { ($0.name, $0.project) < ($1.name, $1.project) }
    }

    private enum Reading: Sendable {
        case instance(ObservedInstance)
        case unreadable(EngineSnapshot.UnreadableContainer)
        case gone
    }

    /// Each container by itself, so that a wedged one delays its own reading only.
    private func inspectAll(_ listed: [Wire.ListedContainer]) async throws(EngineError) -> [Reading] {
        let found = listed.compactMap { entry -> (id: ContainerID, name: String)? in
            guard isOurs(entry.labels), let id = entry.id.flatMap(ContainerID.init) else { return nil }
            return (id, Self.plainName(entry.names?.first))
        }
        let results = await withTaskGroup(of: Result<Reading, EngineError>.self) { group in
            var next = 0
            var results: [Result<Reading, EngineError>] = []
            func addNext() {
                guard next < found.count else { return }
                let (id, name) = found[next]
                next += 1
                group.addTask { await self.reading(of: id, name: name) }
            }
            for _ in 0..<Self.inspectionsAtOnce { addNext() }
            while let result = await group.next() {
                results.append(result)
                addNext()
            }
            return results
        }
        var readings: [Reading] = []
        for result in results { readings.append(try result.get()) }
        return readings
    }

    private func reading(of id: ContainerID, name: String) async -> Result<Reading, EngineError> {
        let call = get(["containers", id.rawValue, "json"])
        func unreadable(_ reason: String) -> Result<Reading, EngineError> {
            .success(.unreadable(EngineSnapshot.UnreadableContainer(id: id, name: name, reason: reason)))
        }
        do throws(EngineError) {
            guard let container = try await api.decodeIfThere(Wire.Container.self, call) else {
                return .success(.gone)
            }
            guard isOurs(container.config?.labels) else { return .success(.gone) }
            switch read(container) {
            case .success(let instance): return .success(.instance(instance))
            case .failure(let fault): return unreadable(fault.reason)
            }
        } catch {
            switch error.code {
            // The engine as a whole is away: an incomplete list would look like missing containers.
            case .unreachable: return .failure(error)
            default: return unreadable("the engine could not inspect it: \(error.message)")
            }
        }
    }

    // MARK: From the wire to the model

    struct Unreadable: Error { var reason: String }

    func read(_ container: Wire.Container) -> Result<ObservedInstance, Unreadable> {
        guard let id = container.id.flatMap(ContainerID.init) else {
            return .failure(Unreadable(reason: "its id makes no sense"))
        }
        guard let labels = InstanceLabels(container.config?.labels ?? [:]) else {
            return .failure(Unreadable(reason: "its \(LabelKey.prefix)* labels are incomplete or malformed"))
        }
        guard let state = Self.state(container.state) else {
            let status = EngineMessage.trimmed(container.state?.status ?? "none")
            return .failure(Unreadable(reason: "its state is unknown: \(status)"))
        }
        return .success(
            ObservedInstance(
                id: id, name: Self.plainName(container.name), labels: labels, state: state,
                startStamp: container.state?.startedAt ?? "",
                restartCount: max(0, container.restartCount ?? 0),
                // After a crash of the engine a container that has ended still has one, which may be another's.
                address: state == .running || state == .paused
                    ? address(of: container, project: labels.project) : nil,
                effective: Self.effective(container),
                image: container.config?.image ?? ""))
    }

    /// Docker writes a slash before a container's own name.
    static func plainName(_ name: String?) -> String {
        guard let name else { return "" }
        return name.hasPrefix("/") ? String(name.dropFirst()) : name
    }

    static func state(_ state: Wire.Container.State?) -> ContainerState? {
        let error = state?.error.flatMap { $0.isEmpty ? nil : EngineMessage.trimmed($0) }
        switch state?.status {
        case "created", "configured", "initialized": return .created(error: error)
        case "running", "stopping": return .running
        case "paused": return .paused
        case "restarting":
            return .restarting(code: state?.exitCode ?? 0, outOfMemory: state?.isOutOfMemory ?? false)
        case "exited", "stopped":
            return .exited(code: state?.exitCode ?? 0, outOfMemory: state?.isOutOfMemory ?? false)
        case "removing": return .removing
        case "dead": return .dead
        default: return nil
        }
    }

    static func effective(_ container: Wire.Container) -> EffectiveSettings {
        let host = container.hostConfig
        var nanoCPUs = host?.nanoCPUs.flatMap { $0 > 0 ? $0 : nil }
        if nanoCPUs == nil, let quota = host?.cpuQuota, quota > 0 {
            // The same limit, set the older way. Without a period the kernel's 100 ms count.
            let period = host?.cpuPeriod.flatMap { $0 > 0 ? $0 : nil } ?? 100_000
            let (product, overflow) = quota.multipliedReportingOverflow(by: 1_000_000_000)
            nanoCPUs = overflow ? nil : product / period
        }
        let restart: RestartPolicy =
            switch host?.restartPolicy?.name {
            case "always": .always
            case "on-failure": .onFailure
            case "unless-stopped": .unlessStopped
            default: .never
            }
        return EffectiveSettings(
            nanoCPUs: nanoCPUs, memoryInBytes: host?.memory.flatMap { $0 > 0 ? $0 : nil }, restart: restart,
            networks: (container.networkSettings?.networks ?? [:]).keys.sorted())
    }

    /// Before the first list nothing is known of networks but how ours are named.
    func isNetwork(_ name: String, of project: ProjectName) -> Bool {
        self.project(ofNetwork: name) == project || name.hasSuffix("slipway-\(project)")
    }

    private func address(of container: Wire.Container, project: ProjectName) -> String? {
        let networks = container.networkSettings?.networks ?? [:]
        let own = networks.keys.sorted().filter { self.project(ofNetwork: $0) == project }
        // Before the first list nothing is known of networks but how ours are named.
        let named = networks.keys.sorted().filter { $0.hasSuffix("slipway-\(project)") }
        for name in own + named {
            guard case .some(.some(let endpoint)) = networks[name] else { continue }
            if let address = endpoint.address, !address.isEmpty { return address }
            if let address = endpoint.address6, !address.isEmpty { return address }
        }
        return nil
    }
}
