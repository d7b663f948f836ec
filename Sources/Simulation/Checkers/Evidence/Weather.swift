import Model
import Ports

/// How old the controller's knowledge may be at a moment through no doing of its own.
///
/// With all well, an event tells it within seconds what becomes of a container. While a fault is on, and for a while
/// after, events may be lost and listings old: then the next good listing is what it has to be measured by.
struct Weather {
    /// Faults that last, by what was said when they began.
    private var open: Set<String> = []
    private var foulUntil = Instant.zero

    mutating func observe(_ happening: Happening, in world: WorldTruth) {
        switch happening {
        case .fault(let words): note(words)
        case .crashed, .started: break
        case .call(_, .answered(let error?)) where error.fault == .world: break
        case .calm: open = []
        default: if open.isEmpty { return }
        }
        foulUntil = world.now + Self.clearing
    }

    private mutating func note(_ words: String) {
        let over = " is over"
        if words.hasSuffix(over) {
            open.remove(String(words.dropLast(over.count)))
        } else if !FaultWords.isMoment(words) {
            open.insert(words)
        }
    }

    /// A fault is on at this moment.
    var hasOpen: Bool { !open.isEmpty }

    func isFoul(at now: Instant) -> Bool { now < foulUntil }

    /// How long something that was nobody's call may go unseen.
    func seeing(at now: Instant) -> TimeSpan { isFoul(at: now) ? Self.clearing : Self.latency }

    /// A listing of a minute's age, and the minute to the next.
    private static let clearing = TimeSpan.seconds(180)
    private static let latency = TimeSpan.seconds(5)
}

/// What can be told of a fault by the words it is announced with.
enum FaultWords {
    /// It strikes and is over.
    static func isMoment(_ words: String) -> Bool {
        [
            "clock", "by hand", "exits", "exited", "crash", "killed", "store is lost", "another store",
            "goes on"
        ]
        .contains { words.contains($0) }
    }
}
