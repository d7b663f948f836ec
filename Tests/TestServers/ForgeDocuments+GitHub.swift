/// GitHub's answers.
extension ForgeDocuments {
    static func githubUser(_ id: Int, _ name: String, isSparse: Bool = false) -> JSONValue {
        JSONValue.object(
            addresses(
                """
                url avatar_url html_url followers_url following_url gists_url starred_url subscriptions_url \
                organizations_url repos_url events_url received_events_url
                """, at: "https://api.github.com/users/\(name)")
        ).with([
            "login": .text(name), "id": .number(id), "node_id": "MDQ6VXNlcjE=", "gravatar_id": "",
            "type": "User", "site_admin": false, "name": .text(name), "email": "a@example.com",
            "starred_at": "2026-01-02T03:04:05Z", "user_view_type": "public"
        ]).sparse(
            null: isSparse ? ["gravatar_id"] : [],
            missing: isSparse ? ["name", "email", "starred_at", "user_view_type"] : [])
    }

    static func githubRepository(_ id: Int, _ name: String, isSparse: Bool) -> JSONValue {
        JSONValue.object(
            addresses(
                """
                url html_url archive_url assignees_url blobs_url branches_url collaborators_url comments_url \
                commits_url compare_url contents_url contributors_url deployments_url downloads_url events_url \
                forks_url git_commits_url git_refs_url git_tags_url git_url issue_comment_url issue_events_url \
                issues_url keys_url labels_url languages_url merges_url milestones_url notifications_url \
                pulls_url releases_url ssh_url stargazers_url statuses_url subscribers_url subscription_url \
                tags_url teams_url trees_url clone_url mirror_url hooks_url svn_url homepage
                """, at: "https://api.github.com/repos/\(name)")
        ).with([
            "id": .number(id), "node_id": "R_1", "name": "apps", "full_name": .text(name),
            "owner": githubUser(9, "team", isSparse: isSparse), "private": true, "description": "Our apps",
            "fork": false, "language": "YAML", "forks_count": 0, "stargazers_count": 1, "watchers_count": 1,
            "size": 108, "default_branch": "main", "open_issues_count": 2, "is_template": false,
            "topics": ["apps"], "has_issues": true, "has_projects": true, "has_wiki": false,
            "has_pages": false, "has_downloads": true, "has_discussions": false, "archived": false,
            "disabled": false, "visibility": "private", "pushed_at": time, "created_at": time,
            "updated_at": time, "permissions": ["admin": false, "push": true, "pull": true],
            "license": ["key": "mit", "name": "MIT License", "url": nil, "spdx_id": "MIT", "node_id": "L1"],
            "forks": 0, "open_issues": 2, "watchers": 1, "web_commit_signoff_required": false
        ]).sparse(
            null: isSparse
                ? [
                    "description", "language", "homepage", "mirror_url", "license", "pushed_at", "created_at",
                    "updated_at"
                ] : [],
            missing: isSparse ? ["is_template", "topics", "permissions", "visibility"] : [])
    }

    static func githubStatus(_ status: ForgeServer.Status, _ id: Int, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "url": .text("https://api.github.com/repos/team/apps/statuses/\(status.commit)"),
            "avatar_url": "https://github.com/images/1.gif", "id": .number(id), "node_id": "S_1",
            "state": .text(status.state), "description": .text(status.description),
            "target_url": "https://ci.example.com/1", "context": .text(status.context), "created_at": time,
            "updated_at": time,
            "creator": githubUser(ForgeServer.accountID, ForgeServer.account, isSparse: isSparse)
        ]).sparse(null: isSparse ? ["avatar_url", "target_url"] : [])
    }

    static func githubComment(_ comment: ForgeServer.Comment, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(comment.id), "node_id": "IC_1",
            "url": .text("https://api.github.com/repos/team/apps/issues/comments/\(comment.id)"),
            "body": .text(comment.body), "body_text": .text(comment.body), "body_html": .text(comment.body),
            "html_url": .text("https://github.com/team/apps/issues/7#issuecomment-\(comment.id)"),
            "user": comment.author.map { githubUser($0, "u\($0)", isSparse: isSparse) } ?? .null,
            "created_at": time, "updated_at": time,
            "issue_url": "https://api.github.com/repos/team/apps/issues/7",
            "author_association": "COLLABORATOR",
            "performed_via_github_app": ["id": 1, "slug": "app", "node_id": "A_1", "name": "App"],
            "reactions": ["url": "https://api.github.com/r", "total_count": 0, "+1": 0, "-1": 0, "laugh": 0],
            "pin": nil, "minimized": nil
        ]).sparse(
            null: isSparse ? ["performed_via_github_app"] : [],
            missing: isSparse
                ? ["body_text", "body_html", "reactions", "pin", "minimized", "author_association"] : [])
    }

    private static func githubSide(
        _ branch: String, _ commit: String, _ repository: Int?, isSparse: Bool
    ) -> JSONValue {
        [
            "label": .text("team:\(branch)"), "ref": .text(branch), "sha": .text(commit),
            "user": isSparse ? .null : githubUser(9, "team"),
            "repo": repository.map { githubRepository($0, "team/apps", isSparse: isSparse) } ?? .null
        ]
    }

    public static func githubPull(_ pull: ForgeServer.Pull, isSparse: Bool = false) -> JSONValue {
        let links = "self html issue comments review_comments review_comment commits statuses"
            .split(separator: " ").map { ("\($0)", JSONValue.object(["href": "https://api.github.com/x"])) }
        return JSONValue.object(
            addresses(
                """
                url diff_url patch_url issue_url commits_url review_comments_url review_comment_url \
                comments_url statuses_url
                """, at: "https://api.github.com/repos/team/apps/pulls/\(pull.number)")
        ).with([
            "id": .number(1_000_000 + pull.number), "node_id": "PR_1", "number": .number(pull.number),
            "html_url": .text("https://git.example.com/pulls/\(pull.number)"),
            "state": .text(pull.isOpen ? "open" : "closed"), "locked": false, "title": .text(pull.title),
            "user": githubUser(ForgeServer.accountID, "anna", isSparse: isSparse), "body": .text(pull.body),
            "labels": [
                [
                    "id": 208, "node_id": "L_1", "url": "https://api.github.com/l", "name": "revert",
                    "description": "Takes back", "color": "f29513", "default": false
                ]
            ],
            "milestone": ["id": 1, "number": 1, "state": "open", "title": "v1", "due_on": nil],
            "active_lock_reason": "resolved", "created_at": time, "updated_at": time,
            "closed_at": pull.isOpen ? .null : time, "merged_at": pull.isMerged ? time : .null,
            "merge_commit_sha": "e5bd3914e2e596debea16f433f57875b5b90bcd6",
            "assignee": githubUser(3, "carl"), "assignees": [githubUser(3, "carl")],
            "requested_reviewers": [githubUser(4, "dora")],
            "requested_teams": [["id": 1, "node_id": "T_1", "name": "Justice", "slug": "justice"]],
            "head": githubSide(
                pull.head, pull.headCommit, pull.isFromFork ? (isSparse ? nil : 2) : 1, isSparse: isSparse),
            "base": githubSide(pull.base, String(repeating: "b", count: 40), 1, isSparse: isSparse),
            "_links": .object(Dictionary(uniqueKeysWithValues: links)), "author_association": "OWNER",
            "auto_merge": ["enabled_by": githubUser(3, "carl"), "merge_method": "squash"], "draft": false
        ]).sparse(
            null: isSparse
                ? ["body", "milestone", "active_lock_reason", "merge_commit_sha", "assignee", "auto_merge"]
                : [],
            missing: isSparse ? ["assignees", "requested_reviewers", "requested_teams", "draft"] : [])
    }

    static func githubReview(_ review: ForgeServer.Review, _ id: Int, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(id), "node_id": "PRR_1", "user": review.user.map { githubUser(3, $0) } ?? .null,
            "body": "Here is the body.", "state": .text(review.isDismissed ? "DISMISSED" : review.state),
            "html_url": "https://github.com/r", "pull_request_url": "https://api.github.com/p",
            "_links": ["html": ["href": "https://github.com/r"], "pull_request": ["href": "https://x"]],
            "submitted_at": time, "commit_id": "ecdd80bb57125d7ba9641ffaa4d7d2c19d3f3091",
            "author_association": "COLLABORATOR", "body_html": "x", "body_text": "x"
        ]).sparse(
            null: isSparse ? ["commit_id"] : [],
            missing: isSparse ? ["submitted_at", "body_html", "body_text"] : [])
    }
}
