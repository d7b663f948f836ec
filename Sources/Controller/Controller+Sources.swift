import Execution
import Model
import Planning
import Ports
import SpecLoading
import Telemetry

extension Controller {
    /// Polls one branch of one repository for all sources that read it.
    func follow(_ index: Int) async {
        let watched = configuration.repositories[index]
        await readMirror(watched)
        var round = 0
        var failures = 0
        while !Task.isCancelled {
            let trigger = syncHub.subscribe()
            do throws(SourceError) {
                try await poll(watched)
                failures = 0
            } catch {
                failures += 1
                sourceFailed(watched, error)
            }
            round += 1
            let wait =
                failures == 0
                ? jittered(watched.pollInterval, watched, round)
                : max(
                    Backoff.delay(attempt: failures, longest: .seconds(60), seed: watched.displayName),
                    min(watched.pollInterval, .seconds(30)))
            await self.wait(until: clock.now() + wait, or: trigger)
        }
    }

    /// Spreads polls over a fifth either way, so that many controllers do not call at once.
    private func jittered(_ interval: TimeSpan, _ watched: WatchedRepository, _ round: Int) -> TimeSpan {
        let full = Backoff.delay(attempt: 1, seed: "\(watched.displayName)#\(watched.branch)#\(round)")
        // `full` lies between 750 and 1,000 ms: map that to ± 20 %.
        let share = full.milliseconds - 875
        return .milliseconds(interval.milliseconds + interval.milliseconds * share / 625)
    }

    /// One `ls-remote`, a fetch if the branch moved, and the reading of what changed.
    func poll(_ watched: WatchedRepository) async throws(SourceError) {
        figures.fetches += 1
        let head = try await watched.repository.fetch(branch: watched.branch)
        fetchOrder += 1
        let order = fetchOrder
        var commits: [SourceName: CommitID] = [:]
        for source in watched.sources { commits[source.name] = head }
        try await read(watched, commits, order)
        let told = try await toldByNotes(watched)
        var isFirst = false
        for source in watched.sources {
            if sourceRead(source.name) { isFirst = true }
        }
        guard isFirst else { return }
        beginRestoring(told)
        // What git says counts from now on, so what a lost or old store has missed is taken from it first.
        await rebuildFromLabels()
        rebuildDesired()
    }

    /// With the remote down at start, the mirror still knows what was wanted last.
    private func readMirror(_ watched: WatchedRepository) async {
        var commits: [SourceName: CommitID] = [:]
        for source in watched.sources { commits[source.name] = sources[source.name]?.memory.commit?.id }
        do throws(SourceError) {
            try await read(watched, commits, 0)
        } catch {
            logger.notice(
                "mirror does not have the last commit; it is read with the next fetch",
                ["source.repository": watched.displayName, "error": error.message])
        }
    }

    /// Reads the commits of all sources of a branch, and takes them in together: an app that moves from one source to
    /// another is never seen as gone in between.
    ///
    /// - Parameter order: of the fetch that found the commits; a later one that was read meanwhile wins.
    private func read(
        _ watched: WatchedRepository, _ commits: [SourceName: CommitID], _ order: Int64
    ) async throws(SourceError) {
        var readings: [Reading]
        repeat {
            readings = []
            for source in watched.sources {
                let previous = sources[source.name]?.tree
                guard let commit = commits[source.name], previous?.commit.id != commit else { continue }
                readings.append(try await load(source, watched, commit, previous))
            }
            guard readings.allSatisfy({ (sources[$0.source]?.readOrder ?? 0) <= order }) else { return }
            // Somebody else has read while this one did: compared with what stands there now.
        } while readings.contains { sources[$0.source]?.tree?.commit.id != $0.previous }
        for source in watched.sources where commits[source.name] != nil {
            let newest = max(order, sources[source.name]?.readOrder ?? 0)
            sources[source.name]?.readOrder = newest
        }
        guard !readings.isEmpty else { return }
        for reading in readings { take(reading, watched) }
        await rebuildFromLabels()
        rebuildDesired()
    }

    private struct Reading {
        var source: SourceName
        var previous: CommitID?
        var tree: LoadedTree
    }

    private func load(
        _ source: WatchedSource, _ watched: WatchedRepository, _ commit: CommitID, _ previous: LoadedTree?
    ) async throws(SourceError) -> Reading {
        let changes = try await watched.repository.changes(
            from: previous?.commit.id, to: commit, under: source.path)
        let snapshot = try await watched.repository.snapshot(at: commit)
        let reader = specReader
        let tree = await loading {
            TreeLoader.load(snapshot, changes, previous: previous, source: source, as: reader)
        }
        return Reading(source: source.name, previous: previous?.commit.id, tree: tree)
    }

    private func take(_ reading: Reading, _ watched: WatchedRepository) {
        let tree = reading.tree
        let isNews = sources[reading.source]?.memory.commit?.id != tree.commit.id
        sources[reading.source]?.tree = tree
        guard isNews else { return }
        sources[reading.source]?.memory.commit = tree.commit
        pending.sources[reading.source] = sources[reading.source]?.memory
        emit(
            .commitSeen, commit: tree.commit.id,
            message:
                "\(watched.branch)@\(tree.commit.id.short) \"\(tree.commit.subject)\" by \(tree.commit.author)"
        )
    }

    /// - Returns: whether it is the first time since the controller started.
    private func sourceRead(_ name: SourceName) -> Bool {
        if sources[name]?.problem != nil {
            emit(.sourceBack, message: "source \(name) can be fetched again")
            observe([.well(.source(name.rawValue), NoticeWords("it can be fetched again"))])
            changeHub.send(())
        }
        sources[name]?.problem = nil
        sources[name]?.problemSince = nil
        let isFirst = sources[name]?.fetchedAt == nil
        sources[name]?.fetchedAt = clock.wall()
        ring()
        return isFirst
    }

    private func sourceFailed(_ watched: WatchedRepository, _ error: SourceError) {
        figures.fetchFailures += 1
        for source in watched.sources {
            if sources[source.name]?.problem != error {
                emit(.sourceFailed, message: "source \(source.name): \(error.message)")
                let words = NoticeWords(error.message)
                observe([.trouble(.source(source.name.rawValue), .source, cause: error.code.rawValue, words)])
            }
            if sources[source.name]?.problem == nil { sources[source.name]?.problemSince = clock.now() }
            sources[source.name]?.problem = error
            if isPlanted(.failedFetchIsEmpty) { sources[source.name]?.tree?.files = [:] }
        }
        if isPlanted(.failedFetchIsEmpty) { rebuildDesired() }
        changeHub.send(())
        ring()
    }

    /// Works out anew what git wants of every app.
    func rebuildDesired() {
        let views = sources.values.map { record in
            DesiredState.SourceView(
                name: record.source.name, path: record.source.path, tree: record.tree,
                isConfirmed: record.fetchedAt != nil,
                approvedRemovals: record.memory.approvedRemovals)
        }
        let known = apps.mapValues { record in
            DesiredState.Known(
                source: record.memory.source, path: record.memory.path,
                isBeingRemoved: record.memory.isBeingRemoved, claims: record.standingClaims)
        }
        let desired = DesiredState.build(
            sources: views, known: known, brake: configuration.brake, policy: configuration.projects)
        for name in sources.keys { sources[name]?.crossDiagnostics = desired.crossDiagnostics[name] ?? [] }
        admit(desired.apps)
        var edges: [AppName: Set<AppName>] = [:]
        for (name, wanted) in desired.apps {
            want(held(wanted, of: name), of: name)
            guard case .spec(let candidate) = wanted else { continue }
            for dependency in candidate.spec.dependsOn { edges[dependency, default: []].insert(name) }
        }
        dependents = edges
        rebuildGroups()
        for (name, record) in apps where desired.apps[name] == nil {
            // Its source has not been read, or is not configured any more.
            want(notReadYet(record.memory.source), of: name)
        }
        noteClaims(desired.apps)
        // What hangs may be of an app that is known only now.
        noteUnreadable()
        ring()
    }

    /// Apps of one source that name the same group; one whose spec cannot be read now keeps the group it had.
    func rebuildGroups() {
        groups = [:]
        groupOf = [:]
        for (name, record) in apps {
            let spec =
                record.candidate?.spec ?? record.memory.rollout?.target.spec ?? record.memory.lastGood?.spec
            guard let group = spec?.group else { continue }
            let source = record.candidate?.origin.source ?? record.memory.source
            let key = GroupKey(source: source, name: group)
            groupOf[name] = key
            groups[key, default: []].append(name)
        }
        for key in groups.keys { groups[key]?.sort() }
    }

    func want(_ wanted: DesiredApp, of name: AppName) {
        guard var record = apps[name] else {
            guard case .spec(let candidate) = wanted else {
                if case .keep(_, let diagnostics, true) = wanted { refuseUnborn(name, wanted, diagnostics) }
                return
            }
            var memory = AppMemory(
                source: candidate.origin.source, path: candidate.origin.path, project: candidate.spec.project,
                now: clock.now())
            memory.nameScope = configuration.projects.nameScope(memory.project)
            apps[name] = AppRecord(memory: memory, desired: wanted)
            adopt(name)
            markDirty(name)
            return
        }
        guard record.desired != wanted else { return }
        if case .keep(let blockers, _, true) = wanted {
            emit(.specInvalid, app: name, message: blockers.first.map { "\($0.object): \($0.message)" } ?? "")
        }
        if record.candidate?.digest != candidateDigest(wanted) {
            record.prepared = nil
            rearmProbes(name, record, now: clock.now())
            record.failures = record.failures.filter { $0.key.kind != .prepare }
            if record.view?.verdict == .converged {
                // What was converged is not what is wanted any more; the next pass says how it goes on.
                let message = "the commit has just been seen"
                record.view?.verdict = .progressing
                record.view?.because = [Blocker(cause: .preparing, object: name.rawValue, message: message)]
            }
        }
        record.desired = wanted
        apps[name] = record
        adopt(name)
        markDirty(name)
    }

    private func candidateDigest(_ desired: DesiredApp) -> ContentDigest? {
        if case .spec(let candidate) = desired { return candidate.digest }
        return nil
    }

    /// A spec that was broken from the first: it is shown as an app, so that its author finds it in the status.
    private func refuseUnborn(_ name: AppName, _ wanted: DesiredApp, _ diagnostics: [Diagnostic]) {
        for record in sources.values {
            guard let path = Self.file(of: name, diagnostics, in: record.tree) else { continue }
            var memory = AppMemory(
                source: record.source.name, path: path, project: record.source.project, now: clock.now())
            memory.nameScope = configuration.projects.nameScope(memory.project)
            apps[name] = AppRecord(memory: memory, desired: wanted)
            markDirty(name)
            return
        }
    }

    /// The spec's own file: what is wrong may stand in one that it names, such as its secrets.
    private static func file(of name: AppName, _ diagnostics: [Diagnostic], in tree: LoadedTree?) -> String? {
        guard let tree else { return nil }
        if let path = diagnostics.first?.path, tree.files[path] != nil { return path }
        return tree.files.filter { $0.value.broken.contains { $0.name == name } }.keys.min()
    }
}
