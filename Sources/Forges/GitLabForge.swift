public import HTTPClient
public import Model
public import Ports

/// GitLab, by version 4 of its API. Its merge requests are what others call pull requests.
public struct GitLabForge: Forge {
    private let client: ForgeClient
    private let path: [String]
    private let marker: String
    public var kind: String { ForgeConfiguration.Kind.gitlab.rawValue }

    public init(configuration: ForgeConfiguration, http: HTTPClient) {
        client = ForgeClient(configuration: configuration, http: http) { token in [("PRIVATE-TOKEN", token)] }
        // One part: the slashes of the project's path are encoded.
        path = ["projects", configuration.repository]
        marker = "<!-- \(configuration.marker) -->"
    }

    private struct Status: Decodable {
        var name: String?
        var status: String?
        var description: String?
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
        if mayBeThere {
            let known = try await client.get(
                [Status].self, path + ["repository", "commits", status.commit.rawValue, "statuses"],
                [("name", status.context.rawValue), ("per_page", "100")])
            let last = known.last { $0.name == status.context.rawValue }
            if last?.status == state, last?.description == status.description { return }
        }
        do throws(ForgeError) {
            try await client.send(
                "POST", path + ["statuses", status.commit.rawValue],
                NewGitLabStatus(state: state, name: status.context.rawValue, description: status.description))
        } catch  where error.code == .refused && error.message.contains("Cannot transition status") {
            // It is in that state already; GitLab takes no other description for the same state.
        }
    }

    public func show(_ comment: PlanComment) async throws(ForgeError) {
        let notes = path + ["merge_requests", "\(comment.pullRequest)", "notes"]
        let body = NewBody(body: marker + "\n" + comment.body)
        let known = try await client.list(WireComment.self, notes).first {
            $0.body?.hasPrefix(marker) == true
        }
        guard let known else {
            try await client.send("POST", notes, body)
            return
        }
        if known.body == body.body { return }
        try await client.send("PUT", notes + ["\(known.id)"], body)
    }

    public func propose(
        branch: String, into base: String, title: String, body: String
    ) async throws(ForgeError) -> PullRequest {
        if let open = try await open(branch) { return Self.pullRequest(open, []) }
        try await client.send(
            "POST", path + ["merge_requests"],
            NewMergeRequest(
                source_branch: branch, target_branch: base, title: title, description: body,
                remove_source_branch: true))
        guard let made = try await open(branch) else {
            throw ForgeError(.protocolViolation, "a merge request from \(branch) was made and is not there")
        }
        return Self.pullRequest(made, [])
    }

    public func withdraw(branch: String, reason: String) async throws(ForgeError) {
        guard let open = try await open(branch) else { return }
        let request = path + ["merge_requests", "\(open.iid)"]
        try await client.send("POST", request + ["notes"], NewBody(body: reason))
        try await client.send("PUT", request, NewEvent(state_event: "close"))
    }

    /// A fork may have a branch of the same name: a merge request from there is not ours.
    private func open(_ branch: String) async throws(ForgeError) -> MergeRequest? {
        let query = [("state", "opened"), ("source_branch", branch)]
        return try await client.get([MergeRequest].self, path + ["merge_requests"], query).first {
            $0.source_project_id == $0.target_project_id
        }
    }

    public func pullRequest(of commit: CommitID) async throws(ForgeError) -> PullRequest? {
        let requests = try await client.get(
            [MergeRequest].self, path + ["repository", "commits", commit.rawValue, "merge_requests"])
        guard let request = requests.first(where: { $0.state == "merged" }) else { return nil }
        let approvals = try await client.get(
            Approvals.self, path + ["merge_requests", "\(request.iid)", "approvals"])
        return Self.pullRequest(request, (approvals.approved_by ?? []).compactMap(\.user?.username).sorted())
    }

    private static func pullRequest(_ request: MergeRequest, _ approvers: [String]) -> PullRequest {
        PullRequest(
            number: request.iid, title: request.title ?? "", author: request.author?.username ?? "",
            url: request.web_url ?? "", approvers: approvers)
    }
}
