/// Gitea's and Forgejo's answers.
extension ForgeDocuments {
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
}
