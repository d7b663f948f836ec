public import HTTPClient
public import Model
public import Ports

/// GitHub and GitHub Enterprise, by version 2022-11-28 of the REST API.
public struct GitHubForge: Forge {
    private let client: ForgeClient
    private let path: [String]
    private let owner: String
    private let marker: String
    public var kind: String { ForgeConfiguration.Kind.github.rawValue }

    public init(configuration: ForgeConfiguration, http: HTTPClient) {
        client = ForgeClient(configuration: configuration, http: http) { token in
            [("Authorization", "Bearer \(token)"), ("X-GitHub-Api-Version", "2022-11-28")]
        }
        let parts = configuration.repository.split(separator: "/").map(String.init)
        owner = parts.first ?? ""
        path = ["repos"] + parts
        marker = "<!-- \(configuration.marker) -->"
    }

    public func reference(ofPullRequest number: Int) -> String { "refs/pull/\(number)/head" }

    public func show(_ status: CommitStatus, mayBeThere: Bool) async throws(ForgeError) {
        if mayBeThere {
            // Newest first.
            let known = try await client.get(
                [WireStatus].self, path + ["commits", status.commit.rawValue, "statuses"],
                [("per_page", "100")])
            let last = known.first { $0.context?.lowercased() == status.context.rawValue }
            if last?.state == status.state.rawValue, last?.description == status.description { return }
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
        let known = try await client.list(WireComment.self, issue).first {
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
        if let open = try await open(branch) { return Self.pullRequest(open) }
        try await client.send(
            "POST", path + ["pulls"], NewPull(title: title, head: branch, base: base, body: body))
        guard let made = try await open(branch) else {
            throw ForgeError(.protocolViolation, "a pull request from \(branch) was made and is not there")
        }
        return Self.pullRequest(made)
    }

    public func withdraw(branch: String, reason: String) async throws(ForgeError) {
        guard let open = try await open(branch) else { return }
        try await client.send("POST", path + ["issues", "\(open.number)", "comments"], NewBody(body: reason))
        try await client.send("PATCH", path + ["pulls", "\(open.number)"], NewState(state: "closed"))
    }

    private func open(_ branch: String) async throws(ForgeError) -> WirePull? {
        let query = [("state", "open"), ("head", "\(owner):\(branch)")]
        return try await client.get([WirePull].self, path + ["pulls"], query).first {
            ($0.head?.ref ?? branch) == branch
        }
    }

    public func pullRequest(of commit: CommitID) async throws(ForgeError) -> PullRequest? {
        let pulls = try await client.get([WirePull].self, path + ["commits", commit.rawValue, "pulls"])
        guard let pull = pulls.first(where: { $0.merged_at != nil }) else { return nil }
        let reviews = try await client.list(WireReview.self, path + ["pulls", "\(pull.number)", "reviews"])
        return Self.pullRequest(pull, reviews)
    }

    static func pullRequest(_ pull: WirePull, _ reviews: [WireReview] = []) -> PullRequest {
        // The last word of each reviewer counts.
        var words: [String: String] = [:]
        for review in reviews {
            guard let name = review.user?.login, let state = review.state?.uppercased(),
                ["APPROVED", "CHANGES_REQUESTED", "REQUEST_CHANGES", "DISMISSED"].contains(state)
            else { continue }
            words[name] = state
        }
        return PullRequest(
            number: pull.number, title: pull.title ?? "", author: pull.user?.login ?? "",
            url: pull.html_url ?? "",
            approvers: words.filter { $0.value == "APPROVED" }.keys.sorted())
    }
}
