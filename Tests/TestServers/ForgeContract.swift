/// What a forge's documentation allows to be asked: every request to a `ForgeServer` is held to it.
struct ForgeContract: Sendable {
    enum Rule: Sendable {
        /// With at most so many Unicode scalars.
        case text(Int)
        case oneOf([String])
        case number(ClosedRange<Int>)
        case flag
        case list

        func allows(_ value: JSONValue) -> Bool {
            switch (self, value) {
            case (.text(let most), .text(let text)): text.unicodeScalars.count <= most
            case (.oneOf(let words), .text(let text)): words.contains(text)
            case (.number(let range), .number(let number)): range.contains(number)
            case (.flag, .flag), (.list, .array): true
            default: false
            }
        }

        /// In a query everything is text.
        func allows(_ text: String) -> Bool {
            switch self {
            case .text, .oneOf: allows(JSONValue.text(text))
            case .number(let range): Int(text).map { range.contains($0) } ?? false
            case .flag: ["true", "false"].contains(text)
            case .list: true
            }
        }
    }

    struct Operation: Sendable {
        var method: String
        /// Parts in braces stand for anything.
        var path: [String]
        var query: [String: Rule] = [:]
        var body: [String: Rule] = [:]
        var required: [String] = []

        init(
            _ line: String, query: [String: Rule] = [:], body: [String: Rule] = [:], required: [String] = []
        ) {
            let words = line.split(separator: " ").map(String.init)
            method = words[0]
            path = words[1].split(separator: "/").map(String.init)
            self.query = query
            self.body = body
            self.required = required
        }

        func isMeant(_ method: String, _ parts: [String]) -> Bool {
            method == self.method && parts.count == path.count
                && zip(path, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
    }

    var operations: [Operation]
    /// Names in lower case, and what they hold; empty: anything.
    var headers: [String: String]

    /// What the documentation does not allow about a request; `nil`: all is well.
    func objection(
        _ method: String, _ parts: [String], query: String, headers sent: [String: String], body: String
    ) -> String? {
        guard let operation = operations.first(where: { $0.isMeant(method, parts) }) else {
            return "no such call is documented"
        }
        for (name, value) in headers {
            guard let found = sent[name], value.isEmpty || found == value else {
                return "the header \(name) is \(sent[name] ?? "missing")"
            }
        }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { ForgeServer.decoded(String($0)) }
            guard let rule = operation.query[parts[0]] else { return "the parameter \(parts[0]) is unknown" }
            guard rule.allows(parts.count == 2 ? parts[1] : "") else {
                return "the parameter \(pair) has another form"
            }
        }
        guard method != "GET" else { return body.isEmpty ? nil : "a GET has no body" }
        guard sent["content-type"] == "application/json" else { return "the body is said to be no JSON" }
        guard let fields = JSONValue(parsing: body).object else { return "the body is no object" }
        for (name, value) in fields {
            guard let rule = operation.body[name] else { return "the field \(name) is unknown" }
            guard rule.allows(value) else { return "the field \(name) has another form: \(value)" }
        }
        for name in operation.required where fields[name] == nil { return "the field \(name) is missing" }
        return nil
    }

    static func of(_ kind: ForgeServer.Kind) -> ForgeContract {
        switch kind {
        case .github: github
        case .gitlab: gitlab
        case .gitea: gitea
        }
    }

    private static let any = Int.max
    private static let pages: [String: Rule] = ["per_page": .number(1...100), "page": .number(1...any)]

    /// GitHub's OpenAPI description, version 2022-11-28. The lengths are those of its validation.
    private static let github = ForgeContract(
        operations: [
            Operation("GET user"),
            Operation(
                "POST repos/{owner}/{repo}/statuses/{sha}",
                body: [
                    "state": .oneOf(["error", "failure", "pending", "success"]), "target_url": .text(any),
                    "description": .text(140), "context": .text(255)
                ], required: ["state"]),
            Operation("GET repos/{owner}/{repo}/commits/{ref}/statuses", query: pages),
            Operation(
                "GET repos/{owner}/{repo}/issues/{issue_number}/comments",
                query: pages.merging(["since": .text(any)]) { $1 }),
            Operation(
                "POST repos/{owner}/{repo}/issues/{issue_number}/comments", body: ["body": .text(65_536)],
                required: ["body"]),
            Operation(
                "PATCH repos/{owner}/{repo}/issues/comments/{comment_id}", body: ["body": .text(65_536)],
                required: ["body"]),
            Operation(
                "GET repos/{owner}/{repo}/pulls",
                query: pages.merging([
                    "state": .oneOf(["open", "closed", "all"]), "head": .text(any), "base": .text(any),
                    "sort": .oneOf(["created", "updated", "popularity", "long-running"]),
                    "direction": .oneOf(["asc", "desc"])
                ]) { $1 }),
            Operation(
                "POST repos/{owner}/{repo}/pulls",
                body: [
                    "title": .text(256), "head": .text(any), "head_repo": .text(any), "base": .text(any),
                    "body": .text(65_536), "maintainer_can_modify": .flag, "draft": .flag,
                    "issue": .number(1...any)
                ], required: ["head", "base"]),
            Operation(
                "PATCH repos/{owner}/{repo}/pulls/{pull_number}",
                body: [
                    "title": .text(256), "body": .text(65_536), "state": .oneOf(["open", "closed"]),
                    "base": .text(any), "maintainer_can_modify": .flag
                ]),
            Operation("GET repos/{owner}/{repo}/commits/{commit_sha}/pulls", query: pages),
            Operation("GET repos/{owner}/{repo}/pulls/{pull_number}/reviews", query: pages)
        ],
        headers: [
            "user-agent": "", "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28"
        ])

    private static let giteaPages: [String: Rule] = ["limit": .number(1...50), "page": .number(1...any)]

    /// Gitea's OpenAPI description, of 1.26, and Forgejo's, as far as both agree.
    private static let gitea = ForgeContract(
        operations: [
            Operation("GET user"),
            Operation(
                "POST repos/{owner}/{repo}/statuses/{sha}",
                body: [
                    "state": .oneOf(["pending", "success", "error", "failure", "warning"]),
                    "target_url": .text(any), "description": .text(any), "context": .text(any)
                ]),
            Operation(
                "GET repos/{owner}/{repo}/commits/{ref}/statuses",
                query: giteaPages.merging([
                    "sort": .oneOf(["oldest", "recentupdate", "leastupdate", "leastindex", "highestindex"]),
                    "state": .oneOf(["pending", "success", "error", "failure", "warning"])
                ]) { $1 }),
            Operation(
                "GET repos/{owner}/{repo}/issues/{index}/comments",
                query: ["since": .text(any), "before": .text(any)]),
            Operation(
                "POST repos/{owner}/{repo}/issues/{index}/comments",
                body: ["body": .text(any), "updated_at": .text(any)], required: ["body"]),
            Operation(
                "PATCH repos/{owner}/{repo}/issues/comments/{id}",
                body: ["body": .text(any), "updated_at": .text(any)], required: ["body"]),
            Operation(
                "GET repos/{owner}/{repo}/pulls",
                query: giteaPages.merging([
                    "state": .oneOf(["open", "closed", "all"]),
                    "sort": .oneOf([
                        "oldest", "recentupdate", "leastupdate", "mostcomment", "leastcomment", "priority"
                    ]), "milestone": .number(1...any), "labels": .list, "poster": .text(any)
                ]) { $1 }),
            Operation(
                "POST repos/{owner}/{repo}/pulls",
                body: [
                    "assignee": .text(any), "assignees": .list, "base": .text(any), "body": .text(any),
                    "due_date": .text(any), "head": .text(any), "labels": .list,
                    "milestone": .number(1...any),
                    "title": .text(255)
                ]),
            Operation(
                "PATCH repos/{owner}/{repo}/pulls/{index}",
                body: [
                    "allow_maintainer_edit": .flag, "assignee": .text(any), "assignees": .list,
                    "base": .text(any), "body": .text(any), "due_date": .text(any), "labels": .list,
                    "milestone": .number(1...any), "state": .oneOf(["open", "closed"]), "title": .text(255),
                    "unset_due_date": .flag
                ]),
            Operation("GET repos/{owner}/{repo}/commits/{sha}/pull"),
            Operation("GET repos/{owner}/{repo}/pulls/{index}/reviews", query: giteaPages)
        ],
        headers: ["accept": "application/json"])

    /// The pages of GitLab's documentation: commits, notes, merge requests, merge request approvals.
    private static let gitlab = ForgeContract(
        operations: [
            Operation("GET user"),
            Operation(
                "POST projects/{id}/statuses/{sha}",
                body: [
                    "state": .oneOf(["pending", "running", "success", "failed", "canceled", "skipped"]),
                    "ref": .text(255), "name": .text(255), "context": .text(255), "target_url": .text(255),
                    "description": .text(255), "pipeline_id": .number(1...any)
                ], required: ["state"]),
            Operation(
                "GET projects/{id}/repository/commits/{sha}/statuses",
                query: pages.merging([
                    "all": .flag, "name": .text(any), "ref": .text(any), "stage": .text(any),
                    "order_by": .oneOf(["id", "pipeline_id"]), "pipeline_id": .number(1...any),
                    "sort": .oneOf(["asc", "desc"])
                ]) { $1 }),
            Operation(
                "GET projects/{id}/merge_requests/{merge_request_iid}/notes",
                query: pages.merging([
                    "sort": .oneOf(["asc", "desc"]), "order_by": .oneOf(["created_at", "updated_at"])
                ]) { $1 }),
            Operation(
                "POST projects/{id}/merge_requests/{merge_request_iid}/notes",
                body: [
                    "body": .text(1_000_000), "internal": .flag, "created_at": .text(any),
                    "merge_request_diff_head_sha": .text(any)
                ], required: ["body"]),
            Operation(
                "PUT projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}",
                body: ["body": .text(1_000_000)]),
            Operation(
                "GET projects/{id}/merge_requests",
                query: pages.merging([
                    "state": .oneOf(["opened", "closed", "locked", "merged", "all"]),
                    "source_branch": .text(any), "target_branch": .text(any),
                    "scope": .oneOf(["created_by_me", "assigned_to_me", "all"]),
                    "order_by": .oneOf(["created_at", "updated_at", "title"]), "sort": .oneOf(["asc", "desc"])
                ]) { $1 }),
            Operation(
                "POST projects/{id}/merge_requests",
                body: [
                    "source_branch": .text(any), "target_branch": .text(any), "title": .text(255),
                    "description": .text(1_048_576), "remove_source_branch": .flag, "squash": .flag,
                    "labels": .text(any), "assignee_id": .number(0...any),
                    "target_project_id": .number(1...any)
                ], required: ["source_branch", "target_branch", "title"]),
            Operation(
                "PUT projects/{id}/merge_requests/{merge_request_iid}",
                body: [
                    "state_event": .oneOf(["close", "reopen"]), "title": .text(255),
                    "description": .text(1_048_576), "target_branch": .text(any),
                    "remove_source_branch": .flag, "labels": .text(any)
                ]),
            Operation(
                "GET projects/{id}/repository/commits/{sha}/merge_requests",
                query: pages.merging(["state": .oneOf(["opened", "closed", "locked", "merged"])]) { $1 }),
            Operation("GET projects/{id}/merge_requests/{merge_request_iid}/approvals")
        ],
        headers: ["accept": "application/json"])
}
