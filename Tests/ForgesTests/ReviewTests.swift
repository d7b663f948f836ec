import Forges
import Model
import Ports
import TestServers
import Testing

/// Whose a comment and a proposal are, where anybody may write.
@Suite struct ReviewTests {
    private static let stranger = 2
    private static let marker = "<!-- marker -->"

    private func show(_ body: String, _ forge: any Forge) async throws {
        try await forge.show(PlanComment(pullRequest: 7, body: body))
    }

    private func bodies(_ place: ForgePlace, of author: Int) -> [String] {
        place.server.state.value.comments.filter { $0.author == author }.map(\.body)
    }

    /// A stranger was first with the marker, in the very words that are to be shown.
    @Test(arguments: ForgeServer.Kind.allCases, [false, true])
    func aLookAlikeNeverStandsForOurs(kind: ForgeServer.Kind, mayEditOthers: Bool) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        let theirs = [Self.marker + "\none", Self.marker, Self.marker + "\nours, honestly"]
        place.server.state.withLock {
            $0.mayEditOthers = mayEditOthers
            $0.comments = theirs.enumerated().map { .init(id: $0 + 1, body: $1, author: Self.stranger) }
            $0.comments.append(.init(id: 9, body: Self.marker + "\nof one who is gone", author: nil))
        }
        let forge = try place.forge()
        try await show("one", forge)
        try await show("one", forge)
        #expect(bodies(place, of: ForgeServer.accountID) == [Self.marker + "\none"])
        #expect(place.server.state.value.writes == 1)
        try await show("two", forge)
        try await show("three", try place.forge())
        #expect(bodies(place, of: ForgeServer.accountID) == [Self.marker + "\nthree"])
        #expect(bodies(place, of: Self.stranger) == theirs)
    }

    /// The token may not ask whose it is: what it makes tells.
    @Test(arguments: ForgeServer.Kind.allCases)
    func whoWeAreIsLearntFromWhatWeMake(kind: ForgeServer.Kind) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        place.server.state.withLock {
            $0.tellsAccount = false
            $0.comments = [.init(id: 1, body: Self.marker + "\none", author: Self.stranger)]
        }
        let forge = try place.forge()
        try await show("one", forge)
        try await show("two", forge)
        #expect(bodies(place, of: ForgeServer.accountID) == [Self.marker + "\ntwo"])
        // After a start, any status that is shown tells as well.
        let again = try place.forge()
        let commit = try #require(CommitID(String(repeating: "4", count: 40)))
        try await again.show(
            CommitStatus(commit: commit, context: .plan, state: .success, description: "no change"),
            mayBeThere: false)
        try await show("three", again)
        #expect(bodies(place, of: ForgeServer.accountID) == [Self.marker + "\nthree"])
        // Without that a second one is written: better twice than in a stranger's hand.
        try await show("four", try place.forge())
        #expect(bodies(place, of: ForgeServer.accountID) == [Self.marker + "\nthree", Self.marker + "\nfour"])
        #expect(bodies(place, of: Self.stranger) == [Self.marker + "\none"])
    }

    @Test(arguments: ForgeServer.Kind.allCases, ["403 Forbidden", "404 Not Found"])
    func whereAnEditIsRefusedTheNextIsTried(kind: ForgeServer.Kind, refusal: String) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        place.server.state.withLock {
            $0.comments = [
                .init(id: 1, body: Self.marker + "\nold", author: ForgeServer.accountID, refusal: refusal),
                .init(id: 2, body: Self.marker + "\nolder", author: ForgeServer.accountID)
            ]
        }
        try await show("one", try place.forge())
        #expect(
            place.server.state.value.comments.map(\.body) == ["old", "one"].map { Self.marker + "\n" + $0 })
        place.server.state.withLock { _ = $0.comments.removeLast() }
        try await show("two", try place.forge())
        #expect(
            place.server.state.value.comments.map(\.body) == ["old", "two"].map { Self.marker + "\n" + $0 })
        // What is no refusal of this one comment is not gone around.
        place.server.state.withLock { $0.comments[0].refusal = "500 Internal Server Error" }
        await #expect(throws: ForgeError.self) { try await show("three", try place.forge()) }
        #expect(place.server.state.value.comments.count == 2)
    }

    /// Many comments, on pages that are shorter than asked for, and emptier than full.
    @Test(arguments: ForgeServer.Kind.allCases) func oursIsFoundBehindMany(
        kind: ForgeServer.Kind
    ) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        place.server.state.withLock {
            $0.pageLimit = 10
            $0.comments = (1...55).map { .init(id: $0, body: "chatter", isHidden: $0 > 10 && $0 < 30) }
            $0.comments.append(.init(id: 60, body: Self.marker, author: ForgeServer.accountID))
        }
        try await show("one", try place.forge())
        #expect(bodies(place, of: ForgeServer.accountID) == [Self.marker + "\none"])
    }

    /// So many forks with a branch of our name that ours is on another page.
    @Test(arguments: ForgeServer.Kind.allCases) func oursIsFoundBehindForks(
        kind: ForgeServer.Kind
    ) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        let branch = "slipway/revert-shop"
        place.server.state.withLock {
            $0.pageLimit = 10
            $0.pulls = (100..<125).map {
                .init(number: $0, head: branch, base: "main", title: "x", body: "theirs", isFromFork: true)
            }
        }
        let forge = try place.forge()
        let made = try await forge.propose(branch: branch, into: "main", title: "Revert shop", body: "ours")
        let found = try await forge.propose(branch: branch, into: "main", title: "Revert shop", body: "ours")
        #expect(made == found)
        try await forge.withdraw(branch: branch, reason: "Overtaken.")
        #expect(place.server.state.value.pulls.filter { !$0.isOpen }.map(\.number) == [made.number])
    }

    @Test(arguments: ForgeServer.Kind.allCases, [nil, 2])
    func theLastWordOfEachReviewerCounts(kind: ForgeServer.Kind, pageLimit: Int?) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        place.server.state.withLock {
            $0.pageLimit = pageLimit
            $0.reviews = [
                .init("anna", "APPROVED"), .init("bert", "APPROVED", isDismissed: true),
                .init("carl", "CHANGES_REQUESTED"), .init("dora", "APPROVED"),
                .init("anna", "CHANGES_REQUESTED"), .init("carl", "APPROVED"), .init("dora", "COMMENTED"),
                .init(nil, "APPROVED")
            ]
        }
        let commit = try #require(CommitID(String(repeating: "4", count: 40)))
        let found = try await place.forge().pullRequest(of: commit)
        #expect(found?.approvers == ["carl", "dora"])
    }

    /// Of two statuses of one second the later one stands.
    @Test(arguments: ForgeServer.Kind.allCases) func theNewestStatusIsTheOneThatStands(
        kind: ForgeServer.Kind
    ) async throws {
        let place = try ForgePlace(kind)
        defer { place.check() }
        let forge = try place.forge()
        let commit = try #require(CommitID(String(repeating: "4", count: 40)))
        func status(_ state: CommitStatus.State) -> CommitStatus {
            CommitStatus(commit: commit, context: .deploy, state: state, description: "\(state)")
        }
        try await forge.show(status(.pending), mayBeThere: false)
        try await forge.show(status(.success), mayBeThere: false)
        try await forge.show(status(.success), mayBeThere: true)
        #expect(place.server.state.value.statuses.map(\.description) == ["pending", "success"])
        try await forge.show(status(.pending), mayBeThere: true)
        #expect(place.server.state.value.statuses.map(\.description) == ["pending", "success", "pending"])
    }
}
