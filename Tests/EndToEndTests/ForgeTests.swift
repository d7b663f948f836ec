import Crypto
import FoundationEssentials
import Model
import TestServers
import Testing

/// A real controller beside a server that behaves as a forge does: what people see of a deploy where they review it.
@Suite struct ForgeTests {
    private static let secret = "s3cret-of-the-w3bhook"

    private struct Place {
        let forge: ForgeServer
        let port: Int
        let folder: String
        let options: World.Options

        init(_ more: [String] = [], isWritable: Bool = true) throws {
            forge = try ForgeServer(.gitea)
            port = Int.random(in: 10_000..<20_000)
            folder = "/tmp/slipway-forge-\(UInt32.random(in: 0 ... .max))"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for (name, text) in [("token", ForgeServer.token), ("secret", ForgeTests.secret)] {
                try Data((text + "\n").utf8).write(to: URL(filePath: "\(folder)/\(name)"))
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: "\(folder)/\(name)")
            }
            options = World.Options(
                source: (isWritable ? ["write: true"] : []) + [
                    "forge:", "  kind: gitea", "  api: \(forge.api)", "  repository: team/apps",
                    "  token_file: \(folder)/token", "  webhook_secret_file: \(folder)/secret"
                ] + more,
                configuration: ["webhooks: {listen: \"127.0.0.1:\(port)\"}"])
        }

        func takeAway() throws { try FileManager.default.removeItem(atPath: folder) }

        /// Calls the controller as the forge would; returns the status of the answer.
        func call(
            _ body: String, event: String = "pull_request", secret: String = ForgeTests.secret
        ) async throws -> Int {
            let code = Hex.encode(
                MessageAuthentication.hmacSHA256(key: Array(secret.utf8), message: Array(body.utf8)))
            let output = try await Shell.run(
                [
                    "curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-",
                    "-H", "X-Gitea-Signature: \(code)", "-H", "X-Gitea-Event: \(event)",
                    "http://127.0.0.1:\(port)/webhooks/main"
                ], input: body)
            return Int(output.text) ?? 0
        }
    }

    private func with(
        _ place: Place, _ body: (World) async throws -> Void
    ) async throws {
        try await World.with(place.options, body)
        try place.takeAway()
    }

    private func shown(_ place: Place, _ state: String, _ text: String) async throws {
        try await eventually("the forge shows \(state): \(text)", within: .seconds(30)) {
            let statuses = place.forge.state.value.statuses
            return statuses.contains { $0.state == state && $0.description.contains(text) }
                ? .yes(()) : .notYet("\(statuses)")
        }
    }

    /// A branch as a pull request has it; returns its head.
    private func propose(_ world: World, _ number: Int, _ files: [String: String]) async throws -> String {
        let git = world.repository
        try await git.git("checkout", "-q", "-B", "work", "origin/main")
        for (path, text) in files { try Data(text.utf8).write(to: URL(filePath: git.clone + "/" + path)) }
        try await git.git("add", "-A")
        try await git.git("commit", "-q", "-m", "a proposal")
        try await git.git("push", "-q", "--force", "origin", "HEAD:refs/pull/\(number)/head")
        let head = try await git.git("rev-parse", "HEAD")
        try await git.git("checkout", "-q", "main")
        return head
    }

    private func event(_ number: Int, _ head: String) -> String {
        #"{"action":"opened","number":\#(number),"pull_request":{"head":{"ref":"work","sha":"\#(head)"},"base":{"ref":"main","sha":"x"}}}"#
    }

    @Test func aPullRequestIsPlannedAndItsDeployShown() async throws {
        let place = try Place()
        try await with(place) { world in
            try await world.repository.commit([
                "shop.yaml": SpecText().yaml(world), "other.yaml": SpecText(name: "other").yaml(world)
            ])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await shown(place, "success", "2 apps are deployed")

            #expect(try await place.call("{", secret: "another-secret-of-20") == 401)
            #expect(try await place.call("{") == 400)
            let head = try await propose(world, 7, ["shop.yaml": SpecText(image: "app:2").yaml(world)])
            #expect(try await place.call(event(7, head)) == 202)
            let comment = try await eventually("the plan is a comment", within: .seconds(20)) {
                let comments = place.forge.state.value.comments
                return comments.first { $0.body.contains("v1 → v2") }.map { .yes($0) }
                    ?? .notYet("\(comments)")
            }
            #expect(comment.body.contains("1 app changes · 0 removed"), "\(comment.body)")
            try await shown(place, "success", "1 app changes")

            // Pushed again: the same comment, edited.
            let second = try await propose(
                world, 7,
                [
                    "shop.yaml": SpecText(image: "app:2").yaml(world),
                    "other.yaml": SpecText(name: "other", image: "app:2").yaml(world)
                ])
            #expect(try await place.call(event(7, second)) == 202)
            try await eventually("the comment is edited", within: .seconds(20)) {
                let ours = place.forge.state.value.comments.filter { $0.body.contains("### Slipway plan") }
                return ours.count == 1 && ours[0].body.contains("2 apps change")
                    ? .yes(()) : .notYet("\(ours)")
            }

            // A bad one: the deploy fails on the commit, with the reason.
            let bad = try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:answers-500").yaml(world)
            ])
            _ = try await world.rolledBack("shop")
            try await shown(place, "failure", "shop")
            let last = place.forge.state.value.statuses.last { $0.commit == bad }
            #expect(last?.state == "failure" && last?.context == "slipway/deploy", "\(last as Any)")
            #expect(last?.description.contains("v2") == true, "\(last as Any)")
            // Nothing is said twice.
            let said = place.forge.state.value.statuses.map { "\($0)" }
            #expect(Set(said).count == said.count, "\(said)")
            let container = try await world.containers("shop").first?.name ?? ""
            let trace = try await world.slipway("trace", container)
            #expect(trace.exitCode == 0 && trace.text.contains("v1"), "\(trace)")
            #expect(!world.log.contains(ForgeServer.token) && !world.log.contains(Self.secret))
        }
    }

    /// The forge is down, slow or says no: nobody waits for it, and all is told once it is back.
    @Test func aForgeThatIsAwayDelaysNobody() async throws {
        let place = try Place()
        try await with(place) { world in
            place.forge.state.withLock {
                $0.trouble = .init(status: "503 Service Unavailable", times: 1_000_000)
            }
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await eventually("the status tells of it") {
                let found = try await world.status().sources.first?.deliveries ?? []
                return found.contains { $0.to == "gitea" && $0.problem?.contains("503") == true }
                    ? .yes(()) : .notYet("\(found)")
            }
            place.forge.state.withLock { $0.trouble = nil }
            try await shown(place, "success", "shop v1 is deployed")
        }
    }

    /// What fails is taken back in git, so that git and reality agree.
    @Test func aFailureIsRevertedOnTheBranch() async throws {
        let place = try Place(["on_failure: commit"])
        try await with(place) { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let bad = try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:answers-500").yaml(world)
            ])
            try await eventually("the branch has the revert", within: .seconds(60)) {
                let log = try await Shell.succeed([
                    "git", "-C", world.repository.bare, "log", "--format=%an %s", "main"
                ])
                return log.contains("Slipway Revert shop to v1") ? .yes(()) : .notYet(log)
            }
            let status = try await world.wait(for: "shop", "converged again on the good spec") {
                $0.verdict == .converged && $0.running?.number?.value == 1
            }
            #expect(status.wanted?.number?.value == 1)
            try await shown(place, "failure", "v2")
            #expect(place.forge.state.value.statuses.last { $0.commit == bad }?.state == "failure")
        }
    }

    @Test func aFailureIsProposedToBeReverted() async throws {
        let place = try Place(["on_failure: pull_request"])
        try await with(place) { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:answers-500").yaml(world)])
            let pull = try await eventually("a pull request is open", within: .seconds(60)) {
                let pulls = place.forge.state.value.pulls
                return pulls.first.map { .yes($0) } ?? .notYet("none")
            }
            #expect(
                pull.head == "slipway/revert-shop" && pull.base == "main" && pull.body.contains("500"),
                "\(pull)")
            // A good one overtakes it: closed by itself.
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 3)
            try await eventually("the pull request is closed", within: .seconds(20)) {
                let pulls = place.forge.state.value.pulls
                return pulls.map(\.isOpen) == [false] ? .yes(()) : .notYet("\(pulls)")
            }
        }
    }

    @Test func aPersonsWayBackIsWrittenToGit() async throws {
        let place = try Place()
        try await with(place) { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.repository.commit(["shop.yaml": SpecText(image: "app:2").yaml(world)])
            try await world.converged("shop", on: 2)
            let output = try await world.slipway("rollback", "shop")
            #expect(output.exitCode == 0 && output.text.contains("git is told"), "\(output)")
            try await eventually("the branch has the revert", within: .seconds(30)) {
                let log = try await Shell.succeed([
                    "git", "-C", world.repository.bare, "log", "--format=%an %s", "main"
                ])
                return log.contains("Slipway Revert shop to v1") ? .yes(()) : .notYet(log)
            }
            try await world.wait(for: "shop", "converged on v1, which git wants") {
                $0.verdict == .converged && $0.running?.number?.value == 1 && $0.wanted?.number?.value == 1
            }
        }
    }

    /// With `require_plan`, what was shown goes ahead, and what differs waits for a person.
    @Test func whatWasNotShownWaitsForAPerson() async throws {
        let place = try Place(["require_plan: true"])
        try await with(place) { world in
            let first = try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            let held = try await world.wait(for: "shop", "held for want of a plan") { $0.verdict == .held }
            #expect(held.because.contains { $0.cause == .unplanned }, "\(held.because)")
            #expect(try await world.slipway("approve", String(first.prefix(7))).exitCode == 0)
            try await world.converged("shop", on: 1)

            let changed = SpecText(image: "app:2").yaml(world)
            let head = try await propose(world, 7, ["shop.yaml": changed])
            #expect(try await place.call(event(7, head)) == 202)
            try await shown(place, "success", "1 app changes")
            try await world.repository.git("merge", "-q", "--no-ff", "-m", "merge", "work")
            try await world.repository.git("push", "-q", "origin", "HEAD:main")
            try await world.converged("shop", on: 2)

            // Planned, and then something more comes with the merge.
            let next = try await propose(world, 8, ["shop.yaml": SpecText(image: "app:3").yaml(world)])
            #expect(try await place.call(event(8, next)) == 202)
            try await eventually("the second plan is shown", within: .seconds(20)) {
                let all = place.forge.state.value.statuses.filter { $0.commit == next }
                return all.isEmpty ? .notYet("none") : .yes(())
            }
            let more = try await world.repository.commit([
                "shop.yaml": SpecText(image: "app:3").yaml(world),
                "other.yaml": SpecText(name: "other").yaml(world)
            ])
            let waiting = try await world.wait(for: "shop", "held for the difference") { $0.verdict == .held }
            #expect(
                waiting.because.contains {
                    $0.message.contains("other goes") && $0.message.contains("not in the plan")
                }, "\(waiting.because)")
            #expect(try await world.status(of: "other")?.instances.isEmpty != false)
            #expect(try await world.slipway("approve", String(more.prefix(7))).exitCode == 0)
            try await world.converged("shop", on: 3)
            try await world.converged("other", on: 1)
        }
    }
}
