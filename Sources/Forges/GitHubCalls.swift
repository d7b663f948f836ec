internal import Model
internal import Ports

/// What GitHub and Gitea take in the same words: statuses, comments, and pull requests that Slipway itself makes.
struct GitHubCalls: Sendable {
    var review: ForgeReview
    /// Of the repository.
    var path: [String]
    var client: ForgeClient { review.client }

    /// - Parameter known: those of the commit, if it may be among them.
    func show(_ status: CommitStatus, known: [WireStatus]) async throws(ForgeError) {
        let text = ForgeText.line(status.description, review.limits.description)
        let last = known.newest(status.context.rawValue)
        if (last?.state ?? last?.status) == status.state.rawValue, last?.description == text { return }
        try await client.create(
            path + ["statuses", status.commit.rawValue],
            NewStatus(state: status.state.rawValue, context: status.context.rawValue, description: text))
    }

    func comments(_ number: Int) -> [String] { path + ["issues", "\(number)", "comments"] }

    /// - Parameter known: the comments that are there.
    func show(_ comment: PlanComment, known: [WireComment]) async throws(ForgeError) {
        try await review.show(comment.body, known: known, path: comments(comment.pullRequest)) {
            ("PATCH", path + ["issues", "comments", "\($0)"])
        }
    }

    /// - Parameter open: the pull request of the branch that is open now.
    func propose(
        _ pull: NewPull, open: () async throws(ForgeError) -> PullRequest?
    ) async throws(ForgeError) -> PullRequest {
        try await review.propose(open: open) { () async throws(ForgeError) in
            let place = path + ["pulls"]
            let bounded = NewPull(
                title: ForgeText.line(pull.title, review.limits.title), head: pull.head, base: pull.base,
                body: ForgeText.body(pull.body, review.limits.body))
            let made = try await client.create(place, bounded)
            return Self.pullRequest(try client.decode(WirePull.self, made, place))
        }
    }

    func withdraw(_ open: PullRequest?, reason: String) async throws(ForgeError) {
        try await review.withdraw(open, reason: reason, path: comments) { (number) async throws(ForgeError) in
            try await client.send("PATCH", path + ["pulls", "\(number)"], NewState(state: "closed"))
        }
    }

    static func pullRequest(_ pull: WirePull, _ reviews: [WireReview] = []) -> PullRequest {
        // The last word of each reviewer counts; what is only a comment is none.
        var words: [String: Bool] = [:]
        for review in reviews {
            guard let name = review.user?.login, let state = review.state?.uppercased(),
                ["APPROVED", "CHANGES_REQUESTED", "REQUEST_CHANGES", "DISMISSED"].contains(state)
            else { continue }
            words[name] = state == "APPROVED" && review.dismissed != true
        }
        return PullRequest(
            number: pull.number, title: pull.title ?? "", author: pull.user?.login ?? "",
            url: pull.html_url ?? "", approvers: words.filter(\.value).keys.sorted())
    }
}
