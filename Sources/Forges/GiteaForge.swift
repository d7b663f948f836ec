public import HTTPClient
public import Model
public import Ports

/// Gitea and Forgejo, by version 1 of their API.
public struct GiteaForge: Forge {
    private let client: ForgeClient
    private let path: [String]
    private let marker: String
    public var kind: String { ForgeConfiguration.Kind.gitea.rawValue }

    public init(configuration: ForgeConfiguration, http: HTTPClient) {
        client = ForgeClient(configuration: configuration, http: http) { token in
            [("Authorization", "token \(token)")]
        }
        path = ["repos"] + configuration.repository.split(separator: "/").map(String.init)
        marker = "<!-- \(configuration.marker) -->"
    }

    public func reference(ofPullRequest number: Int) -> String { "refs/pull/\(number)/head" }

    public func show(_ status: CommitStatus, mayBeThere: Bool) async throws(ForgeError) {
        if mayBeThere {
            let known = try await client.get(
                [WireStatus].self, path + ["commits", status.commit.rawValue, "statuses"],
                [("sort", "recentupdate"), ("limit", "50")])
            let last = known.first { $0.context == status.context.rawValue }
            if last?.status == status.state.rawValue, last?.description == status.description { return }
        }
        try await client.send(
            "POST", path + ["statuses", status.commit.rawValue],
            NewStatus(
                state: status.state.rawValue, context: status.context.rawValue,
                description: status.description))
    }

    public func show(_ comment: PlanComment) async throws(ForgeError) {
        let issue = path + ["issues", "\(comment.pullRequest)", "comments"]
        let body = NewBody(body: marker + "\n" + comment.body)
        // All comments of an issue come at once here.
        let known = try await client.get([WireComment].self, issue).first {
            $0.body?.hasPrefix(marker) == true
        }
        guard let known else {
            try await client.send("POST", issue, body)
            return
        }
        if known.body == body.body { return }
        try await client.send("PATCH", path + ["issues", "comments", "\(known.id)"], body)
    }

    public func propose(
        branch: String, into base: String, title: String, body: String
    ) async throws(ForgeError) -> PullRequest {
        if let open = try await open(branch) { return GitHubForge.pullRequest(open) }
        try await client.send(
            "POST", path + ["pulls"], NewPull(title: title, head: branch, base: base, body: body))
        guard let made = try await open(branch) else {
            throw ForgeError(.protocolViolation, "a pull request from \(branch) was made and is not there")
        }
        return GitHubForge.pullRequest(made)
    }

    public func withdraw(branch: String, reason: String) async throws(ForgeError) {
        guard let open = try await open(branch) else { return }
        try await client.send("POST", path + ["issues", "\(open.number)", "comments"], NewBody(body: reason))
        try await client.send("PATCH", path + ["pulls", "\(open.number)"], NewState(state: "closed"))
    }

    /// A fork may have a branch of the same name: a pull request from there is not ours.
    private func open(_ branch: String) async throws(ForgeError) -> WirePull? {
        try await client.list(WirePull.self, path + ["pulls"], [("state", "open")], size: "limit")
            .first { $0.head?.ref == branch && $0.head?.repo_id == $0.base?.repo_id }
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
            WireReview.self, path + ["pulls", "\(pull.number)", "reviews"], size: "limit")
        return GitHubForge.pullRequest(pull, reviews)
    }
}
