import DockerEngine
import FoundationEssentials
import HTTPClient
import Model
import Ports
import Testing

/// One test at a time: each needs a network, and an engine has room for about thirty by default.
@Suite(.serialized) struct DockerLaunchTests {
    @Test func `the engine says who it is`() async throws {
        try await withEngine { fixture in
            let info = try await fixture.engine.info()
            #expect(["Docker", "Podman"].contains(info.name))
            #expect(!info.version.isEmpty)
            #expect(info.apiVersion.hasPrefix("1."))
        }
    }

    @Test func `a launched container has what was ordered`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            #expect(!image.isFromRegistry)
            #expect(image.pinned == image.digest.rawValue)
            let order = try fixture.order(image) { template in
                template.memoryInBytes = 64 << 20
                template.nanoCPUs = 500_000_000
                template.restart = .onFailure
                template.mounts = [.init(volume: "\(fixture.name)-data", target: "/data", isReadOnly: false)]
            }
            let id = try await fixture.engine.launch(order)
            let instance = try #require(try await fixture.engine.inspect(id))
            #expect(instance.id == id)
            #expect(instance.name == order.name)
            #expect(instance.labels == order.labels)
            #expect(instance.state == .running)
            #expect(instance.restartCount == 0)
            #expect(instance.image == image.pinned)
            #expect(!instance.startStamp.isEmpty)
            #expect(instance.address?.contains(".") == true)
            #expect(
                instance.effective
                    == EffectiveSettings(
                        nanoCPUs: 500_000_000, memoryInBytes: 64 << 20, restart: .onFailure,
                        networks: [order.template.network]))
            let result = try await fixture.engine.execute(
                ["/bin/busybox", "sh", "-c", "echo $A; touch /data/x && echo written"], in: id,
                timeout: .seconds(20))
            #expect(result == CommandResult(exitCode: 0, output: "b c\nwritten\n"))
        }
    }

    @Test func `launching again finds the first result`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image)
            let first = try await fixture.engine.launch(order)
            let stamp = try await fixture.engine.inspect(first)?.startStamp
            #expect(try await fixture.engine.launch(order) == first)
            #expect(try await fixture.engine.inspect(first)?.startStamp == stamp)
            try await fixture.engine.stop(first, grace: .seconds(5))
            #expect(try await fixture.engine.launch(order) == first)
            #expect(try await fixture.engine.inspect(first)?.state == .running)
        }
    }

    @Test func `name servers are for new containers, and others stay as they are`() async throws {
        struct Inspection: Decodable {
            struct Host: Decodable { var Dns: [String]? }
            var HostConfig: Host
        }
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image)
            let old = try await fixture.engine.launch(order)
            let configuration = DockerConfiguration(
                socketPath: EngineFixture.socketPath, installation: fixture.installation,
                dns: ["192.0.2.53", "192.0.2.54"])
            let engine = DockerEngine(configuration: configuration, client: fixture.client)
            #expect(try await engine.launch(order) == old)
            let new = try await engine.launch(try fixture.order(image, index: 2))
            let before = try await fixture.json(Inspection.self, "/containers/\(old)/json")
            let after = try await fixture.json(Inspection.self, "/containers/\(new)/json")
            #expect(before.HostConfig.Dns?.isEmpty != false)
            #expect(after.HostConfig.Dns == ["192.0.2.53", "192.0.2.54"])
        }
    }

    @Test func `many launches at once share the network`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            try await withThrowingTaskGroup { group in
                for index in 1...4 {
                    let order = try fixture.order(image, index: index)
                    group.addTask { _ = try await fixture.engine.launch(order) }
                }
                try await group.waitForAll()
            }
            let snapshot = try await fixture.engine.list()
            #expect(snapshot.instances.count == 4)
            #expect(Set(snapshot.instances.compactMap(\.address)).count == 4)
            #expect(snapshot.networks.map(\.name) == ["\(fixture.name)-slipway-retail"])
            #expect(snapshot.unreadable.isEmpty)
        }
    }

    @Test func `files are there before the start, read-only, in folders that were missing`() async throws {
        try await withEngine { fixture in
            let long = "/etc/" + String(repeating: "long-folder/", count: 12) + "file.conf"
            let command = [
                "/bin/busybox", "sh", "-c",
                "busybox cat /etc/app/app.conf \(long); busybox stat -c %a-%u /etc/app/app.conf /etc/app /etc; busybox sleep 999"
            ]
            let id = try await fixture.launch(command: command) { template in
                template.files = [
                    FileSpec(
                        target: "/etc/app/app.conf", source: "a", content: FileContent(Data("one\n".utf8))),
                    FileSpec(target: long, source: "b", content: FileContent(Data("two\n".utf8)))
                ]
            }
            try await eventually("the output has come") {
                try await fixture.engine.logTail(id, lines: 10).map(\.text)
                    == ["one", "two", "444-0", "755-0", "755-0"]
            }
            try await fixture.engine.remove(id, grace: .zero)
        }
    }

    @Test func `a leftover that was never started is made anew, with its files`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            var order = try fixture.order(image)
            order.template.files = [
                FileSpec(target: "/app.conf", source: "a", content: FileContent(Data("here\n".utf8)))
            ]
            let labels = String(decoding: try JSONEncoder().encode(order.labels.dictionary), as: UTF8.self)
            try await fixture.call(
                "POST", "/containers/create?name=\(order.name)",
                json: #"{"Image":"\#(image.pinned)","Cmd":["/bin/busybox","true"],"Labels":\#(labels)}"#)
            let id = try await fixture.engine.launch(order)
            let result = try await fixture.engine.execute(
                ["/bin/busybox", "cat", "/app.conf"], in: id, timeout: .seconds(20))
            #expect(result.output == "here\n")
        }
    }

    // MARK: Conflicts

    @Test func `a name that is taken is a conflict, and its owner is untouched`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image)
            try await fixture.call(
                "POST", "/containers/create?name=\(order.name)",
                json: #"{"Image":"\#(image.pinned)","Cmd":["/bin/busybox","true"]}"#)
            let foreign = await failure { () throws(EngineError) in try await fixture.engine.launch(order) }
            #expect(foreign?.code == .conflict)
            #expect(foreign?.message.contains("not Slipway's") == true)
            try await fixture.call("DELETE", "/containers/\(order.name)")

            let first = try await fixture.engine.launch(order)
            var other = order
            other.labels.template = try #require(EngineFixture.digest("d"))
            let own = await failure { () throws(EngineError) in try await fixture.engine.launch(other) }
            #expect(own?.code == .conflict)
            #expect(try await fixture.engine.inspect(first)?.state == .running)
        }
    }

    @Test func `a network that is not ours is a conflict`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image)
            try await fixture.call(
                "POST", "/networks/create", json: #"{"Name":"\#(order.template.network)"}"#)
            #expect(
                await failure { () throws(EngineError) in try await fixture.engine.launch(order) }?.code
                    == .conflict)
            #expect(
                await failure { () throws(EngineError) in
                    try await fixture.engine.removeNetwork(order.template.network)
                }?.code == .conflict)
            #expect(try await fixture.engine.list().instances.isEmpty)
        }
    }

    @Test func `a volume that is a path of the host is refused, unless trusted`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let volume = "\(fixture.name)-data"
            let order = try fixture.order(image) { template in
                template.mounts = [.init(volume: volume, target: "/data", isReadOnly: true)]
            }
            try await fixture.call(
                "POST", "/volumes/create",
                json: #"{"Name":"\#(volume)","DriverOpts":{"type":"none","o":"bind","device":"/etc"}}"#)
            #expect(
                await failure { () throws(EngineError) in try await fixture.engine.launch(order) }?.code
                    == .policy)
            let trusting = DockerEngine(
                configuration: DockerConfiguration(
                    socketPath: EngineFixture.socketPath, installation: fixture.installation,
                    trustedVolumes: [volume]),
                client: fixture.client)
            _ = try await trusting.launch(order)
        }
    }

    @Test func `data that was put back by hand is used, and survives removal`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let volume = "\(fixture.name)-data"
            try await fixture.call("POST", "/volumes/create", json: #"{"Name":"\#(volume)"}"#)
            let order = try fixture.order(image) { template in
                template.mounts = [.init(volume: volume, target: "/data", isReadOnly: false)]
            }
            let id = try await fixture.engine.launch(order)
            _ = try await fixture.engine.execute(
                ["/bin/busybox", "touch", "/data/kept"], in: id, timeout: .seconds(20))
            try await fixture.engine.remove(id, grace: .seconds(5))
            let second = try await fixture.engine.launch(order)
            let result = try await fixture.engine.execute(
                ["/bin/busybox", "ls", "/data"], in: second, timeout: .seconds(20))
            #expect(result.output == "kept\n")
        }
    }

    // MARK: Starts that fail

    @Test(arguments: [["/bin/no-such-program"], ["/etc/passwd"], ["no-such-program"]])
    func `a command that cannot be run is the release's fault`(command: [String]) async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image, command: command)
            let error = await failure { () throws(EngineError) in try await fixture.engine.launch(order) }
            #expect(error?.code == .startFailed, "\(String(describing: error))")
            #expect(error?.fault == .release)
            // The leftover is no obstacle for the next attempt.
            let again = await failure { () throws(EngineError) in try await fixture.engine.launch(order) }
            #expect(again?.code == .startFailed, "\(String(describing: again))")
            let instance = try await fixture.engine.list().instances.first
            guard case .created(let reason) = instance?.state else {
                Issue.record("\(String(describing: instance))")
                return
            }
            #expect(reason != nil)
        }
    }

    @Test func `an image without a command is the release's fault`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image, command: nil)
            let error = await failure { () throws(EngineError) in try await fixture.engine.launch(order) }
            #expect(error?.code == .startFailed)
            #expect(error?.message.contains("give the process one") == true)
            let withCommand = try await fixture.localImage(
                "own", changes: [#"CMD ["/bin/busybox","sleep","99"]"#, "STOPSIGNAL 9"].dropLast())
            let id = try await fixture.engine.launch(try fixture.order(withCommand, command: nil))
            #expect(try await fixture.engine.inspect(id)?.state == .running)
            try await fixture.engine.remove(id, grace: .zero)
        }
    }

    @Test func `a file where a folder is, is the release's fault`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let order = try fixture.order(image) { template in
                template.files = [FileSpec(target: "/etc", source: "a", content: FileContent(Data("x".utf8)))]
            }
            let error = await failure { () throws(EngineError) in try await fixture.engine.launch(order) }
            #expect(error?.code == .startFailed, "\(String(describing: error))")
        }
    }

    @Test func `an image that is gone from the host is nobody's release`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            try await fixture.call("DELETE", "/images/\(image.reference)")
            let order = try fixture.order(image)
            let launch = await failure { () throws(EngineError) in try await fixture.engine.launch(order) }
            #expect(launch?.fault == .world)
            let prepare = await failure { () throws(EngineError) in
                try await fixture.engine.prepare(reference: image.reference, known: image)
            }
            #expect(prepare?.fault == .world)
        }
    }
}
