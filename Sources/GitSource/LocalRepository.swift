internal import CGit2
internal import Glibc
public import Model
public import Ports

/// A repository on this machine, read as it is: nothing is fetched, nothing is written. From any thread; blocking.
public final class LocalRepository: Sendable {
    /// The top of its work tree, without a slash at its end; `nil` where it has none.
    public let workTree: String?
    private let directory: String
    private let mirror: Mirror

    /// Opens the repository that `path` is in.
    ///
    /// - Parameter path: absolute.
    /// - Returns: `nil` where no folder from `path` upward is one.
    /// - Throws: `SourceError` where there is one that cannot be read.
    public static func containing(_ path: String) throws(SourceError) -> LocalRepository? {
        do throws(GitError) {
            guard let directory = try discover(path) else { return nil }
            return LocalRepository(
                directory, workTree(around: withoutSlash(path)),
                try Mirror(opening: directory, limits: GitLimits()))
        } catch {
            throw SourceError(.corrupt, "The repository around \(path) cannot be opened: \(error.text).")
        }
    }

    private init(_ directory: String, _ workTree: String?, _ mirror: Mirror) {
        self.directory = directory
        self.workTree = workTree
        self.mirror = mirror
    }

    /// Who owns the repository does not matter, unlike for git itself: nothing that it configures is ever run.
    private static func discover(_ path: String) throws(GitError) -> String? {
        try LibGit2.start()
        var found = unsafe git_buf()
        defer { unsafe git_buf_dispose(&found) }
        do throws(GitError) {
            try check("git_repository_discover", unsafe git_repository_discover(&found, path, 0, nil))
        } catch  where error.isNotFound {
            return nil
        }
        guard let text = unsafe found.ptr else { return nil }
        return withoutSlash(unsafe String(cString: text))
    }

    /// The nearest folder from `path` upward with an entry `.git`.
    private static func workTree(around path: String) -> String? {
        var folder = path
        while !folder.isEmpty {
            var information = stat()
            if unsafe lstat(folder + "/.git", &information) == 0 { return folder }
            folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        }
        return nil
    }

    private static func withoutSlash(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The commit that `revision` names, such as `HEAD`, `main~2` or the beginning of an id; `nil` where there is none.
    public func commit(named revision: String) throws(SourceError) -> CommitID? {
        do throws(GitError) {
            let repository = try RepositoryHandle(opening: directory)
            return try repository.commit(named: revision)
        } catch {
            throw SourceError(.notFound, "'\(revision)' names no commit")
        }
    }

    /// The first parent; `nil` for the first commit of all, or where a shallow clone ends.
    public func parent(of commit: CommitID) throws(SourceError) -> CommitID? {
        guard let parent = try self.commit(named: "\(commit.rawValue)^1") else { return nil }
        do throws(SourceError) {
            _ = try mirror.snapshot(at: parent)
            return parent
        } catch  where error.code == .notFound {
            return nil
        }
    }

    public func snapshot(at commit: CommitID) throws(SourceError) -> any TreeSnapshot {
        try mirror.snapshot(at: commit)
    }

    /// All files of the commit under `path`; `nil` where it has no such folder.
    public func files(of commit: CommitID, under path: String) throws(SourceError) -> TreeChanges? {
        do throws(SourceError) {
            return try mirror.changes(from: nil, to: commit, under: path)
        } catch  where error.code == .notFound {
            return nil
        }
    }
}

extension RepositoryHandle {
    fileprivate func commit(named revision: String) throws(GitError) -> CommitID? {
        try unsafe withPointer { repository throws(GitError) in
            var found: OpaquePointer?
            do throws(GitError) {
                try check("git_revparse_single", unsafe git_revparse_single(&found, repository, revision))
            } catch  where error.isNotFound {
                return nil
            }
            defer { unsafe git_object_free(found) }
            var commit: OpaquePointer?
            try check("git_object_peel", unsafe git_object_peel(&commit, found, GIT_OBJECT_COMMIT))
            defer { unsafe git_object_free(commit) }
            guard let id = unsafe git_object_id(commit) else { return nil }
            return CommitID(ObjectID(unsafe id.pointee).hex)
        }
    }
}
