import Execution
import Model
import Planning
import Ports
import SpecLoading
import Telemetry

/// What a lost or stale store is rebuilt from: the labels of what runs, and git at the commits they name.
extension Controller {
    func adoptAfterListing() async {
        await rebuildFromLabels()
        for name in apps.keys { adopt(name) }
    }

    /// Where containers of the wanted spec run already under a number that the store does not know, their image and
    /// number are taken over: no registry is asked, and nothing is started again.
    func adopt(_ name: AppName) {
        guard let record = apps[name], let candidate = record.candidate, record.prepared == nil,
            record.memory.lastGood?.specDigest != candidate.digest,
            record.memory.rollout?.target.specDigest != candidate.digest
        else { return }
        let same = record.instances.values.filter { $0.labels.spec == candidate.digest }
        guard let newest = same.max(by: { $0.labels.release < $1.labels.release }),
            newest.labels.release >= record.memory.nextRelease,
            let image = pinned(newest.image, reference: candidate.spec.image)
        else { return }
        // Worked out first: the optional chain below holds `apps`.
        let templates = Templates.templates(for: candidate.spec, image: image, naming: naming(of: name))
        apps[name]?.prepared = PreparedRelease(
            specDigest: candidate.digest, image: image, templates: templates,
            adoptedNumber: newest.labels.release)
        markDirty(name)
    }

    /// Finds the release that runs and that the store does not know: a new store, or one older than the containers.
    func rebuildFromLabels() async {
        for name in apps.keys.sorted() {
            guard let record = apps[name], isBehind(record) else { continue }
            // Who gets the requests is part of what runs.
            guard edge == nil || edgeState.isCurrent else { continue }
            guard let group = liveGroup(name, record) else {
                // Nothing of what the store does not know is alive, so there is nothing to be kept as it is.
                if sources[record.memory.source]?.fetchedAt != nil { takeNumbers(name) }
                continue
            }
            // The mirror alone may be of yesterday, as the store: it tells neither what runs nor what is wanted.
            guard sources[group.source]?.fetchedAt != nil else { continue }
            if let rollout = record.memory.rollout, rollout.target.specDigest == record.candidate?.digest {
                // Git still wants what an old store was moving to: what runs instead is replaced by that rollout.
                takeNumbers(name)
                continue
            }
            guard record.memory.lastGood?.specDigest != group.spec else {
                // Gone back to since under another number: what runs is known after all.
                takeNumbers(name)
                continue
            }
            guard
                // What git wants is proven by a rollout over what runs, not taken on trust.
                record.candidate?.digest != group.spec
            else { continue }
            await rebuild(name, from: group)
        }
    }

    /// Containers of releases that the store has not numbered are there.
    private func isBehind(_ record: AppRecord) -> Bool {
        record.instances.values.contains { $0.labels.release >= record.memory.nextRelease }
    }

    /// Among releases that the store does not know, the one that gets requests, with the most running instances, or
    /// where none runs at this moment with the most that are restarted by the engine; of equals the oldest, because a
    /// newer one may have been half-way.
    private func liveGroup(_ name: AppName, _ record: AppRecord) -> InstanceLabels? {
        let live = record.instances.values.filter {
            $0.labels.release >= record.memory.nextRelease && $0.state.isLive
        }
        let running = live.filter { $0.state == .running }
        let unknown = running.isEmpty ? live : running
        let routes = edgeState.routes[name] ?? [:]
        let groups = Dictionary(grouping: unknown, by: \.labels.release).mapValues { group in
            // What is kept beside the one that serves, or waits to be promoted, may be as many.
            let served = group.count { instance in
                routes[instance.labels.process]?.observed.route.serves(instance.id) ?? false
            }
            return (served: served, all: group)
        }
        let best = groups.max { left, right in
            let (one, other) = (left.value, right.value)
            return (one.served, one.all.count) == (other.served, other.all.count)
                ? left.key > right.key : (one.served, one.all.count) < (other.served, other.all.count)
        }
        return best?.value.all.min { $0.name < $1.name }?.labels
    }

    private func rebuild(_ name: AppName, from labels: InstanceLabels) async {
        guard let watched = sources[labels.source]?.watched, let source = sources[labels.source]?.source,
            let instance = await present(of: labels.release, name)
        else { return }
        do throws(SourceError) {
            let snapshot = try await watched.repository.snapshot(at: labels.commit)
            let loader = specReader.loader(for: source)
            let loaded = await loading { Self.load(name, labels.path, snapshot, loader) }
            guard let loaded, loaded.digest == labels.spec,
                let image = pinned(instance.image, reference: loaded.spec.image)
            else {
                return noteUnrebuilt(
                    name, labels, "its spec at \(labels.commit.short) is not the one it runs")
            }
            let release = Release(
                number: labels.release, spec: loaded.spec, specDigest: loaded.digest, image: image,
                origin: SpecOrigin(source: source.name, path: labels.path, commit: snapshot.commit),
                templates: Templates.templates(for: loaded.spec, image: image, naming: naming(of: name)))
            requests.append { controller in controller.takeAsLastGood(release) }
            ring()
        } catch {
            noteUnrebuilt(name, labels, error.message)
        }
    }

    /// One of a release's instances as it is now: a listing may be minutes old, and what it shows gone since. What is
    /// not there is not taken for good.
    private func present(of release: ReleaseNumber, _ name: AppName) async -> ObservedInstance? {
        let listed =
            apps[name]?.instances.values.filter { $0.labels.release == release && $0.state.isLive } ?? []
        for instance in listed.sorted(by: { $0.name < $1.name }) {
            do throws(EngineError) {
                if let seen = try await engine.inspect(instance.id), seen.state.isLive { return seen }
            } catch {
                // Another one may tell; if none does, the next listing asks again.
            }
        }
        return nil
    }

    /// Between two passes, as everything that changes a memory: a pass that is being written would undo it.
    private func takeAsLastGood(_ release: Release) {
        guard let memory = apps[release.app]?.memory, release.number >= memory.nextRelease else { return }
        if let rollout = memory.rollout {
            // What an old store was moving to was over before this release was made.
            apps[release.app]?.memory.rollout = nil
            pending.rollouts.append(
                RolloutRecord(
                    app: release.app, release: rollout.target.number, commit: rollout.target.origin.commit,
                    image: rollout.target.image.pinned, startedAt: rollout.startedAtWall,
                    endedAt: clock.wall(), outcome: .superseded, project: rollout.target.spec.project))
        }
        apps[release.app]?.memory.lastGood = release
        apps[release.app]?.giveTime(now: clock.now())
        advanceNumbers(release.app)
        pending.releases.append(release)
        emit(
            .storeRebuilt, app: release.app, release: release.number, commit: release.origin.commit.id,
            message: "\(release.number) was found running and is taken as the last good release")
    }

    private func takeNumbers(_ name: AppName) {
        requests.append { controller in controller.advanceNumbers(name) }
        ring()
    }

    /// Numbers that containers carry are not given again, and the store counts as caught up with what runs.
    private func advanceNumbers(_ name: AppName) {
        let highest = apps[name]?.instances.values.map(\.labels.release).max()
        guard let highest, let next = apps[name]?.memory.nextRelease, highest >= next else { return }
        apps[name]?.memory.catchUp(with: highest)
        changedMemories.insert(name)
        dirty.insert(name)
    }

    private func noteUnrebuilt(_ name: AppName, _ labels: InstanceLabels, _ reason: String) {
        if apps[name]?.candidate?.digest == apps[name]?.memory.lastGood?.specDigest,
            apps[name]?.candidate != nil
        {
            // Git and the store agree on what is to run, so what else runs need not be known.
            takeNumbers(name)
            return
        }
        guard unrebuilt.insert(name).inserted else { return }
        logger.error(
            "what runs is not known to the store and could not be rebuilt; it is left alone",
            ["app.name": name.rawValue, "app.release": labels.release.description, "reason": reason])
    }

    static func load(
        _ name: AppName, _ path: String, _ snapshot: any TreeSnapshot, _ loader: SpecLoader
    ) -> LoadedSpec? {
        guard let bytes = try? snapshot.read(path, maximumSizeInBytes: TreeLoader.maximumFileSize) else {
            return nil  // The caller says that the spec is not there.
        }
        let file = loader.load(path: path, bytes: bytes) { dependency in
            try snapshot.read(dependency, maximumSizeInBytes: TreeLoader.maximumFileSize)
        }
        return file.specs.first { $0.spec.name == name }
    }

    /// The image of a container as it was asked for carries its digest: `repository@sha256:…`, or a bare image id.
    func pinned(_ image: String, reference: String) -> ResolvedImage? {
        if let at = image.lastIndex(of: "@"),
            let digest = ContentDigest(String(image[image.index(after: at)...]))
        {
            return ResolvedImage(reference: reference, pinned: image, digest: digest, isFromRegistry: true)
        }
        return ContentDigest(image).map {
            ResolvedImage(reference: reference, pinned: image, digest: $0, isFromRegistry: false)
        }
    }
}
