/// What forges call with.
extension ForgeDocuments {
    static let before: JSONValue = .text(String(repeating: "b", count: 40))

    // MARK: GitHub

    public static func githubPush(_ reference: String, isSparse: Bool = false) -> JSONValue {
        let person: JSONValue = [
            "name": "Anna", "email": "anna@example.com", "username": "anna", "date": time
        ]
        let commit: JSONValue = [
            "id": before, "tree_id": before, "distinct": true, "message": "shop: 1.5.0", "timestamp": time,
            "url": "https://github.com/team/apps/commit/b", "author": person, "committer": person,
            "added": [], "modified": ["shop.yaml"], "removed": []
        ]
        return JSONValue.object([
            "ref": .text(reference), "before": before, "after": before, "created": false, "deleted": false,
            "forced": false, "base_ref": "refs/heads/next", "compare": "https://github.com/c",
            "commits": [commit], "head_commit": commit,
            "repository": githubRepository(1, "team/apps", isSparse: isSparse),
            "pusher": ["name": "anna", "email": "anna@example.com"], "sender": githubUser(3, "anna"),
            "installation": ["id": 5, "node_id": "I_1"], "organization": ["login": "team", "id": 9],
            "enterprise": ["id": 1, "slug": "e", "name": "E"]
        ]).sparse(
            null: isSparse ? ["base_ref", "head_commit"] : [],
            missing: isSparse ? ["installation", "organization", "enterprise", "sender"] : [])
    }

    public static func githubPullRequest(
        _ action: String, _ pull: ForgeServer.Pull, isSparse: Bool = false
    ) -> JSONValue {
        // A webhook has what the list has, and what only one alone has.
        let alone = githubPull(pull, isSparse: isSparse).with([
            "merged": .flag(pull.isMerged), "mergeable": true, "rebaseable": true,
            "mergeable_state": "unknown", "merged_by": githubUser(3, "carl"), "comments": 0,
            "review_comments": 0, "maintainer_can_modify": false, "commits": 1, "additions": 1,
            "deletions": 1,
            "changed_files": 1
        ]).sparse(null: isSparse ? ["mergeable", "rebaseable", "merged_by"] : [])
        return JSONValue.object([
            "action": .text(action), "number": .number(pull.number), "pull_request": alone,
            "before": before, "after": .text(pull.headCommit),
            "changes": ["base": ["ref": ["from": "next"], "sha": ["from": before]]],
            "repository": githubRepository(1, "team/apps", isSparse: isSparse),
            "sender": githubUser(3, "anna"), "installation": ["id": 5, "node_id": "I_1"],
            "organization": ["login": "team", "id": 9]
        ]).sparse(
            null: [],
            missing: isSparse ? ["installation", "organization", "before", "after", "changes"] : [])
    }

    // MARK: Gitea and Forgejo

    public static func giteaPush(_ reference: String, isSparse: Bool = false) -> JSONValue {
        let person: JSONValue = ["name": "Anna", "email": "anna@example.com", "username": "anna"]
        let commit: JSONValue = [
            "id": before, "message": "shop: 1.5.0", "url": "https://git.example.com/c", "author": person,
            "committer": person,
            "verification": [
                "verified": false, "reason": "unsigned", "signature": "", "signer": nil, "payload": ""
            ], "timestamp": time, "added": [], "removed": [], "modified": ["shop.yaml"]
        ]
        return JSONValue.object([
            "ref": .text(reference), "before": before, "after": before,
            "compare_url": "https://git.example.com/x", "commits": [commit], "total_commits": 1,
            "head_commit": commit, "repository": giteaRepository(1, "team/apps", isSparse: isSparse),
            "pusher": giteaUser(3, "anna"), "sender": giteaUser(3, "anna")
        ]).sparse(null: isSparse ? ["commits", "head_commit"] : [])
    }

    public static func giteaPullRequest(
        _ action: String, _ pull: ForgeServer.Pull, isSparse: Bool = false
    ) -> JSONValue {
        JSONValue.object([
            "action": .text(action), "number": .number(pull.number),
            "changes": ["title": ["from": "shop"], "body": ["from": ""], "ref": ["from": "next"]],
            "pull_request": giteaPull(pull, isSparse: isSparse), "requested_reviewer": giteaUser(4, "dora"),
            "repository": giteaRepository(1, "team/apps", isSparse: isSparse), "sender": giteaUser(3, "anna"),
            "commit_id": "", "review": ["type": "pull_request_review_approved", "content": "yes"]
        ]).sparse(
            null: isSparse ? ["requested_reviewer", "review"] : [], missing: isSparse ? ["changes"] : [])
    }

    // MARK: GitLab

    private static func gitlabProject(isSparse: Bool) -> JSONValue {
        JSONValue.object([
            "id": 1, "name": "apps", "description": "Our apps",
            "web_url": "https://git.example.com/team/apps",
            "avatar_url": "https://git.example.com/a", "git_ssh_url": "git@git.example.com:team/apps.git",
            "git_http_url": "https://git.example.com/team/apps.git", "namespace": "team",
            "visibility_level": 0, "path_with_namespace": "team/apps", "default_branch": "main",
            "ci_config_path": "", "homepage": "https://git.example.com/team/apps",
            "url": "git@git.example.com:team/apps.git", "ssh_url": "git@git.example.com:team/apps.git",
            "http_url": "https://git.example.com/team/apps.git"
        ]).sparse(null: isSparse ? ["avatar_url", "ci_config_path", "description"] : [])
    }

    private static func gitlabCommit(_ id: JSONValue) -> JSONValue {
        [
            "id": id, "message": "shop: 1.5.0", "title": "shop: 1.5.0", "timestamp": time,
            "url": "https://git.example.com/c", "author": ["name": "Anna", "email": "anna@example.com"],
            "added": [], "modified": ["shop.yaml"], "removed": []
        ]
    }

    public static func gitlabPush(_ reference: String, isSparse: Bool = false) -> JSONValue {
        JSONValue.object([
            "object_kind": "push", "event_name": "push", "before": before, "after": before,
            "ref": .text(reference), "ref_protected": true, "checkout_sha": before, "message": "hello",
            "user_id": 3, "user_name": "Anna", "user_username": "anna", "user_email": "anna@example.com",
            "user_avatar": "https://git.example.com/a", "project_id": 1,
            "project": gitlabProject(isSparse: isSparse), "push_options": ["ci": ["skip": true]],
            "repository": [
                "name": "apps", "url": "git@git.example.com:team/apps.git", "description": "",
                "homepage": "https://git.example.com", "git_http_url": "https://x", "git_ssh_url": "git@x",
                "visibility_level": 0
            ], "commits": [gitlabCommit(before)], "total_commits_count": 1
        ]).sparse(null: isSparse ? ["checkout_sha", "message", "user_avatar", "user_email"] : [])
    }

    public static func gitlabMergeRequest(
        _ action: String, _ pull: ForgeServer.Pull, isSparse: Bool = false
    ) -> JSONValue {
        let person: JSONValue = [
            "id": 3, "name": "Anna", "username": "anna", "avatar_url": "https://git.example.com/a",
            "email": "[REDACTED]"
        ]
        let label: JSONValue = [
            "id": 206, "title": "API", "color": "#ffffff", "project_id": 1, "created_at": time,
            "updated_at": time, "template": false, "description": "", "type": "ProjectLabel", "group_id": nil
        ]
        let attributes = JSONValue.object([
            "id": 99, "iid": .number(pull.number), "target_branch": .text(pull.base),
            "source_branch": .text(pull.head), "source_project_id": 1, "author_id": 3, "assignee_ids": [6],
            "assignee_id": 6, "reviewer_ids": [6], "title": .text(pull.title), "created_at": time,
            "updated_at": time, "last_edited_at": time, "last_edited_by_id": 1, "milestone_id": 5,
            "state_id": 1, "state": "opened", "blocking_discussions_resolved": true,
            "work_in_progress": false,
            "draft": false, "first_contribution": true, "merge_status": "unchecked", "target_project_id": 1,
            "description": "", "prepared_at": time, "total_time_spent": 1_800, "time_change": 30,
            "human_total_time_spent": "30m", "human_time_change": "30s", "human_time_estimate": "30m",
            "url": "https://git.example.com/mr/7", "source": gitlabProject(isSparse: isSparse),
            "target": gitlabProject(isSparse: isSparse), "last_commit": gitlabCommit(.text(pull.headCommit)),
            "labels": [label], "action": .text(action), "detailed_merge_status": "mergeable",
            "merge_commit_sha": before, "merge_error": "no", "merge_user_id": 1, "merge_params": [:],
            "updated_by_id": 1, "head_pipeline_id": 1, "oldrev": before, "system": false
        ]).sparse(
            null: isSparse
                ? [
                    "assignee_id", "last_edited_at", "last_edited_by_id", "milestone_id", "prepared_at",
                    "human_total_time_spent", "human_time_change", "human_time_estimate", "merge_commit_sha",
                    "merge_error", "merge_user_id", "updated_by_id", "head_pipeline_id"
                ] : [],
            missing: isSparse ? ["oldrev", "first_contribution", "system", "time_change"] : [])
        return JSONValue.object([
            "object_kind": "merge_request", "event_type": "merge_request", "user": person,
            "project": gitlabProject(isSparse: isSparse),
            "repository": ["name": "apps", "url": "https://x", "description": "", "homepage": "https://x"],
            "object_attributes": attributes, "labels": [label],
            "changes": ["draft": ["previous": true, "current": false], "labels": ["current": [label]]],
            "assignees": [person], "reviewers": [person]
        ]).sparse(null: [], missing: isSparse ? ["assignees", "reviewers"] : [])
    }
}
