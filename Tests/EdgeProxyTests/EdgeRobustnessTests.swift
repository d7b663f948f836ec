@testable import EdgeProxy
import Execution
import FoundationEssentials
import Glibc
import HTTPClient
import Model
import Ports
import TestServers
import Testing

@Suite struct EdgeRobustnessTests {
    private func master(_ fixture: EdgeFixture) throws -> pid_t {
        let text = try String(contentsOfFile: fixture.directory + "/run/pid", encoding: .utf8)
        return try #require(pid_t(text.filter(\.isNumber)))
    }

    private func worker(_ fixture: EdgeFixture) throws -> pid_t {
        let text = try fixture.admin("show info")
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Pid: ") })
        return try #require(pid_t(line.dropFirst(5)))
    }

    @Test(arguments: [true, false])
    func `a killed proxy comes back with what it was told last`(isMaster: Bool) async throws {
        try await withEdge { fixture, edge in
            let one = try backend("one"), two = try backend("two")
            try await edge.apply(route([target("shop-web-v1-1", 1, one)]))
            let second = route([target("shop-web-v2-1", 2, two)])
            try await edge.apply(second)
            kill(isMaster ? try master(fixture) : try worker(fixture), SIGKILL)
            let since = ContinuousClock.now
            try await eventually("it answers again") {
                (try? await fixture.text("shop.example.com")) == "two"
            }
            // A tenth of a second on an idle machine.
            #expect(ContinuousClock.now - since < .seconds(10))
            try await eventually("it is seen") { (try? await edge.observe())?[shop]?.route == second }
            #expect(await edge.report().problems == [])
        }
    }

    @Test func `the proxy outlives its controller, and the next one takes it over as it is`() async throws {
        let fixture = try EdgeFixture()
        let one = try backend("one"), two = try backend("two")
        let first = fixture.edge()
        let running = Task { await first.run() }
        try await first.apply(route([target("shop-web-v1-1", 1, one)]))
        let switched = route([target("shop-web-v1-1", 1, one), target("shop-web-v2-1", 2, two)])
        try await first.apply(switched)
        let process = try master(fixture)
        let generation = try fixture.generation()

        // As long as the first one is there, nobody else may.
        let intruder = fixture.edge()
        let error = await #expect(throws: EdgeError.self) { try await intruder.apply(route([])) }
        #expect(error?.message.contains("another controller") == true)
        #expect(try await first.observe()[shop]?.route == switched)
        running.cancel()
        await running.value
        #expect(try await fixture.text("shop.example.com") == "one")
        await first.leave()

        let second = fixture.edge()
        let taken = try #require(try await second.observe()[shop])
        #expect(taken.route == switched)
        // Figures fall to nothing, so that who compares sees that they begin anew.
        #expect(taken.figures.values.allSatisfy { $0.requests == 0 })
        #expect(try master(fixture) == process)
        #expect(try fixture.generation() == generation)
        try await second.apply(route([target("shop-web-v2-1", 2, two)]))
        #expect(try await fixture.text("shop.example.com") == "two")
        #expect(try await second.observe()[shop]?.figures[release(2)]?.requests == 1)
        #expect(try fixture.generation() == generation)
        await second.shutdown()
        try await eventually("it has ended") { kill(process, 0) != 0 }
    }

    @Test func `somebody else runs the proxy, and we tell it what to do`() async throws {
        try await withEdge {
            $0.supervision = .external
        } _: { fixture, edge in
            let one = try backend("one"), two = try backend("two")
            let first = route([target("shop-web-v1-1", 1, one)])
            let error = await #expect(throws: EdgeError.self) { try await edge.apply(first) }
            #expect(error?.code == .unreachable)
            let run = fixture.directory + "/run"
            try await eventually("its file is there") {
                (try? String(contentsOfFile: fixture.directory + "/haproxy.cfg", encoding: .utf8))?
                    .contains("shop.web") == true
            }
            let command = [
                "/usr/sbin/haproxy", "-W", "-S", run + "/master.sock,mode,600", "-p", run + "/pid", "-f",
                fixture.directory + "/haproxy.cfg"
            ]
            try await withProgram(command) {
                try await eventually("it is taken over") {
                    (try? await edge.observe())?[shop]?.route == first
                }
            } _: {
                #expect(try await fixture.text("shop.example.com") == "one")
                try await edge.apply(route([target("shop-web-v2-1", 2, two)]))
                try await edge.apply(route([], key: key("other"), host: "other.test"))
                #expect(try await fixture.text("shop.example.com") == "two")
                #expect(await edge.report().problems == [])
            }
        }
    }

    @Test(.enabled(if: unsafe getuid() == 0 && getpwnam("haproxy") != nil))
    func `workers serve, log and are replaced without the rights of root`() async throws {
        try await withEdge {
            $0.user = "haproxy"
        } _: { fixture, edge in
            let one = try backend("one"), two = try backend("two")
            try await edge.apply(route([target("shop-web-v1-1", 1, one)]))
            #expect(try await fixture.text("shop.example.com") == "one")
            try await edge.apply(route([], key: key("other"), host: "other.test"))
            try await edge.apply(route([target("shop-web-v2-1", 2, two)]))
            #expect(try await fixture.text("shop.example.com") == "two")
            let status = try String(contentsOfFile: "/proc/\(worker(fixture))/status", encoding: .utf8)
            #expect(!status.contains("Uid:\t0"))
            try await eventually("both are measured") {
                let figures = try await edge.observe()[shop]?.figures ?? [:]
                return figures.values.reduce(0) { $0 + $1.latency.reduce(0, +) } == 2
            }
        }
    }

    @Test func `a port that is taken is told, and tried again`() async throws {
        var thief = RawServer?.some(try RawServer { $0.waitForClose() })
        let port = thief?.port ?? 0
        try await withEdge {
            $0.httpAddresses = ["127.0.0.1:\(port)"]
        } _: { fixture, edge in
            let one = try backend("one")
            let error = await #expect(throws: EdgeError.self) {
                try await edge.apply(route([target("shop-web-v1-1", 1, one)]))
            }
            #expect(error?.code == .unreachable)
            let problems = await edge.report().problems.map(\.message).joined()
            #expect(problems.contains("\(port)") && problems.contains("ss -ltnp"), "\(problems)")
            thief = nil
            try await eventually(within: .seconds(20), "it has started") {
                (try? await fixture.get("shop.example.com", port: port).status) == 200
            }
            try await eventually("no problem is left") { await edge.report().problems == [] }
        }
    }

    @Test(arguments: [
        "set server shop.web/shop-web-v1-1 weight 7", "set server shop.web/shop-web-v1-1 state drain",
        "set server shop.web/shop-web-v1-1 state maint", "set server shop.web/shop-web-v2-1 state ready",
        "set server shop.web/shop-web-v1-1 addr 127.0.0.9 port 9",
        "add server shop.web/other 127.0.0.1:9; enable server shop.web/other",
        "set server shop.web/shop-web-v2-1 state maint; del server shop.web/shop-web-v2-1",
        "del map DIR/hosts.map shop.example.com/", "set map DIR/hosts.map shop.example.com/ other.web",
        "del map DIR/hosts.map preview.test/", "set server shop.web.trial/shop-web-v2-1 state ready",
        "add map DIR/trials.map shop.web 0=x", "set map DIR/trials.map shop.web 0=x"
    ])
    func `what a person changes is seen, and put right by the next apply`(command: String) async throws {
        try await withEdge { fixture, edge in
            let one = try backend("one"), two = try backend("two")
            let trial = Route.Trial(
                match: TrialMatch(part: .header, name: "x"), host: "preview.test", release: release(2))
            let wanted = route(
                [target("shop-web-v1-1", 1, one), target("shop-web-v2-1", 2, two, draining: true)],
                trial: trial)
            try await edge.apply(wanted)
            #expect(try await edge.observe()[shop]?.route == wanted)
            try fixture.admin(command.replacing("DIR", with: fixture.directory))
            let seen = try await edge.observe()[shop]?.route
            #expect(seen != wanted)
            try await edge.apply(wanted)
            #expect(try await edge.observe()[shop]?.route == wanted)
            #expect(try await fixture.text("shop.example.com") == "one")
        }
    }

    @Test func `a reload that a person makes loses nothing`() async throws {
        try await withEdge { fixture, edge in
            let one = try backend("one"), two = try backend("two")
            try await edge.apply(route([target("shop-web-v1-1", 1, one)]))
            let wanted = route([target("shop-web-v2-1", 2, two)])
            try await edge.apply(wanted)
            let before = try worker(fixture)
            try fixture.admin("reload", socket: "master.sock")
            try await eventually("there is a new worker") {
                (try? worker(fixture)).map { $0 != before } ?? false
            }
            try await eventually("it is as it should be") {
                (try? await edge.observe())?[shop]?.route == wanted
            }
            #expect(try await fixture.text("shop.example.com") == "two")
        }
    }

    @Test func `what HAProxy refuses is told of the route, and the others go on`() async throws {
        let program = "/tmp/edge-program-\(UInt32.random(in: 0...UInt32.max))"
        defer {
            for path in [program, program + ".txt"] { try? FileManager.default.removeItem(atPath: path) }
        }
        // What our own rules let through HAProxy takes; so this one is more particular.
        let script = """
            #!/bin/sh
            if [ "$1" = -c ] && line=$(grep -n ' maxconn 666' "$3"); then
                echo "[ALERT]    (1) : config : parsing [$3:${line%%:*}] : too evil" >&2
                exit 1
            fi
            exec /usr/sbin/haproxy "$@"
            """
        try script.write(toFile: program + ".txt", atomically: true, encoding: .utf8)
        // Written by this process it could still be open in a child that is just being started, and be "busy".
        _ = try Subprocess.run(
            ["/usr/bin/install", "-m", "755", program + ".txt", program], environment: [:],
            timeout: .seconds(10))
        try await withEdge {
            $0.program = program
        } _: { fixture, edge in
            let one = try backend("one")
            try await edge.apply(
                route([target("shop-web-v1-1", 1, one)], key: key("good"), host: "good.test"))
            let bad = route([target("shop-web-v1-1", 1, one)], options: EdgeSpec(maxRequests: 666))
            async let fine: Void = edge.apply(route([], key: key("new"), host: "new.test"))
            let error = await #expect(throws: EdgeError.self) { try await edge.apply(bad) }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("shop/web") == true, "\(error?.message ?? "")")
            try await fine
            #expect(try await edge.observe().keys.sorted() == [key("good"), key("new")])
            #expect(try await fixture.text("good.test") == "one")
            #expect(await edge.report().problems.first?.key == shop)
            // What was taken once and is not any more stops nobody else either, and goes on as it was until a reload.
            let newly = route(
                [target("late-web-v1-1", 1, one)], key: key("late"), host: "late.test",
                options: EdgeSpec(maxRequests: 667))
            try await edge.apply(newly)
            try script.replacing("666", with: "66[67]").write(
                toFile: program + ".txt", atomically: true, encoding: .utf8)
            _ = try Subprocess.run(
                ["/usr/bin/install", "-m", "755", program + ".txt", program], environment: [:],
                timeout: .seconds(10))
            try await edge.apply(route([], key: key("another"), host: "another.test"))
            #expect(try await edge.observe()[key("late")]?.route != newly)
            #expect(await edge.report().problems.contains { $0.key == key("late") })
            #expect(try await fixture.text("good.test") == "one")
            var mended = newly
            mended.options.maxRequests = 5
            try await edge.apply(mended)
            #expect(try await edge.observe()[key("late")]?.route == mended)
            try await edge.apply(route([target("shop-web-v1-1", 1, one)]))
            #expect(await edge.report().problems == [])
        }
    }

    @Test func `a socket that says nothing is given up`() async throws {
        let path = "/tmp/edge-\(UInt32.random(in: 0...UInt32.max)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let silent = try RawServer(path: path) { $0.pause(milliseconds: 2_000) }
        var socket = RuntimeSocket(path: path)
        socket.timeoutInMilliseconds = 50
        let error = #expect(throws: EdgeError.self) { try socket.call("show info") }
        #expect(error?.code == .timeout)
        // One that always says a little more is given up as well.
        let talker = try RawServer(path: path + "2") { connection in
            while connection.send("x\n") { connection.pause(milliseconds: 5) }
        }
        defer { try? FileManager.default.removeItem(atPath: path + "2") }
        var endless = RuntimeSocket(path: path + "2")
        endless.limitInMilliseconds = 100
        #expect(throws: EdgeError.self) { try endless.call("show stat") }
        _ = (silent, talker)
        let nobody = #expect(throws: EdgeError.self) { try RuntimeSocket(path: path + "3").call("show info") }
        #expect(nobody?.code == .unreachable)
    }

    @Test func `a directory that is too long for sockets is told`() async throws {
        let long = "/tmp/edge-" + String(repeating: "x", count: 90)
        let edge = HAProxyEdge(configuration: EdgeConfiguration(directory: long, httpAddresses: [":1"]))
        let error = await #expect(throws: EdgeError.self) { try await edge.observe() }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("bytes too long") == true)
        #expect(!FileManager.default.fileExists(atPath: long))
    }

    @Test func `routes at one time share a reload`() async throws {
        try await withEdge { fixture, edge in
            try await edge.apply(route([]))
            let before = try fixture.generation()
            try await withThrowingTaskGroup { group in
                for number in 1...40 {
                    group.addTask {
                        try await edge.apply(route([], key: key("a\(number)"), host: "a\(number).test"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await edge.observe().count == 41)
            let numbers = try [before, fixture.generation()].map {
                try #require(Int($0.split(separator: "-")[1]))
            }
            #expect(numbers[1] - numbers[0] <= 3)
        }
    }

    @Test func `no request fails while instances change and the proxy is reloaded`() async throws {
        try await withEdge { fixture, edge in
            let servers = try (0..<4).map { try backend("\($0)") }
            func at(_ index: Int, draining: Bool = false) -> Route.Target {
                target("shop-web-v\(index + 1)-1", index + 1, servers[index % 4], draining: draining)
            }
            try await edge.apply(route([at(0)]))
            let isDone = Shared(false)
            let failures = Shared<[String]>([])
            let count = Shared(0)
            try await withThrowingTaskGroup { group in
                for number in 0..<4 {
                    group.addTask {
                        while !isDone.value {
                            do {
                                let answer = try await fixture.get(
                                    "shop.example.com", reuses: number % 2 == 0)
                                if answer.status != 200 { failures.value += ["status \(answer.status)"] }
                                count.value += 1
                            } catch {
                                failures.value += ["\(error)"]
                            }
                        }
                    }
                }
                for index in 0..<12 {
                    let both = route([at(index, draining: true), at(index + 1)])
                    try await edge.apply(both)
                    if index % 3 == 0 {
                        try await edge.apply(route([], key: key("n\(index)"), host: "n\(index).test"))
                    }
                    try await eventually("it is drained") {
                        try await edge.observe()[shop]?.sessions[at(index).container] == nil
                    }
                    try await edge.apply(route([at(index + 1)]))
                }
                isDone.value = true
                try await group.waitForAll()
            }
            #expect(failures.value == [])
            #expect(count.value > 100)
        }
    }
}
