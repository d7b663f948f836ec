import Model
import Ports

/// Since when the installation has been at rest: everything is as it is meant to be, and nobody has done anything.
struct Rest {
    private var quietSince = Instant.zero
    private(set) var since: Instant?
    private var weather = Weather()
    private var lastLookedAt = Instant.zero

    /// - Parameter ignores: happenings that are not to disturb anybody.
    mutating func observe(_ happening: Happening, in world: WorldTruth, ignores: (Happening) -> Bool) {
        if ignores(happening), since != nil { return }
        weather.observe(happening, in: world)
        switch happening {
        case .pushed, .asked, .fault, .life, .crashed, .started, .calm:
            (quietSince, since) = (world.now, nil)
        case .call(_, .answered), .routed(_, .answered):
            quietSince = world.now
        case .tick where since == nil && world.now - lastLookedAt >= .seconds(10):
            lastLookedAt = world.now
            guard world.now - quietSince >= .seconds(60), !weather.isFoul(at: world.now),
                Self.isRestful(world)
            else {
                return
            }
            since = world.now
        default: break
        }
    }

    /// So long that what was about to happen has happened: a poll, a listing, a probe, the end of what is kept.
    func isDeep(at now: Instant) -> Bool { since.map { now - $0 >= .seconds(120) } ?? false }

    /// Every instance is as it should be, and nothing is waited for.
    private static func isRestful(_ world: WorldTruth) -> Bool {
        guard world.inFlight.isEmpty, world.incarnations.count == 1, let status = world.status else {
            return false
        }
        for memory in world.stored.apps.values {
            // What is run by the clock is run in the first minutes of a story, and is tried again for a while.
            if memory.cron != nil, world.now < .zero + .minutes(12) { return false }
            if memory.isBeingRemoved || memory.kept != nil { return false }
            if let rollout = memory.rollout, Charge.Phase(rollout) != .held { return false }
        }
        for instance in world.instances.values where instance.isOurs && !instance.isReady { return false }
        return status.apps.allSatisfy(isSettled) && status.because.allSatisfy { $0.cause == .foreignObject }
    }

    private static func isSettled(_ app: AppStatus) -> Bool {
        switch app.verdict {
        case .converged, .rolledBack, .held, .invalid: break
        case .progressing, .waiting, .unplaceable, .unknown, .degraded: return false
        }
        return app.because.allSatisfy { blocker in
            blocker.nextAttemptInSeconds == nil
                && ![.imagePull, .engine, .store, .source, .edge].contains(blocker.cause)
        }
    }
}

/// I10.
public struct IdleChecker: Checker {
    public static let id = "I10"
    public static let rule = """
        Where everything is as wanted, Slipway makes no change and writes nothing, however long that lasts; \
        `slipway abort` without a rollout does nothing either.
        """

    private var rest = Rest()
    private var known: [AppName: AppMemory] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        defer {
            known = world.stored.apps
            rest.observe(happening, in: world) { happening in
                if case .asked(let words) = happening { return words.hasPrefix("abort ") }
                return false
            }
        }
        if case .stored(let batch, _, nil) = happening {
            let ended = batch.rollouts.filter { $0.outcome == .aborted && known[$0.app]?.rollout == nil }
            if let first = ended.first {
                return ["\(first.app): an abort is recorded, and there was no rollout"]
            }
        }
        guard rest.isDeep(at: world.now) else { return [] }
        switch happening {
        case .call(let call, .began):
            return ["at rest, and there is a \(call.action.kind) of \(call.action.object)"]
        case .routed(let action, .began):
            return ["at rest, and there is a \(action.kind) of \(action.object)"]
        case .stored(let batch, _, nil):
            return ["at rest, and something is written: \(batch.outline)"]
        default: return []
        }
    }
}

extension StoreBatch {
    /// What kinds of things it has, for people.
    var outline: String {
        let parts = [
            ("apps", apps.count), ("forgotten", forgotten.count), ("releases", releases.count),
            ("sources", sources.count), ("owned", owned.count), ("disowned", disowned.count),
            ("intents", intents.count), ("outcomes", outcomes.count), ("events", events.count),
            ("rollouts", rollouts.count)
        ]
        let words = parts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
        return words.isEmpty ? "the clock" : words.joined(separator: ", ")
    }
}

/// I23.
///
/// Two things: in an installation at rest a jump causes nothing in the minute after it; and no rollout fails for want
/// of progress before its `timeout` has really passed since it began, without the time in which the engine was away.
public struct ClockChecker: Checker {
    public static let id = "I23"
    public static let rule = """
        A wall clock that jumps, even by a year, starts, stops, fails and hastens nothing but what is run by \
        the clock; and what the engine is away for is held against no release.
        """

    private var rest = Rest()
    private var jumpedAt: Instant?
    /// When it began, and how long the engine had been away until then.
    private var started: [RolloutBook.Key: (at: Instant, away: TimeSpan, timeout: TimeSpan?)] = [:]
    private var awaySince: Instant?
    private var awayBefore = TimeSpan.zero

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        defer { rest.observe(happening, in: world, ignores: Self.isJump) }
        noteAway(happening, now: world.now)
        switch happening {
        case .fault where Self.isJump(happening):
            jumpedAt = rest.isDeep(at: world.now) ? world.now : nil
        case .pushed, .asked, .fault, .life, .crashed, .started:
            jumpedAt = nil
        case .call(let call, .began):
            guard let jumpedAt, world.now - jumpedAt < .seconds(60) else { return [] }
            return ["\(call.action.kind) of \(call.action.object) right after the wall clock has jumped"]
        case .stored(let batch, _, nil):
            return take(batch, in: world)
        default: break
        }
        return []
    }

    private mutating func noteAway(_ happening: Happening, now: Instant) {
        switch happening {
        case .fault(let words) where words.holds("is away"):
            awayBefore = away(now)
            awaySince = words.hasSuffix("is over") ? nil : now
        case .calm:
            awayBefore = away(now)
            awaySince = nil
        default: break
        }
    }

    /// How long the engine has been away in all.
    private func away(_ now: Instant) -> TimeSpan {
        awayBefore.and(awaySince.map { now - $0 } ?? .zero)
    }

    private static func isJump(_ happening: Happening) -> Bool {
        guard case .fault(let words) = happening else { return false }
        return FaultWords.isJump(words)
    }

    private mutating func take(_ batch: StoreBatch, in world: WorldTruth) -> [String] {
        var found: [String] = []
        for record in batch.rollouts {
            let key = RolloutBook.Key(app: record.app, release: record.release, startedAt: record.startedAt)
            guard record.outcome != nil else {
                let target = world.stored.apps[record.app]?.rollout?.target
                let own = target?.number == record.release ? target?.spec.deploy.effectiveTimeout : nil
                started[key] = (world.now, away(world.now), own)
                continue
            }
            guard let begun = started.removeValue(forKey: key),
                let last = batch.apps[record.app]?.lastOutcome, last.release == record.release,
                last.failure?.cause == .deadline,
                let timeout = begun.timeout
            else { continue }
            // What it stood still for is known roughly: half of it is enough to tell a jump from a wait.
            let away = away(world.now).milliseconds - begun.away.milliseconds
            let spent = (world.now - begun.at).milliseconds - away
            guard spent * 2 < timeout.milliseconds else { continue }
            found.append(
                "\(record.app): \(record.release) has failed for want of progress after \(world.now - begun.at), in"
                    + " which the engine was away for \(TimeSpan.milliseconds(away))")
        }
        return found
    }
}
