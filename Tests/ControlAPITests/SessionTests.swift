import Commands
@testable import ControlAPI
import Execution
import FoundationEssentials
import Glibc
import HTTPClient
import HTTPServer
import Model
import Ports
import Synchronization
import Testing

/// Sessions from the command line to a scripted command and back, through the real server and client.
@Suite struct SessionTests {
    /// The session that is opened next, and how the server goes about it.
    private func withSession(
        _ session: ScriptedSession, limits: SessionLimits = SessionLimits(),
        _ body: (Running) async throws -> Void
    ) async throws {
        var script = try Samples.script()
        script.session = { _ in session }
        try await Running.with(script, sessions: limits, body)
    }

    /// The command line with files as its streams.
    private func slipway(
        _ running: Running, overTCP: Bool = false, input: [UInt8] = [], _ arguments: String...
    ) async throws -> (code: Int32, output: [UInt8], errors: [UInt8], complaints: String) {
        let directory = try Running.temporaryDirectory()
        defer { Running.remove(directory) }
        func file(_ name: String, _ content: [UInt8]) throws -> Int32 {
            let path = directory + "/" + name
            try Data(content).write(to: URL(filePath: path))
            return unsafe Glibc.open(path, O_RDWR | O_CLOEXEC)
        }
        let descriptors = [try file("in", input), try file("out", []), try file("err", [])]
        defer { for descriptor in descriptors { close(descriptor) } }
        try Data(Running.token.utf8).write(to: URL(filePath: directory + "/token"))
        let complaints = Mutex("")
        var console = Console(
            variables: overTCP
                ? [
                    "SLIPWAY_SERVER": "http://127.0.0.1:\(running.port)",
                    "SLIPWAY_TOKEN_FILE": directory + "/token"
                ] : ["SLIPWAY_SOCKET": running.socket], isTerminal: false,
            write: { _ in }, complain: { text in complaints.withLock { $0 += text } })
        console.local = LocalTerminal(input: descriptors[0], output: descriptors[1], error: descriptors[2])
        let code = await runCommand(arguments: arguments, console: console)
        return (
            code, [UInt8](try Data(contentsOf: URL(filePath: directory + "/out"))),
            [UInt8](try Data(contentsOf: URL(filePath: directory + "/err"))), complaints.withLock { $0 }
        )
    }

    /// A connection of a session without a command line.
    private func connect(_ running: Running, _ order: SessionOrder) async throws -> ByteChannel {
        let request = HTTPRequest(
            method: "POST", url: "http://slipway/v1/apps/shop/exec", unixSocket: running.socket,
            headers: [(SessionOrder.header, try order.headerValue())], timeout: .seconds(10))
        switch try await running.client.upgrade(request, to: SessionOrder.protocolName) {
        case .switched(let response, let channel):
            #expect(response.header(SessionOrder.instanceHeader) == "shop-web-v42-1")
            return channel
        case .refused(let response): throw ControlError(.internal, "\(response.status) \(response.text)")
        }
    }

    /// The frames until the end, pings left out.
    private func frames(_ channel: ByteChannel) async -> [SessionFrame] {
        var decoder = SessionFrameDecoder(from: .controller)
        var all: [SessionFrame] = []
        while let piece = try? await channel.read() { all += (try? decoder.add(piece)) ?? [] }
        return all.filter { $0 != .ping }
    }

    private func message(_ frame: SessionFrame?) -> ErrorReport.Body? {
        guard case .failure(let bytes) = frame else { return nil }
        return (try? WireCoding.decode(ErrorReport.self, from: bytes))?.error
    }

    // MARK: The way there and back

    @Test(arguments: [false, true]) func whatGoesInComesOut(_ overTCP: Bool) async throws {
        try await withSession(ScriptedSession(.exited(code: 7))) { running in
            let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
            let result = try await slipway(
                running, overTCP: overTCP, input: input, "exec", "shop", "-i", "--", "cat", "-")
            #expect(result.code == 7 && result.output == input && result.errors.isEmpty)
            #expect(result.complaints.isEmpty || overTCP && !result.complaints.contains("slipway: the"))
            #expect(running.surface.asked.contains("exec shop cat -"))
        }
    }

    @Test func outputAndErrorsStayApart() async throws {
        let session = ScriptedSession(
            output: [.output([0, 255, 10]), .errorOutput(Array("oh\r\n".utf8)), .output([1])], isOver: true)
        try await withSession(session) { running in
            let result = try await slipway(running, input: Array("not passed on".utf8), "exec", "shop", "x")
            #expect(result.code == 0 && result.output == [0, 255, 10, 1])
            #expect(result.errors == Array("oh\r\n".utf8) && session.receivedInBytes == 0)
        }
    }

    @Test func aCommandThatCannotRun() async throws {
        for (code, reason) in [(126, "permission denied"), (127, "no such program")] {
            let session = ScriptedSession(.notStarted(code: code, reason: reason), isOver: true)
            try await withSession(session) { running in
                let result = try await slipway(running, "exec", "shop/web", "--", "x")
                #expect(result.code == Int32(code) && result.complaints == "slipway: \(reason)\n")
                #expect(result.output.isEmpty && running.surface.asked.contains("exec shop/web x"))
            }
        }
    }

    @Test func whatSlipwayCannotDoHasACodeOfItsOwn() async throws {
        try await withSession(ScriptedSession()) { running in
            running.surface.change { $0.error = ControlError(.conflict, "nothing runs") }
            let result = try await slipway(running, "exec", "shop", "--", "x")
            #expect(result.code == 125 && result.complaints == "slipway: nothing runs\n")
            let long = try await slipway(
                running, "exec", "shop", "--", String(repeating: "a", count: 13_000))
            #expect(long.code == 125 && long.complaints.contains("standard input"))
            let fits = try await slipway(
                running, "exec", "shop", "--", String(repeating: "a", count: 11_000))
            #expect(fits.complaints == "slipway: nothing runs\n")
            let away = Running(surface: running.surface, socket: "/nonexistent", port: 1)
            #expect(try await slipway(away, "exec", "shop", "--", "x").code == 125)
            for wrong in [
                ["exec", "shop"], ["exec", "sh/op/", "x"], ["exec", "Shop", "x"], ["exec", "shop", "-tT", "x"]
            ] {
                let console = Console(variables: [:], isTerminal: false, write: { _ in }, complain: { _ in })
                #expect(await runCommand(arguments: wrong, console: console) == 64, "\(wrong)")
            }
        }
    }

    // MARK: One-off runs

    @Test func aRunIsASessionOfItsOwn() async throws {
        try await withSession(ScriptedSession(.exited(code: 5))) { running in
            let result = try await slipway(
                running, input: Array("abc".utf8), "run", "shop", "-i", "--process", "web", "--", "cat", "-")
            #expect(result.code == 5 && result.output == Array("abc".utf8))
            #expect(running.surface.asked.contains("run shop cat -"))
        }
        try await withSession(ScriptedSession(.cutShort(code: 124, reason: "it took too long"), isOver: true))
        {
            let result = try await slipway($0, "run", "shop", "--timeout", "5s", "--", "work")
            #expect(result.code == 124 && result.complaints == "slipway: it took too long\n")
        }
    }

    @Test func aRunThatNobodyWaitsFor() async throws {
        try await withSession(ScriptedSession()) { running in
            let name = "shop-run-d1.1"
            running.surface.change { script in
                script.report = CommandReport(message: "\(name) is started")
                script.runs = [
                    RunStatus(
                        name: name, release: .first, state: "exited", exitCode: 3,
                        startedAt: WallTime(secondsSince1970: 1_795_000_000), timeoutInSeconds: 60,
                        detached: true)
                ]
            }
            let started = await running.slipway("run", "shop", "-d", "--timeout", "2h", "--", "work", "-x")
            #expect(started.code == 0 && started.output == "\(name) is started\n", "\(started)")
            #expect(running.surface.asked.contains("start shop 7200 work -x"))
            let list = await running.slipway("run", "shop", "--list")
            #expect(
                list.code == 0 && list.output.contains(name) && list.output.contains("exited 3"), "\(list)")
            let data = await running.slipway("run", "shop", "--list", "-o", "json")
            #expect(data.output.contains("\"exit_code\" : 3"), "\(data)")
            running.surface.change { $0.runs = [] }
            #expect(await running.slipway("run", "shop", "--list").output == "shop has no one-off runs\n")
            for wrong in [
                ["run", "shop"], ["run", "shop", "-d", "-i", "x"], ["run", "shop", "--list", "x"],
                ["run", "shop", "--timeout", "31d", "x"], ["run", "shop/web", "--process", "web", "x"]
            ] {
                let console = Console(variables: [:], isTerminal: false, write: { _ in }, complain: { _ in })
                #expect(await runCommand(arguments: wrong, console: console) == 64, "\(wrong)")
            }
        }
    }

    // MARK: A terminal

    @Test func aTerminalIsRawAndThenAsBefore() async throws {
        let session = ScriptedSession(.exited(code: 3))
        try await withSession(session) { running in
            let pair = try Terminals()
            pair.resize(columns: 100, rows: 30)
            let before = pair.settings()
            var console = Console(
                variables: ["SLIPWAY_SOCKET": running.socket], isTerminal: true, write: { _ in },
                complain: { _ in })
            console.local = LocalTerminal(input: pair.inner, output: pair.inner, error: pair.inner)
            let given = console
            let run = Task { await runCommand(arguments: ["exec", "shop", "--", "sh"], console: given) }
            try await eventually("the terminal is raw") {
                pair.settings().c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0
            }
            // Ctrl-C and bytes that a terminal would change go to the command, and its echo comes back as it is.
            pair.type([3, 13, 65])
            try await eventually("keys arrive") { session.receivedInBytes == 3 }
            try await eventually("the echo is shown") { pair.shown() == [3, 13, 65] }
            pair.resize(columns: 81, rows: 25)
            kill(getpid(), SIGWINCH)
            try await eventually("the size arrives") {
                session.sizes == [TerminalSize(columns: 81, rows: 25)]
            }
            await session.finishInput()
            #expect(await run.value == 3)
            let after = pair.settings()
            #expect(after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag)
            #expect(after.c_oflag == before.c_oflag && after.c_cflag == before.c_cflag)
        }
    }

    // MARK: Who goes away

    @Test(arguments: [false, true]) func aClientThatIsGoneHangsUp(_ isDeaf: Bool) async throws {
        let session = ScriptedSession(isDeaf: isDeaf)
        try await withSession(session) { running in
            let channel = try await connect(running, SessionOrder(command: ["sh"], input: true))
            try await channel.write(SessionFrame.input([1, 2, 3]).encoded)
            if !isDeaf { try await eventually("it is there") { session.receivedInBytes == 3 } }
            #expect(!session.isHungUp)
            channel.close()
            try await eventually("the command is told") { session.isHungUp }
        }
    }

    @Test func aClientThatDoesNotReadHoldsTheCommandUp() async throws {
        let session = ScriptedSession(isTalkative: true)
        try await withSession(session) { running in
            let channel = try await connect(running, SessionOrder(command: ["yes"]))
            var before = -1
            while before != session.pieceCount {
                before = session.pieceCount
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(session.pieceCount < 100, "\(session.pieceCount) pieces of 60,000 bytes")
            channel.close()
            try await eventually("the command is told") { session.isHungUp }
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 0, 0], [1, 255, 255, 255, 255], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            SessionFrame.exit(0).encoded
        ] as [[UInt8]]) func framesThatMakeNoSense(_ bytes: [UInt8]) async throws
    {
        let session = ScriptedSession()
        try await withSession(session) { running in
            let channel = try await connect(running, SessionOrder(command: ["sh"], input: true))
            try await channel.write(bytes)
            let last = await frames(channel).last
            #expect(message(last)?.code == "protocol")
            try await eventually("the command is told") { session.isHungUp }
        }
    }

    @Test func silenceEndsIt() async throws {
        let limits = SessionLimits(ping: .milliseconds(20), idle: .milliseconds(60))
        let session = ScriptedSession()
        try await withSession(session, limits: limits) { running in
            let channel = try await connect(running, SessionOrder(command: ["sh"]))
            // It answers every ping, so somebody is there.
            let answering = Task {
                while (try? await channel.write(SessionFrame.pong.encoded)) != nil {
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            let last = await frames(channel).last
            #expect(message(last)?.code == "idle")
            try await eventually("the command is told") { session.isHungUp }
            channel.close()
            await answering.value
        }
    }

    @Test func whoDoesNotAnswerIsGone() async throws {
        let session = ScriptedSession()
        try await withSession(session, limits: SessionLimits(ping: .milliseconds(20))) { running in
            let channel = try await connect(running, SessionOrder(command: ["sh"]))
            try await eventually("the command is told") { session.isHungUp }
            #expect(await frames(channel).isEmpty)
        }
    }

    @Test func placesAreCountedAndGivenBack() async throws {
        var script = try Samples.script()
        script.session = { _ in ScriptedSession() }
        try await Running.with(script, sessions: SessionLimits(concurrent: 2)) { running in
            let order = SessionOrder(command: ["sh"])
            let one = try await connect(running, order)
            let two = try await connect(running, order)
            let error = await #expect(throws: ControlError.self) { try await connect(running, order) }
            #expect(error?.message.contains("503") == true && error?.message.contains("2 sessions") == true)
            one.close()
            try await eventually("the place is free") { (try? await connect(running, order)) != nil }
            two.close()
        }
    }

    // MARK: The request

    @Test func requestsThatMakeNoSense() async throws {
        try await withSession(ScriptedSession()) { running in
            func ask(
                _ headers: [(String, String)], to name: String = SessionOrder.protocolName
            ) async throws -> Int {
                let request = HTTPRequest(
                    method: "POST", url: "http://slipway/v1/apps/shop/exec", unixSocket: running.socket,
                    headers: headers, timeout: .seconds(10))
                guard case .refused(let response) = try await running.client.upgrade(request, to: name) else {
                    return 101
                }
                return response.status
            }
            let good = [(SessionOrder.header, try SessionOrder(command: ["x"]).headerValue())]
            #expect(try await running.get("/v1/apps/shop/exec", "POST").status == 426)
            #expect(try await ask(good, to: "websocket") == 426)
            #expect(try await ask([]) == 400)
            #expect(try await ask([(SessionOrder.header, "x")]) == 400)
            let empty = try SessionOrder(command: []).headerValue()
            #expect(try await ask([(SessionOrder.header, empty)]) == 400)
            #expect(try await ask(good) == 101)
        }
    }

    @Test func theServerStopsInTheMiddle() async throws {
        let session = ScriptedSession()
        let directory = try Running.temporaryDirectory()
        defer { Running.remove(directory) }
        var script = try Samples.script()
        script.session = { _ in session }
        let started = try await Running.start(script, in: directory)
        let channel = try await connect(started.running, SessionOrder(command: ["sh"], input: true))
        try await channel.write(SessionFrame.input([1]).encoded)
        try await eventually("it is there") { session.receivedInBytes == 1 }
        await started.server.stop(grace: .seconds(5))
        #expect(session.isHungUp)
    }
}

/// Two ends of a terminal.
private final class Terminals: Sendable {
    let outer: Int32
    let inner: Int32

    init() throws {
        outer = unsafe Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: Int32 = 0
        // TIOCSPTLCK with 0 unlocks the other end, TIOCGPTN gives its number.
        try #require(
            unsafe ioctl(outer, 0x4004_5431, &number) == 0 && ioctl(outer, 0x8004_5430, &number) == 0)
        inner = unsafe Glibc.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(inner >= 0)
        _ = fcntl(outer, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(outer)
        close(inner)
    }

    func settings() -> termios {
        var settings = termios()
        _ = unsafe tcgetattr(inner, &settings)
        return settings
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(outer, UInt(TIOCSWINSZ), &size)
    }

    func type(_ bytes: [UInt8]) { _ = unsafe write(outer, bytes, bytes.count) }

    private let seen = Mutex<[UInt8]>([])

    func shown() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = unsafe read(outer, &buffer, buffer.count)
        return seen.withLock { seen in
            seen += buffer.prefix(max(0, count))
            return seen
        }
    }
}
