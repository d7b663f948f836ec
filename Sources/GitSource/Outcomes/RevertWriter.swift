internal import CGit2
internal import Model

/// Puts an app's files back to what they were when its last good release was made.
struct RevertWriter {
    var order: RevertOrder

    static let name = "Slipway"
    static let email = "slipway@slipway.invalid"

    enum Result {
        case commit(ObjectID)
        case nothingToDo
        case overtaken(String)
    }

    var base: String { "refs/heads/\(order.branch)" }
    var target: String {
        order.way == .commit ? base : "refs/heads/slipway/revert-\(order.app)"
    }

    /// - Parameter head: of the branch that the app is read from.
    func write(on head: ObjectID, in repository: borrowing RepositoryHandle) throws(GitError) -> Result {
        let good = try tree(order.goodCommit, repository)
        let failed = try tree(order.failedCommit, repository)
        guard let current = try repository.tree(ofCommit: head), let good, let failed else {
            return .overtaken("the commits that it is about are not in the repository any more")
        }
        let path = Self.parts(order.path)
        let goodPath = Self.parts(order.goodPath)
        guard let goodBlob = try repository.blob(at: goodPath, in: good) else {
            return .overtaken("\(order.goodPath) does not stand in \(order.goodCommit.short)")
        }
        let standing = try repository.blob(at: path, in: current)
        if try repository.blob(at: goodPath, in: current) == goodBlob, path == goodPath || standing == nil {
            return .nothingToDo
        }
        let failedBlob = try repository.blob(at: path, in: failed)
        guard let failedBlob, standing == failedBlob else {
            return .overtaken("\(order.path) was changed since \(order.failedCommit.short)")
        }
        var edits: [RepositoryHandle.TreeEdit] = [.init(path: goodPath, blob: goodBlob)]
        if path != goodPath { edits.append(.init(path: path, blob: nil)) }
        for dependency in order.dependencies where dependency != order.path && dependency != order.goodPath {
            let place = Self.parts(dependency)
            let now = try repository.blob(at: place, in: current)
            let before = try repository.blob(at: place, in: good)
            // What was not changed by what failed, or was changed since, is somebody else's.
            guard now != before, try now == repository.blob(at: place, in: failed) else { continue }
            edits.append(.init(path: place, blob: before))
        }
        guard let tree = try repository.writeTree(from: current, edits) else { return .nothingToDo }
        return .commit(
            try repository.writeCommit(
                tree: tree, parents: [head], message: order.subject + "\n\n" + order.body + "\n",
                by: .init(name: Self.name, email: Self.email, secondsSince1970: order.at.secondsSince1970)))
    }

    /// Whether the proposal that stands there is ours to replace.
    func isOurs(_ head: ObjectID, in repository: borrowing RepositoryHandle) throws(GitError) -> Bool {
        try repository.committerEmail(of: head) == Self.email
    }

    private func tree(
        _ commit: CommitID, _ repository: borrowing RepositoryHandle
    ) throws(GitError) -> ObjectID? {
        guard let header = try repository.header(of: ObjectID(commit)), header.kind == .commit else {
            return nil
        }
        return try repository.tree(ofCommit: ObjectID(commit))
    }

    private static func parts(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}

extension RepositoryHandle {
    func committerEmail(of id: ObjectID) throws(GitError) -> String {
        try unsafe withPointer { repository throws(GitError) in
            var raw = id.raw
            var commit: OpaquePointer?
            try check("git_commit_lookup", unsafe git_commit_lookup(&commit, repository, &raw))
            defer { unsafe git_commit_free(commit) }
            let signature = unsafe git_commit_committer(commit)
            return unsafe (signature?.pointee.email).map { unsafe String(cString: $0) } ?? ""
        }
    }
}
