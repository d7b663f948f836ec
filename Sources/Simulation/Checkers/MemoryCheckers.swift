import Model
import Ports

/// I6.
///
/// Looked at with every batch that the store takes. What is found running after the store was lost is taken over with
/// an event that says so; it must really run.
public struct LastGoodChecker: Checker {
    public static let id = "I6"
    public static let rule = """
        The last good release, complete with its spec, digests and counts, is written together with the success \
        that it follows from and by nothing else: no retry, no resume, no rollback makes one.
        """

    private var known: [AppName: AppMemory] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        // Whatever happens between two batches, such as the loss of the store, is nobody's write.
        defer { known = world.stored.apps }
        guard case .stored(let batch, _, nil) = happening else { return [] }
        var found: [String] = []
        for (app, memory) in batch.apps {
            let before = known[app]?.lastGood
            guard let after = memory.lastGood else {
                if let before { found.append("\(app): the last good release \(before.number) is forgotten") }
                continue
            }
            guard after != before else { continue }
            found += judge(after, of: app, batch, in: world)
        }
        for record in batch.rollouts where record.outcome == .succeeded {
            let good = batch.apps[record.app]?.lastGood ?? known[record.app]?.lastGood
            guard good?.number != record.release, !batch.forgotten.contains(record.app) else { continue }
            found.append("\(record.app): \(record.release) is a success and is not the last good release")
        }
        return found
    }

    private func judge(
        _ release: Release, of app: AppName, _ batch: StoreBatch, in world: WorldTruth
    ) -> [String] {
        var found: [String] = []
        let isSuccess = batch.rollouts.contains {
            $0.app == app && $0.release == release.number && $0.outcome == .succeeded
        }
        let isAdopted = batch.events.contains {
            $0.kind == .storeRebuilt && $0.app == app && $0.release == release.number
        }
        if !isSuccess && !isAdopted {
            found.append("\(app): \(release.number) becomes the last good release without a success")
        }
        if isAdopted && !isSuccess && !world.instances.values.contains(where: { isOf(release, $0) }) {
            found.append(
                "\(app): \(release.number) is taken for the last good release, and nothing of it runs")
        }
        let isComplete = release.spec.processes.allSatisfy { release.templates[$0.name] != nil }
        if release.app != app || !isComplete || release.spec.processes.isEmpty {
            found.append("\(app): the last good release \(release.number) is incomplete")
        }
        return found
    }

    private func isOf(_ release: Release, _ instance: WorldTruth.Instance) -> Bool {
        let labels = instance.observed.labels
        return instance.isOurs && labels.app == release.app && labels.release == release.number
    }
}

/// I25.
///
/// What the status says is held against what really runs. News of git takes a poll to arrive; what has fallen just now
/// takes a probe.
public struct HonestyChecker: Checker {
    public static let id = "I25"
    public static let rule = """
        A deploy that was turned back is never recorded or shown as a success, and an app is never shown as \
        converged while something else than the wanted release runs.
        """

    private var weather = Weather()
    /// Rollouts that have failed once, by app.
    private var failed: [AppName: Rollout] = [:]
    /// Since when the app's last good release is not what git wants.
    private var differs: [AppName: Instant] = [:]
    private var compared: [AppName: (head: CommitID?, release: Release?, wanted: AppSpec?)] = [:]
    private var lies: [AppName: Instant] = [:]
    private var lastLookedAt = Instant.zero

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        var found: [String] = []
        switch happening {
        case .stored(let batch, _, nil): found += take(batch)
        case .fault(let words) where FaultWords.isNewStore(words): forgetUnknown(in: world)
        default: break
        }
        guard isWorthLooking(happening, now: world.now), let status = world.status else { return found }
        lastLookedAt = world.now
        for app in status.apps { found += judge(app, in: world) }
        return found
    }

    private func isWorthLooking(_ happening: Happening, now: Instant) -> Bool {
        switch happening {
        case .ended: true
        case .tick: now - lastLookedAt >= .seconds(5)
        default: false
        }
    }

    private mutating func take(_ batch: StoreBatch) -> [String] {
        var found: [String] = []
        for record in batch.rollouts where record.outcome == .succeeded {
            if let rollout = failed[record.app], rollout.target.number == record.release,
                rollout.startedAtWall == record.startedAt
            {
                found.append("\(record.app): \(record.release) had failed and is recorded as a success")
            }
        }
        for (app, memory) in batch.apps {
            guard let rollout = memory.rollout, rollout.phase != .moving else { continue }
            failed[app] = rollout
        }
        for app in batch.forgotten { failed[app] = nil }
        return found
    }

    /// Another store is in place: lost, or of a time before the failure. A failure that it has no word of is known to
    /// nobody any more, as nothing on the containers tells of it, and the rollout it goes on with is proven anew. What
    /// it does know of still counts.
    private mutating func forgetUnknown(in world: WorldTruth) {
        failed = failed.filter { app, rollout in
            let memory = world.stored.apps[app]
            if let stands = memory?.rollout, stands.phase != .moving,
                stands.target.number == rollout.target.number
            {
                return true
            }
            return memory?.quarantine.contains { $0.spec == rollout.target.specDigest } == true
                || world.rollouts.contains { record in
                    record.app == app && record.release == rollout.target.number
                        && record.startedAt == rollout.startedAtWall && record.outcome != nil
                }
        }
    }

    private mutating func judge(_ app: AppStatus, in world: WorldTruth) -> [String] {
        var found: [String] = []
        if app.verdict != .converged, app.because.isEmpty {
            found.append("\(app.name) is \(app.verdict.rawValue), and nothing says why")
        }
        if app.verdict == .converged, let wanted = app.wanted?.specDigest, wanted != app.running?.specDigest {
            found.append("\(app.name) is shown as converged, and what is wanted is not what is said to run")
        }
        compare(app.name, in: world)
        if let lie = lie(app, in: world) {
            let since = lies[app.name] ?? world.now
            lies[app.name] = since
            // The status was taken a moment before the rest.
            if world.now - since > .seconds(15) {
                found.append("\(app.name) is shown as converged, and \(lie)")
            }
        } else {
            lies[app.name] = nil
        }
        return found
    }

    private func lie(_ app: AppStatus, in world: WorldTruth) -> String? {
        guard app.verdict == .converged else { return nil }
        if let rollout = world.stored.apps[app.name]?.rollout, Charge.Phase(rollout) != .moving {
            return "\(rollout.target.number) is being turned back"
        }
        let patience = weather.isFoul(at: world.now) ? TimeSpan.minutes(30) : Self.poll
        guard let since = differs[app.name], world.now - since > patience else { return nil }
        return "git has wanted something else for \(world.now - since)"
    }

    /// Notes since when git wants this very thing and something else runs; compared anew only when either changes.
    private mutating func compare(_ app: AppName, in world: WorldTruth) {
        let release = world.stored.apps[app]?.lastGood
        let last = compared[app]
        if let last, last.head == world.head, last.release == release { return }
        let wanted = world.wanted[app]
        compared[app] = (world.head, release, wanted)
        guard let wanted, let release, wanted != release.spec else {
            differs[app] = nil
            return
        }
        // Each change of mind takes a poll of its own to arrive.
        let since = last?.wanted == wanted ? differs[app] : nil
        differs[app] = since ?? world.now
    }

    /// A poll with its jitter, the fetch and the reading.
    private static let poll = TimeSpan.seconds(60)
}
