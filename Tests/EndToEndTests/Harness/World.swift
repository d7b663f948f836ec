import FoundationEssentials
import Model
import Synchronization
import Testing

/// One installation of its own: a repository, a controller, and what it makes on the engine. Nothing is left of it.
final class World: Sendable {
    let settings: Settings
    /// Unique: in the installation's name and before the name of everything that it makes.
    let id: String
    let directory: String
    let repository: ConfigRepository
    let engine: Engine
    /// Other places for what is under test, and options of `slipwayd`.
    let options: Options
    private let daemons = Mutex<[Daemon]>([])

    struct Options: Sendable {
        /// Makes the state directory a file system of this size.
        var stateSizeInMebibytes: Int?
        var arguments: [String] = []
        /// Put before `slipwayd`, such as `nsenter …`.
        var wrapper: [String] = []
        var engineSocket: String?
        /// The controller drives a reverse proxy.
        var edge: EdgePlace?
        /// More keys of the source, one line each: it is read from a configuration file then.
        var source: [String] = []
        /// More lines of that file.
        var configuration: [String] = []
    }

    var prefix: String { id + "-" }
    var stateDirectory: String { directory + "/state" }
    var socket: String { directory + "/api.sock" }
    var log: String { daemons.withLock { $0.last }?.log ?? "" }
    var daemon: Daemon? { daemons.withLock { $0.last } }

    private init(
        settings: Settings, id: String, directory: String, repository: ConfigRepository, options: Options
    ) {
        self.settings = settings
        self.id = id
        self.directory = directory
        self.repository = repository
        self.options = options
        engine = Engine(socket: options.engineSocket ?? settings.engineSocket)
    }

    /// Makes a world, runs `body` in it, and takes it away again, in whatever way `body` ends.
    static func with(_ options: Options = Options(), _ body: (World) async throws -> Void) async throws {
        let settings = try Settings.load()
        await Places.worlds.take()
        let id = "e2e" + String(UInt32.random(in: 0x1000_0000 ... .max), radix: 36)
        let directory = "/tmp/slipway-\(id)"
        do {
            try FileManager.default.createDirectory(
                atPath: directory + "/state", withIntermediateDirectories: true)
            let repository = try await ConfigRepository.make(in: directory)
            let world = World(
                settings: settings, id: id, directory: directory, repository: repository, options: options)
            do {
                if let size = options.stateSizeInMebibytes {
                    try await Shell.succeed(
                        ["mount", "-t", "tmpfs", "-o", "size=\(size)m", "tmpfs", world.stateDirectory])
                }
                try await body(world)
            } catch {
                let log = world.log.lines.suffix(60).joined(separator: "\n")
                Issue.record("\(error)\n— end of slipwayd's log —\n\(log)")
            }
            try await world.takeAway()
        } catch {
            Issue.record("the world could not be made or taken away: \(error)")
        }
        await Places.worlds.giveBack()
    }

    /// Starts the controller; with `waiting`, returns once it answers.
    @discardableResult
    func start(waiting: Bool = true, arguments: [String] = []) async throws -> Daemon {
        let configured = try options.edge.map { try $0.configure(in: directory) } ?? []
        let place =
            options.source.isEmpty
            ? ["--repo", repository.bare, "--branch", "main", "--poll", "1s"] : try configureSource()
        let daemon = try await Daemon(
            options.wrapper + [
                settings.programs + "/slipwayd", "--state-dir", stateDirectory, "--socket", socket,
                "--docker-socket", engine.socket, "--installation", id, "--name-prefix", prefix, "--log",
                "json"
            ] + place + configured + options.arguments + arguments, directory: directory)
        daemons.withLock { $0.append(daemon) }
        if waiting { try await waitForAnswer() }
        return daemon
    }

    private func configureSource() throws -> [String] {
        let file = directory + "/sources.yaml"
        let lines =
            options.configuration + [
                "sources:", "  - name: main", "    repository: \(repository.bare)", "    branch: main",
                "    poll: 1s"
            ] + options.source.map { "    " + $0 }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        return ["--config", file]
    }

    func waitForAnswer() async throws {
        try await eventually("an answer of the controller", within: .seconds(30)) {
            if let code = daemon?.endedWith {
                throw Expired(what: "an answer", last: "slipwayd ended with \(code)")
            }
            let output = try await slipway("status", "-o", "json")
            return output.exitCode == 4 ? .notYet("\(output)") : .yes(())
        }
    }

    /// The command line, against this world's controller.
    func slipway(_ arguments: String..., timeout: Duration = .seconds(60)) async throws -> Shell.Output {
        try await slipway(arguments, timeout: timeout)
    }

    func slipway(_ arguments: [String], timeout: Duration = .seconds(60)) async throws -> Shell.Output {
        try await Shell.run(
            [settings.programs + "/slipway"] + arguments + ["--socket", socket], timeout: timeout)
    }

    func status() async throws -> InstallationStatus {
        let output = try await slipway("status", "-o", "json")
        guard output.exitCode != 4, output.exitCode != 64 else { throw Shell.Failed(output: output) }
        return try WireCoding.decode(InstallationStatus.self, from: Array(output.text.utf8))
    }

    func status(of app: String) async throws -> AppStatus? {
        try await status().apps.first { $0.name.rawValue == app }
    }

    /// Waits until `app` satisfies `condition`.
    @discardableResult
    func wait(
        for app: String, _ what: String, within limit: Duration = .seconds(60),
        until condition: (AppStatus) -> Bool
    ) async throws -> AppStatus {
        try await eventually("\(app): \(what)", within: limit) {
            guard let status = try await status(of: app) else {
                return .notYet("the app is not in the status")
            }
            return condition(status) ? .yes(status) : .notYet(describe(status))
        }
    }

    /// Waits until `app` has converged on release `number`.
    @discardableResult
    func converged(
        _ app: String, on number: Int, within limit: Duration = .seconds(60)
    ) async throws -> AppStatus {
        try await wait(for: app, "converged on v\(number)", within: limit) {
            $0.verdict == .converged && $0.running?.number?.value == number
        }
    }

    func rolledBack(_ app: String, within limit: Duration = .seconds(60)) async throws -> AppStatus {
        try await wait(for: app, "rolled back", within: limit) { $0.verdict == .rolledBack }
    }

    /// Waits until the controller has read `commit`.
    func read(_ commit: String, within limit: Duration = .seconds(30)) async throws {
        try await eventually("commit \(commit) is read", within: limit) {
            let source = try await status().sources.first
            return source?.commit?.id.rawValue == commit
                ? .yes(()) : .notYet("\(source?.commit?.id.rawValue ?? "none")")
        }
    }

    /// The containers of `app`, or of all apps, sorted by name.
    func containers(_ app: String? = nil) async throws -> [Engine.Container] {
        try await engine.containers(label: "slipway.installation=\(id)").filter {
            app == nil || $0.app == app
        }
    }

    /// Newest first.
    func history(_ app: String) async throws -> [RolloutRecord] {
        let output = try await slipway("history", app, "-o", "json")
        guard output.exitCode == 0 else { throw Shell.Failed(output: output) }
        return try WireCoding.decode([RolloutRecord].self, from: Array(output.text.utf8))
    }

    /// Commits a folder of `examples` with the test registry in it.
    func useExample(_ name: String = "shop") async throws {
        let example = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        try await Shell.succeed(["cp", "-r", "/\(example)/examples/\(name)/.", repository.clone + "/"])
        for file in try await Shell.succeed(["find", repository.clone, "-name", "*.yaml"]).lines {
            try await Shell.succeed(["sed", "-i", "s|registry\\.example\\.com|\(settings.registry)|", file])
        }
        try await repository.commit(message: "All of the example")
    }

    func describe(_ status: AppStatus) -> String {
        guard let bytes = try? WireCoding.encode(status, pretty: true) else { return "\(status)" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Stops the controller and removes everything that carries this world's name, volumes too: the test made them.
    private func takeAway() async throws {
        for daemon in daemons.withLock({ $0 }) {
            daemon.signal(9)
            try await daemon.waitForEnd()
        }
        if options.edge != nil {
            for part in ["edge", "names"] {
                _ = try await Shell.run(["pkill", "-9", "-f", "\(stateDirectory)/\(part)/"])
            }
        }
        let containers = try await engine.docker("ps", "-aq", "--filter", "name=\(id)").lines
        if !containers.isEmpty { try await engine.docker(["rm", "-f", "-v"] + containers) }
        let networks = try await engine.docker("network", "ls", "-q", "--filter", "name=\(id)").lines
        if !networks.isEmpty { try await engine.docker(["network", "rm"] + networks) }
        let volumes = try await engine.docker("volume", "ls", "-q", "--filter", "name=\(id)").lines
        if !volumes.isEmpty { try await engine.docker(["volume", "rm", "-f"] + volumes) }
        if options.stateSizeInMebibytes != nil { _ = try await Shell.run(["umount", "-l", stateDirectory]) }
        try FileManager.default.removeItem(atPath: directory)
    }
}
