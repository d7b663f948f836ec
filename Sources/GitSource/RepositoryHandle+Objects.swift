internal import CGit2
internal import Glibc
internal import Model

extension RepositoryHandle {
    struct Commit: Sendable {
        var info: CommitInfo
        var tree: ObjectID
    }

    /// A commit's tree and what people want to know of it.
    func commit(_ id: CommitID) throws(GitError) -> Commit {
        try unsafe withPointer { repository throws(GitError) in
            var raw = ObjectID(id).raw
            var commit: OpaquePointer?
            try check("git_commit_lookup", unsafe git_commit_lookup(&commit, repository, &raw))
            defer { unsafe git_commit_free(commit) }
            guard let tree = unsafe git_commit_tree_id(commit) else {
                throw GitError(
                    call: "git_commit_tree_id", code: -1, category: 0, text: "the commit has no tree")
            }
            let message = unsafe git_commit_message(commit).map { unsafe String(cString: $0) } ?? ""
            let subject = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            let author = unsafe git_commit_author(commit)
            let name = unsafe (author?.pointee.name).map { unsafe String(cString: $0) } ?? ""
            let info = CommitInfo(
                id: id, subject: Text.printable(subject, limit: 300),
                author: Text.printable(name, limit: 100),
                time: WallTime(secondsSince1970: unsafe git_commit_time(commit)))
            return Commit(info: info, tree: ObjectID(unsafe tree.pointee))
        }
    }

    struct RawEntry: Sendable {
        var name: [UInt8]
        var mode: UInt32
        var id: ObjectID
    }

    /// The entries of a tree as they stand in it, nothing checked.
    func entries(ofTree id: ObjectID) throws(GitError) -> [RawEntry] {
        try unsafe withPointer { repository throws(GitError) in
            var raw = id.raw
            var tree: OpaquePointer?
            try check("git_tree_lookup", unsafe git_tree_lookup(&tree, repository, &raw))
            defer { unsafe git_tree_free(tree) }
            let count = unsafe git_tree_entrycount(tree)
            var entries: [RawEntry] = []
            entries.reserveCapacity(count)
            for index in 0..<count {
                guard let entry = unsafe git_tree_entry_byindex(tree, index),
                    let name = unsafe git_tree_entry_name(entry), let id = unsafe git_tree_entry_id(entry)
                else { continue }
                let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: name, count: strlen(name)))
                let mode = unsafe git_tree_entry_filemode_raw(entry)
                entries.append(RawEntry(name: bytes, mode: mode.rawValue, id: ObjectID(unsafe id.pointee)))
            }
            return entries
        }
    }
}
