import Forges
import Model
import Ports
import TestServers
import Testing

/// Each call once, against answers as full and as sparse as the forge documents them, and held to what may be asked.
@Suite struct ContractTests {
    private let commit: CommitID

    init() throws { commit = try #require(CommitID(String(repeating: "4", count: 40))) }

    private func status(_ text: String, _ state: CommitStatus.State = .success) -> CommitStatus {
        CommitStatus(commit: commit, context: .deploy, state: state, description: text)
    }

    @Test(arguments: ForgeServer.Kind.allCases, [false, true])
    func everyCallIsAsDocumented(kind: ForgeServer.Kind, isSparse: Bool) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        let forge = try place.forge()
        place.server.state.withLock { $0.isSparse = isSparse }
        try await forge.show(status("shop v2 is deployed"), mayBeThere: false)
        try await forge.show(status("shop v2 is deployed"), mayBeThere: true)
        try await forge.show(PlanComment(pullRequest: 7, body: "one"))
        try await forge.show(PlanComment(pullRequest: 7, body: "two"))
        let branch = "slipway/revert-shop"
        let made = try await forge.propose(branch: branch, into: "main", title: "Revert shop", body: "why")
        let found = try await forge.propose(branch: branch, into: "main", title: "Revert shop", body: "why")
        #expect(made == found && made.title == "Revert shop" && made.author == "anna" && made.number == 20)
        try await forge.withdraw(branch: branch, reason: "Overtaken by v3.")
        let origin = try await forge.pullRequest(of: commit)
        #expect(origin?.number == 7 && origin?.approvers == ["bert"] && origin?.title == "shop: 1.5.0")
        let state = place.server.state.value
        #expect(state.statuses.count == 1 && state.pulls.map(\.isOpen) == [false])
        #expect(state.comments.last?.body == "Overtaken by v3.")
    }

    /// The server here does refuse what is not documented, or these tests would say nothing.
    @Test(arguments: ForgeServer.Kind.allCases) func whatIsNotDocumentedIsSeen(
        kind: ForgeServer.Kind
    ) async throws {
        let place = try ForgePlace(kind)
        let forge = try place.forge()
        // No forge has a state of this length, and the adapters send what they are given.
        let long = String(repeating: "x", count: 300)
        let root = kind == .gitlab ? "projects/team%2Fapps" : "repos/team/apps"
        let contract: [(String, String, String, String)] = [
            ("GET", "\(root)/nothing", "", ""), ("GET", "user", "page=x", ""), ("GET", "user", "", "{}"),
            ("POST", "\(root)/statuses/4", "", #"{"state":"good"}"#),
            ("POST", "\(root)/statuses/4", "", #"{"state":"success","descripton":"x"}"#),
            ("POST", "\(root)/statuses/4", "", #"{"state":7}"#),
            ("POST", "\(root)/statuses/4", "", "state=success")
        ]
        for (method, path, query, body) in contract {
            let words = place.server.objection(to: method, path, query: query, body: body)
            #expect(words != nil, "\(method) \(path)?\(query) \(body)")
        }
        let fine = place.server.objection(
            to: "POST", "\(root)/statuses/4", query: "", body: #"{"state":"success"}"#)
        #expect(fine == nil)
        let tooLong = place.server.objection(
            to: "POST", "\(root)/statuses/4", query: "",
            body: #"{"state":"success","description":"\#(long)"}"#)
        // Gitea does not bound it.
        #expect((tooLong != nil) == (kind != .gitea))
        // And a request of an adapter's is held to it.
        try await forge.show(status("fine"), mayBeThere: false)
        place.check()
    }

    @Test(arguments: ForgeServer.Kind.allCases) func whatIsTooLongIsCutAndNotRefused(
        kind: ForgeServer.Kind
    ) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        let forge = try place.forge()
        // 140 characters of seven scalars each.
        let family = String(repeating: "👨‍👩‍👧‍👦", count: 140)
        try await forge.show(status(family), mayBeThere: false)
        try await forge.show(status(family), mayBeThere: true)
        #expect(place.server.state.value.statuses.count == 1, "what was cut is known again")
        #expect(place.server.state.value.statuses.first?.description.hasSuffix("…") == true)

        let line = "- a line of many\n"
        let body = "# plan\n<details>\n" + String(repeating: line, count: 70_000) + "</details>\n"
        try await forge.show(PlanComment(pullRequest: 7, body: body))
        try await forge.show(PlanComment(pullRequest: 7, body: body))
        let comments = place.server.state.value.comments.filter { $0.author == ForgeServer.accountID }
        #expect(comments.count == 1 && place.server.state.value.writes == 2)
        let shown = try #require(comments.first?.body)
        #expect(shown.hasPrefix("<!-- marker -->\n# plan\n") && shown.contains("Shortened"))
        #expect(shown.contains("- a line of many\n</details>\n"), "cut between lines, and closed")

        let made = try await forge.propose(
            branch: "slipway/revert-shop", into: "main", title: String(repeating: "t", count: 400), body: body
        )
        #expect(made.title.count < 260)
    }

    /// A line that begins with a slash is a command to GitLab, whoever the words came from.
    @Test func nothingIsACommandToGitLab() async throws {
        let place = try ForgePlace(.gitlab)
        defer { place.check() }
        let forge = try place.forge()
        try await forge.show(PlanComment(pullRequest: 7, body: "plan\n/merge\r\n/close"))
        _ = try await forge.propose(branch: "b", into: "main", title: "t", body: "/approve\n  /x\na/b")
        try await forge.withdraw(branch: "b", reason: "/close")
        let state = place.server.state.value
        let bodies = state.comments.suffix(2).map(\.body) + state.pulls.map(\.body)
        #expect(
            bodies == ["<!-- marker -->\nplan\n\\/merge\n\\/close", "\\/close", "\\/approve\n  /x\na/b"],
            "\(bodies)")
    }
}
