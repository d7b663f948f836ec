internal import Ports

/// Compares two trees folder by folder and skips what both have. An explicit stack instead of recursion,
/// since the depth of a tree is foreign input.
struct TreeComparison: ~Copyable {
    private let limits: GitLimits
    private(set) var changed: [[UInt8]] = []
    private(set) var removed: [[UInt8]] = []
    private(set) var refused: [TreeChanges.Refused] = []
    private var entries = 0
    private var visits = 0
    private var stack: [Step] = []

    private struct Pair {
        var old: ObjectID?
        var new: ObjectID?
        var path: [UInt8]
        var depth: Int
    }

    private enum Step {
        case enter(Pair)
        case leave(MirrorContent.CleanFolder, refusedBefore: Int, entriesBefore: Int)
    }

    private static let depthLimit = 64

    init(limits: GitLimits) { self.limits = limits }

    /// - Parameters:
    ///   - old: the tree to compare with; `nil`: everything is new.
    ///   - path: where both trees stand, without a slash at its end; empty for the root.
    mutating func run(
        old: ObjectID?, new: ObjectID, path: [UInt8], content: inout MirrorContent
    ) throws(SourceError) {
        stack = [.enter(Pair(old: old, new: new, path: path, depth: 0))]
        while let step = stack.popLast() {
            switch step {
            case .enter(let pair): try enter(pair, &content)
            case .leave(let folder, let refusedBefore, let entriesBefore):
                guard refused.count == refusedBefore else { continue }
                if content.cleanFolders.count >= 100_000 { content.cleanFolders.removeAll() }
                content.cleanFolders[folder] = entries - entriesBefore
            }
        }
    }

    private mutating func enter(_ pair: Pair, _ content: inout MirrorContent) throws(SourceError) {
        guard let new = pair.new else {
            if let old = pair.old { try listRemoved(old, pair, &content) }
            return
        }
        let key = MirrorContent.CleanFolder(path: pair.path, id: new)
        if pair.old == new, let known = content.cleanFolders[key] {
            try count(known)
            return
        }
        let newFolder: Folder
        switch try content.folder(new) {
        case .folder(let folder): newFolder = folder
        case .malformed(let reason):
            refuse(pair.path.isEmpty ? Array("/".utf8) : pair.path, reason)
            newFolder = Folder([])
        }
        var oldEntries: [[UInt8]: Folder.Entry] = [:]
        let isSame = pair.old == new
        if let old = pair.old, !isSame, case .folder(let folder) = try content.folder(old) {
            for entry in folder.entries { oldEntries[entry.name] = entry }
        }
        stack.append(.leave(key, refusedBefore: refused.count, entriesBefore: entries))
        try count(newFolder.entries.count)
        for entry in newFolder.entries {
            let before = isSame ? entry : oldEntries.removeValue(forKey: entry.name)
            compare(entry, before, in: pair)
        }
        for entry in oldEntries.values { remove(entry, in: pair) }
    }

    private mutating func compare(_ entry: Folder.Entry, _ before: Folder.Entry?, in pair: Pair) {
        let path = join(pair.path, entry.name)
        var kind = entry.kind
        if path.count > limits.pathLength {
            kind = .refused("path longer than \(limits.pathLength) bytes")
        } else if kind == .folder, pair.depth >= Self.depthLimit {
            kind = .refused("more than \(Self.depthLimit) folders deep")
        }
        switch kind {
        case .refused(let reason):
            refuse(path, reason)
            if let before { remove(before, in: pair) }
        case .file:
            if before?.kind != .file || before?.id != entry.id { changed.append(path) }
            if let before, before.kind == .folder { remove(before, in: pair) }
        case .folder:
            let old = before?.kind == .folder ? before?.id : nil
            if let before, before.kind == .file { remove(before, in: pair) }
            stack.append(.enter(Pair(old: old, new: entry.id, path: path, depth: pair.depth + 1)))
        }
    }

    /// What could be read under this entry before is gone.
    private mutating func remove(_ entry: Folder.Entry, in pair: Pair) {
        let path = join(pair.path, entry.name)
        guard path.count <= limits.pathLength else { return }
        switch entry.kind {
        case .refused: break
        case .file: removed.append(path)
        case .folder:
            stack.append(.enter(Pair(old: entry.id, new: nil, path: path, depth: pair.depth + 1)))
        }
    }

    private mutating func listRemoved(
        _ old: ObjectID, _ pair: Pair, _ content: inout MirrorContent
    ) throws(SourceError) {
        guard pair.depth <= Self.depthLimit else { return }
        guard case .folder(let folder) = try content.folder(old) else { return }
        visits += folder.entries.count
        guard visits <= limits.entriesInTree else { throw tooLarge() }
        for entry in folder.entries { remove(entry, in: pair) }
    }

    private mutating func refuse(_ path: [UInt8], _ reason: String) {
        refused.append(TreeChanges.Refused(path: Text.shown(path), reason: reason))
    }

    private mutating func count(_ more: Int) throws(SourceError) {
        entries += more
        guard entries <= limits.entriesInTree else { throw tooLarge() }
    }

    private func tooLarge() -> SourceError {
        SourceError(
            .tooLarge,
            "The commit has more than \(limits.entriesInTree) files and folders; follow a smaller path.")
    }

    private func join(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name
    }
}
