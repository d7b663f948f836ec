import Execution
import Model
import Planning
import Ports
import SpecLoading
import Telemetry

/// What a controller with an empty store takes from the notes in git: what failed is not tried again, and what was
/// proven is brought up again.
extension Controller {
    /// An app whose last good release is on its way back. Nothing else of it begins meanwhile.
    struct Restoration {
        var ledger: AppLedger
        /// Why it is not back yet.
        var message: String
    }

    /// What the notes say of the apps that this store knows nothing of.
    ///
    /// Asked once per source, with its first fetch: later on the store knows better.
    func toldByNotes(
        _ watched: WatchedRepository
    ) async throws(SourceError) -> [AppName: AppLedger] {
        let unheard = watched.sources.filter { sources[$0.name]?.fetchedAt == nil }
        guard let ledger = unheard.lazy.compactMap(\.dealings.ledger).first else { return [:] }
        let names = Set(unheard.map(\.name))
        let blank = apps.filter { names.contains($0.value.memory.source) && $0.value.memory.isBlank }.keys
            .sorted()
        guard !blank.isEmpty else { return [:] }
        return try await ledger.ledgers(of: configuration.installation, apps: blank)
    }

    /// Begins with what was told, in one go with the reading that it came with.
    func beginRestoring(_ told: [AppName: AppLedger]) {
        for (name, ledger) in told where ledger.isGone != true {
            restorations[name] = Restoration(ledger: ledger, message: "")
            requests.append { controller in
                controller.takeNumbers(name, ledger)
                controller.jobs.append { await controller.restore(name) }
            }
        }
    }

    private func takeNumbers(_ name: AppName, _ ledger: AppLedger) {
        guard var memory = apps[name]?.memory, memory.isBlank else { return }
        if let last = ReleaseNumber(ledger.nextRelease.value - 1) { memory.catchUp(with: last) }
        memory.quarantine = ledger.failed.suffix(20).map { failed in
            Quarantined(
                spec: failed.spec, image: failed.image, release: failed.number,
                failure: Failure(cause: failed.cause, message: failed.because), at: clock.now())
        }
        apps[name]?.memory = memory
        changedMemories.insert(name)
        markDirty(name)
    }

    /// Brings one app's last good release back into the memory; its instances follow by themselves.
    private func restore(_ name: AppName) async {
        var attempt = 0
        while !Task.isCancelled, let good = restorations[name]?.ledger.lastGood,
            apps[name]?.memory.lastGood == nil
        {
            await restoreTurnstile.enter()
            let outcome = await provenRelease(name, good)
            restoreTurnstile.leave()
            switch outcome {
            case .found(let release):
                requests.append { controller in controller.takeRestored(release) }
            case .lost(let reason):
                let text = "\(good.number) was proven, the notes say, and cannot be brought back: \(reason)"
                requests.append { controller in
                    controller.emit(.storeRebuilt, app: name, release: good.number, message: text)
                }
            case .later(let reason):
                attempt += 1
                showDelay(
                    name, "\(good.number) is brought back, as the notes in git say it was proven: \(reason)")
                let delay = Backoff.delay(attempt: attempt, longest: .seconds(60), seed: name.rawValue)
                await wait(until: clock.now() + delay, or: syncHub.subscribe())
                continue
            }
            break
        }
        requests.append { controller in controller.endRestoring(name) }
        ring()
    }

    private enum Proof {
        case found(Release)
        /// What is missing will not come back.
        case lost(String)
        case later(String)
    }

    private func provenRelease(_ name: AppName, _ good: AppLedger.ProvenRelease) async -> Proof {
        guard let record = apps[name], let source = sources[record.memory.source] else {
            return .lost("its source is not known")
        }
        let loaded: (spec: AppSpec, origin: SpecOrigin)
        if let candidate = record.candidate, candidate.digest == good.spec {
            // Git wants it still, wherever its history went.
            loaded = (candidate.spec, candidate.origin)
        } else {
            do throws(SourceError) {
                let snapshot = try await source.watched.repository.snapshot(at: good.commit)
                let loader = specReader.loader(for: source.source)
                let found = await loading { Self.load(name, good.path, snapshot, loader) }
                guard let found, found.digest == good.spec else {
                    return .lost("\(good.path) at \(good.commit.short) is not the spec that was proven")
                }
                let origin = SpecOrigin(source: source.source.name, path: good.path, commit: snapshot.commit)
                loaded = (found.spec, origin)
            } catch {
                return .lost(error.message)
            }
        }
        do throws(EngineError) {
            let image = try await image(of: loaded.spec, good, record, source.source.dealings)
            return .found(
                Release(
                    number: good.number, spec: loaded.spec, specDigest: good.spec, image: image,
                    origin: loaded.origin,
                    templates: Templates.templates(
                        for: loaded.spec, image: image, naming: naming(of: name))))
        } catch {
            // A registry that has lost it, or a host that has: no waiting brings it back.
            let isLost = error.code == .notFound || error.code == .invalid || !good.isFromRegistry
            return isLost ? .lost(error.message) : .later(error.message)
        }
    }

    /// The very image that was proven, present on the host.
    private func image(
        of spec: AppSpec, _ good: AppLedger.ProvenRelease, _ record: AppRecord, _ dealings: SourceDealings
    ) async throws(EngineError) -> ResolvedImage {
        let running = record.instances.values.first { $0.labels.release == good.number }
        if let running, let image = pinned(running.image, reference: spec.image), image.digest == good.image {
            return image
        }
        // Anybody who may push notes could name any image there; where commits are signed, only a spec's word counts.
        if dealings.isVerified { return try await engine.prepare(reference: spec.image, known: nil) }
        guard good.isFromRegistry else {
            return try await engine.prepare(
                reference: spec.image,
                known: ResolvedImage(
                    reference: spec.image, pinned: good.image.rawValue, digest: good.image,
                    isFromRegistry: false))
        }
        var image = try await engine.prepare(
            reference: "\(Self.withoutTag(spec.image))@\(good.image)", known: nil)
        image.reference = spec.image
        return image
    }

    /// `registry.example.com:5000/shop` of `registry.example.com:5000/shop:1.4.2`.
    static func withoutTag(_ reference: String) -> String {
        let name = reference.prefix { $0 != "@" }
        let lastPart = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
        guard let colon = name[lastPart...].firstIndex(of: ":") else { return String(name) }
        return String(name[..<colon])
    }

    /// Between two passes, as everything that changes a memory.
    private func takeRestored(_ release: Release) {
        guard let memory = apps[release.app]?.memory, memory.lastGood == nil, memory.rollout == nil else {
            return
        }
        apps[release.app]?.memory.lastGood = release
        apps[release.app]?.giveTime(now: clock.now())
        changedMemories.insert(release.app)
        pending.releases.append(release)
        emit(
            .storeRebuilt, app: release.app, release: release.number, commit: release.origin.commit.id,
            message:
                "\(release.number) was proven, the notes in git say, and is brought back as the last good release"
        )
        markDirty(release.app)
    }

    private func showDelay(_ name: AppName, _ message: String) {
        restorations[name]?.message = message
        reconsider(name)
    }

    private func endRestoring(_ name: AppName) {
        restorations[name] = nil
        reconsider(name)
        markDirty(name)
    }

    /// Looks again at what holds an app that git wants.
    func reconsider(_ name: AppName) {
        guard case .spec(var candidate) = apps[name]?.desired else { return }
        candidate.isConfirmed = sources[candidate.origin.source]?.fetchedAt != nil
        candidate.hold = nil
        want(held(.spec(candidate), of: name), of: name)
    }

    /// Nothing of an app begins while its last good release is on the way back.
    func held(_ wanted: DesiredApp, of name: AppName) -> DesiredApp {
        guard case .spec(var candidate) = wanted, let restoration = restorations[name] else {
            return unplanned.isEmpty && unplannedImages.isEmpty ? wanted : heldForPlan(wanted, of: name)
        }
        candidate.isConfirmed = false
        let number = restoration.ledger.lastGood.map { "\($0.number)" } ?? "what failed"
        candidate.hold = Blocker(
            cause: .preparing, object: name.rawValue,
            message: restoration.message.isEmpty
                ? "\(number) is taken from the notes in git" : restoration.message)
        return .spec(candidate)
    }
}

extension AppMemory {
    /// Nothing was ever done for the app, as far as this store knows.
    var isBlank: Bool {
        nextRelease == .first && lastGood == nil && rollout == nil && quarantine.isEmpty
            && !isBeingRemoved
    }
}
