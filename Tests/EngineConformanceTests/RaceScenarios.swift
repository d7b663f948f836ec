import Model
import Ports
import Testing

/// Two calls at once. What either is told may differ from run to run; what is true after both may not.
extension Scenario {
    static let races: [Scenario] = [
        Scenario("two launches of one name make one container") { stage in
            let order = try await stage.order()
            await stage.atOnce(
                { engine throws(EngineError) in _ = try await engine.launch(order) },
                { engine throws(EngineError) in _ = try await engine.launch(order) })
            // The one that gives way may have been refused, never the release's fault.
            await stage.launch(order)
            await stage.list()
        },
        Scenario("two launches of two names make two containers and one network") { stage in
            let orders = [try await stage.order("one"), try await stage.order("two")]
            await stage.atOnce(
                { engine throws(EngineError) in _ = try await engine.launch(orders[0]) },
                { engine throws(EngineError) in _ = try await engine.launch(orders[1]) })
            await stage.list()
        },
        Scenario("stop and remove at once") { stage in
            let id = try await stage.launched("web", .stubborn)
            await stage.atOnce(
                { engine throws(EngineError) in try await engine.stop(id, grace: .seconds(1)) },
                { engine throws(EngineError) in try await engine.remove(id, grace: .seconds(1)) })
            await stage.look(id)
            await stage.list()
        },
        Scenario("two removals at once") { stage in
            let id = try await stage.launched()
            await stage.atOnce(
                { engine throws(EngineError) in try await engine.remove(id, grace: .seconds(1)) },
                { engine throws(EngineError) in try await engine.remove(id, grace: .seconds(1)) })
            await stage.look(id)
        },
        Scenario("remove and inspect at once: there in full, or gone") { stage in
            let id = try await stage.launched()
            await stage.watch({ engine throws(EngineError) in
                guard let seen = try await engine.inspect(id) else { return nil }
                return seen.name.isEmpty || seen.startStamp.isEmpty ? "\(seen)" : nil
            }) { engine throws(EngineError) in try await engine.remove(id, grace: .seconds(1)) }
            await stage.look(id)
        },
        Scenario("launch and list at once: there in full, or not yet") { stage in
            let orders = try await [stage.order("one"), stage.order("two"), stage.order("three")]
            await stage.watch({ engine throws(EngineError) in
                let snapshot = try await engine.list()
                let known = Set(orders.map(\.name))
                let isWhole =
                    snapshot.unreadable.isEmpty && snapshot.networks.count <= 1
                    && snapshot.instances.allSatisfy { known.contains($0.name) }
                return isWhole ? nil : "\(snapshot)"
            }) { engine throws(EngineError) in
                for order in orders { _ = try await engine.launch(order) }
            }
            await stage.list()
        },
        Scenario("remove and list at once: there in full, or gone") { stage in
            let first = try await stage.launched("one")
            let second = try await stage.launched("two")
            await stage.watch({ engine throws(EngineError) in
                let snapshot = try await engine.list()
                let isWhole =
                    snapshot.unreadable.isEmpty && snapshot.instances.contains { $0.id == second }
                return isWhole ? nil : "\(snapshot)"
            }) { engine throws(EngineError) in try await engine.remove(first, grace: .seconds(1)) }
            await stage.list()
        },
        Scenario("a container removed while it is restarted is gone") { stage in
            let id = try await stage.launched("web", .stubborn)
            await stage.atOnce(
                { engine throws(EngineError) in
                    do throws(EngineError) { try await engine.restart(id, grace: .seconds(1)) } catch {
                        // The removal may come first, in the middle or after.
                        guard [.notFound, .internal, .conflict].contains(error.code) else { throw error }
                    }
                },
                { engine throws(EngineError) in try await engine.remove(id, grace: .seconds(1)) })
            await stage.remove(id)
            await stage.look(id)
        }
    ]
}
