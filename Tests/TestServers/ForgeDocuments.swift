/// What forges answer and call with, in the shape that each documents: every field, whether it is read here or not.
/// The values are ours.
///
/// A *sparse* one has null wherever the documentation allows it, and leaves out what it may.
public enum ForgeDocuments {
    static let time: JSONValue = "2026-01-02T03:04:05Z"

    static func addresses(_ names: String, at base: String) -> [String: JSONValue] {
        Dictionary(
            uniqueKeysWithValues: names.split(separator: " ").map { ("\($0)", .text("\(base)/\($0)")) })
    }

    // MARK: GitHub

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

    // MARK: Gitea and Forgejo

    static func giteaUser(_ id: Int, _ name: String) -> JSONValue {
        [
            "id": .number(id), "login": .text(name), "login_name": "", "source_id": 0,
            "full_name": .text(name), "email": "a@noreply.example.com",
            "avatar_url": "https://git.example.com/a", "html_url": .text("https://git.example.com/\(name)"),
            "language": "", "is_admin": false, "last_login": "0001-01-01T00:00:00Z", "created": time,
            "restricted": false, "active": false, "prohibit_login": false, "location": "", "pronouns": "",
            "website": "", "description": "", "visibility": "public", "followers_count": 0,
            "following_count": 0, "starred_repos_count": 0, "username": .text(name)
        ]
    }

    static func giteaRepository(_ id: Int, _ name: String, isSparse: Bool) -> JSONValue {
        JSONValue.object(
            addresses(
                "html_url url link ssh_url clone_url original_url website languages_url avatar_url",
                at: "https://git.example.com/\(name)")
        ).with([
            "id": .number(id), "owner": giteaUser(9, "team"), "name": "apps", "full_name": .text(name),
            "description": "", "empty": false, "private": true, "fork": false, "template": false,
            "mirror": false, "size": 64, "language": "", "stars_count": 0, "forks_count": 0,
            "watchers_count": 1, "open_issues_count": 1, "open_pr_counter": 1, "release_counter": 0,
            "default_branch": "main", "archived": false, "created_at": time, "updated_at": time,
            "archived_at": "1970-01-01T00:00:00Z",
            "permissions": ["admin": false, "push": true, "pull": true], "has_issues": true,
            "internal_tracker": ["enable_time_tracker": true], "has_wiki": true, "has_pull_requests": true,
            "has_projects": true, "has_releases": true, "has_packages": true, "has_actions": true,
            "ignore_whitespace_conflicts": false, "allow_merge_commits": true, "allow_rebase": true,
            "allow_squash_merge": true, "default_merge_style": "merge", "internal": false,
            "mirror_interval": "", "object_format_name": "sha1", "mirror_updated": "0001-01-01T00:00:00Z",
            "repo_transfer": nil, "topics": [], "licenses": [], "parent": nil
        ]).sparse(null: isSparse ? ["permissions", "topics", "licenses", "internal_tracker"] : [])
    }

    static func giteaStatus(_ status: ForgeServer.Status, _ id: Int, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(id), "status": .text(status.state), "target_url": "",
            "description": .text(status.description), "url": "https://git.example.com/api/v1/x",
            "context": .text(status.context),
            "creator": giteaUser(ForgeServer.accountID, ForgeServer.account),
            "created_at": time, "updated_at": time
        ])
    }

    static func giteaComment(_ comment: ForgeServer.Comment, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(comment.id), "html_url": "https://git.example.com/team/apps/pulls/7#c",
            "pull_request_url": "https://git.example.com/team/apps/pulls/7", "issue_url": "",
            "user": comment.author.map { giteaUser($0, "u\($0)") } ?? .null, "original_author": "",
            "original_author_id": 0, "body": .text(comment.body), "assets": [], "created_at": time,
            "updated_at": time
        ]).sparse(null: isSparse ? ["assets"] : [])
    }

    private static func giteaSide(
        _ branch: String, _ commit: String, _ repository: Int, isSparse: Bool
    ) -> JSONValue {
        [
            "label": .text(branch), "ref": .text(branch), "sha": .text(commit),
            "repo_id": .number(repository),
            "repo": isSparse ? .null : giteaRepository(repository, "team/apps", isSparse: false)
        ]
    }

    public static func giteaPull(_ pull: ForgeServer.Pull, isSparse: Bool = false) -> JSONValue {
        JSONValue.object([
            "id": .number(1_000 + pull.number), "url": "https://git.example.com/team/apps/pulls/7",
            "number": .number(pull.number), "user": giteaUser(ForgeServer.accountID, "anna"),
            "title": .text(pull.title), "body": .text(pull.body),
            "labels": [
                [
                    "id": 1, "name": "revert", "exclusive": false, "is_archived": false, "color": "00aabb",
                    "description": "", "url": "https://git.example.com/l"
                ]
            ],
            "milestone": ["id": 1, "title": "v1", "state": "open"], "assignee": giteaUser(3, "carl"),
            "assignees": [giteaUser(3, "carl")], "requested_reviewers": [giteaUser(4, "dora")],
            "requested_reviewers_teams": [], "state": .text(pull.isOpen ? "open" : "closed"), "draft": false,
            "is_locked": false, "comments": 2, "review_comments": 0, "additions": 1, "deletions": 1,
            "changed_files": 1, "html_url": .text("https://git.example.com/pulls/\(pull.number)"),
            "diff_url": "https://git.example.com/x.diff", "patch_url": "https://git.example.com/x.patch",
            "mergeable": true, "merged": .flag(pull.isMerged), "merged_at": pull.isMerged ? time : .null,
            "merge_commit_sha": pull.isMerged ? "e5bd3914e2e596debea16f433f57875b5b90bcd6" : .null,
            "merged_by": pull.isMerged ? giteaUser(3, "carl") : .null, "allow_maintainer_edit": false,
            "base": giteaSide(pull.base, String(repeating: "b", count: 40), 1, isSparse: isSparse),
            "head": giteaSide(pull.head, pull.headCommit, pull.isFromFork ? 2 : 1, isSparse: isSparse),
            "merge_base": .text(String(repeating: "b", count: 40)), "due_date": time, "created_at": time,
            "updated_at": time, "closed_at": pull.isOpen ? .null : time, "pin_order": 0, "flow": 0,
            "content_version": 0
        ]).sparse(
            null: isSparse
                ? [
                    "milestone", "assignee", "assignees", "requested_reviewers", "requested_reviewers_teams",
                    "due_date", "merged_by", "labels"
                ] : [],
            missing: isSparse ? ["additions", "deletions", "changed_files", "flow", "content_version"] : [])
    }

    static func giteaReview(_ review: ForgeServer.Review, _ id: Int, isSparse: Bool) -> JSONValue {
        let words = ["CHANGES_REQUESTED": "REQUEST_CHANGES", "COMMENTED": "COMMENT"]
        return [
            "id": .number(id), "user": review.user.map { giteaUser(3, $0) } ?? .null, "team": nil,
            "state": .text(words[review.state] ?? review.state), "body": "",
            "commit_id": "ecdd80bb57125d7ba9641ffaa4d7d2c19d3f3091", "stale": false, "official": true,
            "dismissed": .flag(review.isDismissed), "comments_count": 0, "submitted_at": time,
            "updated_at": time, "html_url": "https://git.example.com/r",
            "pull_request_url": "https://git.example.com/p"
        ]
    }

    // MARK: GitLab

    static func gitlabUser(_ id: Int, _ name: String) -> JSONValue {
        [
            "id": .number(id), "username": .text(name), "public_email": "", "name": .text(name),
            "state": "active", "locked": false, "avatar_url": nil,
            "web_url": .text("https://git.example.com/\(name)")
        ]
    }

    static func gitlabStatus(_ status: ForgeServer.Status, _ id: Int, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(id), "sha": .text(status.commit), "ref": "main", "status": .text(status.state),
            "name": .text(status.context), "target_url": "https://ci.example.com/1",
            "description": .text(status.description), "created_at": time, "started_at": time,
            "finished_at": time, "allow_failure": false, "coverage": .fraction(93.5), "pipeline_id": 11,
            "author": gitlabUser(ForgeServer.accountID, ForgeServer.account)
        ]).sparse(
            null: isSparse ? ["target_url", "started_at", "finished_at", "coverage", "ref"] : [])
    }

    static func gitlabNote(_ comment: ForgeServer.Comment, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(comment.id), "type": "DiscussionNote", "body": .text(comment.body),
            "attachment": nil, "author": comment.author.map { gitlabUser($0, "u\($0)") } ?? .null,
            "created_at": time, "updated_at": time, "system": false, "noteable_id": 7,
            "noteable_type": "MergeRequest", "project_id": 1, "noteable_iid": 7, "resolvable": false,
            "confidential": false, "internal": false, "imported": false, "imported_from": "none",
            "commands_changes": [:]
        ]).sparse(
            null: isSparse ? ["type"] : [],
            missing: isSparse ? ["imported", "imported_from", "commands_changes"] : [])
    }

    static func gitlabRequest(_ pull: ForgeServer.Pull, isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": .number(1_000 + pull.number), "iid": .number(pull.number), "project_id": 1,
            "title": .text(pull.title), "description": .text(pull.body),
            "state": .text(pull.isMerged ? "merged" : pull.isOpen ? "opened" : "closed"), "imported": false,
            "imported_from": "none", "merged_by": gitlabUser(3, "carl"), "merge_user": gitlabUser(3, "carl"),
            "merged_at": pull.isMerged ? time : .null, "prepared_at": time, "closed_by": nil,
            "closed_at": nil, "created_at": time, "updated_at": time, "target_branch": .text(pull.base),
            "source_branch": .text(pull.head), "upvotes": 0, "downvotes": 0,
            "author": gitlabUser(ForgeServer.accountID, "anna"), "assignee": gitlabUser(3, "carl"),
            "assignees": [gitlabUser(3, "carl")], "reviewers": [gitlabUser(4, "dora")],
            "source_project_id": .number(pull.isFromFork ? 2 : 1), "target_project_id": 1,
            "labels": ["revert"], "draft": false, "work_in_progress": false,
            "milestone": ["id": 5, "iid": 1, "project_id": 1, "title": "v2.0", "state": "closed"],
            "merge_when_pipeline_succeeds": true, "merge_status": "can_be_merged",
            "detailed_merge_status": "not_open", "merge_after": nil, "sha": .text(pull.headCommit),
            "merge_commit_sha": nil, "squash_commit_sha": nil, "user_notes_count": 1,
            "discussion_locked": false, "should_remove_source_branch": true,
            "force_remove_source_branch": false, "allow_collaboration": false,
            "web_url": .text("https://git.example.com/pulls/\(pull.number)"),
            "references": ["short": "!7", "relative": "!7", "full": "team/apps!7"],
            "time_stats": ["time_estimate": 0, "total_time_spent": 0, "human_time_estimate": nil],
            "squash": false, "task_completion_status": ["count": 0, "completed_count": 0],
            "has_conflicts": false, "blocking_discussions_resolved": true, "approvals_before_merge": nil
        ]).sparse(
            null: isSparse
                ? [
                    "merged_by", "merge_user", "prepared_at", "assignee", "milestone", "discussion_locked",
                    "should_remove_source_branch", "description"
                ] : [],
            // A fork that is gone leaves no project behind.
            missing: isSparse ? ["reviewers", "has_conflicts", "approvals_before_merge"] : [])
    }

    static func gitlabApprovals(_ reviews: [ForgeServer.Review], isSparse: Bool) -> JSONValue {
        var approvers: [String] = []
        for review in reviews {
            guard let user = review.user, review.state != "COMMENTED" else { continue }
            approvers.removeAll { $0 == user }
            if review.state == "APPROVED", !review.isDismissed { approvers.append(user) }
        }
        return JSONValue.object([
            "id": 1_007, "iid": 7, "project_id": 1, "title": "shop: 1.5.0", "description": "",
            "state": "merged",
            "created_at": time, "updated_at": time, "merge_status": "cannot_be_merged", "approved": true,
            "approvals_required": 1, "approvals_left": 0, "require_password_to_approve": false,
            "approved_by": .array(
                approvers.map { ["user": gitlabUser(3, $0), "approved_at": time] } + [["user": nil]]),
            "suggested_approvers": [], "approvers": [], "approver_groups": [], "user_has_approved": false,
            "user_can_approve": false, "approval_rules_left": [], "has_approval_rules": true,
            "merge_request_approvers_available": false, "multiple_approval_rules_available": false,
            "invalid_approvers_rules": []
        ]).sparse(
            null: isSparse ? ["description"] : [],
            missing: isSparse
                ? ["approvals_required", "approvals_left", "approval_rules_left", "suggested_approvers"] : [])
    }
}
