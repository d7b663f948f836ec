public import HTTPClient
public import Model
public import Ports

/// GitHub and GitHub Enterprise, by version 2022-11-28 of the REST API.
public struct GitHubForge: Forge {
    private var client: ForgeClient { calls.client }
    private var path: [String] { calls.path }
    private let owner: String
    private let calls: GitHubCalls
    public var kind: String { ForgeConfiguration.Kind.github.rawValue }

    public init(configuration: ForgeConfiguration, http: HTTPClient) {
        let client = ForgeClient(configuration: configuration, http: http) { token in
            [
                ("Authorization", "Bearer \(token)"), ("X-GitHub-Api-Version", "2022-11-28"),
                ("Accept", "application/vnd.github+json")
            ]
        }
        let parts = configuration.repository.split(separator: "/").map(String.init)
        owner = parts.first ?? ""
        calls = GitHubCalls(
            review: ForgeReview(client: client, limits: .github, marker: configuration.marker),
            path: ["repos"] + parts)
    }

    public func reference(ofPullRequest number: Int) -> String { "refs/pull/\(number)/head" }

    public func show(_ status: CommitStatus, mayBeThere: Bool) async throws(ForgeError) {
        var known: [WireStatus] = []
        if mayBeThere {
            // Newest first.
            known = try await client.get(
                [WireStatus].self, path + ["commits", status.commit.rawValue, "statuses"],
                [("per_page", "100")])
        }
        try await calls.show(status, known: known)
    }

    public func show(_ comment: PlanComment) async throws(ForgeError) {
        let known = try await client.list(WireComment.self, calls.comments(comment.pullRequest))
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
        // `head` tells owners apart, and an owner may have a fork of their own repository beside it.
        let query = [("state", "open"), ("head", "\(owner):\(branch)")]
        return try await client.list(WirePull.self, path + ["pulls"], query)
            .first { $0.head?.ref == branch && $0.isFromHere }
            .map { GitHubCalls.pullRequest($0) }
    }

    public func pullRequest(of commit: CommitID) async throws(ForgeError) -> PullRequest? {
        let pulls = try await client.list(WirePull.self, path + ["commits", commit.rawValue, "pulls"])
        guard let pull = pulls.first(where: { $0.merged_at != nil }) else { return nil }
        let reviews = try await client.list(WireReview.self, path + ["pulls", "\(pull.number)", "reviews"])
        return GitHubCalls.pullRequest(pull, reviews)
    }
}
