import Model
import Testing

extension Scenario {
    static let launches: [Scenario] = [
        Scenario("a launch makes a running container, and its network") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            await stage.list()
        },
        Scenario("a second launch finds the first one's container as it runs") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            await stage.launch(try await stage.order())
            await stage.look(id)
        },
        Scenario("a name that another template has is taken") { stage in
            let id = try await stage.launched()
            await stage.launch(try await stage.order(template: "d"))
            await stage.stop(id)
            await stage.launch(try await stage.order(template: "d"))
            await stage.look(id)
        },
        Scenario("a name that another app has is taken") { stage in
            let id = try await stage.launched()
            await stage.launch(try await stage.order(app: "other"))
            await stage.look(id)
        },
        Scenario("a name that a stranger has is taken") { stage in
            _ = try await stage.makeForeign("web")
            await stage.launch(try await stage.order())
            await stage.list()
        },
        Scenario("a launch finds a stopped container and starts it") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            await stage.stop(id)
            await stage.launch(try await stage.order())
            await stage.look(id)
        },
        Scenario("a launch finds a paused container and leaves it so") { stage in
            let id = try await stage.launched()
            try await stage.byHand(.pause, id)
            await stage.launch(try await stage.order())
            await stage.look(id)
        },
        Scenario("a launch finds a container that is being restarted and leaves it so") { stage in
            let id = try await stage.launched("web", .exits(3), restart: .always)
            try await stage.wait(id, until: "restarting") {
                $0.state == .restarting(code: 3, outOfMemory: false) && $0.restartCount > 0
            }
            await stage.launch(try await stage.order("web", .exits(3), restart: .always))
            try await stage.wait(id, until: "restarting") {
                $0.state == .restarting(code: 3, outOfMemory: false)
            }
        },
        Scenario("a command that does not exist leaves a container that holds the name") { stage in
            try await stage.openEvents()
            let order = try await stage.order("web", .missing)
            await stage.launch(order)
            let id = try await stage.find("web")
            await stage.look(id)
            await stage.list()
            try await stage.announced()
            await stage.start(id)
            await stage.look(id)
            await stage.stop(id)
            await stage.look(id)
            await stage.restart(id)
            await stage.look(id)
            await stage.remove(id)
            await stage.look(id)
            await stage.list()
        },
        Scenario("a launch throws a leftover away and makes it anew") { stage in
            await stage.launch(try await stage.order("web", .missing))
            let first = try await stage.find("web")
            await stage.look(first)
            await stage.launch(try await stage.order("web", .missing))
            await stage.look(first)
            let second = try await stage.find("web")
            await stage.look(second)
            await stage.launch(try await stage.order())
            await stage.look(second)
            await stage.list()
        },
        Scenario("a leftover of another template holds the name") { stage in
            await stage.launch(try await stage.order("web", .missing))
            await stage.launch(try await stage.order(template: "d"))
            await stage.list()
        },
        Scenario("a name is free once its container is removed or renamed") { stage in
            let id = try await stage.launched()
            try await stage.byHand(.rename(await stage.name("other")), id)
            let second = try await stage.launched()
            await stage.remove(second)
            _ = try await stage.launched()
            await stage.list()
        },
        Scenario("an order for another installation is refused") { stage in
            var order = try await stage.order()
            order.labels.installation = try #require(InstallationName("another"))
            await stage.launch(order)
            await stage.list()
        },
        Scenario("a network of others is not joined") { stage in
            try await stage.subject.makeForeignNetwork(await stage.network)
            await stage.launch(try await stage.order())
            await stage.removeNetwork()
            await stage.list()
        }
    ]
}
