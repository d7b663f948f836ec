public import Model
public import Ports

extension FakeEngine {
    public func createJob(
        _ order: JobOrder, secrets: DeliveredSecrets?
    ) throws(EngineError) -> ContainerID {
        try call(.createJob) { (state) throws(EngineError) in
            let container = InstanceOrder(name: order.name, labels: order.labels, template: order.template)
            try Self.provide(container, &state)
            if let found = state.container(named: order.name) {
                let labels = found.instance.labels
                guard found.owner == .installation, labels.job == order.labels.job,
                    labels.app == order.labels.app, labels.process == order.labels.process,
                    labels.release == order.labels.release, labels.spec == order.labels.spec
                else { throw EngineError(.conflict, "the name \(order.name) is taken", call: "simulated") }
                return found.instance.id
            }
            let made = try Self.make(container, &state)
            state.put(made)
            return made.instance.id
        }
    }

    /// As a real engine does: what has ended is started again, and what runs is left alone.
    public func startJob(_ id: ContainerID) throws(EngineError) {
        try change(id, .startJob) { (container, state) throws(EngineError) in
            switch container.instance.state {
            case .running, .restarting, .paused: break
            case .created, .exited, .removing, .dead: try state.start(container, isAsked: true)
            }
        }
    }

    public func discardJob(_ id: ContainerID) throws(EngineError) {
        try change(id, .discardJob, isGoneFine: true) { (container, state) throws(EngineError) in
            guard case .created = container.instance.state else {
                throw EngineError(.conflict, "the container \(id) has been started", call: "simulated")
            }
            state.remove(id)
        }
    }
}
