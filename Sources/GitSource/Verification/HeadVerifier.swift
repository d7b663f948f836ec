internal import CGit2
internal import Model
internal import Ports

/// Whether the head of a branch may be read at all.
struct HeadVerifier {
    var policy: SignaturePolicy
    var check: SignatureCheck
    var branch: BranchName
    /// Objects of annotated tags that name the head, of the last fetch.
    var tags: [ObjectID]

    /// New commits that are looked at one by one; more of them are refused.
    private static let commitLimit = 1_000

    /// The last head that was found good, so that a commit is looked at once. By requirement: another one begins anew.
    private var mark: String {
        "refs/verified/\(policy.require.rawValue)/" + branch.mirrorReference.dropFirst("refs/slipway/".count)
    }

    /// - Throws: `SourceError` with `unverified`, naming the commit and what is wrong with it.
    func verify(_ head: ObjectID, in repository: borrowing RepositoryHandle) throws(SourceError) {
        do throws(GitError) {
            // One that cannot be read any more is as good as none: the head is looked at again.
            let last = (try? repository.target(ofReference: mark)).flatMap(\.self)
            guard last != head else { return }
            let problem =
                policy.require == .tag
                ? try problemOfTags(head, repository) : try problemOfCommits(head, since: last, repository)
            if let problem { throw GitError(call: "verify", code: 0, category: 0, text: problem) }
            try repository.setReference(mark, to: head)
        } catch {
            guard error.call == "verify" else { throw error.damage("the head of \(branch.text)") }
            throw SourceError(
                .unverified, "\(error.text). Nothing of it is deployed; what runs stays as it is.")
        }
    }

    private func problemOfCommits(
        _ head: ObjectID, since last: ObjectID?, _ repository: borrowing RepositoryHandle
    ) throws(GitError) -> String? {
        var commits = [head]
        if let last, try repository.header(of: last) != nil {
            let new = try repository.commits(
                from: head, hiding: last, isFirstParentOnly: policy.require == .merge,
                limit: Self.commitLimit + 1)
            guard new.count <= Self.commitLimit else {
                return
                    "\(branch.text) has more than \(Self.commitLimit) new commits, too many to check their signatures"
            }
            commits += new.filter { $0 != head }
        }
        for commit in commits {
            guard let signed = try repository.signature(ofCommit: commit) else {
                return try name(commit, repository) + " is not signed"
            }
            if let reason = try refusal(signed) { return try name(commit, repository) + " " + reason }
        }
        return nil
    }

    private func problemOfTags(
        _ head: ObjectID, _ repository: borrowing RepositoryHandle
    ) throws(GitError) -> String? {
        var reason = ""
        for id in tags {
            guard let header = try repository.header(of: id), header.kind == .other, header.size <= 1 << 20,
                let tag = SignedTag(try repository.bytes(of: id)), tag.object == head.hex
            else { continue }
            guard let signature = tag.signature else {
                reason = "; its tag \(tag.name) is not signed"
                continue
            }
            guard let refusal = try refusal((signature: signature, payload: tag.payload)) else { return nil }
            reason = "; its tag \(tag.name) \(refusal)"
        }
        return try name(head, repository) + " is named by no tag that is signed by anybody who may" + reason
    }

    private func refusal(_ signed: (signature: [UInt8], payload: [UInt8])) throws(GitError) -> String? {
        do throws(SourceError) {
            switch try check.check(signed.signature, of: signed.payload) {
            case .good: return nil
            case .refused(let reason): return reason
            }
        } catch {
            // Whatever keeps a signature from being checked: it was not.
            throw GitError(call: "verify", code: 0, category: 0, text: error.message)
        }
    }

    private func name(_ id: ObjectID, _ repository: borrowing RepositoryHandle) throws(GitError) -> String {
        guard let commit = CommitID(id.hex) else { return id.hex }
        let info = try repository.commit(commit).info
        return "\(commit.short) \"\(info.subject)\" by \(info.author)"
    }
}

/// An annotated tag as its bytes say it.
struct SignedTag {
    var object = ""
    var name = ""
    /// What was signed: everything before the signature.
    var payload: [UInt8] = []
    var signature: [UInt8]?

    /// `nil` for what is no tag of a commit.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { break }
            if line.hasPrefix("object "), object.isEmpty { object = String(line.dropFirst(7)) }
            if line == "type commit" { isOfCommit = true }
            if line.hasPrefix("tag "), name.isEmpty {
                name = Text.printable(String(line.dropFirst(4)), limit: 100)
            }
        }
        guard isOfCommit, object.utf8.count == 40 else { return nil }
        payload = bytes
        // As git does: the last line that begins a signature.
        for mark in [
            "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----", "-----BEGIN SSH SIGNATURE-----"
        ] {
            guard let start = Self.lastLine(beginning: Array(mark.utf8), in: bytes), start < payload.count
            else {
                continue
            }
            payload = Array(bytes[..<start])
            signature = Array(bytes[start...])
        }
    }

    private var isOfCommit = false

    private static func lastLine(beginning mark: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= mark.count else { return nil }
        var start = bytes.count - mark.count
        while start >= 0 {
            if start == 0 || bytes[start - 1] == UInt8(ascii: "\n"), bytes[start...].starts(with: mark) {
                return start
            }
            start -= 1
        }
        return nil
    }
}

extension RepositoryHandle {
    /// The signature in a commit and what it is of; `nil` for an unsigned one.
    func signature(ofCommit id: ObjectID) throws(GitError) -> (signature: [UInt8], payload: [UInt8])? {
        try unsafe withPointer { repository throws(GitError) in
            var signature = unsafe git_buf()
            var payload = unsafe git_buf()
            defer {
                unsafe git_buf_dispose(&signature)
                unsafe git_buf_dispose(&payload)
            }
            var raw = id.raw
            do throws(GitError) {
                try check(
                    "git_commit_extract_signature",
                    unsafe git_commit_extract_signature(&signature, &payload, repository, &raw, nil))
            } catch  where error.isNotFound {
                return nil
            }
            return (unsafe Self.bytes(signature), unsafe Self.bytes(payload))
        }
    }

    func isDescendant(_ commit: ObjectID, of ancestor: ObjectID) throws(GitError) -> Bool {
        try unsafe withPointer { repository throws(GitError) in
            var (raw, old) = (commit.raw, ancestor.raw)
            let code = unsafe git_graph_descendant_of(repository, &raw, &old)
            try check("git_graph_descendant_of", code)
            return code == 1
        }
    }

    private static func bytes(_ buffer: git_buf) -> [UInt8] {
        guard let start = unsafe buffer.ptr else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: buffer.size))
    }

    /// Commits that lead to `head` and not to `base`, at most `limit`.
    func commits(
        from head: ObjectID, hiding base: ObjectID, isFirstParentOnly: Bool, limit: Int
    ) throws(GitError) -> [ObjectID] {
        try unsafe withPointer { repository throws(GitError) in
            var walk: OpaquePointer?
            try check("git_revwalk_new", unsafe git_revwalk_new(&walk, repository))
            defer { unsafe git_revwalk_free(walk) }
            if isFirstParentOnly {
                try check(
                    "git_revwalk_simplify_first_parent", unsafe git_revwalk_simplify_first_parent(walk))
            }
            var (raw, hidden) = (head.raw, base.raw)
            try check("git_revwalk_push", unsafe git_revwalk_push(walk, &raw))
            try check("git_revwalk_hide", unsafe git_revwalk_hide(walk, &hidden))
            var found: [ObjectID] = []
            var next = git_oid()
            while found.count < limit {
                let code = unsafe git_revwalk_next(&next, walk)
                if code == GIT_ITEROVER.rawValue { break }
                try check("git_revwalk_next", code)
                found.append(ObjectID(next))
            }
            return found
        }
    }
}
