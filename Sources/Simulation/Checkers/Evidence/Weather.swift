import Model
import Ports

/// How old the controller's knowledge may be at a moment, and how slow it may be, through no doing of its own.
///
/// With all well, an event tells it within seconds what becomes of a container. While events, readings or calls go
/// wrong, and for a while after, the next good listing is what it has to be measured by.
struct Weather {
    /// Faults that last, by what was said when they began.
    private var open: [String: FaultWords.Kind] = [:] {
        didSet { hasHiding = !hiding.isEmpty && !hiding.isDisjoint(with: open.keys) }
    }
    private var hasHiding = false
    /// Those of them that hide a container.
    private var hiding: Set<String> = []
    /// Controllers that were told to stand still and have not gone on.
    private var standing: Set<Int> = []
    private var foulUntil = Instant.zero
    private var stalledUntil = Instant.zero
    private var blindUntil = Instant.zero
    private var hidingUntil = Instant.zero

    mutating func observe(_ happening: Happening, in world: WorldTruth) {
        switch happening {
        case .fault(let words):
            note(words, now: world.now)
            noteStandstill(words, in: world)
        case .crashed, .started:
            settleStandstill(in: world)
            darken(.blinding, now: world.now)
        case .call(_, .answered(let error?)) where error.fault == .world:
            let isUnsure = error.code == .timeout || error.code == .unreachable
            darken(isUnsure ? .blinding : .stalling, now: world.now)
        case .calm: open = [:]
        default: break
        }
        guard !open.isEmpty else { return }
        for kind in open.values { darken(kind, now: world.now) }
        if hasHiding { hidingUntil = world.now + Self.clearing }
    }

    private mutating func note(_ words: String, now: Instant) {
        let kind = FaultWords.kind(words)
        let over = " is over"
        if words.hasSuffix(over) {
            open[String(words.dropLast(over.count))] = nil
        } else if words.holds(" for "), !words.holds("SIGSTOP") {
            if FaultWords.isHiding(words) { hiding.insert(words) }
            open[words] = kind
        }
        darken(kind, now: now)
    }

    /// Where there are two controllers, each may stand still for itself, and who goes on need not be who acts.
    private mutating func noteStandstill(_ words: String, in world: WorldTruth) {
        if words.holds("SIGSTOP") {
            if let newest = world.incarnations.max() { standing.insert(newest) }
        } else if words.hasSuffix("goes on") {
            for number in standing where words.holds(" \(number) ") { standing.remove(number) }
        } else {
            return
        }
        settleStandstill(in: world)
    }

    private mutating func settleStandstill(in world: WorldTruth) {
        standing.formIntersection(world.incarnations)
        let isStill = world.incarnations.max().map { standing.contains($0) } ?? false
        open[FaultWords.standstill] = isStill ? .blinding : nil
    }

    private mutating func darken(_ kind: FaultWords.Kind, now: Instant) {
        let until = now + Self.clearing
        foulUntil = until
        if kind != .bearable { stalledUntil = until }
        if kind == .blinding { blindUntil = until }
    }

    /// A fault is on at this moment.
    var hasOpen: Bool { !open.isEmpty }
    /// Nothing has been wrong since then, or so shortly before that it may still matter.
    func isClear(since: Instant) -> Bool { foulUntil <= since }
    /// Something is wrong or was lately.
    func isFoul(at now: Instant) -> Bool { now < foulUntil }
    /// Something is wrong, or was lately, that keeps a rollout from going on.
    func isStalled(at now: Instant) -> Bool { now < stalledUntil }

    /// How many containers could not be read.
    func hidden(at now: Instant) -> Int { now < hidingUntil ? 1 : 0 }

    /// How long something that was nobody's call may go unseen.
    func seeing(at now: Instant) -> TimeSpan { now < blindUntil ? Self.clearing : Self.latency }

    /// A listing of a minute's age, and the minute to the next.
    private static let clearing = TimeSpan.seconds(180)
    private static let latency = TimeSpan.seconds(5)
}

/// What can be told of a fault by the words it is announced with, such as `read2: reads: slow for 30s`.
enum FaultWords {
    enum Kind {
        /// It strikes one app, git, a registry or the wall clock: the controller sees and acts as ever.
        case bearable
        /// What is asked for is not done.
        case stalling
        /// What the controller knows may be old.
        case blinding
    }

    static let standstill = "the controller stands still"

    static func kind(_ words: String) -> Kind {
        switch words.prefix(while: \.isLetter) {
        case "app", "git", "image", "prune", "tag", "architecture", "stranger", "dns": .bearable
        case "edge": .stalling
        case "host": words.holds("away") ? .blinding : words.holds("disk") ? .stalling : .bearable
        default: .blinding
        }
    }

    static func isHiding(_ words: String) -> Bool { words.holds("hangingContainer") }
    static func isJump(_ words: String) -> Bool { words.holds("wall clock") }
    static func isOfEvents(_ words: String) -> Bool { words.hasPrefix("event") }
    static func isNewStore(_ words: String) -> Bool { words.holds("another store") }
}
