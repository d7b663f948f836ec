import Model
import Ports

/// I14.
///
/// Nobody can keep a process from standing still between its decision and the call, so what the old one had written
/// down before the new one came may still be carried out; the new one finds it written down, and names are the same.
public struct ActorChecker: Checker {
    public static let id = "I14"
    public static let rule = """
        Only one controller acts: once another one has followed it, an old one writes and decides nothing more, \
        even if it only stood still meanwhile.
        """

    private struct Key: Hashable {
        var incarnation: Int
        var kind: Action.Kind
        var object: String
    }

    /// In which order controllers have first written: one that stood still before it had claimed the store follows the one
    /// that was started after it.
    private var ranks: [Int: Int] = [:]
    private var newest = 0
    /// How often each controller has written the same down and not yet called for it: a call for each, and no more.
    private var written: [Key: Int] = [:]

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        switch happening {
        case .stored(let batch, let incarnation, nil):
            let rank = ranks[incarnation] ?? ranks.count + 1
            ranks[incarnation] = rank
            if rank < ranks.count {
                return [
                    "controller \(incarnation) writes \(batch.outline) after controller \(newest) has written"
                ]
            }
            newest = incarnation
            for intent in batch.intents {
                let key = Key(incarnation: incarnation, kind: intent.action, object: intent.object)
                written[key, default: 0] += 1
            }
        case .call(let call, .began):
            let key = Key(
                incarnation: call.incarnation, kind: call.action.kind, object: call.action.object)
            let left = written[key] ?? 0
            written[key] = max(0, left - 1)
            let isOld = ranks[call.incarnation].map { $0 < ranks.count } ?? (call.incarnation < newest)
            guard isOld, left == 0 else { return [] }
            return [
                "controller \(call.incarnation) starts \(call.action.kind) of \(call.action.object), which it has not"
                    + " written down, after controller \(newest) has written"
            ]
        default: break
        }
        return []
    }
}

/// I22.
///
/// Counted in time without faults since the start: within two minutes the controller has read its world and says how
/// the apps are; within five, what its predecessor left under way is settled.
public struct LockChecker: Checker {
    public static let id = "I22"
    public static let rule = """
        A controller that was killed at any point is followed by one that needs nobody: no lock, no unfinished \
        write and no unfinished action has to be cleared by hand.
        """

    private var weather = Weather()
    private var startedAt: Instant?
    private var leftOver: Set<Int64> = []
    private var isTold = false
    /// Since when nothing is said; at a single moment the controller may have its hands full.
    private var silentSince: Instant?
    private static let patience = TimeSpan.seconds(10)

    public init() {}

    public mutating func observe(_ happening: Happening, in world: WorldTruth) -> [String] {
        weather.observe(happening, in: world)
        switch happening {
        case .started:
            (startedAt, isTold, silentSince) = (world.now, false, nil)
            leftOver = Set(world.stored.openIntents.map(\.sequence))
        case .fault, .crashed:
            // Counted anew when that is over.
            if startedAt != nil { startedAt = world.now }
            silentSince = nil
        case .stored(_, let incarnation, let error?) where error.code == .locked:
            guard world.incarnations == [incarnation], !weather.hasOpen else { return [] }
            return ["controller \(incarnation) finds its store locked, and nobody else is there"]
        case .tick: return look(in: world)
        default: break
        }
        return []
    }

    private mutating func look(in world: WorldTruth) -> [String] {
        guard let startedAt, !isTold, world.now - startedAt > .seconds(120), !world.incarnations.isEmpty
        else {
            return []
        }
        if weather.hasOpen {
            (self.startedAt, silentSince) = (world.now, nil)
            return []
        }
        let isAwake =
            world.status.map { $0.engine.isReachable && !$0.apps.contains { $0.verdict == .unknown } }
            ?? false
        silentSince = isAwake ? nil : silentSince ?? world.now
        if let silentSince, world.now - silentSince >= Self.patience {
            isTold = true
            return ["two minutes after its start the controller does not say how the apps are"]
        }
        guard world.now - startedAt > .minutes(5), !leftOver.isEmpty else { return [] }
        let open = world.stored.openIntents.filter { leftOver.contains($0.sequence) }
        leftOver = []
        return open.prefix(3).map {
            "five minutes after the start the \($0.action) of \($0.object) before it has no outcome"
        }
    }
}
