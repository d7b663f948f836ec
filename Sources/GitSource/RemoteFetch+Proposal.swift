internal import CGit2
internal import Model
internal import Ports

/// What the branch would be if a pull request were merged now, in the helper's process.
extension RemoteFetch {
    func propose(
        _ reference: String, in mirror: borrowing RepositoryHandle, _ monitor: FetchMonitor
    ) throws(GitError) -> FetchAnswer {
        guard reference.hasPrefix("refs/"), (try? BranchName(String(reference.dropFirst(5)))) != nil else {
            throw GitError(call: "proposal", code: 0, category: 0, text: "it has no usable name")
        }
        let remote = try RemoteHandle(url: address.text, in: mirror, monitor: monitor)
        try remote.connect()
        let heads = try remote.heads()
        guard let base = heads[branch.remoteReference], let head = heads[reference] else {
            throw GitError(
                call: "proposal", code: 0, category: 0, text: "the remote has no \(reference) any more")
        }
        var wanted: [String] = []
        for (name, id) in [(branch.remoteReference, base), (reference, head)]
        where try mirror.header(of: id) == nil {
            wanted.append("+\(name):refs/slipway-proposals/\(wanted.count)")
        }
        if !wanted.isEmpty { try remote.download(wanted) }
        let merged = try mirror.merge(head, into: base)
        return FetchAnswer(
            ok: true, head: base.hex, proposed: head.hex, merged: merged.hex,
            receivedBytes: monitor.receivedBytes)
    }
}

extension RepositoryHandle {
    /// A commit on no branch that has what a merge would have. The same two always give the same one.
    func merge(_ head: ObjectID, into base: ObjectID) throws(GitError) -> ObjectID {
        let tree = try unsafe withPointer { repository throws(GitError) in
            var (ours, theirs): (OpaquePointer?, OpaquePointer?) = (nil, nil)
            var (rawOurs, rawTheirs) = (base.raw, head.raw)
            try check("git_commit_lookup", unsafe git_commit_lookup(&ours, repository, &rawOurs))
            defer { unsafe git_commit_free(ours) }
            try check("git_commit_lookup", unsafe git_commit_lookup(&theirs, repository, &rawTheirs))
            defer { unsafe git_commit_free(theirs) }
            var options = unsafe git_merge_options()
            try check("git_merge_options_init", unsafe git_merge_options_init(&options, 1))
            var index: OpaquePointer?
            do throws(GitError) {
                try check(
                    "git_merge_commits", unsafe git_merge_commits(&index, repository, ours, theirs, &options))
            } catch {
                throw GitError(call: "proposal", code: error.code, category: error.category, text: error.text)
            }
            defer { unsafe git_index_free(index) }
            guard unsafe git_index_has_conflicts(index) == 0 else {
                throw GitError(
                    call: "proposal", code: 0, category: 0, text: "both have changed the same lines")
            }
            var id = git_oid()
            try check("git_index_write_tree_to", unsafe git_index_write_tree_to(&id, index, repository))
            return ObjectID(id)
        }
        guard let name = CommitID(head.hex) else { return head }
        let info = try commit(name).info
        return try writeCommit(
            tree: tree, parents: [base, head], message: info.subject + "\n",
            by: Signature(
                name: info.author.isEmpty ? "unknown" : info.author.filter { $0 != "<" && $0 != ">" },
                email: "proposal@slipway.invalid", secondsSince1970: info.time.secondsSince1970))
    }
}
