internal import Model
internal import Ports

/// What GitHub and Gitea take in the same words: comments, and pull requests that Slipway itself makes.
struct GitHubCalls: Sendable {
    var client: ForgeClient
    /// Of the repository.
    var path: [String]
    var marker: String

    func show(_ status: CommitStatus) async throws(ForgeError) {
        try await client.send(
            "POST", path + ["statuses", status.commit.rawValue],
            NewStatus(
                state: status.state.rawValue, context: status.context.rawValue,
                description: status.description))
    }

    func comments(_ number: Int) -> [String] { path + ["issues", "\(number)", "comments"] }

    /// - Parameter known: the comments that are there.
    func show(_ comment: PlanComment, known: [WireComment]) async throws(ForgeError) {
        let body = NewBody(body: marker + "\n" + comment.body)
        guard let known = known.first(where: { $0.body?.hasPrefix(marker) == true }) else {
            try await client.send("POST", comments(comment.pullRequest), body)
            return
        }
        if known.body == body.body { return }
        try await client.send("PATCH", path + ["issues", "comments", "\(known.id)"], body)
    }

    /// - Parameter open: the pull request of the branch that is open now.
    func propose(
        _ pull: NewPull, open: () async throws(ForgeError) -> WirePull?
    ) async throws(ForgeError) -> PullRequest {
        if let open = try await open() { return Self.pullRequest(open) }
        try await client.send("POST", path + ["pulls"], pull)
        guard let made = try await open() else {
            throw ForgeError(
                .protocolViolation, "a pull request from \(pull.head) was made and is not there")
        }
        return Self.pullRequest(made)
    }

    func withdraw(_ open: WirePull?, reason: String) async throws(ForgeError) {
        guard let open else { return }
        try await client.send("POST", comments(open.number), NewBody(body: reason))
        try await client.send("PATCH", path + ["pulls", "\(open.number)"], NewState(state: "closed"))
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
