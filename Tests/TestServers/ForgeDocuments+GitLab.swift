/// GitLab's answers.
extension ForgeDocuments {
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
