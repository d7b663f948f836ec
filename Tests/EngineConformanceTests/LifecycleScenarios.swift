import Model

extension Scenario {
    static let lifecycle: [Scenario] = [
        Scenario("stop of a running, a stopped and a gone container") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            await stage.stop(id)
            await stage.look(id)
            await stage.stop(id)
            await stage.look(id)
            await stage.remove(id)
            await stage.stop(id)
        },
        Scenario("a process that ignores the signal is killed") { stage in
            let id = try await stage.launched("web", .stubborn)
            await stage.stop(id, grace: .seconds(1))
            await stage.look(id)
        },
        Scenario("start of a running, a stopped and a gone container") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            await stage.start(id)
            await stage.look(id)
            await stage.stop(id)
            await stage.start(id)
            await stage.look(id)
            await stage.remove(id)
            await stage.start(id)
        },
        Scenario("restart of a running, a stopped and a gone container") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            await stage.restart(id)
            await stage.look(id)
            await stage.stop(id)
            await stage.restart(id)
            await stage.look(id)
            await stage.remove(id)
            await stage.restart(id)
        },
        Scenario("remove of a running, a stopped and a gone container") { stage in
            let id = try await stage.launched()
            await stage.remove(id)
            await stage.look(id)
            await stage.remove(id)
            let stopped = try await stage.launched()
            await stage.stop(stopped)
            await stage.remove(stopped)
            await stage.look(stopped)
            await stage.list()
        },
        Scenario("a paused container can be stopped, restarted and removed, not started") { stage in
            let id = try await stage.launched()
            await stage.look(id)
            try await stage.byHand(.pause, id)
            await stage.look(id)
            await stage.start(id)
            await stage.look(id)
            await stage.stop(id)
            await stage.look(id)
            await stage.start(id)
            try await stage.byHand(.pause, id)
            await stage.restart(id)
            await stage.look(id)
            try await stage.byHand(.pause, id)
            await stage.remove(id)
            await stage.look(id)
        },
        Scenario("a stranger's container is not seen and not touched") { stage in
            let id = try await stage.makeForeign("stranger")
            await stage.look(id)
            await stage.start(id)
            await stage.stop(id)
            await stage.restart(id)
            await stage.repair("the name", id, [.rename(to: await stage.name("web"))])
            await stage.execute("true", ["/bin/true"], in: id)
            await stage.logTail(id, lines: 5)
            await stage.remove(id)
            await stage.note(try await stage.subject.exists(id) ? "it is still there" : "it is gone")
            await stage.list()
        },
        Scenario("a container with a copied label is listed as unreadable") { stage in
            _ = try await stage.launched()
            let copy = try await stage.makeForeign("copy", copiesLabel: true)
            await stage.look(copy)
            await stage.list()
            await stage.remove(copy)
            await stage.list()
        },
        Scenario("a list shows what runs, what has ended and what never began, by name") { stage in
            _ = try await stage.launched("zebra")
            let stopped = try await stage.launched("middle")
            await stage.stop(stopped)
            await stage.launch(try await stage.order("broken", .missing))
            let paused = try await stage.launched("apple")
            try await stage.byHand(.pause, paused)
            await stage.list()
        },
        Scenario("a container removed by hand is gone for every call") { stage in
            let id = try await stage.launched()
            try await stage.byHand(.remove, id)
            await stage.look(id)
            await stage.stop(id)
            await stage.remove(id)
            await stage.start(id)
            await stage.restart(id)
            await stage.repair("the policy", id, [.restartPolicy(.always)])
            await stage.execute("true", ["/bin/true"], in: id)
            await stage.logTail(id, lines: 5)
            await stage.list()
            _ = try await stage.launched()
        }
    ]
}
