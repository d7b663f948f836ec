public import Model
public import Ports
internal import Synchronization

/// A repository in memory: each commit is a complete set of files.
public final class FakeRepository: SourceRepository {
    private struct State {
        var commits: [CommitID: (info: CommitInfo, files: [String: String])] = [:]
        var head: CommitID?
        var problem: SourceError?
        var fetches = 0
        /// Commits that the mirror has; a fetch brings all of them.
        var mirrored: Set<CommitID> = []
    }
    private let state = Mutex(State())

    public init() {}

    /// Makes `files` the new head of every branch.
    @discardableResult
    public func commit(_ files: [String: String], subject: String = "change") -> CommitID? {
        state.withLock { state in
            let hex = String(state.commits.count + 1, radix: 16)
            guard let id = CommitID(String(repeating: "0", count: 40 - hex.count) + hex) else { return nil }
            let info = CommitInfo(
                id: id, subject: subject, author: "anna", time: WallTime(secondsSince1970: 1_700_000_000))
            state.commits[id] = (info, files)
            state.head = id
            return id
        }
    }
    /// Makes an earlier commit the head again, as a forced push does. Returns its files, or `nil` if there is none.
    public func moveHead(to commit: CommitID) -> [String: String]? {
        state.withLock { state in
            guard let found = state.commits[commit] else { return nil }
            state.head = commit
            return found.files
        }
    }
    /// Puts the mirror back to where it had one commit only, as yesterday's backup of it does.
    public func restoreMirror(to commit: CommitID) { state.withLock { $0.mirrored = [commit] } }
    public func fail(with problem: SourceError?) { state.withLock { $0.problem = problem } }
    public var fetches: Int { state.withLock { $0.fetches } }

    public func fetch(branch: String) throws(SourceError) -> CommitID {
        let result: Result<CommitID, SourceError> = state.withLock { state in
            state.fetches += 1
            if let problem = state.problem { return .failure(problem) }
            state.mirrored = Set(state.commits.keys)
            return state.head.map(Result.success) ?? .failure(SourceError(.branchGone, "no branch \(branch)"))
        }
        return try result.get()
    }

    public func snapshot(at commit: CommitID) throws(SourceError) -> any TreeSnapshot {
        guard let found = state.withLock({ $0.mirrored.contains(commit) ? $0.commits[commit] : nil }) else {
            throw SourceError(.notFound, "no commit \(commit)")
        }
        return FakeTree(commit: found.info, files: found.files)
    }

    public func changes(
        from old: CommitID?, to new: CommitID, under path: String
    ) throws(SourceError) -> TreeChanges {
        let (before, after) = state.withLock { state in
            (
                old.flatMap { state.commits[$0]?.files },
                state.mirrored.contains(new) ? state.commits[new]?.files : nil
            )
        }
        guard let after else { throw SourceError(.notFound, "no commit \(new)") }
        func isInside(_ file: String) -> Bool { path.isEmpty || file.hasPrefix(path + "/") }
        guard let before else {
            return TreeChanges(
                changed: after.keys.filter(isInside).sorted(), removed: [], refused: [], isComplete: true)
        }
        return TreeChanges(
            changed: after.filter { before[$0.key] != $0.value }.keys.filter(isInside).sorted(),
            removed: before.keys.filter { after[$0] == nil && isInside($0) }.sorted(), refused: [],
            isComplete: false)
    }
}

private struct FakeTree: TreeSnapshot {
    let commit: CommitInfo
    let files: [String: String]
    func read(_ path: String, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8] {
        guard let text = files[path] else { throw SourceError(.notFound, "\(path) is not there") }
        return Array(text.utf8)
    }
}
