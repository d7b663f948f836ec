internal import CGit2

extension RepositoryHandle {
    func writeBlob(_ bytes: [UInt8]) throws(GitError) -> ObjectID {
        try unsafe withPointer { repository throws(GitError) in
            var id = git_oid()
            let code = unsafe bytes.withUnsafeBytes { buffer in
                unsafe git_blob_create_from_buffer(&id, repository, buffer.baseAddress, buffer.count)
            }
            try check("git_blob_create_from_buffer", code)
            return ObjectID(id)
        }
    }

    /// One file of a tree that is to be other than it was.
    struct TreeEdit: Sendable {
        /// Folders and the name; never empty.
        var path: [String]
        /// `nil`: the file goes.
        var blob: ObjectID?
    }

    /// The tree `base` with these files changed; `nil` where nothing is left of it.
    ///
    /// What is not named stays as it is, whatever it is. A file keeps its mode.
    func writeTree(from base: ObjectID?, _ edits: [TreeEdit]) throws(GitError) -> ObjectID? {
        var known: [String: RawEntry] = [:]
        if let base {
            for entry in try entries(ofTree: base) {
                known[String(decoding: entry.name, as: UTF8.self)] = entry
            }
        }
        var changed: [String: (id: ObjectID, mode: UInt32)?] = [:]
        let byFolder = Dictionary(grouping: edits.filter { $0.path.count > 1 }) { $0.path[0] }
        for (name, inner) in byFolder {
            let folder = known[name].flatMap { $0.mode == 0o040_000 ? $0.id : nil }
            let shorter = inner.map { TreeEdit(path: Array($0.path.dropFirst()), blob: $0.blob) }
            let tree = try writeTree(from: folder, shorter)
            // A file in the way of a folder that would be empty stays.
            if tree == nil, folder == nil { continue }
            changed[name] = .some(tree.map { ($0, 0o040_000) })
        }
        for edit in edits where edit.path.count == 1 {
            let mode = known[edit.path[0]].map { $0.mode == 0o100_755 ? $0.mode : 0o100_644 } ?? 0o100_644
            changed[edit.path[0]] = .some(edit.blob.map { ($0, mode) })
        }
        return try writeTree(from: base, changed)
    }

    private func writeTree(
        from base: ObjectID?, _ changed: [String: (id: ObjectID, mode: UInt32)?]
    ) throws(GitError) -> ObjectID? {
        try unsafe withPointer { repository throws(GitError) in
            var source: OpaquePointer?
            if let base {
                var raw = base.raw
                try check("git_tree_lookup", unsafe git_tree_lookup(&source, repository, &raw))
            }
            defer { unsafe git_tree_free(source) }
            var builder: OpaquePointer?
            try check("git_treebuilder_new", unsafe git_treebuilder_new(&builder, repository, source))
            defer { unsafe git_treebuilder_free(builder) }
            for (name, entry) in changed {
                guard let entry else {
                    if unsafe git_treebuilder_get(builder, name) != nil {
                        try check("git_treebuilder_remove", unsafe git_treebuilder_remove(builder, name))
                    }
                    continue
                }
                var raw = entry.id.raw
                try check(
                    "git_treebuilder_insert",
                    unsafe git_treebuilder_insert(nil, builder, name, &raw, git_filemode_t(entry.mode)))
            }
            guard unsafe git_treebuilder_entrycount(builder) > 0 else { return nil }
            var id = git_oid()
            try check("git_treebuilder_write", unsafe git_treebuilder_write(&id, builder))
            return ObjectID(id)
        }
    }

    /// Who has made a commit, and when.
    struct Signature: Sendable {
        var name: String
        var email: String
        var secondsSince1970: Int64
    }

    /// A commit that no reference names yet.
    func writeCommit(
        tree: ObjectID, parents: [ObjectID], message: String, by signature: Signature
    ) throws(GitError) -> ObjectID {
        try unsafe withPointer { repository throws(GitError) in
            var author: UnsafeMutablePointer<git_signature>?
            try check(
                "git_signature_new",
                unsafe git_signature_new(
                    &author, signature.name, signature.email, signature.secondsSince1970, 0))
            defer { unsafe git_signature_free(author) }
            var id = git_oid()
            var rawTree = tree.raw
            var rawParents = parents.map(\.raw)
            let code = unsafe rawParents.withUnsafeMutableBufferPointer { buffer in
                var pointers: [UnsafePointer<git_oid>?] = unsafe buffer.indices.map { index in
                    unsafe buffer.baseAddress.map { unsafe UnsafePointer($0 + index) }
                }
                return unsafe git_commit_create_from_ids(
                    &id, repository, nil, author, author, "UTF-8", message, &rawTree, buffer.count,
                    &pointers)
            }
            try check("git_commit_create_from_ids", code)
            return ObjectID(id)
        }
    }

    /// Moves `name` from `old` to `new`, or makes it where `old` is `nil`.
    ///
    /// It is looked at under the lock that git's own programs take, too: libgit2 1.5 by itself would let one of two that
    /// make the same reference at once replace what the other has made.
    func moveReference(_ name: String, from old: ObjectID?, to new: ObjectID) throws(GitError) -> Move {
        try unsafe withPointer { repository throws(GitError) in
            var transaction: OpaquePointer?
            try check("git_transaction_new", unsafe git_transaction_new(&transaction, repository))
            defer { unsafe git_transaction_free(transaction) }
            let lock = unsafe git_transaction_lock_ref(transaction, name)
            if lock == GIT_ELOCKED.rawValue { return .locked }
            try check("git_transaction_lock_ref", lock)
            guard try target(ofReference: name) == old else { return .overtaken }
            var raw = new.raw
            try check(
                "git_transaction_set_target",
                unsafe git_transaction_set_target(transaction, name, &raw, nil, "slipway"))
            try check("git_transaction_commit", unsafe git_transaction_commit(transaction))
            return .moved
        }
    }

    /// What became of a reference.
    enum Move {
        case moved
        /// It does not stand where it was read any more.
        case overtaken
        /// Somebody is writing it right now, or was killed while writing.
        case locked
    }
}
