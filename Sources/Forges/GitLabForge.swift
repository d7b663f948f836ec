public import HTTPClient
public import Model
public import Ports

/// GitLab, by version 4 of its API. Its merge requests are what others call pull requests.
public struct GitLabForge: Forge {
    private var client: ForgeClient { review.client }
    private let path: [String]
    private let review: ForgeReview
    public var kind: String { ForgeConfiguration.Kind.gitlab.rawValue }

    public init(configuration: ForgeConfiguration, http: HTTPClient) {
        let client = ForgeClient(configuration: configuration, http: http) { token in
            [("PRIVATE-TOKEN", token), ("Accept", "application/json")]
        }
        // One part: the slashes of the project's path are encoded.
        path = ["projects", configuration.repository]
        review = ForgeReview(client: client, limits: .gitlab, marker: configuration.marker)
    }

    private struct NewGitLabStatus: Encodable {
        var state: String
        var name: String
        var description: String
    }
    private struct Author: Decodable { var username: String }
    private struct MergeRequest: Decodable {
        var iid: Int
        var title: String?
        var author: Author?
        var web_url: String?
        var state: String?
        var source_project_id: Int64?
        var target_project_id: Int64?
        var isFromHere: Bool { source_project_id != nil && source_project_id == target_project_id }
    }
    private struct Approvals: Decodable {
        struct Approval: Decodable { var user: Author? }
        var approved_by: [Approval]?
    }
    private struct NewMergeRequest: Encodable {
        var source_branch: String
        var target_branch: String
        var title: String
        var description: String
        var remove_source_branch: Bool
    }
    private struct NewEvent: Encodable { var state_event: String }

    public func reference(ofPullRequest number: Int) -> String { "refs/merge-requests/\(number)/head" }

    public func show(_ status: CommitStatus, mayBeThere: Bool) async throws(ForgeError) {
        let state = status.state == .failure ? "failed" : status.state.rawValue
        let text = ForgeText.line(status.description, review.limits.description)
        if mayBeThere {
            let last = try await client.get(
                [WireStatus].self, path + ["repository", "commits", status.commit.rawValue, "statuses"],
                [("name", status.context.rawValue), ("per_page", "100")]
            ).newest(status.context.rawValue)
            if last?.status == state, last?.description == text { return }
        }
        do throws(ForgeError) {
            try await client.create(
                path + ["statuses", status.commit.rawValue],
                NewGitLabStatus(state: state, name: status.context.rawValue, description: text))
        } catch  where error.code == .refused && error.message.contains("Cannot transition status") {
            // It is in that state already; GitLab takes no other description for the same state.
        }
    }

    private func notes(_ number: Int) -> [String] { path + ["merge_requests", "\(number)", "notes"] }

    public func show(_ comment: PlanComment) async throws(ForgeError) {
        let notes = notes(comment.pullRequest)
        // Newest first unless asked; oldest first, ours stays where it is however many follow.
        let known = try await client.list(
            WireComment.self, notes, [("sort", "asc"), ("order_by", "created_at")])
        try await review.show(ForgeText.withoutQuickActions(comment.body), known: known, path: notes) {
            ("PUT", notes + ["\($0)"])
        }
    }

    public func propose(
        branch: String, into base: String, title: String, body: String
    ) async throws(ForgeError) -> PullRequest {
        try await review.propose { () async throws(ForgeError) in
            try await open(branch)
        } make: { () async throws(ForgeError) in
            let place = path + ["merge_requests"]
            let made = try await client.create(
                place,
                NewMergeRequest(
                    source_branch: branch, target_branch: base,
                    title: ForgeText.line(title, review.limits.title),
                    description: ForgeText.body(ForgeText.withoutQuickActions(body), review.limits.body),
                    remove_source_branch: true))
            return Self.pullRequest(try client.decode(MergeRequest.self, made, place))
        }
    }

    public func withdraw(branch: String, reason: String) async throws(ForgeError) {
        let words = ForgeText.withoutQuickActions(reason)
        try await review.withdraw(try await open(branch), reason: words, path: notes) {
            (number) async throws(ForgeError) in
            try await client.send(
                "PUT", path + ["merge_requests", "\(number)"], NewEvent(state_event: "close"))
        }
    }

    /// A fork may have a branch of the same name: a merge request from there is not ours.
    private func open(_ branch: String) async throws(ForgeError) -> PullRequest? {
        let query = [("state", "opened"), ("source_branch", branch)]
        return try await client.list(MergeRequest.self, path + ["merge_requests"], query)
            .first(where: \.isFromHere).map { Self.pullRequest($0) }
    }

    public func pullRequest(of commit: CommitID) async throws(ForgeError) -> PullRequest? {
        let requests = try await client.list(
            MergeRequest.self, path + ["repository", "commits", commit.rawValue, "merge_requests"])
        guard let request = requests.first(where: { $0.state == "merged" }) else { return nil }
        let approvals = try await client.get(
            Approvals.self, path + ["merge_requests", "\(request.iid)", "approvals"])
        return Self.pullRequest(request, (approvals.approved_by ?? []).compactMap(\.user?.username).sorted())
    }

    private static func pullRequest(_ request: MergeRequest, _ approvers: [String] = []) -> PullRequest {
        PullRequest(
            number: request.iid, title: request.title ?? "", author: request.author?.username ?? "",
            url: request.web_url ?? "", approvers: approvers)
    }
}
