@testable import Commands
import Execution
import FoundationEssentials
import Glibc
import Model
import Ports
import Simulation
import Synchronization
import Testing

/// `slipway simulate` on real repositories: each is made by git, commit for commit.
@Suite struct SimulateTests {
    /// A bare repository with the given commits, each the complete content of the branch; gone with the test.
    private final class Repository {
        let path: String

        init(_ commits: [[String: String]]) throws {
            var template = Array("/tmp/slipway-simulate-XXXXXX".utf8CString)
            try #require(unsafe mkdtemp(&template) != nil)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try git(["init", "-q", "--bare", "-b", "main", path])
            var stream = "feature done\n"
            for (number, files) in commits.enumerated() {
                let message = number == 0 ? "first" : "change \(number)"
                stream += "commit refs/heads/main\n"
                for role in ["author", "committer"] {
                    stream += "\(role) Anna <anna@example.com> 1700000000 +0000\n"
                }
                stream += "data \(message.utf8.count)\n\(message)\ndeleteall\n"
                for (file, content) in files.sorted(by: { $0.key < $1.key }) {
                    stream += "M 100644 inline \(file)\ndata \(content.utf8.count)\n\(content)\n"
                }
            }
            try git(["-C", path, "fast-import", "--quiet"], input: stream + "done\n")
        }

        // A directory that stays behind in /tmp fails no test.
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func git(_ arguments: [String], input: String = "") throws {
            let output = try Subprocess.run(
                ["/usr/bin/git"] + arguments,
                environment: ["PATH": "/usr/bin:/bin", "HOME": path, "GIT_CONFIG_NOSYSTEM": "1"],
                input: Array(input.utf8), timeout: .seconds(60))
            try #require(output.exitCode == 0, "\(String(decoding: output.standardError, as: UTF8.self))")
        }
    }

    private func run(
        _ arguments: [String], in directory: String
    ) async -> (code: Int32, output: String, errors: String) {
        let output = Mutex(""), errors = Mutex("")
        let console = Console(
            variables: ["LANG": "C.UTF-8"], isTerminal: false, directory: directory,
            write: { text in output.withLock { $0 += text } },
            complain: { text in errors.withLock { $0 += text } })
        let code = await runCommand(arguments: ["simulate"] + arguments, console: console)
        return (code, output.withLock { $0 }, errors.withLock { $0 })
    }

    private func app(_ name: String, _ version: Int, _ more: String = "") -> String {
        "name: \(name)\nimage: registry.example.com/\(name):\(version)\n" + more
    }

    private let web = "port: 8080\nreplicas: 3\nhealthcheck: {path: /health}\nenv: {TOKEN: sesame}\n"
    private let canary = """
        deploy:
          strategy: canary
          steps: [10%, 50%, 100%]
          analysis: [{metric: error_rate, max: 1%}]

        """

    /// Runs one scenario of the change from the first spec to the second, and compares it with a golden file.
    private func golden(
        _ name: String, _ commits: [[String: String]], _ arguments: [String], code: Int32 = 0
    ) async throws {
        let repository = try Repository(commits)
        let result = await run(arguments, in: repository.path)
        #expect(result.code == code, "\(result.errors)")
        #expect(result.errors.isEmpty)
        #expect(!result.output.contains("sesame"))
        try Golden.check(result.output, "simulate-\(name).txt")
    }

    // MARK: Timelines

    @Test func `a rolling update is told step by step`() async throws {
        let commits = [1, 2].map { ["shop.yaml": app("shop", $0, web)] }
        try await golden("rolling", commits, ["--what", "good"])
    }

    @Test func `a release command is told before anything starts`() async throws {
        let commits = [1, 2].map {
            ["shop.yaml": app("shop", $0, web + "release: {command: [bin/migrate]}\n")]
        }
        try await golden("release-command", commits, ["--what", "good"])
    }

    @Test func `a canary behind an edge is told with its share of the requests`() async throws {
        let commits = [1, 2].map {
            ["shop.yaml": app("shop", $0, web + "domains: [a.example.com]\n" + canary)]
        }
        try await golden("canary", commits, ["--what", "good"])
    }

    @Test func `a blue-green switch says where a person would be asked`() async throws {
        let deploy = "deploy: {strategy: blue_green, approval: before_promote}\n"
        let commits = [1, 2].map { ["shop.yaml": app("shop", $0, web + deploy)] }
        try await golden("blue-green", commits, ["--what", "good"])
    }

    @Test func `a bad release is noticed, and the last good one comes back`() async throws {
        let commits = [1, 2].map { ["shop.yaml": app("shop", $0, web)] }
        try await golden("bad", commits, ["--what", "bad"])
    }

    @Test func `a canary that answers errors is judged by its answers`() async throws {
        let commits = [1, 2].map {
            ["shop.yaml": app("shop", $0, web + "domains: [a.example.com]\n" + canary)]
        }
        try await golden("bad-canary", commits, ["--what", "bad"])
    }

    @Test func `a removal that the brake holds is held, and fails`() async throws {
        var files: [String: String] = [:]
        for name in ["a", "b", "c"] { files["\(name).yaml"] = app(name, 1) }
        try await golden("brake", [files, ["a.yaml": app("a", 1)]], ["--what", "good"], code: 2)
    }

    @Test func `a spec that is not valid is told with its place, and fails`() async throws {
        let files = ["shop.yaml": app("shop", 1, web), "mail.yaml": app("mail", 1)]
        let broken = ["shop.yaml": app("shop", 2, web + "env_file: x\n"), "mail.yaml": app("mail", 2)]
        try await golden("invalid", [files, broken], ["--what", "good"], code: 1)
    }

    @Test func `all scenarios are told of an app with one writer`() async throws {
        let database = """
            volumes: {data: {}}
            processes:
              server: {port: 5432, volumes: ["data:/data"]}

            """
        let commits = [1, 2].map { ["db.yaml": app("db", $0, database)] }
        try await golden("all", commits, [])
    }

    // MARK: Data

    private func report(_ arguments: [String], in directory: String) async throws -> RehearsalReport {
        let result = await run(arguments + ["-o", "json"], in: directory)
        return try WireCoding.decode(RehearsalReport.self, from: Array(result.output.utf8))
    }

    @Test func `the same comes as data`() async throws {
        let repository = try Repository([1, 2].map { ["shop.yaml": app("shop", $0, web)] })
        let report = try await report([], in: repository.path)
        #expect(report.version == 1)
        #expect(report.scenarios.map(\.scenario) == RehearsalScenario.allCases)
        #expect(report.commit.subject == "change 1" && report.base?.subject == "first")
        let good = try #require(report.scenarios.first?.apps.first)
        #expect(good.outcome == .succeeded && good.change == .update)
        #expect(good.started == 3 && good.stopped == 3 && good.kept == 0)
        #expect(good.processes.map(\.lowest) == [3] && good.downtimes.isEmpty)
        let bad = try #require(report.scenarios[1].apps.first)
        #expect(bad.outcome == .rolledBack && bad.kept == 3)
        let noticed = try #require(bad.noticedAtMilliseconds), back = try #require(bad.restoredAtMilliseconds)
        #expect(noticed < back && bad.processes.map(\.lowest) == [3])
        let late = try #require(report.scenarios[2].apps.first)
        #expect(late.outcome == .succeeded && (late.durationMilliseconds ?? 0) > 600_000)
        let host = try #require(report.scenarios[3].apps.first)
        #expect(host.outcome == .succeeded && !host.downtimes.isEmpty)
        let all = report.scenarios.flatMap(\.apps).flatMap(\.moments)
        #expect(
            Set(all.map(\.kind)).isSuperset(of: [
                .image, .rollout, .start, .ready, .succeeded, .failed, .restored
            ]))
    }

    @Test func `the same input gives the same bytes`() async throws {
        var files: [[String: String]] = [[:], [:]]
        for name in ["a", "b", "c", "d", "e", "f"] {
            for place in files.indices { files[place]["\(name).yaml"] = app(name, place + 1, web) }
        }
        let repository = try Repository(files)
        let first = await run([], in: repository.path)
        let second = await run([], in: repository.path)
        #expect(first.output == second.output && first.code == 0)
    }

    @Test func `one app can be shown alone`() async throws {
        let repository = try Repository(
            [1, 2].map { ["a.yaml": app("shop", $0, web), "b.yaml": app("mail", $0)] })
        let report = try await report(["--app", "mail", "--what", "good"], in: repository.path)
        #expect(report.scenarios.flatMap(\.apps).map(\.app.rawValue) == ["mail"])
        let none = await run(["--app", "mial"], in: repository.path)
        #expect(none.code == 1 && none.errors.contains("did you mean 'mail'?"))
    }

    // MARK: Where it looks

    @Test func `the state before and the commit can be named`() async throws {
        let repository = try Repository([1, 2, 3].map { ["shop.yaml": app("shop", $0, web)] })
        func bases(_ arguments: [String]) async throws -> [String?] {
            let report = try await report(arguments + ["--what", "good"], in: repository.path)
            return [report.commit.subject, report.base?.subject]
        }
        #expect(try await bases([]) == ["change 2", "change 1"])
        #expect(try await bases(["--commit", "HEAD~1"]) == ["change 1", "first"])
        #expect(try await bases(["--commit", "main~2"]) == ["first", nil])
        #expect(try await bases(["--base", "main~2"]) == ["change 2", "first"])
        #expect(try await bases(["--base", "none"]) == ["change 2", nil])
        let nowhere = await run(["--commit", "nothing"], in: repository.path)
        #expect(nowhere.code == 1 && nowhere.errors.contains("'nothing' names no commit"))
        #expect(await run(["--commit", "WORKTREE"], in: repository.path).errors.contains("no work tree"))
        #expect(await run(["--what", "ugly"], in: repository.path).code == 64)
        #expect(await run(["absent"], in: repository.path).code == 1)
    }

    @Test func `what is not committed is simulated on the last commit, as far as a folder goes`() async throws
    {
        let repository = try Repository(
            [["apps/shop.yaml": app("shop", 1, web), "other/mail.yaml": app("mail", 1)]])
        let tree = repository.path + "/tree"
        try repository.git(["clone", "-q", repository.path, tree])
        try Data(app("shop", 2, web).utf8).write(to: URL(filePath: tree + "/apps/shop.yaml"))
        let report = try await report(["apps", "--commit", "WORKTREE", "--what", "good"], in: tree)
        #expect(report.base?.subject == "first")
        let apps = try #require(report.scenarios.first).apps
        #expect(apps.map(\.app.rawValue) == ["shop"] && apps.map(\.change) == [.update])
        #expect(await run(["apps", "--what", "good"], in: tree).output.contains("v1, new"))
    }

    @Test(arguments: ["shop", "strategies"]) func `the examples are deployed in full`(
        _ name: String
    ) async throws {
        let path = Golden.repository + "/examples/" + name
        let result = await run([path, "--commit", "WORKTREE", "--base", "none"], in: "/")
        #expect(result.code == 0, "\(result.output)\(result.errors)")
        #expect(result.output.hasPrefix("● "))
    }

    @Test func `no value of an environment is shown`() async throws {
        let bad = "env: {A: \"${sesame}\", B: [sesame], C: sesame}\nenv_files: [x.env]\n"
        let repository = try Repository([
            ["shop.yaml": app("shop", 1, web)],
            ["shop.yaml": app("shop", 2, bad), "x.env": "sesame sesame\nA=\"sesame\n=sesame\n"]
        ])
        for format in ["text", "json"] {
            let result = await run(["-o", format], in: repository.path)
            #expect(result.code == 1 && !result.output.contains("sesame"), "\(result.output)")
        }
    }
}
