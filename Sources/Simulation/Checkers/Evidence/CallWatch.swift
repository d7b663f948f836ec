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

    var key: RouteKey { RouteKey(app: labels.app, process: labels.process) }
}

extension Happening {
    /// An instance that runs on has stopped to serve, or cannot be asked: a call that hangs has not done that.
    fileprivate var isSickness: Bool {
        guard case .life(_, let words) = self else { return false }
        return words.hasSuffix(Self.stopsServing)
    }

    static let stopsServing = "stops serving"
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
    /// By number. Large, few, and looked at after all that happens: changed in their place.
    private final class UnderWay {
        var takedown: Takedown
        init(_ takedown: Takedown) { self.takedown = takedown }
    }
    private var underWay: [UnderWay] = []

    /// - Returns: what the happening has taken down: at the SIGTERM, or whatever else ends an instance that a call is
    ///   about to end.
    mutating func observe(_ happening: Happening, _ book: ChargeBook, in world: WorldTruth) -> [Takedown] {
        var taken = underWay.isEmpty || happening.isSickness ? [] : takeFallen(in: world)
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
            if let ended = take(call.number), ended.wasReady { taken.append(ended) }
        case .call(let call, .answered):
            // What acts after its answer was given up by the controller: what has changed since is not its doing.
            _ = take(call.number)
        case .crashed(let incarnation):
            underWay.removeAll { $0.takedown.call.incarnation == incarnation }
        default: break
        }
        if !underWay.isEmpty { refresh(in: world) }
        return taken
    }

    /// Takes the call out, if it is under way.
    private mutating func take(_ number: Int) -> Takedown? {
        guard let place = underWay.firstIndex(where: { $0.takedown.call.number == number }) else {
            return nil
        }
        return underWay.remove(at: place).takedown
    }

    /// Those that were ready just before this happening and are not any more.
    private mutating func takeFallen(in world: WorldTruth) -> [Takedown] {
        let fallen = underWay.filter { item in
            item.takedown.wasReady && !world.isReady(item.takedown.id)
        }
        guard !fallen.isEmpty else { return [] }
        underWay.removeAll { item in fallen.contains { $0 === item } }
        return fallen.map(\.takedown).sorted { $0.call.number < $1.call.number }
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
        let takedown = Takedown(
            call: call, id: id, labels: labels, wasReady: instance.isReady,
            healthySince: instance.healthySince, effective: instance.observed.effective,
            route: world.routes[RouteKey(app: labels.app, process: labels.process)],
            plan: plan(call.action, app: labels.app, book, in: world))
        underWay.append(UnderWay(takedown))
    }

    /// Keeps in mind how things are just before the next thing happens.
    private func refresh(in world: WorldTruth) {
        for item in underWay {
            let id = item.takedown.id
            item.takedown.wasReady = world.isReady(id)
            item.takedown.healthySince = world.instances[id]?.healthySince
            item.takedown.route = world.routes.isEmpty ? nil : world.routes[item.takedown.key]
        }
    }
}
