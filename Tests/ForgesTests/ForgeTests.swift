import Execution
import Forges
import FoundationEssentials
import Glibc
import HTTPClient
import Model
import Ports
import Synchronization
import TestServers
import Testing

/// Each adapter against a server that behaves as its forge is documented to.
@Suite struct ForgeTests {
    private let http = HTTPClient()
    private let commit: CommitID

    init() throws { commit = try #require(CommitID(String(repeating: "4", count: 40))) }

    private func forge(
        _ kind: ForgeServer.Kind, _ api: String, token: ForgeConfiguration.TokenPlace? = nil
    ) throws -> any Forge {
        unsafe setenv("SLIPWAY_TEST_TOKEN", ForgeServer.token, 1)
        let configuration = ForgeConfiguration(
            kind: try #require(ForgeConfiguration.Kind(rawValue: kind.rawValue)), api: api,
            repository: "team/apps",
            token: token ?? .environment("SLIPWAY_TEST_TOKEN"), marker: "marker")
        return switch kind {
        case .github: GitHubForge(configuration: configuration, http: http)
        case .gitlab: GitLabForge(configuration: configuration, http: http)
        case .gitea: GiteaForge(configuration: configuration, http: http)
        }
    }

    private func status(_ state: CommitStatus.State, _ text: String = "shop v2 is deployed") -> CommitStatus {
        CommitStatus(commit: commit, context: .deploy, state: state, description: text)
    }

    private func failure(_ body: () async throws -> Void) async -> ForgeError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? ForgeError
        }
    }

    @Test(arguments: ForgeServer.Kind.allCases) func aStatusIsShown(kind: ForgeServer.Kind) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        try await forge.show(status(.pending, "shop: 1/3 ready"), mayBeThere: false)
        try await forge.show(status(.failure, "shop: v2 web exited 1"), mayBeThere: false)
        let shown = server.state.value.statuses
        let failure = kind == .gitlab ? "failed" : "failure"
        #expect(
            shown.map(\.state) == ["pending", failure] && shown.allSatisfy { $0.context == "slipway/deploy" })
        #expect(shown.map(\.description) == ["shop: 1/3 ready", "shop: v2 web exited 1"])
        #expect(shown.allSatisfy { $0.commit == commit.rawValue })
    }

    /// The answer was lost: looked at first, and not said twice.
    @Test(arguments: ForgeServer.Kind.allCases)
    func whatMayHaveArrivedIsLookedForFirst(kind: ForgeServer.Kind) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        server.state.withLock { $0.trouble = .init(status: "502 Bad Gateway", isDone: true) }
        let lost = await failure { try await forge.show(status(.pending), mayBeThere: false) }
        #expect(lost?.code == .unavailable)
        try await forge.show(status(.pending), mayBeThere: true)
        #expect(server.state.value.statuses.count == 1)
        // What differs is said.
        try await forge.show(status(.success), mayBeThere: true)
        #expect(server.state.value.statuses.count == 2)
        // GitLab refuses the same state once more; that is no failure.
        try await forge.show(status(.pending, "again"), mayBeThere: false)
        try await forge.show(status(.pending, "again"), mayBeThere: false)
    }

    @Test(arguments: ForgeServer.Kind.allCases) func oneCommentIsEditedInPlace(
        kind: ForgeServer.Kind
    ) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        for body in ["plan one", "plan two", "plan two"] {
            try await forge.show(PlanComment(pullRequest: 7, body: body))
        }
        let comments = server.state.value.comments
        // Others' words stay, also where they quote ours.
        #expect(
            comments.map(\.body) == ["Looks good to me", "re: <!-- marker -->", "<!-- marker -->\nplan two"])
        #expect(server.state.value.writes == 2, "what stands there already is not written again")
    }

    @Test(arguments: ForgeServer.Kind.allCases) func aProposalIsOpenOnceAndWithdrawn(
        kind: ForgeServer.Kind
    ) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        let branch = "slipway/revert-shop"
        let first = try await forge.propose(
            branch: branch, into: "main", title: "Revert shop", body: "it failed")
        let second = try await forge.propose(
            branch: branch, into: "main", title: "Revert shop", body: "again")
        #expect(first == second && first.number == 20 && first.url.hasSuffix("/20") && first.author == "anna")
        #expect(
            server.state.value.pulls.map(\.base) == ["main"]
                && server.state.value.pulls.map(\.body) == ["it failed"])
        try await forge.withdraw(branch: branch, reason: "Overtaken by v3.")
        try await forge.withdraw(branch: branch, reason: "Overtaken by v3.")
        #expect(server.state.value.pulls.map(\.isOpen) == [false])
        #expect(server.state.value.comments.map(\.body).count { $0 == "Overtaken by v3." } == 1)
        let third = try await forge.propose(branch: branch, into: "main", title: "Revert shop", body: "third")
        #expect(third.number == 21)
    }

    @Test(arguments: ForgeServer.Kind.allCases) func aForkWithABranchOfThatNameIsNotOurs(
        kind: ForgeServer.Kind
    ) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        let branch = "slipway/revert-shop"
        server.state.withLock {
            $0.pulls = [
                .init(number: 20, head: branch, base: "main", title: "x", body: "theirs", isFromFork: true)
            ]
        }
        try await forge.withdraw(branch: branch, reason: "Overtaken by v3.")
        #expect(server.state.value.pulls.map(\.isOpen) == [true])
        #expect(!server.state.value.comments.map(\.body).contains("Overtaken by v3."))
        let ours = try await forge.propose(branch: branch, into: "main", title: "Revert shop", body: "ours")
        #expect(ours.number == 21)
    }

    @Test(arguments: ForgeServer.Kind.allCases) func whereACommitCameFrom(kind: ForgeServer.Kind) async throws
    {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        let found = try await forge.pullRequest(of: commit)
        #expect(
            found
                == PullRequest(
                    number: 7, title: "shop: 1.5.0", author: "anna", url: "https://git.example.com/pulls/7",
                    approvers: ["bert"]))
        let pushed = try #require(CommitID(String(repeating: "5", count: 40)))
        #expect(try await forge.pullRequest(of: pushed) == nil)
        let reference = forge.reference(ofPullRequest: 7)
        #expect(reference == (kind == .gitlab ? "refs/merge-requests/7/head" : "refs/pull/7/head"))
    }

    /// Every way to say no, and what follows from it.
    @Test(arguments: ForgeServer.Kind.allCases) func refusals(kind: ForgeServer.Kind) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let forge = try forge(kind, server.api)
        let reset = BootClock.wallSeconds() + 120
        let table: [(ForgeServer.Trouble, ForgeError.Code, ClosedRange<Int64>?)] = [
            (
                .init(status: "403 Forbidden", body: #"{"message":"Resource not accessible"}"#),
                .unauthorized, nil
            ),
            (
                .init(
                    status: "403 Forbidden",
                    headers: "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: \(reset)\r\n"), .rateLimited,
                100...120
            ),
            (.init(status: "403 Forbidden", headers: "Retry-After: 30\r\n"), .rateLimited, 30...30),
            (.init(status: "429 Too Many Requests", headers: "Retry-After: 7\r\n"), .rateLimited, 7...7),
            (
                .init(
                    status: "429 Too Many Requests",
                    headers: "RateLimit-Remaining: 0\r\nRateLimit-Reset: \(reset)\r\n"), .rateLimited,
                100...120
            ),
            (.init(status: "429 Too Many Requests"), .rateLimited, 60...60),
            (
                .init(status: "429 Too Many Requests", headers: "Retry-After: 99999999999\r\n"), .rateLimited,
                3_600...3_600
            ),
            // GitHub's secondary limit, with nothing but words.
            (
                .init(
                    status: "403 Forbidden",
                    headers: "X-RateLimit-Remaining: 4000\r\n",
                    body: #"{"message":"You have exceeded a secondary rate limit. Please wait."}"#),
                .rateLimited, 60...60
            ),
            (
                .init(
                    status: "429 Too Many Requests",
                    headers: "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: \(Int64.min)\r\n"),
                .rateLimited, 60...60
            ),
            (.init(status: "404 Not Found", body: "<html>"), .notFound, nil),
            (
                .init(status: "422 Unprocessable Entity", body: #"{"message":{"base":["is wrong"]}}"#),
                .refused, nil
            ),
            (
                .init(
                    status: "500 Internal Server Error",
                    body: "{\"message\":\"\\u0007\(String(repeating: "x", count: 5_000))\"}"), .unavailable,
                nil
            ),
            (.init(status: "503 Service Unavailable", headers: "Retry-After: 12\r\n"), .unavailable, 12...12),
            (
                .init(status: "301 Moved Permanently", headers: "Location: http://127.0.0.1:1/\r\n"),
                .protocolViolation, nil
            )
        ]
        for (trouble, code, wait) in table {
            server.state.withLock { $0.trouble = trouble }
            let error = try #require(
                await failure { try await forge.show(status(.success), mayBeThere: false) })
            #expect(error.code == code, "\(trouble): \(error)")
            #expect(
                wait.map { $0.contains(error.retryAfterSeconds ?? -1) } ?? (error.retryAfterSeconds == nil),
                "\(trouble): \(error.retryAfterSeconds as Any)")
            #expect(error.message.count < 500 && !error.message.contains("\u{7}"), "\(error.message)")
        }
        #expect(server.state.value.statuses.isEmpty)
        // An answer that is no JSON, or another.
        for body in [
            "", "<html>", "null", "{}", "[{}]", #"[{"id":"x"}]"#, String(repeating: "[", count: 100_000)
        ] {
            server.state.withLock { $0.trouble = .init(status: "200 OK", body: body) }
            let error = await failure { try await forge.show(PlanComment(pullRequest: 7, body: "plan")) }
            #expect(error?.code == .protocolViolation, "\(body.prefix(20)): \(error as Any)")
        }
    }

    /// What the forge says is wrong stands in the error, whichever of its forms it says it in.
    @Test(arguments: [
        (#"{"message":"plain words"}"#, "plain words"),
        (#"{"message":["one","two"]}"#, "one, two"),
        (
            #"{"message":{"base":["is wrong"],"title":["is short","is bad"]}}"#,
            "base is wrong; title is short, is bad"
        ),
        (#"{"message":{"error":"asked too many times"}}"#, "error asked too many times"),
        (#"{"error":"state does not have a valid value"}"#, "state does not have a valid value"),
        (
            #"{"error":"insufficient_scope","error_description":"needs more","scope":"api"}"#,
            "insufficient_scope: needs more"
        ),
        (
            #"{"message":"Validation Failed","errors":[{"resource":"Status","field":"state","code":"custom","message":"is unknown"},{"resource":"Status","field":"context","code":"missing_field"}],"documentation_url":"x"}"#,
            "Validation Failed: is unknown: context missing_field"
        ),
        (#"{"message":"Invalid","errors":["one","two"]}"#, "Invalid: one: two"),
        (#"{"message":[[[[[[[["deep"]]]]]]]]}"#, ""), ("[]", ""), ("{}", ""),
        (#"{"message":null,"errors":7}"#, "")
    ]) func whatTheForgeSaysIsRead(body: String, words: String) async throws {
        let server = try ForgeServer(.github)
        let forge = try forge(.github, server.api)
        server.state.withLock { $0.trouble = .init(status: "422 Unprocessable Entity", body: body) }
        let error = await failure { try await forge.show(status(.success), mayBeThere: false) }
        let message = try #require(error?.message)
        #expect(message.hasSuffix(words.isEmpty ? "answered 422" : "answered 422: \(words)"), "\(message)")
    }

    @Test(arguments: ForgeServer.Kind.allCases) func tokensAreReadAnewAndNeverShown(
        kind: ForgeServer.Kind
    ) async throws {
        let server = try ForgeServer(kind)
        defer { #expect(server.state.value.objections.isEmpty, "\(server.state.value.objections)") }
        let path = "/tmp/slipway-forge-token-\(UInt32.random(in: 0 ... .max))"
        defer { _ = unsafe unlink(path) }
        let forge = try forge(kind, server.api, token: .file(path))
        var error = await failure { try await forge.show(status(.success), mayBeThere: false) }
        #expect(error?.code == .unauthorized && error?.message.contains(path) == true)
        for content in ["", "two words\n", "\u{1}\n", "ä\n"] {
            try Data(content.utf8).write(to: URL(filePath: path))
            error = await failure { try await forge.show(status(.success), mayBeThere: false) }
            #expect(error?.code == .unauthorized, "\(content)")
        }
        try Data("wr0ng-s3ntinel-0123456789\n".utf8).write(to: URL(filePath: path))
        error = await failure { try await forge.show(status(.success), mayBeThere: false) }
        // The server here quotes a token in its answer, as no server should.
        #expect(error?.code == .unauthorized && error?.message.contains("wr0ng") == false)
        try Data((ForgeServer.token + "\n").utf8).write(to: URL(filePath: path))
        try await forge.show(status(.success), mayBeThere: false)
        #expect(server.state.value.statuses.count == 1)
        #expect(
            !server.requests.contains { $0.prefix { $0 != "\r\n" }.contains(ForgeServer.token) },
            "not in an address")
    }

    @Test func nobodyThere() async throws {
        let away = try forge(.github, "http://127.0.0.1:\(try closedPort())")
        #expect(
            await failure { try await away.show(status(.success), mayBeThere: false) }?.code == .unreachable)
        // One that never answers is given up; a cancelled call is at once.
        let silent = try ForgeServer.silent()
        let slow = try forge(.github, silent.url)
        let task = Task { await failure { try await slow.show(status(.success), mayBeThere: false) } }
        try await silent.waitForConnection()
        task.cancel()
        #expect(await task.value != nil)
    }
}
