public import Model
internal import Planning
public import Ports

/// Commands of people in running instances. Nothing of it is planned or remembered, and no pass waits for it.
extension Controller {
    public func openSession(
        _ order: SessionOrder, in app: AppName
    ) async throws(ControlError) -> OpenedSession {
        guard let record = apps[app] else { throw unknownApp(app) }
        if let objection = order.objection { throw ControlError(.invalid, objection) }
        let instance = try chosen(for: order, app, record)
        do throws(EngineError) {
            let session = try await engine.openSession(EngineSessionOrder(order), in: instance.id)
            return OpenedSession(instance: instance.name, session: session)
        } catch {
            throw Self.sessionError(error, instance.name)
        }
    }

    private func chosen(
        for order: SessionOrder, _ app: AppName, _ record: AppRecord
    ) throws(ControlError) -> ObservedInstance {
        let all = record.instances.values.sorted { $0.name < $1.name }
        if let name = order.instance {
            guard let found = all.first(where: { $0.name == name }) else {
                let known = all.map(\.name).joined(separator: ", ")
                throw ControlError(
                    .notFound,
                    "\(app) has no instance \(name)" + (known.isEmpty ? "" : "; there is \(known)"))
            }
            guard order.process == nil || order.process == found.labels.process else {
                throw ControlError(.invalid, "\(name) is an instance of \(found.labels.process)")
            }
            guard found.state == .running else {
                throw ControlError(.conflict, "\(name) is \(found.state.word), and not running")
            }
            return found
        }
        let process = try SessionChoice.process(
            order.process, among: Set(all.map(\.labels.process)), of: app)
        let candidates = all.filter { $0.labels.process == process && $0.state == .running }
        let good = record.memory.lastGood?.number
        // Ready before others, the last good release before others, and of those the newest.
        let best = candidates.max { left, right in
            func rank(_ instance: ObservedInstance) -> (Int, Int, Int) {
                (
                    record.health[instance.id]?.readiness == .ready ? 1 : 0,
                    instance.labels.release == good ? 1 : 0, instance.labels.release.value
                )
            }
            // Of equal ones the first by name.
            return rank(left) == rank(right) ? left.name > right.name : rank(left) < rank(right)
        }
        guard let best else {
            throw ControlError(
                .conflict, "\(app) has no running instance of \(process); `slipway why \(app)` says why")
        }
        return best
    }

    private static func sessionError(_ error: EngineError, _ instance: String) -> ControlError {
        switch error.code {
        case .notFound: ControlError(.conflict, "\(instance) has just gone; try again")
        case .conflict: ControlError(.conflict, "\(instance): \(error.message)")
        case .invalid, .policy, .startFailed: ControlError(.invalid, error.message)
        default: ControlError(.unavailable, error.message)
        }
    }
}

/// Which process is meant where none is named.
enum SessionChoice {
    static func process(
        _ named: ProcessName?, among known: Set<ProcessName>, of app: AppName
    ) throws(ControlError) -> ProcessName {
        let list = known.sorted().map(\.rawValue).joined(separator: ", ")
        if let named {
            guard known.contains(named) else {
                throw ControlError(
                    .notFound,
                    "\(app) has no process \(named) that runs" + (list.isEmpty ? "" : "; there is \(list)"))
            }
            return named
        }
        if let web = known.first(where: { $0.rawValue == "web" }) { return web }
        guard known.count <= 1 else {
            throw ControlError(
                .invalid,
                "\(app) has several processes (\(list)) and none is called web; name one: \(app)/PROCESS")
        }
        guard let only = known.first else {
            throw ControlError(
                .conflict, "\(app) has no container now; `slipway why \(app)` says why")
        }
        return only
    }
}
