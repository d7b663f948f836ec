internal import Model
internal import Ports
internal import Synchronization

/// The bare copy of a remote on this machine, open for reading. From any thread; one call at a time.
final class Mirror: Sendable {
    private let content: Mutex<MirrorContent>
    /// Set by the first read that shows damage; such a mirror is made anew.
    private let damaged = Atomic<Bool>(false)
    var isDamaged: Bool { damaged.load(ordering: .relaxed) }

    init(opening path: String, limits: GitLimits) throws(GitError) {
        content = Mutex(try MirrorContent(opening: path, limits: limits))
    }

    /// A commit whose root tree can be read, too.
    func snapshot(at commit: CommitID) throws(SourceError) -> MirrorSnapshot {
        let found = try withContent { content throws(SourceError) in
            let found = try content.commit(commit)
            _ = try content.folder(found.tree)
            return found
        }
        return MirrorSnapshot(mirror: self, commit: found.info, tree: found.tree)
    }

    func contains(_ commit: CommitID) throws(SourceError) -> Bool {
        try withContent { content throws(SourceError) in try content.commitIfPresent(commit) != nil }
    }

    func read(_ path: String, tree: ObjectID, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8] {
        try withContent { content throws(SourceError) in
            try content.read(path, tree: tree, maximumSizeInBytes: maximumSizeInBytes)
        }
    }

    func changes(from old: CommitID?, to new: CommitID, under path: String) throws(SourceError) -> TreeChanges
    {
        try withContent { content throws(SourceError) in
            let place = try RepositoryPath(path, maximumLength: content.limits.pathLength)
            let target = try Self.tree(of: try content.commit(new).tree, at: place, &content)
            guard case .found(let newTree) = target else { throw target.error(path: path, commit: new) }
            let before =
                if let old { try content.commitIfPresent(old) } else { RepositoryHandle.Commit?.none }
            var oldTree: ObjectID?
            if let before, case .found(let tree) = try Self.tree(of: before.tree, at: place, &content) {
                oldTree = tree
            }
            var comparison = TreeComparison(limits: content.limits)
            let prefix = Array(place.parts.joined(separator: [UInt8(ascii: "/")]))
            try comparison.run(old: oldTree, new: newTree, path: prefix, content: &content)
            return TreeChanges(
                changed: comparison.changed.map { String(decoding: $0, as: UTF8.self) }.sorted(),
                removed: comparison.removed.map { String(decoding: $0, as: UTF8.self) }.sorted(),
                refused: comparison.refused.sorted { $0.path < $1.path }, isComplete: before == nil)
        }
    }

    private enum PlaceInTree {
        case found(ObjectID)
        case missing
        case refused(String, String)

        func error(path: String, commit: CommitID) -> SourceError {
            if case .refused(let place, let reason) = self {
                return SourceError(
                    .refused, "The source's path \(path) is refused at \(commit.short): \(place): \(reason).")
            }
            return SourceError(
                .notFound,
                "There is no folder \(path) in commit \(commit.short). Nothing is removed because of that; "
                    + "correct the source's path, or keep a file such as README in the folder.")
        }
    }

    private static func tree(
        of root: ObjectID, at place: RepositoryPath, _ content: inout MirrorContent
    ) throws(SourceError) -> PlaceInTree {
        switch try content.resolve(place, from: root) {
        case .root: .found(root)
        case .entry(let entry): entry.kind == .folder ? .found(entry.id) : .missing
        case .missing: .missing
        case .refused(let place, let reason): .refused(place, reason)
        }
    }

    private func withContent<Success: Sendable>(
        _ body: (inout MirrorContent) throws(SourceError) -> Success
    ) throws(SourceError) -> Success {
        do throws(SourceError) {
            return try content.withLock { content throws(SourceError) in try body(&content) }
        } catch {
            if error.code == .corrupt { damaged.store(true, ordering: .relaxed) }
            throw error
        }
    }
}

/// Reads of one commit of a mirror.
final class MirrorSnapshot: TreeSnapshot {
    let commit: CommitInfo
    private let mirror: Mirror
    private let tree: ObjectID

    init(mirror: Mirror, commit: CommitInfo, tree: ObjectID) {
        self.mirror = mirror
        self.commit = commit
        self.tree = tree
    }

    func read(_ path: String, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8] {
        try mirror.read(path, tree: tree, maximumSizeInBytes: maximumSizeInBytes)
    }
}
