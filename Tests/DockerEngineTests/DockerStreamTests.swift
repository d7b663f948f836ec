import DockerEngine
import FoundationEssentials
import HTTPClient
import Model
import Ports
import Synchronization
import TestServers
import Testing

/// One test at a time: each needs a network, and an engine has room for about thirty by default.
@Suite(.serialized) struct DockerStreamTests {
    // MARK: Commands

    @Test func `a command's exit code and the end of its output`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let mixed = try await fixture.engine.execute(
                ["/bin/busybox", "sh", "-c", "echo a; echo b >&2; exit 3"], in: id, timeout: .seconds(20))
            #expect(mixed.exitCode == 3)
            #expect(Set(mixed.output.split(separator: "\n")) == ["a", "b"])
            let long = try await fixture.engine.execute(
                ["/bin/busybox", "seq", "1", "20000"], in: id, timeout: .seconds(20))
            #expect(long.exitCode == 0)
            #expect(long.output.utf8.count == 4_096)
            #expect(long.output.hasSuffix("19999\n20000\n"))
        }
    }

    @Test func `a command that hangs, is missing, or has no container`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let began = ContinuousClock.now
            let hangs = await failure { () throws(EngineError) in
                try await fixture.engine.execute(
                    ["/bin/busybox", "sleep", "99"], in: id, timeout: .milliseconds(500))
            }
            #expect(hangs?.code == .timeout)
            #expect(ContinuousClock.now - began < .seconds(10))
            do throws(EngineError) {
                // Some versions refuse the start, others say so with an exit code.
                let result = try await fixture.engine.execute(
                    ["/no-such-program"], in: id, timeout: .seconds(20))
                #expect([126, 127].contains(result.exitCode))
            } catch {
                #expect(error.code == .startFailed)
            }
            try await fixture.engine.stop(id, grace: .seconds(5))
            let stopped = await failure { () throws(EngineError) in
                try await fixture.engine.execute(["/bin/busybox", "true"], in: id, timeout: .seconds(20))
            }
            #expect(stopped?.code == .conflict)
        }
    }

    // MARK: Logs

    @Test func `the last lines, of both streams`() async throws {
        try await withEngine { fixture in
            let script =
                "for i in 1 2 3 4 5; do echo out$i; busybox usleep 20000; echo err$i >&2; busybox usleep 20000; done"
            let id = try await fixture.launch(command: ["/bin/busybox", "sh", "-c", script])
            try await eventually("it has ended") {
                try await fixture.engine.inspect(id)?.state.isLive == false
            }
            let tail = try await fixture.engine.logTail(id, lines: 3)
            #expect(
                tail == [
                    EngineLogLine(isError: true, text: "err4"), EngineLogLine(isError: false, text: "out5"),
                    EngineLogLine(isError: true, text: "err5")
                ])
            #expect(try await fixture.engine.logTail(id, lines: 0).isEmpty)
        }
    }

    @Test func `a followed log goes on until the container ends`() async throws {
        try await withEngine { fixture in
            let script = "trap 'echo bye; exit 0' TERM; echo hello; busybox sleep 999 & wait"
            let id = try await fixture.launch(command: ["/bin/busybox", "sh", "-c", script])
            var lines: [String] = []
            for try await line in fixture.engine.logs(id, tail: 10, sinceSeconds: nil, follow: true) {
                lines.append(line.text)
                if line.text == "hello" { try await fixture.engine.stop(id, grace: .seconds(5)) }
            }
            #expect(lines == ["hello", "bye"])
        }
    }

    @Test func `a long line comes whole, a very long one in pieces`() async throws {
        try await withEngine { fixture in
            let script =
                "busybox head -c 40000 /dev/zero | busybox tr '\\0' a; echo; busybox head -c 150000 /dev/zero | busybox tr '\\0' b"
            let id = try await fixture.launch(command: ["/bin/busybox", "sh", "-c", script])
            try await eventually("it has ended") {
                try await fixture.engine.inspect(id)?.state.isLive == false
            }
            let lines = try await fixture.engine.logTail(id, lines: 100).map(\.text)
            #expect(lines.first == String(repeating: "a", count: 40_000))
            #expect(lines.dropFirst().joined() == String(repeating: "b", count: 150_000))
            #expect(lines.allSatisfy { $0.utf8.count <= 65_536 })
        }
    }

    // MARK: Events

    @Test func `events name containers of ours, and nobody else's`() async throws {
        try await withEngine { fixture in
            let image = try await fixture.localImage()
            let seen = Shared<[ContainerID]>([])
            let isListening = Shared(false)
            let engine = fixture.engine
            let listener = Task {
                for try await id in engine.events() {
                    isListening.value = true
                    seen.value.append(id)
                }
            }
            // Something happens until the connection stands.
            let id = try await engine.launch(try fixture.order(image))
            try await eventually("an event has come") {
                if !isListening.value { try await engine.restart(id, grace: .seconds(5)) }
                return isListening.value
            }
            try await fixture.call(
                "POST", "/containers/create?name=\(fixture.name)-foreign",
                json: #"{"Image":"\#(image.pinned)","Cmd":["/bin/busybox"]}"#)

            /// What `body` does is seen.
            func expectEvent(_ what: Comment, _ body: () async throws -> Void) async throws {
                try await Task.sleep(for: .milliseconds(100))
                seen.value = []
                try await body()
                try await eventually(what) { seen.value.contains(id) }
            }
            try await expectEvent("pause") { try await fixture.call("POST", "/containers/\(id)/pause") }
            try await expectEvent("unpause") { try await fixture.call("POST", "/containers/\(id)/unpause") }
            let network = "\(fixture.name)-slipway-retail"
            try await expectEvent("disconnect") {
                try await fixture.call(
                    "POST", "/networks/\(network)/disconnect", json: #"{"Container":"\#(id)"}"#)
            }
            try await expectEvent("connect") {
                try await fixture.call(
                    "POST", "/networks/\(network)/connect", json: #"{"Container":"\#(id)"}"#)
            }
            try await expectEvent("rename") {
                try await fixture.call("POST", "/containers/\(id)/rename?name=\(fixture.name)-other")
            }
            try await expectEvent("die") { try await fixture.call("POST", "/containers/\(id)/kill") }
            try await expectEvent("destroy") { try await fixture.call("DELETE", "/containers/\(id)?force=1") }
            #expect(Set(seen.value) == [id])
            listener.cancel()
            _ = await listener.result
        }
    }
}
