import Model

extension Scenario {
    static let repairs: [Scenario] = [
        Scenario("paused by hand, unpaused by a repair") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            try await stage.byHand(.pause, id)
            await stage.repair("the pause", id, [.unpause])
            await stage.look(id)
            await stage.repair("the pause", id, [.unpause])
            await stage.stop(id)
            await stage.repair("the pause", id, [.unpause])
            await stage.look(id)
        },
        Scenario("renamed by hand, renamed back by a repair") { stage in
            let id = try await stage.launched()
            try await stage.byHand(.rename(await stage.name("other")), id)
            await stage.look(id)
            await stage.repair("the name", id, [.rename(to: await stage.name("web"))])
            await stage.repair("the name", id, [.rename(to: await stage.name("web"))])
            await stage.look(id)
        },
        Scenario("a name that is taken meanwhile cannot be put back") { stage in
            let id = try await stage.launched()
            try await stage.byHand(.rename(await stage.name("other")), id)
            _ = try await stage.makeForeign("web")
            await stage.repair("the name", id, [.rename(to: await stage.name("web"))])
            await stage.repair("the name", id, [.rename(to: "not a name")])
            await stage.look(id)
        },
        Scenario("limits changed by hand are put back; one where there was none stays") { stage in
            let id = try await stage.launched("web", memory: 64 << 20)
            await stage.look(id)
            try await stage.byHand(.setMemory(32 << 20), id)
            await stage.look(id)
            await stage.repair("the memory", id, [.resources(nanoCPUs: nil, memoryInBytes: 64 << 20)])
            await stage.look(id)
            await stage.repair("the memory", id, [.resources(nanoCPUs: nil, memoryInBytes: nil)])
            await stage.look(id)
            await stage.stop(id)
            await stage.repair("the memory", id, [.resources(nanoCPUs: nil, memoryInBytes: 48 << 20)])
            await stage.look(id)
        },
        Scenario("a restart policy changed by hand is put back, and counts at the next end") { stage in
            let id = try await stage.launched("web", restart: .always)
            try await stage.byHand(.setPolicy(.never), id)
            await stage.look(id)
            await stage.repair("the policy", id, [.restartPolicy(.always)])
            await stage.look(id)
            try await stage.endAndComeBack(id, code: 3)
            await stage.look(id)
            try await stage.byHand(.setPolicy(.never), id)
            try await stage.byHand(.end(code: 4), id)
            try await stage.waitForExit(id)
            await stage.look(id)
        },
        Scenario("a network left by hand is joined again") { stage in
            let id = try await stage.launched()
            try await stage.byHand(.disconnect(await stage.network), id)
            await stage.look(id)
            await stage.repair("the network", id, [.connect(network: await stage.network, aliases: ["shop"])])
            await stage.repair("the network", id, [.connect(network: await stage.network, aliases: ["shop"])])
            await stage.look(id)
        },
        Scenario("a network joined by hand is left again, and a foreign one is not joined") { stage in
            let id = try await stage.launched()
            let foreign = await stage.name("foreign")
            try await stage.subject.makeForeignNetwork(foreign)
            try await stage.byHand(.connect(foreign), id)
            await stage.look(id)
            await stage.repair("the networks", id, [.disconnect(network: foreign)])
            await stage.repair("the networks", id, [.disconnect(network: foreign)])
            await stage.look(id)
            await stage.repair("the networks", id, [.connect(network: foreign, aliases: [])])
            await stage.repair("the networks", id, [.connect(network: await stage.name("none"), aliases: [])])
            await stage.repair("the networks", id, [.disconnect(network: await stage.name("none"))])
            await stage.look(id)
        },
        Scenario("a stopped container leaves and joins its network") { stage in
            let id = try await stage.launched()
            await stage.stop(id)
            try await stage.byHand(.disconnect(await stage.network), id)
            await stage.look(id)
            await stage.repair("the network", id, [.connect(network: await stage.network, aliases: ["shop"])])
            await stage.look(id)
            await stage.start(id)
            await stage.look(id)
        },
        Scenario("the repairs before one that is refused are done") { stage in
            let id = try await stage.launched()
            await stage.repair(
                "all", id, [.restartPolicy(.always), .connect(network: await stage.name("none"), aliases: [])]
            )
            await stage.look(id)
        }
    ]
}
