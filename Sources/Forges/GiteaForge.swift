public import HTTPClient
public import Model
public import Ports

/// Gitea and Forgejo, by version 1 of their API.
public struct GiteaForge: Forge {
    private var client: ForgeClient { calls.client }
    private var path: [String] { calls.path }
    private let calls: GitHubCalls
    public var kind: String { ForgeConfiguration.Kind.gitea.rawValue }

    /// As many as it gives at once unless its administrator allows more.
    private static let pageSize = ("limit", 50)

    public init(configuration: ForgeConfiguration, http: HTTPClient) {
        let client = ForgeClient(configuration: configuration, http: http) { token in
            [("Authorization", "token \(token)"), ("Accept", "application/json")]
        }
        calls = GitHubCalls(
            review: ForgeReview(client: client, limits: .gitea, marker: configuration.marker),
            path: ["repos"] + configuration.repository.split(separator: "/").map(String.init))
    }

    public func reference(ofPullRequest number: Int) -> String { "refs/pull/\(number)/head" }

    public func show(_ status: CommitStatus, mayBeThere: Bool) async throws(ForgeError) {
        var known: [WireStatus] = []
        if mayBeThere {
            known = try await client.get(
                [WireStatus].self, path + ["commits", status.commit.rawValue, "statuses"],
                [("sort", "recentupdate"), ("limit", "50")])
        }
        try await calls.show(status, known: known)
    }

    public func show(_ comment: PlanComment) async throws(ForgeError) {
        // All comments of an issue come at once here.
        let known = try await client.get([WireComment].self, calls.comments(comment.pullRequest))
        try await calls.show(comment, known: known)
    }

    public func propose(
        branch: String, into base: String, title: String, body: String
    ) async throws(ForgeError) -> PullRequest {
        try await calls.propose(NewPull(title: title, head: branch, base: base, body: body)) {
            () async throws(ForgeError) in try await open(branch)
        }
    }

    public func withdraw(branch: String, reason: String) async throws(ForgeError) {
        try await calls.withdraw(open(branch), reason: reason)
    }

    private func open(_ branch: String) async throws(ForgeError) -> PullRequest? {
        try await client.list(WirePull.self, path + ["pulls"], [("state", "open")], size: Self.pageSize)
            .first { $0.head?.ref == branch && $0.isFromHere }
            .map { GitHubCalls.pullRequest($0) }
    }

    public func pullRequest(of commit: CommitID) async throws(ForgeError) -> PullRequest? {
        let pull: WirePull
        do throws(ForgeError) {
            pull = try await client.get(WirePull.self, path + ["commits", commit.rawValue, "pull"])
        } catch  where error.code == .notFound {
            return nil
        }
        guard pull.merged_at != nil else { return nil }
        let reviews = try await client.list(
            WireReview.self, path + ["pulls", "\(pull.number)", "reviews"], size: Self.pageSize)
        return GitHubCalls.pullRequest(pull, reviews)
    }
}
