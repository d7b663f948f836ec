import Age
import FoundationEssentials
import Model
import Testing

@Suite struct SecretTests {
    static let first = "sentinel-one-Q7x"
    static let second = "sentinel-two-R8y"
    private static let wanted = ["secrets:", "  - PASSWORD", "  - {name: TOKEN, env: API_TOKEN}"]

    private func withSecrets(
        more: [String] = [], _ body: (World, SecretKit) async throws -> Void
    ) async throws {
        try await SecretKit.with { kit in
            let options = World.Options(
                source: ["project: retail", "write: true"], configuration: kit.configuration + more)
            try await World.with(options) { world in try await body(world, kit) }
        }
    }

    private func read(_ name: String, in container: String, _ world: World) async throws -> String {
        try await world.engine.docker("exec", container, "cat", "/run/secrets/\(name)")
    }

    @Test func aSecretIsAFileInMemoryAndAChangedOneIsARelease() async throws {
        try await withSecrets { world, kit in
            let spec = SpecText(replicas: 2, top: Self.wanted)
            try await world.repository.commit([
                "shop.yaml": spec.yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "token-\(Self.first)"])
            ])
            try await world.start()
            try await world.converged("shop", on: 1)
            let name = "\(world.prefix)shop-web-v1-1"
            #expect(try await read("PASSWORD", in: name, world) == Self.first)
            #expect(
                try await world.engine.docker("exec", name, "sh", "-c", "echo $API_TOKEN")
                    == "token-\(Self.first)")
            #expect(
                try await world.engine.docker("exec", "-u", "1234", name, "cat", "/run/secrets/PASSWORD")
                    == Self.first)
            let mount = try await world.engine.docker("exec", name, "grep", " /run/secrets ", "/proc/mounts")
            #expect(mount.hasPrefix("tmpfs ") && mount.contains(" ro,"))
            #expect(try await kit.placed().count == 2)

            // Encrypted anew: the same values, so nothing happens.
            let again = try await world.repository.commit([
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "token-\(Self.first)"])
            ])
            try await world.read(again)
            try await world.converged("shop", on: 1)

            let plan = try await planOfChange(world, kit)
            #expect(plan.contains("secrets.PASSWORD") && plan.contains("hmac:"))
            #expect(!plan.contains("sentinel"))

            try await CapacityWatcher.watch(world, floor: 2, ceiling: 3) {
                try await world.repository.commit([
                    "shop.secrets.yaml": try kit.file([
                        "PASSWORD": Self.second, "TOKEN": "token-\(Self.first)"
                    ])
                ])
                try await world.converged("shop", on: 2)
            }
            #expect(try await read("PASSWORD", in: "\(world.prefix)shop-web-v2-1", world) == Self.second)
            // What the first release had is taken away with its last container.
            try await eventually("the old values are gone", within: .seconds(90)) { () -> Seen<Void> in
                let placed = try await kit.placed()
                return placed.count == 2 ? .yes(()) : .notYet("\(placed)")
            }
            try await nothingIsShown(world, isVariable: "token-\(Self.first)")
        }
    }

    @Test func aProjectWithRulesHasItsSecrets() async throws {
        try await withSecrets(more: ["projects:", "  - {name: retail}"]) { world, kit in
            try await world.repository.commit([
                "shop.yaml": SpecText(top: Self.wanted).yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "a"])
            ])
            try await world.start()
            try await world.converged("shop", on: 1)
            let name = try #require(try await world.containers("shop").first?.name)
            #expect(try await read("PASSWORD", in: name, world) == Self.first)
        }
    }

    /// What a pull request would be told.
    private func planOfChange(_ world: World, _ kit: SecretKit) async throws -> String {
        let path = "\(world.repository.clone)/shop.secrets.yaml"
        let before = try String(contentsOfFile: path, encoding: .utf8)
        let after = try kit.file(["PASSWORD": Self.second, "TOKEN": "token-\(Self.first)"])
        try Data(after.utf8).write(to: URL(filePath: path))
        let markdown = try await world.slipway("plan", "--repo", world.repository.clone, "-o", "markdown")
        let output = try await world.slipway("plan", "--repo", world.repository.clone, "-o", "wide")
        try Data(before.utf8).write(to: URL(filePath: path))
        return output.text + markdown.text
    }

    /// A release that fails with the new value goes back to the old one, though git has the new one and the controller
    /// was killed on the way.
    @Test func theWayBackHasTheOldValue() async throws {
        try await withSecrets { world, kit in
            var spec = SpecText(top: Self.wanted)
            spec.deploy = ["max_surge: 1", "timeout: 20s", "strategy: recreate"]
            try await world.repository.commit([
                "shop.yaml": spec.yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "a"])
            ])
            let daemon = try await world.start()
            try await world.converged("shop", on: 1)
            // It says what it was given before it dies.
            spec.web = ["command: [sh, -c, \"cat /run/secrets/PASSWORD; echo; echo $API_TOKEN; exit 3\"]"]
            try await world.repository.commit([
                "shop.yaml": spec.yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.second, "TOKEN": Self.second])
            ])
            try await world.wait(for: "shop", "a rollout") { $0.rollout != nil }
            try await daemon.killAtOnce()
            try await world.start()
            let back = try await world.rolledBack("shop")
            // What it said is kept as evidence, but for the values.
            let history = try await world.history("shop")
            #expect(world.describe(back).contains("***") || "\(history)".contains("***"))
            try await eventually("the outcome is in git, without the value", within: .seconds(30)) {
                () -> Seen<Void> in
                let notes = try await world.repository.bareGit(
                    "grep", "-a", "-F", "-e", "| ***", "refs/notes/slipway")
                return notes.exitCode == 0 ? .yes(()) : .notYet("\(notes)")
            }
            let containers = try await world.containers("shop").filter(\.isRunning)
            let name = try #require(containers.first).name
            #expect(try await read("PASSWORD", in: name, world) == Self.first)
            // A container of the good release that is gone for good is made anew with the old value.
            try await world.engine.docker("rm", "-f", name)
            try await eventually("another one", within: .seconds(60)) { () -> Seen<Void> in
                let running = try await world.containers("shop").filter {
                    $0.isRunning && $0.id != containers.first?.id
                }
                guard let new = running.first else { return .notYet("none") }
                let value = try await world.engine.docker("exec", new.name, "cat", "/run/secrets/PASSWORD")
                return value == Self.first ? .yes(()) : .notYet("another value")
            }
            try await nothingIsShown(world, isVariable: nil)
        }
    }

    /// SEC-16: a key that others can read, and a place on a disk, are refused before anything is done.
    @Test func whatIsNotKeptWellIsRefusedAtTheStart() async throws {
        try await withSecrets { world, kit in
            try await Shell.succeed(["chmod", "640", "\(kit.directory)/key.txt"])
            let first = try await world.start(waiting: false)
            #expect(try await first.waitForEnd() == 64)
            #expect(world.log.contains("is not for the controller's user alone"))
            #expect(!world.log.contains("AGE-SECRET-KEY-1"))
            try await Shell.succeed(["chmod", "600", "\(kit.directory)/key.txt"])
            try await Shell.succeed(["sed", "-i", "1s/SECRET/SECRIT/", "\(kit.directory)/key.txt"])
            let second = try await world.start(waiting: false)
            #expect(try await second.waitForEnd() == 64)
            #expect(world.log.contains("key.txt: line 1: this is no identity of age"))
        }
    }

    /// After a reboot the tmpfs is empty, and what the engine started by itself could not start.
    @Test func afterARebootTheFilesAreBackBeforeTheContainers() async throws {
        try await withSecrets { world, kit in
            try await world.repository.commit([
                "shop.yaml": SpecText(top: Self.wanted).yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "a"])
            ])
            let daemon = try await world.start()
            try await world.converged("shop", on: 1)
            try await daemon.killAtOnce()
            let name = "\(world.prefix)shop-web-v1-1"
            try await world.engine.docker("stop", "-t", "0", name)
            try FileManager.default.removeItem(atPath: "\(kit.directory)/values")
            let start = try await Shell.run(["docker", "-H", "unix://" + world.engine.socket, "start", name])
            #expect(start.exitCode != 0, "an engine that starts it without its secrets")
            try await world.start()
            try await world.converged("shop", on: 1)
            #expect(try await read("PASSWORD", in: name, world) == Self.first)
        }
    }

    /// The old key reads while the new one is written to; then it may go. Neither starts anything.
    @Test func aRotationOfTheKeyRollsNothingOut() async throws {
        try await withSecrets { world, kit in
            let values = ["PASSWORD": Self.first, "TOKEN": "a"]
            try await world.repository.commit([
                "shop.yaml": SpecText(top: Self.wanted).yaml(world), "shop.secrets.yaml": try kit.file(values)
            ])
            var daemon = try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            let new = AgeIdentity.make()
            try kit.write([new, kit.identity])
            _ = try await daemon.terminate()
            daemon = try await world.start()
            let commit = try await world.repository.commit([
                "shop.secrets.yaml": try kit.file(values, to: new.recipient)
            ])
            try await world.read(commit)
            _ = try await daemon.terminate()
            try kit.write([new])
            try await world.start()
            try await world.converged("shop", on: 1)
            #expect(try await world.containers("shop") == before)
            // What the old key had sealed is not needed any more, even where a container is made anew.
            try await world.engine.docker("rm", "-f", "\(world.prefix)shop-web-v1-1")
            try await eventually("another one", within: .seconds(60)) { () -> Seen<Void> in
                let running = try await world.containers("shop").filter {
                    $0.isRunning && $0.id != before.first?.id
                }
                return running.isEmpty ? .notYet("none") : .yes(())
            }
            try await world.converged("shop", on: 1)
            let name = try #require(try await world.containers("shop").first { $0.isRunning }).name
            #expect(try await read("PASSWORD", in: name, world) == Self.first)
        }
    }

    @Test func aLostStateRestartsNothing() async throws {
        try await withSecrets { world, kit in
            try await world.repository.commit([
                "shop.yaml": SpecText(top: Self.wanted).yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "a"])
            ])
            let daemon = try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop")
            try await daemon.killAtOnce()
            try await Shell.succeed([
                "sh", "-c", "rm -rf '\(world.stateDirectory)'/* '\(kit.directory)/fingerprint.key'"
            ])
            try await world.start()
            try await world.converged("shop", on: 1)
            #expect(try await world.containers("shop") == before)
        }
    }

    /// With the fingerprint key, what is known of the values is lost: they are rolled out anew, once.
    @Test func aLostFingerprintKeyRollsOutOnce() async throws {
        try await withSecrets { world, kit in
            try await world.repository.commit([
                "shop.yaml": SpecText(top: Self.wanted).yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "a"])
            ])
            let daemon = try await world.start()
            try await world.converged("shop", on: 1)
            try await daemon.killAtOnce()
            try await Shell.succeed([
                "sh", "-c",
                "rm -rf '\(world.stateDirectory)'/*; openssl rand -hex 32 > '\(kit.directory)/fingerprint.key'"
            ])
            try await world.start()
            try await world.converged("shop", on: 2)
            let name = try #require(try await world.containers("shop").first { $0.isRunning }).name
            #expect(try await read("PASSWORD", in: name, world) == Self.first)
        }
    }

    @Test func aBrokenSecretLeavesTheAppAsItIs() async throws {
        try await withSecrets { world, kit in
            try await world.repository.commit([
                "shop.yaml": SpecText(top: Self.wanted).yaml(world),
                "shop.secrets.yaml": try kit.file(["PASSWORD": Self.first, "TOKEN": "a"])
            ])
            try await world.start()
            let before = try await world.converged("shop", on: 1)
            var other = SpecText()
            other.name = "mail"
            try await world.repository.commit([
                "mail.yaml": other.yaml(world),
                "shop.secrets.yaml": try kit.file(
                    ["PASSWORD": Self.second, "TOKEN": "a"], to: AgeIdentity.make().recipient)
            ])
            let status = try await world.wait(for: "shop", "invalid") { $0.verdict == .invalid }
            #expect(status.running == before.running)
            let why = try await world.slipway("why", "shop").text
            #expect(
                why.contains("shop.secrets.yaml:2:1")
                    && why.contains("encrypted to none of the 1 keys at hand"))
            try await world.converged("mail", on: 1)
            // In clear: told as such, and not quoted.
            try await world.repository.commit(["shop.secrets.yaml": "PASSWORD: \(Self.second)\nTOKEN: x\n"])
            try await eventually("it is told", within: .seconds(30)) {
                let why = try await world.slipway("why", "shop").text
                return why.contains("`PASSWORD` is not encrypted") ? .yes(()) : .notYet(why)
            }
            #expect(try await read("PASSWORD", in: "\(world.prefix)shop-web-v1-1", world) == Self.first)
            try await nothingIsShown(world, isVariable: nil)
        }
    }

    /// SEC-06: no value in anything that the controller has said, shown or written, nor in what the engine shows of the
    /// containers, unless it was asked for as a variable.
    private func nothingIsShown(_ world: World, isVariable: String?) async throws {
        var places: [(String, String)] = [("the log", world.log)]
        for words in [
            ["status", "-o", "json"], ["status", "-o", "wide"], ["why", "shop"], ["events", "-o", "json"],
            ["history", "shop", "-o", "json"], ["diff", "shop"], ["plan", "-o", "json"], ["doctor"]
        ] {
            let output = try await world.slipway(words)
            places.append((words.joined(separator: " "), "\(output)"))
        }
        for path in ["/v1/status", "/metrics", "/v1/apps/shop", "/v1/apps/shop/history"] {
            let output = try await Shell.run([
                "curl", "-s", "--unix-socket", world.socket, "http://slipway\(path)"
            ])
            places.append((path, output.text))
        }
        for container in try await world.containers() {
            let shown = try await world.engine.docker("inspect", container.id)
            places.append((container.name, isVariable.map { shown.replacing($0, with: "") } ?? shown))
        }
        places.append(("arguments", try await Shell.succeed(["ps", "-axww", "-o", "args"])))
        // Bytes: the store, its log, the mirror and what else is in the state directory.
        let found = try await Shell.run([
            "grep", "-rla", "sentinel-", world.stateDirectory, world.directory + "/config.git"
        ])
        places.append(("files", found.text))
        // Outcomes in git, and that the looking would find something: fingerprints are in the store.
        let notes = try await world.repository.bareGit("grep", "-a", "-e", "sentinel-", "refs/notes/slipway")
        places.append(("the notes", notes.text))
        let store = try await Shell.run(["grep", "-rla", "hmac:", world.stateDirectory])
        #expect(store.text.contains("slipway.db") || !store.text.isEmpty)
        for (place, text) in places { #expect(!text.contains("sentinel-"), "a value stands in \(place)") }
    }
}
