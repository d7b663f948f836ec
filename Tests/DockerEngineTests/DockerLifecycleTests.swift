import DockerEngine
import FoundationEssentials
import HTTPClient
import Model
import Ports
import Testing

/// One test at a time: each needs a network, and an engine has room for about thirty by default.
@Suite(.serialized) struct DockerLifecycleTests {
    private let gone = ContainerID(String(repeating: "0", count: 64))

    @Test func `stops, starts and restarts`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            try await eventually("it hears the signal") {
                try await !fixture.engine.logTail(id, lines: 1).isEmpty
            }
            let stamp = try await fixture.engine.inspect(id)?.startStamp
            try await fixture.engine.stop(id, grace: .seconds(5))
            #expect(try await fixture.engine.inspect(id)?.state == .exited(code: 0, outOfMemory: false))
            try await fixture.engine.stop(id, grace: .seconds(5))
            try await fixture.engine.start(id)
            try await fixture.engine.start(id)
            let second = try await fixture.engine.inspect(id)
            #expect(second?.state == .running)
            #expect(second?.startStamp != stamp)
            try await fixture.engine.restart(id, grace: .seconds(5))
            let third = try await fixture.engine.inspect(id)
            #expect(third?.state == .running)
            #expect(third?.startStamp != second?.startStamp)
        }
    }

    @Test func `a process that ignores the signal is killed after the grace`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch(
                command: ["/bin/busybox", "sh", "-c", "trap '' TERM; while :; do busybox sleep 1; done"])
            let began = ContinuousClock.now
            try await fixture.engine.stop(id, grace: .seconds(1))
            #expect(ContinuousClock.now - began >= .seconds(1))
            #expect(try await fixture.engine.inspect(id)?.state == .exited(code: 137, outOfMemory: false))
        }
    }

    @Test func `removes, and what is gone counts as done`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            try await fixture.engine.remove(id, grace: .seconds(5))
            #expect(try await fixture.engine.inspect(id) == nil)
            try await fixture.engine.remove(id, grace: .seconds(5))
            try await fixture.engine.stop(id, grace: .seconds(5))
            let gone = try #require(gone)
            #expect(
                await failure { () throws(EngineError) in try await fixture.engine.start(gone) }?.code
                    == .notFound)
        }
    }

    @Test func `a paused container is stopped and removed like another`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            try await fixture.call("POST", "/containers/\(id)/pause")
            #expect(try await fixture.engine.inspect(id)?.state == .paused)
            try await fixture.engine.remove(id, grace: .seconds(1))
            #expect(try await fixture.engine.inspect(id) == nil)
        }
    }

    @Test func `a container of others is never touched`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            struct Created: Decodable { var Id: String }
            let created = try JSONDecoder().decode(
                Created.self,
                from: Data(
                    try await fixture.call(
                        "POST", "/containers/create?name=\(fixture.name)-foreign",
                        json:
                            #"{"Image":"\#(image.pinned)","Cmd":["/bin/busybox","sleep","99"],"StopSignal":"KILL"}"#
                    )))
            let id = try #require(ContainerID(created.Id))
            try await fixture.call("POST", "/containers/\(id)/start")
            let engine = fixture.engine
            let errors = [
                await failure { () throws(EngineError) in try await engine.stop(id, grace: .zero) },
                await failure { () throws(EngineError) in try await engine.restart(id, grace: .zero) },
                await failure { () throws(EngineError) in try await engine.remove(id, grace: .zero) },
                await failure { () throws(EngineError) in try await engine.start(id) },
                await failure { () throws(EngineError) in try await engine.repair(id, [.rename(to: "other")])
                },
                await failure { () throws(EngineError) in
                    try await engine.execute(["/bin/busybox", "true"], in: id, timeout: .seconds(5))
                },
                await failure { () throws(EngineError) in try await engine.logTail(id, lines: 1) }
            ]
            #expect(errors.map { $0?.code } == Array(repeating: .conflict, count: 7))
            #expect(try await engine.inspect(id) == nil)
            struct Container: Decodable {
                var State: State
                struct State: Decodable { var Running: Bool }
            }
            #expect(try await fixture.json(Container.self, "/containers/\(id)/json").State.Running)
        }
    }

    @Test func `puts back what was changed by hand`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch { template in
                template.memoryInBytes = 64 << 20
                template.nanoCPUs = 500_000_000
                template.restart = .always
            }
            let before = try #require(try await fixture.engine.inspect(id))
            let network = "\(fixture.name)-slipway-retail"
            try await fixture.call(
                "POST", "/containers/\(id)/update",
                json:
                    #"{"Memory":33554432,"MemorySwap":67108864,"NanoCpus":250000000,"RestartPolicy":{"Name":"no"}}"#
            )
            try await fixture.call("POST", "/containers/\(id)/rename?name=\(fixture.name)-other")
            try await fixture.call(
                "POST", "/networks/\(network)/disconnect", json: #"{"Container":"\#(id)"}"#)
            try await fixture.call("POST", "/networks/create", json: #"{"Name":"\#(fixture.name)-foreign"}"#)
            try await fixture.call(
                "POST", "/networks/\(fixture.name)-foreign/connect", json: #"{"Container":"\#(id)"}"#)
            try await fixture.call("POST", "/containers/\(id)/pause")
            let changed = try #require(try await fixture.engine.inspect(id))
            #expect(
                changed.effective
                    == EffectiveSettings(
                        nanoCPUs: 250_000_000, memoryInBytes: 32 << 20, restart: .never,
                        networks: ["\(fixture.name)-foreign"]))
            #expect(changed.address == nil)
            #expect(changed.state == .paused)

            let repairs: [Repair] = [
                .unpause, .rename(to: before.name), .connect(network: network, aliases: ["shop"]),
                .disconnect(network: "\(fixture.name)-foreign"),
                .resources(nanoCPUs: 500_000_000, memoryInBytes: 64 << 20), .restartPolicy(.always)
            ]
            try await fixture.engine.repair(id, repairs)
            var after = try #require(try await fixture.engine.inspect(id))
            #expect(after.address != nil)
            after.address = before.address
            #expect(after == before)
            // A second time, as after a crash, nothing is wrong.
            try await fixture.engine.repair(id, repairs)
            let lookup = try await fixture.engine.execute(
                ["/bin/busybox", "nslookup", "-type=a", "shop"], in: id, timeout: .seconds(20))
            #expect(lookup.exitCode == 0, "\(lookup.output)")

            let lift = await failure { () throws(EngineError) in
                try await fixture.engine.repair(id, [.resources(nanoCPUs: nil, memoryInBytes: nil)])
            }
            #expect(lift?.code == .invalid)
            let foreign = await failure { () throws(EngineError) in
                try await fixture.engine.repair(
                    id, [.connect(network: "\(fixture.name)-foreign", aliases: [])])
            }
            #expect(foreign?.code == .conflict)
        }
    }

    @Test func `a network goes when it is empty`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let network = "\(fixture.name)-slipway-retail"
            let busy = await failure { () throws(EngineError) in
                try await fixture.engine.removeNetwork(network)
            }
            #expect(busy?.code == .conflict)
            try await fixture.engine.remove(id, grace: .seconds(5))
            try await fixture.engine.removeNetwork(network)
            try await fixture.engine.removeNetwork(network)
            #expect(try await fixture.engine.list().networks.isEmpty)
        }
    }

    // MARK: Lists

    @Test func `containers with copied or broken labels are shown, and not as instances`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let image = try await fixture.localImage()
            let label = #""slipway.installation":"\#(fixture.name)""#
            try await fixture.call(
                "POST", "/containers/create?name=\(fixture.name)-odd",
                json:
                    #"{"Image":"\#(image.pinned)","Cmd":["/bin/busybox"],"Labels":{\#(label),"slipway.release":"x"}}"#
            )
            try await fixture.call(
                "POST", "/containers/create?name=\(fixture.name)-foreign",
                json:
                    #"{"Image":"\#(image.pinned)","Cmd":["/bin/busybox"],"Labels":{"slipway.installation":"other"}}"#
            )
            let snapshot = try await fixture.engine.list()
            #expect(snapshot.instances.map(\.id) == [id])
            #expect(snapshot.unreadable.map(\.name) == ["\(fixture.name)-odd"])
            #expect(snapshot.unreadable.first?.reason.contains("labels") == true)
        }
    }

    @Test func `exits, restarts and lack of memory are told apart`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let exits = try await fixture.engine.launch(
                try fixture.order(image, index: 1, command: ["/bin/busybox", "sh", "-c", "exit 7"]))
            let loops = try await fixture.engine.launch(
                try fixture.order(image, index: 2, command: ["/bin/busybox", "false"]) {
                    $0.restart = .always
                })
            let hungry = try await fixture.engine.launch(
                try fixture.order(
                    image, index: 3, command: ["/bin/busybox", "sh", "-c", "a=x; while :; do a=$a$a; done"]
                ) { $0.memoryInBytes = 16 << 20 })
            try await eventually("it has exited") {
                try await fixture.engine.inspect(exits)?.state == .exited(code: 7, outOfMemory: false)
            }
            try await eventually("the engine has restarted it") {
                (try await fixture.engine.inspect(loops)?.restartCount ?? 0) > 0
            }
            try await eventually("it is out of memory") {
                guard case .exited(_, let outOfMemory) = try await fixture.engine.inspect(hungry)?.state
                else { return false }
                return outOfMemory
            }
        }
    }
}
