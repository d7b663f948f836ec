import Model

/// Networks, images, commands, logs and events.
extension Scenario {
    static let surroundings: [Scenario] = [
        Scenario("a network goes when nobody uses it, and gone is gone") { stage in
            let id = try await stage.launched()
            await stage.removeNetwork()
            await stage.remove(id)
            await stage.list()
            await stage.removeNetwork()
            await stage.removeNetwork()
            await stage.list()
        },
        Scenario("a network that went under a stopped container is made anew for its start") { stage in
            let id = try await stage.launched()
            await stage.stop(id)
            await stage.removeNetwork()
            await stage.list()
            await stage.look(id)
            await stage.start(id)
            await stage.look(id)
            await stage.list()
            await stage.stop(id)
            await stage.removeNetwork()
            await stage.launch(try await stage.order())
            await stage.look(id)
            await stage.stop(id)
            await stage.removeNetwork()
            await stage.restart(id)
            await stage.look(id)
        },
        Scenario("prepare") { stage in
            for kind in ImageKind.allCases { try await stage.prepare(kind) }
        },
        Scenario("an image that was removed from the host is pulled again by what needs it") { stage in
            let image = try await stage.ownImage("own")
            try await stage.subject.removeImage(image)
            var order = try await stage.order()
            order.template.image = image.pinned
            let id = try await stage.launched(order)
            await stage.look(id)
            await stage.remove(id)
            try await stage.subject.removeImage(image)
            await stage.prepareAgain(image)
            await stage.launch(order)
            await stage.list()
        },
        Scenario("a launch of an image that is nowhere is refused, and leaves nothing") { stage in
            var order = try await stage.order()
            order.template.image = try await stage.subject.reference(to: .unknownDigest)
            await stage.launch(order)
            await stage.list()
        },
        Scenario("commands in a container") { stage in
            let id = try await stage.launched()
            await stage.execute("true", ["/bin/true"], in: id)
            await stage.execute("one that fails", ["/bin/sh", "-c", "echo no; exit 4"], in: id)
            await stage.execute("a missing one", ["/bin/no-such-program"], in: id)
            await stage.execute("a slow one", ["/bin/sleep", "5"], in: id, timeout: .milliseconds(300))
            await stage.execute("nothing", [], in: id)
            try await stage.byHand(.pause, id)
            await stage.execute("true", ["/bin/true"], in: id)
            await stage.stop(id)
            await stage.execute("true", ["/bin/true"], in: id)
        },
        Scenario("a command in a container that never began or waits for its restart") { stage in
            await stage.launch(try await stage.order("web", .missing))
            await stage.execute("true", ["/bin/true"], in: try await stage.find("web"))
            let id = try await stage.launched("loop", .exits(3), restart: .always)
            try await stage.wait(id, until: "restarting") { $0.restartCount > 3 && !$0.state.isRunning }
            await stage.execute("true", ["/bin/true"], in: id)
        },
        Scenario("the log of a running, a stopped and a gone container") { stage in
            let id = try await stage.launched()
            try await stage.waitForLog(id)
            await stage.logTail(id, lines: 10)
            await stage.logTail(id, lines: 0)
            await stage.stop(id)
            await stage.logTail(id, lines: 10)
            await stage.remove(id)
            await stage.logTail(id, lines: 10)
            await stage.launch(try await stage.order("web", .missing))
            await stage.logTail(try await stage.find("web"), lines: 10)
        },
        Scenario("which calls announce which containers") { stage in
            try await stage.openEvents()
            let id = try await stage.launched()
            try await stage.announced()
            await stage.launch(try await stage.order())
            await stage.start(id)
            await stage.look(id)
            await stage.list()
            await stage.execute("true", ["/bin/true"], in: id)
            try await stage.announced()
            await stage.restart(id)
            try await stage.announced()
            await stage.stop(id)
            try await stage.announced()
            await stage.stop(id)
            try await stage.announced()
            await stage.start(id)
            try await stage.announced()
            await stage.repair("the name", id, [.rename(to: await stage.name("web"))])
            await stage.repair("the pause", id, [.unpause])
            try await stage.announced()
            await stage.remove(id)
            try await stage.announced()
            await stage.remove(id)
            await stage.stop(id)
            await stage.start(id)
            await stage.removeNetwork()
            try await stage.announced()
        },
        Scenario("what is done by hand is announced") { stage in
            try await stage.openEvents()
            let id = try await stage.launched()
            try await stage.announced()
            try await stage.byHand(.pause, id)
            try await stage.announced()
            await stage.repair("the pause", id, [.unpause])
            try await stage.announced()
            try await stage.byHand(.rename(await stage.name("other")), id)
            try await stage.announced()
            try await stage.byHand(.setPolicy(.unlessStopped), id)
            try await stage.announced()
            await stage.list()
            try await stage.byHand(.disconnect(await stage.network), id)
            try await stage.announced()
            try await stage.byHand(.end(code: 0), id)
            try await stage.wait(id, until: "restarted") { $0.restartCount > 0 }
            try await stage.announced()
            try await stage.byHand(.stop, id)
            try await stage.announced()
            try await stage.byHand(.remove, id)
            try await stage.announced()
        },
        Scenario("strangers are not announced, and refusals announce nothing") { stage in
            try await stage.openEvents()
            let stranger = try await stage.makeForeign("stranger")
            try await stage.byHand(.pause, stranger)
            try await stage.byHand(.remove, stranger)
            _ = try await stage.makeForeign("web")
            try await stage.announced()
            await stage.launch(try await stage.order())
            try await stage.announced()
        },
        Scenario("events begin when the stream is opened") { stage in
            let first = try await stage.launched("first")
            await stage.stop(first)
            try await stage.openEvents()
            _ = try await stage.launched("second")
            try await stage.announced()
        },
        Scenario("events come in the order of what happened") { stage in
            try await stage.openEvents()
            let first = try await stage.launched("first")
            let second = try await stage.launched("second")
            await stage.stop(second)
            await stage.stop(first)
            try await stage.announced()
            await stage.start(second)
            await stage.start(first)
            try await stage.announced()
        }
    ]
}
