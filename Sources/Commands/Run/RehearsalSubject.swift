internal import GitSource
internal import Model
internal import Ports
internal import Simulation

/// What `slipway simulate` is asked to look at: two states of a directory, from git or from the disk.
struct RehearsalSubject {
    var plan: RehearsalPlan
    /// What there is to say of how the two were found.
    var notes: [String] = []

    /// - Parameters:
    ///   - revision: `nil` for `HEAD`; `WORKTREE` for the files as they lie there.
    ///   - base: `nil` for the parent; `none` for nothing.
    init(
        _ path: String, revision: String?, base: String?, project: ProjectName, files: Files
    ) throws {
        let start = try files.directory(path)
        let repository: LocalRepository?
        do throws(SourceError) {
            repository = try LocalRepository.containing(start)
        } catch {
            throw LocalFailure(error.message)
        }
        guard let repository else {
            guard revision == nil || revision == Self.workTree, base == nil || base == Self.nothing else {
                throw LocalFailure("\(path) is not in a git repository, so there are no commits to name")
            }
            plan = RehearsalPlan(
                base: nil, head: try Self.disk(start, root: start, files), path: "", project: project)
            notes = ["not in a git repository: the files as they are on disk, with nothing running before"]
            return
        }
        let root = repository.workTree
        let below = root.map { String(start.dropFirst($0.count).drop { $0 == "/" }) } ?? ""
        let git = GitReading(repository: repository, path: below)
        if revision == Self.workTree {
            guard let root else { throw LocalFailure("\(path) is a bare repository; it has no work tree") }
            let head = try Self.disk(start, root: root, files)
            let before = try git.base(base, of: nil)
            plan = RehearsalPlan(base: before.commit, head: head, path: below, project: project)
            notes = before.notes
        } else {
            let head = try git.required(revision ?? "HEAD")
            let before = try git.base(base, of: head.snapshot.commit.id)
            plan = RehearsalPlan(base: before.commit, head: head, path: below, project: project)
            notes = before.notes
        }
    }

    static let workTree = "WORKTREE"
    static let nothing = "none"

    private static func disk(_ start: String, root: String, _ files: Files) throws -> RehearsalCommit {
        guard let id = CommitID(String(repeating: "0", count: 40)) else {
            throw LocalFailure("there is no id for what is not committed")
        }
        let tree = try files.tree(start)
        let commit = CommitInfo(
            id: id, subject: "the files as they are on disk", author: "", time: WallTime(secondsSince1970: 0))
        return RehearsalCommit(
            snapshot: DiskSnapshot(
                commit: commit, files: files, tree: Files.Tree(root: root, specs: tree.specs)),
            files: TreeChanges(changed: tree.specs, removed: [], refused: [], isComplete: true))
    }
}

/// Commits of one repository, as far as a folder of it goes.
private struct GitReading {
    var repository: LocalRepository
    var path: String

    func required(_ revision: String) throws -> RehearsalCommit {
        do throws(SourceError) {
            guard let id = try repository.commit(named: revision) else {
                throw SourceError(.notFound, "'\(revision)' names no commit of this repository")
            }
            guard let found = try commit(id) else {
                throw SourceError(.notFound, "commit \(id.short) has no folder \(path)")
            }
            return found
        } catch {
            throw LocalFailure(error.message)
        }
    }

    /// - Parameter head: `nil`: of what is not committed, so `HEAD` comes before it.
    func base(_ revision: String?, of head: CommitID?) throws -> (commit: RehearsalCommit?, notes: [String]) {
        if revision == RehearsalSubject.nothing { return (nil, []) }
        if let revision { return (try required(revision), []) }
        do throws(SourceError) {
            let id =
                if let head { try repository.parent(of: head) } else { try repository.commit(named: "HEAD") }
            guard let id else { return (nil, ["there is no commit before it, so nothing runs before"]) }
            guard let found = try commit(id) else {
                return (nil, ["commit \(id.short) has no folder \(path), so nothing runs before"])
            }
            return (found, [])
        } catch {
            throw LocalFailure(error.message)
        }
    }

    private func commit(_ id: CommitID) throws(SourceError) -> RehearsalCommit? {
        guard let files = try repository.files(of: id, under: path) else { return nil }
        return RehearsalCommit(snapshot: try repository.snapshot(at: id), files: files)
    }
}

/// Files that are not committed, read when they are asked for.
private struct DiskSnapshot: TreeSnapshot {
    let commit: CommitInfo
    let files: Files
    let tree: Files.Tree

    func read(_ path: String, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(LocalFailure) {
            bytes = try files.read(path, in: tree)
        } catch {
            throw SourceError(.notFound, error.message)
        }
        guard bytes.count <= maximumSizeInBytes else { throw SourceError(.tooLarge, "\(path) is too large") }
        return bytes
    }
}
