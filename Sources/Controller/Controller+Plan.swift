internal import Execution
public import Model
internal import Planning
public import Ports
internal import SpecLoading

/// What a commit or a work tree would do, against what runs now. Nothing is changed.
extension Controller {
    public func plan(source: SourceName?, head: String?) async throws(ControlError) -> PlanReport {
        let record = try only(source)
        let named = head.flatMap(CommitID.init)
        if head != nil, named == nil {
            throw ControlError(.invalid, "give the full id of a commit, 40 hex digits")
        }
        do throws(SourceError) {
            let commit: CommitID
            if let named {
                commit = named
            } else {
                commit = try await record.watched.repository.fetch(branch: record.watched.branch)
            }
            let changes = try await record.watched.repository.changes(
                from: record.tree?.commit.id, to: commit, under: record.source.path)
            let snapshot = try await record.watched.repository.snapshot(at: commit)
            let source = record.source
            let previous = record.tree
            let hasEdge = edge != nil
            let tree = await loading {
                TreeLoader.load(snapshot, changes, previous: previous, source: source, hasEdge: hasEdge)
            }
            return await detail(
                report(tree, for: source.name), tree, snapshot, desired(tree, for: source.name), of: record)
        } catch {
            throw ControlError(error.code == .notFound ? .notFound : .unavailable, error.message)
        }
    }

    public func plan(files: [PlanFile], source: SourceName?) async throws(ControlError) -> PlanReport {
        let record = try only(source)
        guard let id = CommitID(String(repeating: "0", count: 40)) else {
            throw ControlError(.internal, "no commit id")
        }
        let commit = CommitInfo(
            id: id, subject: "work tree, not committed", author: "", time: WallTime(secondsSince1970: 0))
        let contents = Dictionary(files.map { ($0.path, Array($0.content.utf8)) }) { first, _ in first }
        let snapshot = WorkTree(commit: commit, contents: contents)
        let paths = contents.keys.filter { TreeLoader.isBelow($0, record.source.path) }.sorted()
        let changes = TreeChanges(changed: paths, removed: [], refused: [], isComplete: true)
        let source = record.source
        let hasEdge = edge != nil
        let tree = await loading {
            TreeLoader.load(snapshot, changes, previous: nil, source: source, hasEdge: hasEdge)
        }
        return await detail(
            report(tree, for: source.name), tree, snapshot, desired(tree, for: source.name), of: record)
    }

    /// What the merge of a pull request would do, with what tells it from other plans.
    func plan(
        of proposal: Proposal, _ source: SourceName
    ) async throws(ControlError) -> (report: PlanReport, changes: [AppName: String]) {
        let record = try only(source)
        do throws(SourceError) {
            let repository = record.watched.repository
            let files = try await repository.changes(
                from: record.tree?.commit.id, to: proposal.merged, under: record.source.path)
            let snapshot = try await repository.snapshot(at: proposal.merged)
            let watched = record.source
            let previous = record.tree
            let hasEdge = edge != nil
            let tree = await loading {
                TreeLoader.load(snapshot, files, previous: previous, source: watched, hasEdge: hasEdge)
            }
            let desired = desired(tree, for: source)
            var report = await detail(report(tree, for: source), tree, snapshot, desired, of: record)
            let changes = changes(desired.apps, of: source)
            report.commit = proposal.head
            report.base = proposal.base
            report.id = PlanDigest.id(
                base: proposal.base, head: proposal.head, changes: changes,
                generation: generation(of: changes.keys))
            return (report, changes)
        } catch {
            throw ControlError(error.code == .notFound ? .notFound : .unavailable, error.message)
        }
    }

    private func only(_ name: SourceName?) throws(ControlError) -> SourceRecord {
        if let name {
            guard let record = sources[name] else {
                throw ControlError(.notFound, "there is no source \(name)")
            }
            return record
        }
        guard sources.count == 1, let record = sources.values.first else {
            throw ControlError(.invalid, "there are \(sources.count) sources; name one")
        }
        return record
    }

    private func desired(_ tree: LoadedTree, for source: SourceName) -> DesiredState {
        let views = sources.values.map { record in
            DesiredState.SourceView(
                name: record.source.name, path: record.source.path,
                tree: record.source.name == source ? tree : record.tree,
                approvedRemovals: nil)
        }
        let known = apps.mapValues { record in
            DesiredState.Known(
                source: record.memory.source, path: record.memory.path,
                isBeingRemoved: record.memory.isBeingRemoved)
        }
        return DesiredState.build(sources: views, known: known, brake: configuration.brake)
    }

    private func report(_ tree: LoadedTree, for source: SourceName) -> PlanReport {
        let desired = desired(tree, for: source)
        var plans: [AppPreview] = []
        var brakeHolds = false
        for name in Set(desired.apps.keys).union(apps.keys).sorted() {
            guard let wanted = desired.apps[name] else { continue }
            if case .heldRemoval = wanted { brakeHolds = true }
            plans.append(AppPreview(name: name, desired: wanted, record: apps[name]))
        }
        let changes = changes(desired.apps, of: source)
        let base = sources[source]?.tree?.commit.id
        return PlanReport(
            commit: tree.commit.id, apps: plans.map(\.plan),
            diagnostics: tree.diagnostics + (desired.crossDiagnostics[source] ?? []), brakeHolds: brakeHolds,
            containersTotal: apps.values.reduce(0) { $0 + $1.instances.count },
            id: PlanDigest.id(
                base: base, head: tree.commit.id, changes: changes, generation: generation(of: changes.keys)),
            base: base)
    }
}

/// Files that are not committed, as a tree to read from.
private struct WorkTree: TreeSnapshot {
    let commit: CommitInfo
    let contents: [String: [UInt8]]
    func read(_ path: String, maximumSizeInBytes: Int) throws(SourceError) -> [UInt8] {
        guard let bytes = contents[path] else {
            throw SourceError(.notFound, "\(path) is not in the work tree")
        }
        guard bytes.count <= maximumSizeInBytes else { throw SourceError(.tooLarge, "\(path) is too large") }
        return bytes
    }
}
