public import Model
public import Ports

extension DockerEngine {
    public func createJob(
        _ order: JobOrder, secrets: DeliveredSecrets?
    ) async throws(EngineError) -> ContainerID {
        let container = InstanceOrder(name: order.name, labels: order.labels, template: order.template)
        let body = try await prepareCreation(of: container, secrets) { payload in
            if order.terminal { payload.hasTerminal = true }
            guard order.input else { return }
            (payload.opensInput, payload.closesInputWithCaller, payload.attachesInput) = (true, true, true)
        }
        let creation = try await create(container, body: body) { () async throws(EngineError) in
            try await existingJob(container)
        }
        let id: ContainerID
        switch creation {
        case .made(let made): id = made
        case .existing(let existing):
            // The controller may have died before the files were in.
            guard try await hasNeverRun(existing) else { return existing }
            id = existing
        }
        do throws(EngineError) {
            try await putFiles(order.template.files, into: id)
        } catch {
            guard error.code == .notFound else { throw error }
            throw EngineError(
                .conflict, "the container \(order.name) was removed while it was being made", call: error.call
            )
        }
        return id
    }

    /// The container of that very run, whatever has become of it.
    private func existingJob(_ order: InstanceOrder) async throws(EngineError) -> ContainerID? {
        guard let (id, container) = try await existing(order) else { return nil }
        guard let labels = InstanceLabels(container.config?.labels ?? [:]), labels.job == order.labels.job,
            labels.app == order.labels.app, labels.process == order.labels.process,
            labels.release == order.labels.release, labels.spec == order.labels.spec
        else {
            throw EngineError(
                .conflict,
                "the name \(order.name) is taken by container \(id.short), which is of another release or app",
                call: "POST /containers/create")
        }
        return id
    }

    private func hasNeverRun(_ id: ContainerID) async throws(EngineError) -> Bool {
        guard case .created = Self.state(try await requireOurs(id).state) else { return false }
        return true
    }

    public func startJob(_ id: ContainerID) async throws(EngineError) {
        var call = post(["containers", id.rawValue, "start"])
        call.reusesConnection = false
        do throws(EngineError) {
            _ = try await api.send(call)
        } catch {
            throw EngineMessage.startError(error)
        }
    }

    public func discardJob(_ id: ContainerID) async throws(EngineError) {
        do throws(EngineError) {
            guard try await hasNeverRun(id) else {
                throw EngineError(
                    .conflict, "the job's container \(id.short) has been started and is left as it is",
                    call: "DELETE /containers")
            }
            // Without force: should it have been started in between, the engine refuses.
            let call = DockerAPI.Call(
                method: "DELETE", path: ["containers", id.rawValue], query: [("force", "0"), ("v", "0")],
                timeout: configuration.effectTimeout)
            _ = try await api.send(call)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }
}
