import Model
import Ports

/// A call of the controller that has just taken an instance down.
struct Takedown {
    var call: EngineCall
    var id: ContainerID
    var labels: InstanceLabels
    /// As it was just before.
    var wasReady: Bool
    var healthySince: Instant?
    var effective: EffectiveSettings
    /// What the edge did with its process just before; `nil`: nothing.
    var route: ObservedRoute?
    /// When it was decided, and what was in charge then.
    var plan: CallWatch.Plan
}

/// Follows calls from the decision to the effect.
struct CallWatch {
    struct Plan {
        var at: Instant
        var charge: Charge
    }
    private struct Key: Hashable {
        var kind: Action.Kind
        var object: String
    }
    private var plans: [Key: Plan] = [:]
    private var underWay: [Int: Takedown] = [:]

    /// - Returns: what the happening has taken down: at the SIGTERM, or whatever else ends an instance that a call is
    ///   about to end.
    mutating func observe(_ happening: Happening, _ book: ChargeBook, in world: WorldTruth) -> [Takedown] {
        var taken = underWay.isEmpty ? [] : takeFallen(in: world)
        switch happening {
        case .stored(let batch, _, nil):
            for intent in batch.intents {
                guard let app = intent.app else { continue }
                plans[Key(kind: intent.action, object: intent.object)] = Plan(
                    at: world.now, charge: book.charge(of: app, in: world))
            }
        case .call(let call, .began):
            begin(call, book, in: world)
        case .call(let call, .acted):
            if let ended = underWay.removeValue(forKey: call.number), ended.wasReady { taken.append(ended) }
        case .call(let call, .answered):
            // What acts after its answer was given up by the controller: what has changed since is not its doing.
            underWay[call.number] = nil
        case .crashed(let incarnation):
            underWay = underWay.filter { $0.value.call.incarnation != incarnation }
        default: break
        }
        if !underWay.isEmpty { refresh(in: world) }
        return taken
    }

    /// Those that were ready just before this happening and are not any more.
    private mutating func takeFallen(in world: WorldTruth) -> [Takedown] {
        var fallen: [Takedown] = []
        for (number, taken) in underWay where taken.wasReady && world.instances[taken.id]?.isReady != true {
            fallen.append(taken)
            underWay[number] = nil
        }
        return fallen.sorted { $0.call.number < $1.call.number }
    }

    /// When the call was decided on; the present where no intent was written, which is for another rule to say.
    func plan(_ action: Action, app: AppName, _ book: ChargeBook, in world: WorldTruth) -> Plan {
        plans[Key(kind: action.kind, object: action.object)]
            ?? Plan(at: world.now, charge: book.charge(of: app, in: world))
    }

    private mutating func begin(_ call: EngineCall, _ book: ChargeBook, in world: WorldTruth) {
        let id: ContainerID
        switch call.action {
        case .stop(let subject, _, _), .restart(let subject, _, _), .remove(let subject, _, _): id = subject
        default: return
        }
        guard let instance = world.instances[id] else { return }
        let labels = instance.observed.labels
        underWay[call.number] = Takedown(
            call: call, id: id, labels: labels, wasReady: instance.isReady,
            healthySince: instance.healthySince, effective: instance.observed.effective,
            route: world.routes[RouteKey(app: labels.app, process: labels.process)],
            plan: plan(call.action, app: labels.app, book, in: world))
    }

    /// Keeps in mind how things are just before the next thing happens.
    private mutating func refresh(in world: WorldTruth) {
        for (number, taken) in underWay {
            let instance = world.instances[taken.id]
            underWay[number]?.wasReady = instance?.isReady ?? false
            underWay[number]?.healthySince = instance?.healthySince
            underWay[number]?.route =
                world.routes[RouteKey(app: taken.labels.app, process: taken.labels.process)]
        }
    }
}
