internal import CGit2
internal import Model

/// Puts outcomes into the tree of the notes, over what stands there already.
struct NotesWriter {
    var outcomes: [OutcomeRecord]
    var ledgers: [AppLedger]

    /// A commit on top of `head`; `nil` where all of it stands there already.
    func write(on head: ObjectID?, in repository: borrowing RepositoryHandle) throws(GitError) -> ObjectID? {
        let base = try head.flatMap { head throws(GitError) in try repository.tree(ofCommit: head) }
        var edits: [RepositoryHandle.TreeEdit] = []
        for (commit, records) in Dictionary(grouping: outcomes, by: \.commit) {
            edits += try note(commit, records, base, repository)
        }
        for ledger in ledgers {
            if let edit = try self.ledger(ledger, base, repository) { edits.append(edit) }
        }
        guard !edits.isEmpty, let tree = try repository.writeTree(from: base, edits), tree != base else {
            return nil
        }
        return try repository.writeCommit(
            tree: tree, parents: head.map { [$0] } ?? [], message: message, by: signature)
    }

    private func note(
        _ commit: CommitID, _ records: [OutcomeRecord], _ base: ObjectID?,
        _ repository: borrowing RepositoryHandle
    ) throws(GitError) -> [RepositoryHandle.TreeEdit] {
        let places = NotesPlace.notes(of: commit)
        var text = NoteText()
        var found: [[String]] = []
        for place in places {
            guard let base, let blob = try repository.blob(at: place, in: base) else { continue }
            guard let bytes = try repository.bytes(ofBlob: blob, limit: NoteText.limitInBytes) else {
                return []
            }
            if found.isEmpty { text = NoteText(bytes) }
            found.append(place)
        }
        let before = text.bytes
        for record in records { text.add(record) }
        let isInPlace = found == [places[0]]
        guard !isInPlace || text.bytes != before, text.bytes.count <= NoteText.limitInBytes else { return [] }
        let blob = try repository.writeBlob(text.bytes)
        let leftovers = found.filter { $0 != places[0] }
        return leftovers.map { .init(path: $0, blob: nil) } + [.init(path: places[0], blob: blob)]
    }

    private func ledger(
        _ ledger: AppLedger, _ base: ObjectID?, _ repository: borrowing RepositoryHandle
    ) throws(GitError) -> RepositoryHandle.TreeEdit? {
        let place = NotesPlace.ledger(of: ledger.app, ledger.installation)
        var merged = ledger
        if let base, let blob = try repository.blob(at: place, in: base),
            let bytes = try repository.bytes(ofBlob: blob, limit: NotesPlace.ledgerLimitInBytes),
            // What does not decode was not written by this version; it is replaced.
            let found = try? WireCoding.decode(AppLedger.self, from: bytes)
        {
            guard found.version <= AppLedger.currentVersion else { return nil }
            merged = ledger.merged(over: found)
            // The time alone is no news.
            var undated = merged
            undated.updatedAt = found.updatedAt
            if undated == found { return nil }
        }
        // Names and numbers always encode.
        guard let json = try? WireCoding.encode(merged) else { return nil }
        return .init(path: place, blob: try repository.writeBlob(json + [UInt8(ascii: "\n")]))
    }

    private var newest: WallTime {
        let times = outcomes.map(\.endedAt) + ledgers.map(\.updatedAt)
        return times.max() ?? WallTime(secondsSince1970: 0)
    }

    private var signature: RepositoryHandle.Signature {
        let installation = outcomes.first?.installation ?? ledgers.first?.installation
        return .init(
            name: "Slipway", email: "slipway@\(installation?.rawValue ?? "slipway").invalid",
            secondsSince1970: newest.secondsSince1970)
    }

    private var message: String {
        let told = outcomes.map { "\($0.app) \($0.release) \($0.verdict.rawValue)" }.sorted()
        let head = told.first ?? "ledgers of \(ledgers.count) apps"
        guard told.count > 1 else { return head + "\n" }
        return "\(told.count) outcomes\n\n" + told.prefix(100).joined(separator: "\n") + "\n"
    }
}

extension RepositoryHandle {
    func tree(ofCommit id: ObjectID) throws(GitError) -> ObjectID? {
        guard let name = CommitID(id.hex) else { return nil }
        return try commit(name).tree
    }

    /// The plain file at a path; `nil` where there is none.
    func blob(at path: [String], in tree: ObjectID) throws(GitError) -> ObjectID? {
        var current = tree
        for (index, part) in path.enumerated() {
            let isLast = index == path.count - 1
            let mode: Set<UInt32> = isLast ? [0o100_644, 0o100_755, 0o100_664] : [0o040_000]
            guard let entry = try entry(named: part, in: current), mode.contains(entry.mode) else {
                return nil
            }
            current = entry.id
        }
        return current
    }

    private func entry(
        named name: String, in tree: ObjectID
    ) throws(GitError) -> (id: ObjectID, mode: UInt32)? {
        try unsafe withPointer { repository throws(GitError) in
            var raw = tree.raw
            var found: OpaquePointer?
            try check("git_tree_lookup", unsafe git_tree_lookup(&found, repository, &raw))
            defer { unsafe git_tree_free(found) }
            guard let entry = unsafe git_tree_entry_byname(found, name),
                let id = unsafe git_tree_entry_id(entry)
            else { return nil }
            return (ObjectID(unsafe id.pointee), unsafe git_tree_entry_filemode_raw(entry).rawValue)
        }
    }

    /// The content of a blob; `nil` for a larger one.
    func bytes(ofBlob id: ObjectID, limit: Int) throws(GitError) -> [UInt8]? {
        guard let header = try header(of: id), header.kind == .blob, header.size <= limit else { return nil }
        return try bytes(of: id)
    }

    /// Reads what is missing here from the bare repository at `path`.
    func borrowObjects(of path: String) throws(GitError) {
        try unsafe withPointer { repository throws(GitError) in
            var objects: OpaquePointer?
            try check("git_repository_odb", unsafe git_repository_odb(&objects, repository))
            defer { unsafe git_odb_free(objects) }
            try check(
                "git_odb_add_disk_alternate", unsafe git_odb_add_disk_alternate(objects, path + "/objects"))
        }
    }
}
