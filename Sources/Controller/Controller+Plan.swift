internal import Execution
public import Model
internal import Planning
public import Ports
internal import SpecLoading

/// What a commit or a work tree would do, against what runs now. Nothing is changed.
extension Controller {
    public func plan(
        source: SourceName?, head: String?, base: String?
    ) async throws(ControlError) -> PlanReport {
        let record = try only(source)
        do throws(SourceError) {
            let commit = try await resolve(head, of: record)
            let (tree, snapshot) = try await tree(at: commit, of: record)
            let desired = desired(tree, for: record.source.name)
            var report = report(tree, for: record.source.name)
            if let base {
                let start = try await resolve(base, of: record)
                report.restrict(to: try await self.tree(at: start, of: record).tree.differences(from: tree))
                report.base = start
                let changes = changes(desired.apps, of: record.source.name)
                report.id = PlanDigest.id(
                    base: start, head: commit, changes: changes, generation: generation(of: changes.keys))
            }
            return await detail(report, tree, snapshot, desired, of: record)
        } catch {
            throw ControlError(error.code == .notFound ? .notFound : .unavailable, error.message)
        }
    }

    /// The commit of a full id, or the newest of a branch; of the source's own where none is named.
    private func resolve(_ revision: String?, of record: SourceRecord) async throws(SourceError) -> CommitID {
        let repository = record.watched.repository
        guard let named = revision.flatMap(CommitID.init) else {
            return try await repository.fetch(branch: revision ?? record.watched.branch)
        }
        do throws(SourceError) {
            _ = try await repository.snapshot(at: named)
        } catch  where error.code == .notFound {
            throw SourceError(
                .notFound, "\(named.short) is in no branch that was fetched yet: name its branch")
        }
        return named
    }

    private func tree(
        at commit: CommitID, of record: SourceRecord
    ) async throws(SourceError) -> (tree: LoadedTree, snapshot: any TreeSnapshot) {
        let repository = record.watched.repository
        let (source, previous) = (record.source, record.tree)
        let reader = specReader
        let changes = try await repository.changes(from: previous?.commit.id, to: commit, under: source.path)
        let snapshot = try await repository.snapshot(at: commit)
        let tree = await loading {
            TreeLoader.load(snapshot, changes, previous: previous, source: source, as: reader)
        }
        return (tree, snapshot)
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
        let reader = specReader
        let tree = await loading {
            TreeLoader.load(snapshot, changes, previous: nil, source: source, as: reader)
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
            let (tree, snapshot) = try await tree(at: proposal.merged, of: record)
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
                isBeingRemoved: record.memory.isBeingRemoved, claims: record.standingClaims)
        }
        return DesiredState.build(
            sources: views, known: known, brake: configuration.brake, policy: configuration.projects)
    }

    private func report(_ tree: LoadedTree, for source: SourceName) -> PlanReport {
        let desired = desired(tree, for: source)
        var plans: [AppPreview] = []
        var brakeHolds = false
        for name in Set(desired.apps.keys).union(apps.keys).sorted() {
            guard let wanted = desired.apps[name], isToldOf(name, wanted, in: source) else { continue }
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

extension LoadedTree {
    /// Apps that are not the same in both.
    fileprivate func differences(from other: LoadedTree) -> Set<AppName> {
        func digests(_ tree: LoadedTree) -> [AppName: ContentDigest] {
            let specs = tree.files.values.flatMap(\.specs)
            return Dictionary(specs.map { ($0.spec.name, $0.digest) }) { first, _ in first }
        }
        func broken(_ tree: LoadedTree) -> Set<AppName> {
            Set(tree.files.values.flatMap(\.broken).compactMap(\.name))
        }
        let (mine, others) = (digests(self), digests(other))
        let changed = Set(mine.keys).union(others.keys).filter { mine[$0] != others[$0] }
        return changed.union(broken(self).symmetricDifference(broken(other)))
    }
}

extension PlanReport {
    /// Leaves out what is not about these apps: what git wants of them anyway.
    fileprivate mutating func restrict(to names: Set<AppName>) { apps.removeAll { !names.contains($0.app) } }
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
