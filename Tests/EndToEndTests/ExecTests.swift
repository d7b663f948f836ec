import FoundationEssentials
import Model
import Testing

/// `slipway exec`: the real program, controller and engine, also on a terminal.
@Suite struct ExecTests {
    /// The general options come first: what stands behind the command is the command's.
    private func exec(_ world: World, _ arguments: String...) async throws -> Shell.Output {
        try await exec(world, arguments)
    }

    private func exec(_ world: World, _ arguments: [String]) async throws -> Shell.Output {
        try await Shell.run(
            [world.settings.programs + "/slipway", "--socket", world.socket, "exec"] + arguments)
    }

    private func started(_ world: World) async throws {
        try await world.repository.commit(["shop.yaml": SpecText(env: ["GREETING": "hello"]).yaml(world)])
        try await world.start()
        try await world.converged("shop", on: 1)
    }

    @Test func outputCodesAndInput() async throws {
        try await World.with { world in
            try await started(world)
            let both = try await exec(
                world, "shop", "--", "sh", "-c", "echo $GREETING; echo oh >&2; exit 9")
            #expect(both.exitCode == 9 && both.text == "hello\n" && both.errors == "oh\n", "\(both)")
            let killed = try await exec(world, "shop/web", "--", "sh", "-c", "kill -9 $$")
            #expect(killed.exitCode == 137, "\(killed)")
            // Without -i the command's input is empty, and does not wait.
            #expect(try await exec(world, "shop", "cat").exitCode == 0)

            let input = String(repeating: "0123456789abcdef\n", count: 60_000)
            let echoed = try await Shell.run(
                [
                    world.settings.programs + "/slipway", "exec", "shop", "-i", "--socket", world.socket,
                    "--", "cat"
                ],
                input: input)
            #expect(echoed.exitCode == 0 && echoed.text == input, "\(echoed.exitCode) \(echoed.errors)")

            let missing = try await exec(world, "shop", "--", "no-such-program")
            #expect([126, 127].contains(missing.exitCode), "\(missing)")
            #expect(missing.text.isEmpty && missing.errors.contains("no-such-program"), "\(missing)")
            let name = try #require(try await world.containers("shop").first?.name)
            #expect(try await exec(world, "shop", "--instance", name, "true").exitCode == 0)
            for (arguments, says) in [
                (["nope", "true"], "no app nope"), (["shop/worker", "true"], "no process worker"),
                (["shop", "--instance", "shop-web-v9-9", "true"], "no instance")
            ] {
                let refused = try await exec(world, arguments)
                #expect(refused.exitCode == 125 && refused.errors.contains(says), "\(refused)")
            }
            // Nothing of it is the app's.
            #expect(try await world.status(of: "shop")?.verdict == .converged)
            #expect(try await world.containers().count == 1)
            let audit = try await world.slipway("audit", "--app", "shop", "-o", "json")
            #expect(audit.text.contains("\"action\" : \"execute\""), "\(audit)")
            #expect(audit.text.contains("\(name): sh\"") && !audit.text.contains("GREETING"), "\(audit)")
        }
    }

    @Test func aShellOnATerminal() async throws {
        try await World.with { world in
            try await started(world)
            let shell = try await OnATerminal.slipway(
                world,
                #"""
                [["expect", "# "], ["type", "stty size\r"], ["expect", "30 100"], ["expect", "# "],
                 ["size", 70, 20], ["type", "sleep 1; stty size\r"], ["expect", "20 70"], ["expect", "# "],
                 ["type", "sh -c 'trap \"echo cau${Z}ght; exit\" INT; echo be${Z}gun; while :; do sleep 0.1; done'\r"],
                 ["expect", "begun"], ["type", "\u0003"], ["expect", "caught"], ["expect", "# "], ["type", "exit 4\r"]]
                """#, ["exec", "shop", "--", "sh"])
            #expect(shell.exitCode == 4 && shell.text.hasSuffix("\nSAME\n"), "\(shell)")
            // Not a terminal for the command where that is not wanted, and not for what comes after an error.
            let plain = try await OnATerminal.slipway(
                world, "[]", ["exec", "shop", "-T", "--", "sh", "-c", "test -t 1; echo $?"])
            #expect(
                plain.exitCode == 0 && plain.text.contains("1") && plain.text.hasSuffix("SAME\n"), "\(plain)")
            let refused = try await OnATerminal.slipway(world, "[]", ["exec", "nope", "--", "sh"])
            #expect(refused.exitCode == 125 && refused.text.hasSuffix("SAME\n"), "\(refused)")
        }
    }

    /// A client that is killed, and a controller that is, leave no command behind.
    @Test func whoIsGoneHangsUp() async throws {
        try await World.with { world in
            try await started(world)
            func begin(_ name: String) async throws {
                let script =
                    "trap 'echo gone > /tmp/\(name); exit' HUP; echo up > /tmp/\(name); while :; do sleep 0.1; done"
                try await Shell.succeed([
                    "sh", "-c", "\"$@\" >/dev/null 2>&1 & echo $! > \(world.directory)/\(name).pid", "sh",
                    world.settings.programs + "/slipway", "exec", "shop", "--socket", world.socket, "--",
                    "sh", "-c",
                    script
                ])
                try await told("up", name)
            }
            func told(_ word: String, _ name: String) async throws {
                try await eventually("\(name): \(word)", within: .seconds(20)) {
                    let output = try await exec(world, "shop", "--", "cat", "/tmp/\(name)")
                    return output.text == word + "\n" ? .yes(()) : .notYet("\(output)")
                }
            }
            try await begin("killed")
            let pid = try String(contentsOfFile: "\(world.directory)/killed.pid", encoding: .utf8).trimmed
            try await Shell.succeed(["kill", "-9", pid])
            try await told("gone", "killed")

            try await begin("stopped")
            try await world.daemon?.terminate()
            try await world.start()
            try await told("gone", "stopped")
        }
    }

    @Test func theRoleDecides() async throws {
        let port = try await Shell.succeed([
            "python3", "-c",
            "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
        ])
        try await World.with(World.Options(arguments: ["--listen", "127.0.0.1:\(port)"])) { world in
            try await started(world)
            for (role, code) in [("developer", Int32(125)), ("operator", 0)] {
                let token = try await world.slipway("token", "create", role, "--role", role)
                let word = try #require(
                    token.text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("slipway_") })
                let file = world.directory + "/" + role
                try Data(word.utf8).write(to: URL(filePath: file))
                try await Shell.succeed(["chmod", "600", file])
                let output = try await Shell.run([
                    world.settings.programs + "/slipway", "exec", "shop", "--server",
                    "http://127.0.0.1:\(port)",
                    "--token-file", file, "--", "echo", "over TCP"
                ])
                #expect(output.exitCode == code, "\(output)")
                #expect(output.text == (code == 0 ? "over TCP\n" : ""), "\(output)")
                if code != 0 { #expect(output.errors.contains("role operator"), "\(output)") }
            }
        }
    }
}
