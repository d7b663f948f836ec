public import Model

/// A git repository as the controller sees it. One value serves every source that reads the same repository.
public protocol SourceRepository: Sendable {
    /// Asks the remote for `branch` (one `ls-remote`), fetches it if it moved, and returns its head.
    func fetch(branch: String) async throws(SourceError) -> CommitID
    /// A commit of the mirror to read from.
    func snapshot(at commit: CommitID) async throws(SourceError) -> any TreeSnapshot
    /// What differs under `path` (empty: everywhere) from `old` to `new`; with `old` nil, all files of `new`.
    ///
    /// The work follows the number of changed files, not the size of the repository. If `old` is no longer in the
    /// mirror, all files of `new` are returned and `isComplete` is true.
    func changes(
        from old: CommitID?, to new: CommitID, under path: String
    ) async throws(SourceError) -> TreeChanges
}

/// Reads of one commit. Blocking but local: call it from a `BlockingPool`.
public protocol TreeSnapshot: Sendable {
    var commit: CommitInfo { get }
    /// The content of a regular file.
    ///
    /// - Parameter path: relative to the repository's root, without `..`.
    /// - Throws: `SourceError` with `notFound`, `refused` (symlink, submodule, hostile name) or `tooLarge`.
    func read(_ path: String, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8]
}

public struct TreeChanges: Sendable, Hashable {
    /// Regular files that are new or changed, sorted.
    public var changed: [String]
    /// Files that are gone, sorted.
    public var removed: [String]
    /// Entries that are never read, with the reason; all such entries of `new`, not only changed ones.
    public var refused: [Refused]
    /// `true`: `changed` is the complete list of files, and `removed` is empty.
    public var isComplete: Bool

    public struct Refused: Sendable, Hashable {
        public var path: String
        public var reason: String
        public init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }
    }

    public init(changed: [String], removed: [String], refused: [Refused], isComplete: Bool) {
        self.changed = changed
        self.removed = removed
        self.refused = refused
        self.isComplete = isComplete
    }
}

public struct SourceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case unreachable, timeout, unauthorized
        case hostKeyUnknown = "host_key_unknown"
        case certificate
        /// The branch does not exist on the remote. Never means that its apps are to be removed.
        case branchGone = "branch_gone"
        case notFound = "not_found"
        /// The head is not signed by anybody who may sign.
        case unverified
        case refused
        case tooLarge = "too_large"
        case invalidConfiguration = "invalid_configuration"
        case corrupt
        case diskFull = "disk_full"
        case `internal`
    }
    public var code: Code
    /// What failed and what to do about it; no credentials.
    public var message: String
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }
}
