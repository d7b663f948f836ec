import Model
import Ports
import Secrets
import SpecLoading

/// What is known of one source just now.
struct SourceRecord {
    let watched: WatchedRepository
    let source: WatchedSource
    var memory: SourceMemory
    /// `nil` before the first good reading.
    var tree: LoadedTree?
    /// Which fetch found the commit that `tree` is of.
    var readOrder: Int64 = 0
    var fetchedAt: WallTime?
    var problem: SourceError?
    var problemSince: Instant?
    /// Findings of the last build of the desired state that are about files of this source.
    var crossDiagnostics: [Diagnostic] = []
}

/// All specs of one source at one commit.
struct LoadedTree: Sendable {
    var commit: CommitInfo
    /// By path.
    var files: [String: LoadedFile]
    /// Entries that are never read, specs or not: a folder that became a symlink hides what stood below it.
    var refused: [TreeChanges.Refused]
    /// The commit at which the present content of each file was first seen.
    var seenAt: [String: CommitInfo]

    /// Every file could be read and every document is a good spec.
    var isComplete: Bool { refusedSpecs.isEmpty && files.values.allSatisfy { $0.broken.isEmpty } }

    /// Whether the file, or a folder above it, is there in a form that is never read.
    func hides(_ path: String) -> Bool { refused.contains { TreeLoader.isBelow(path, $0.path) } }

    private var refusedSpecs: [TreeChanges.Refused] { refused.filter { SpecPaths.isSpec($0.path) } }

    var diagnostics: [Diagnostic] {
        files.sorted { $0.key < $1.key }.flatMap(\.value.diagnostics)
            + refusedSpecs.map { Diagnostic(code: "refused", message: $0.reason, path: $0.path) }
    }
}

/// How specs are read by one controller.
struct SpecReader: Sendable {
    var hasEdge: Bool
    var policy: ProjectPolicy
    var keyring: SecretKeyring?
    var zones: ZoneNames?

    func loader(for source: WatchedSource) -> SpecLoader {
        let rules = SourceRules(projects: source.otherProjects.union([source.project]), policy: policy)
        return SpecLoader(
            project: source.project, hasEdge: hasEdge, rules: rules, keyring: keyring,
            zones: zones)
    }
}

/// Brings a tree from one commit to the next. Blocking but local: reads of the mirror and the decoding of specs.
enum TreeLoader {
    static let maximumFileSize = 1 << 20

    static func load(
        _ snapshot: any TreeSnapshot, _ changes: TreeChanges, previous: LoadedTree?, source: WatchedSource,
        as reader: SpecReader
    ) -> LoadedTree {
        let loader = reader.loader(for: source)
        var tree = LoadedTree(
            commit: snapshot.commit, files: changes.isComplete ? [:] : previous?.files ?? [:],
            refused: changes.refused, seenAt: previous?.seenAt ?? [:])
        for path in changes.removed {
            tree.files[path] = nil
            tree.seenAt[path] = nil
        }
        var stale = Set(changes.changed.filter(SpecPaths.isSpec))
        let touched = Set(changes.changed).union(changes.removed)
        for (path, file) in tree.files {
            let isOutside = file.dependencies.contains { !isBelow($0, source.path) }
            if isOutside || !touched.isDisjoint(with: file.dependencies) { stale.insert(path) }
        }
        for path in stale.sorted() {
            let file = load(path, snapshot, loader)
            if previous?.files[path] != file || tree.seenAt[path] == nil {
                tree.seenAt[path] = snapshot.commit
            }
            tree.files[path] = file
        }
        return tree
    }

    private static func load(_ path: String, _ snapshot: any TreeSnapshot, _ loader: SpecLoader) -> LoadedFile
    {
        do throws(SourceError) {
            let bytes = try snapshot.read(path, maximumSizeInBytes: maximumFileSize)
            return loader.load(path: path, bytes: bytes) { dependency in
                try snapshot.read(dependency, maximumSizeInBytes: maximumFileSize)
            }
        } catch {
            let diagnostic = Diagnostic(code: "unreadable", message: error.message, path: path)
            return LoadedFile(
                path: path, specs: [],
                broken: [BrokenSpec(name: nil, path: path, line: 0, diagnostics: [diagnostic])],
                diagnostics: [diagnostic], dependencies: [])
        }
    }

    static func isBelow(_ path: String, _ folder: String) -> Bool {
        folder.isEmpty || path == folder || path.hasPrefix(folder + "/")
    }
}
