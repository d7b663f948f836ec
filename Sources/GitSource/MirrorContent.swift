internal import Model
internal import Ports

/// The open mirror and what is known of its trees. Guarded by `Mirror`.
struct MirrorContent: ~Copyable {
    let repository: RepositoryHandle
    let limits: GitLimits
    /// Folders, by path, below which nothing is refused, and how many entries they hold. Lets a comparison
    /// skip what did not change and still know every refused entry of a commit.
    var cleanFolders: [CleanFolder: Int] = [:]

    /// Folders that were read lately: the files of one are usually read one after the other.
    private var folders: [ObjectID: Folder] = [:]
    private var entriesInFolders = 0
    private static let entriesToKeep = 120_000

    struct CleanFolder: Hashable {
        var path: [UInt8]
        var id: ObjectID
    }

    /// Larger trees are refused unread; 100,000 entries fit.
    private static let treeLimitInBytes = 32 << 20

    init(opening path: String, limits: GitLimits) throws(GitError) {
        repository = try RepositoryHandle(opening: path)
        self.limits = limits
    }

    func commit(_ id: CommitID) throws(SourceError) -> RepositoryHandle.Commit {
        guard let commit = try commitIfPresent(id) else {
            throw SourceError(
                .notFound,
                "The commit \(id.short) is not in the mirror; it may have been rewritten. Fetch again.")
        }
        return commit
    }

    func commitIfPresent(_ id: CommitID) throws(SourceError) -> RepositoryHandle.Commit? {
        do throws(GitError) {
            guard let header = try repository.header(of: ObjectID(id)), header.kind == .commit else {
                return nil
            }
            return try repository.commit(id)
        } catch {
            throw error.damage("the commit \(id.short)")
        }
    }

    /// A folder, or why its content cannot be used though the mirror is in order.
    enum FolderReading: Sendable {
        case folder(Folder)
        case malformed(String)
    }

    mutating func folder(_ id: ObjectID) throws(SourceError) -> FolderReading {
        if let known = folders[id] { return .folder(known) }
        let reading = try readFolder(id)
        if case .folder(let folder) = reading {
            if entriesInFolders + folder.entries.count > Self.entriesToKeep {
                folders.removeAll()
                entriesInFolders = 0
            }
            folders[id] = folder
            // An empty folder takes room as well.
            entriesInFolders += folder.entries.count + 1
        }
        return reading
    }

    private func readFolder(_ id: ObjectID) throws(SourceError) -> FolderReading {
        let header = try presentHeader(of: id, "the tree \(id.hex.prefix(7))")
        guard header.kind == .tree else { return .malformed("not a folder") }
        guard header.size <= Self.treeLimitInBytes else { return .malformed("folder with too many entries") }
        do throws(GitError) {
            return .folder(Folder(try repository.entries(ofTree: id)))
        } catch {
            let problem = error
            // A tree whose bytes are the right ones but make no sense was committed like that; the mirror is
            // fine.
            do throws(GitError) {
                _ = try repository.bytes(of: id)
            } catch {
                throw problem.damage("the tree \(id.hex.prefix(7))")
            }
            return .malformed("malformed folder: \(problem.text)")
        }
    }

    /// The header of an object that a commit of the mirror refers to, so that its absence is damage.
    private func presentHeader(
        of id: ObjectID, _ name: String
    ) throws(SourceError) -> (kind: RepositoryHandle.ObjectKind, size: Int) {
        do throws(GitError) {
            if let header = try repository.header(of: id) { return header }
        } catch {
            throw error.damage(name)
        }
        throw GitError(call: "git_odb_read_header", code: -1, category: 0, text: "object is missing").damage(
            name)
    }

    enum Resolution: Sendable {
        case root
        case entry(Folder.Entry)
        case missing
        /// The path of the entry that may not be passed, and why.
        case refused(String, String)
    }

    /// Follows `path` from `tree`, passing through plain folders only.
    mutating func resolve(_ path: RepositoryPath, from tree: ObjectID) throws(SourceError) -> Resolution {
        var resolution = Resolution.root
        var current = tree
        for (index, part) in path.parts.enumerated() {
            let shown = { Text.shown(path.parts[...index].joined(separator: [UInt8(ascii: "/")]).map { $0 }) }
            let folder: Folder
            switch try self.folder(current) {
            case .folder(let found): folder = found
            case .malformed(let reason): return .refused(shown(), reason)
            }
            guard let entry = folder[part] else { return .missing }
            switch entry.kind {
            case .refused(let reason): return .refused(shown(), reason)
            case .file where index < path.parts.count - 1: return .missing
            case .file, .folder: break
            }
            resolution = .entry(entry)
            current = entry.id
        }
        return resolution
    }

    mutating func read(_ path: String, tree: ObjectID, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8]
    {
        let place = try RepositoryPath(path, maximumLength: limits.pathLength)
        let entry: Folder.Entry
        switch try resolve(place, from: tree) {
        case .entry(let found) where found.kind == .file: entry = found
        case .entry, .root: throw SourceError(.refused, "\(path) is a folder, not a file.")
        case .missing: throw SourceError(.notFound, "There is no file \(path) in this commit.")
        case .refused(let place, let reason):
            throw SourceError(.refused, "\(place) is refused: \(reason). Commit a plain file in its place.")
        }
        let header = try presentHeader(of: entry.id, path)
        guard header.kind == .blob else {
            throw SourceError(.refused, "\(path) is refused: its entry does not point at a file.")
        }
        guard header.size <= maximumSizeInBytes else {
            throw SourceError(
                .tooLarge, "\(path) has \(header.size) bytes; at most \(maximumSizeInBytes) are accepted.")
        }
        do throws(GitError) {
            return try repository.bytes(of: entry.id)
        } catch {
            throw error.damage(path)
        }
    }
}

extension GitError {
    /// A read of the mirror that should have worked did not.
    func damage(_ object: String) -> SourceError {
        if text.contains("No space left") {
            return SourceError(
                .diskFull, "\(object) cannot be read: \(text). Free space in the state directory.")
        }
        return SourceError(
            .corrupt,
            "The mirror is damaged: \(object) cannot be read (\(call): \(text)). "
                + "It is made anew at the next fetch."
        )
    }
}
