@testable import DockerEngine
import FoundationEssentials
import Glibc
import Model
import Ports
import Testing

/// Commands in containers of a real engine, with their streams.
@Suite(.serialized) struct DockerSessionTests {
    private struct Result {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var end: SessionEnd
        var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// Runs it to its end, with all of `input`.
    private func run(
        _ fixture: EngineFixture, _ id: ContainerID, _ order: EngineSessionOrder, input: [UInt8] = []
    ) async throws -> Result {
        let session = try await fixture.engine.openSession(order, in: id)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                var rest = input[...]
                while !rest.isEmpty {
                    // A command may end before it has read everything.
                    guard (try? await session.write(Array(rest.prefix(40_000)))) != nil else { return nil }
                    rest = rest.dropFirst(40_000)
                }
                if order.hasInput { await session.finishInput() }
                return nil
            }
            group.addTask {
                var result = Result(end: .exited(code: -1))
                while let piece = try await session.read() {
                    switch piece {
                    case .output(let bytes): result.output += bytes
                    case .errorOutput(let bytes): result.errors += bytes
                    }
                }
                result.end = try await session.end()
                return result
            }
            var found: Result?
            for try await result in group where result != nil { found = result }
            return try #require(found)
        }
    }

    private func shell(_ script: String, terminal: Bool = false, input: Bool = false) -> EngineSessionOrder {
        EngineSessionOrder(
            command: ["/bin/busybox", "sh", "-c", script], hasTerminal: terminal, hasInput: input,
            size: terminal ? TerminalSize(columns: 101, rows: 33) : nil)
    }

    @Test func `output, errors and codes`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let both = try await run(
                fixture, id, shell("printf 'a\\0\\377\\n'; echo oh >&2; exit 42"))
            #expect(both.output == [97, 0, 255, 10] && both.errors == Array("oh\n".utf8))
            #expect(both.end == .exited(code: 42))
            #expect(try await run(fixture, id, shell("kill -9 $$")).end == .exited(code: 137))
            // Without input the command's is empty, and does not wait.
            #expect(try await run(fixture, id, shell("busybox cat; echo over")).text == "over\n")
            #expect(try await run(fixture, id, shell("echo $A")).text == "b c\n")
        }
    }

    @Test func `what cannot be run says so`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            for hasTerminal in [false, true] {
                func order(_ word: String) -> EngineSessionOrder {
                    EngineSessionOrder(command: [word], hasTerminal: hasTerminal, hasInput: false)
                }
                let missing = try await run(fixture, id, order("nothing-of-the-kind"))
                guard case .notStarted(let code, let reason) = missing.end else {
                    Issue.record("\(missing.end) \(missing.text)")
                    return
                }
                #expect([126, 127].contains(code) && reason.contains("nothing-of-the-kind"))
                #expect(missing.output.isEmpty && missing.errors.isEmpty)
                guard case .notStarted(126, _) = try await run(fixture, id, order("/etc/passwd")).end else {
                    Issue.record("a file that is no program")
                    return
                }
            }
            // What only looks like the engine's complaint is the command's own output.
            let text = "OCI runtime exec failed: not really\n"
            let echoed = try await run(fixture, id, shell("printf '\(text.dropLast())\\n'"))
            #expect(echoed.text == text && echoed.end == .exited(code: 0))
            let longer = try await run(
                fixture, id, shell("echo OCI runtime exec failed; busybox sleep 0.2; echo more; exit 127"))
            #expect(longer.text == "OCI runtime exec failed\nmore\n" && longer.end == .exited(code: 127))
        }
    }

    @Test func `much goes both ways, byte by byte`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let input = (0..<12_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
            let echoed = try await run(
                fixture, id,
                EngineSessionOrder(command: ["/bin/busybox", "cat"], hasTerminal: false, hasInput: true),
                input: input)
            #expect(echoed.output == input && echoed.end == .exited(code: 0))
            let counted = try await run(
                fixture, id, shell("busybox wc -c", input: true), input: input)
            #expect(counted.text.contains("12000000"))
            // It ends before it has read everything, which holds up nobody.
            let head = try await run(
                fixture, id,
                EngineSessionOrder(
                    command: ["/bin/busybox", "head", "-c", "3"], hasTerminal: false, hasInput: true),
                input: input)
            #expect(head.output == Array(input.prefix(3)) && head.end == .exited(code: 0))
        }
    }

    @Test func `a terminal with its size and its keys`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let script =
                "trap 's=$(busybox stty size); echo $s; [ \"$s\" = \"22 77\" ] && exit 5' WINCH; "
                + "echo ready; while :; do busybox sleep 0.05; done"
            let session = try await fixture.engine.openSession(
                shell(script, terminal: true, input: true), in: id)
            var text = ""
            func until(_ mark: String) async throws {
                while !text.contains(mark) {
                    guard case .output(let bytes)? = try await session.read() else { break }
                    text += String(decoding: bytes, as: UTF8.self)
                }
                #expect(text.contains(mark), "\(text)")
            }
            try await until("ready")
            // The engine is told of the first size a moment after the start, which may be before the trap or after it.
            await session.resize(TerminalSize(columns: 77, rows: 22))
            try await until("22 77")
            #expect(try await session.read() == nil)
            #expect(try await session.end() == .exited(code: 5))
            // Ctrl-C is a key of the command's own terminal.
            let interrupted = try await run(
                fixture, id,
                shell("trap 'echo caught; exit 6' INT; echo up; busybox cat", terminal: true, input: true),
                input: [3])
            #expect(interrupted.end == .exited(code: 6) || interrupted.text.contains("caught"))
        }
    }

    @Test(arguments: [false, true]) func `who hangs up ends the command`(_ hasTerminal: Bool) async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            let session = try await fixture.engine.openSession(
                shell(
                    "trap 'echo gone > /tmp/told; exit' HUP; echo up; while :; do busybox sleep 0.05; done",
                    terminal: hasTerminal, input: true), in: id)
            #expect(try await session.read() != nil)
            await session.hangUp()
            try await eventually("the command is told") {
                try await run(fixture, id, shell("busybox cat /tmp/told")).text == "gone\n"
            }
        }
    }

    private func job(
        _ fixture: EngineFixture, _ script: String, terminal: Bool = false, input: Bool = false
    )
        async throws -> (ContainerID, any ContainerSession)
    {
        var order = try fixture.order(
            try await fixture.localImage(), command: ["/bin/busybox", "sh", "-c", script])
        order.labels.job = JobLabel(kind: .run, run: "x1.1", timeoutInSeconds: 60)
        order.labels.process = .oneOffRun
        let job = JobOrder(
            name: "\(fixture.name)-shop-run-x1.1", labels: order.labels, template: order.template,
            terminal: terminal,
            input: input)
        let id = try await fixture.engine.createJob(job, secrets: nil)
        let streams = EngineSessionOrder(command: [], hasTerminal: terminal, hasInput: input)
        let session = try await fixture.engine.attach(streams, to: id)
        try await fixture.engine.startJob(id)
        return (id, session)
    }

    private func all(_ session: any ContainerSession) async throws -> Result {
        var result = Result(end: .exited(code: -1))
        while let piece = try await session.read() {
            switch piece {
            case .output(let bytes): result.output += bytes
            case .errorOutput(let bytes): result.errors += bytes
            }
        }
        result.end = try await session.end()
        return result
    }

    @Test func `a container of its own, joined before it is started`() async throws {
        try await withEngine { fixture in
            // What it writes at once is not lost, and its input is empty.
            let (id, quick) = try await job(fixture, "echo first; echo oh >&2; busybox cat; exit 6")
            let result = try await all(quick)
            #expect(
                result.text == "first\n" && result.errors == Array("oh\n".utf8)
                    && result.end == .exited(code: 6))
            try await fixture.engine.remove(id, grace: .zero)

            let (echo, session) = try await job(fixture, "busybox cat; echo over", input: true)
            let input = (0..<1_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
            let writing = Task {
                try await session.write(input)
                await session.finishInput()
            }
            let echoed = try await all(session)
            try await writing.value
            #expect(echoed.output == input + Array("over\n".utf8) && echoed.end == .exited(code: 0))
            try await fixture.engine.remove(echo, grace: .zero)

            let (typed, terminal) = try await job(
                fixture, "read word; busybox stty size; echo \"got $word\"; exit 3", terminal: true,
                input: true)
            await terminal.resize(TerminalSize(columns: 91, rows: 41))
            try await terminal.write(Array("hello\r".utf8))
            let shown = try await all(terminal)
            #expect(shown.text.contains("41 91") && shown.text.contains("got hello"), "\(shown.text)")
            #expect(shown.end == .exited(code: 3))
            try await fixture.engine.remove(typed, grace: .zero)
        }
    }

    @Test func `only in what runs, and is ours`() async throws {
        try await withEngine { fixture in
            let id = try await fixture.launch()
            try await fixture.engine.stop(id, grace: .seconds(5))
            let order = shell("true")
            #expect(
                await failure { () throws(EngineError) in try await fixture.engine.openSession(order, in: id)
                }?.code
                    == .conflict)
            let gone = try #require(ContainerID(String(repeating: "0", count: 64)))
            #expect(
                await failure { () throws(EngineError) in
                    try await fixture.engine.openSession(order, in: gone)
                }?
                .code == .notFound)
            let stranger = try EngineFixture()
            #expect(
                await failure { () throws(EngineError) in try await stranger.engine.openSession(order, in: id)
                }?
                .code == .conflict)
        }
    }
}
