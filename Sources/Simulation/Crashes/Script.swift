internal import Controller
internal import Model
internal import Ports

/// Plays the beats of a scenario, one after the other.
final class Script {
    private let scenario: Scenario
    private let world: World
    private var next = 0
    /// When the moment of the next beat came.
    private var reachedAt: Instant?
    private var askedAt: Instant?
    /// Who gets no answer asks again so much later.
    private static let patience = TimeSpan.seconds(3)

    init(_ scenario: Scenario, _ world: World) {
        self.scenario = scenario
        self.world = world
    }

    /// Plays what is due.
    ///
    /// - Returns: `true` once all has been played.
    func play() -> Bool {
        while next < scenario.beats.count, playNext() {
            next += 1
            reachedAt = nil
            askedAt = nil
        }
        return next >= scenario.beats.count
    }

    private func playNext() -> Bool {
        let beat = scenario.beats[next]
        if reachedAt == nil, beat.moment.hasCome(world.truth) { reachedAt = world.now }
        guard let reachedAt, world.now - reachedAt >= beat.delay else { return false }
        switch beat.act {
        case .push(let apps, let subject):
            world.push(CommitPlan(files: AppText.files(apps), subject: subject))
            return true
        case .strike(let kind):
            world.strike(Occurrence(id: "beat\(next + 1)", fault: .host, at: world.now, kind: kind))
            return true
        case .ask(let request, let app, let goal):
            return ask(app, goal) { world.ask(request, of: $0) }
        case .resume(let app, let goal):
            return ask(app, goal) { world.resume($0) }
        }
    }

    private func ask(_ name: String, _ goal: Scenario.Moment, _ body: (AppName) -> Void) -> Bool {
        if goal.hasCome(world.truth) { return true }
        guard let app = AppName(name), world.answering != nil,
            askedAt.map({ world.now - $0 >= Self.patience }) ?? true
        else {
            return false
        }
        askedAt = world.now
        body(app)
        return false
    }
}
