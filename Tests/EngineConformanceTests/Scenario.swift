import Testing

/// A story that is played on every engine, and must be told in the same words by each.
///
/// Not compared, because the simulated engine leaves it out on purpose:
/// - how long anything takes: a grace, the pause before a restart, a pull. `FakeEngine.finishRestart` ends a pause;
/// - how often a process that ends at once has been restarted: the simulated one shows five restarts from the start;
/// - names and texts that differ from run to run: ids, addresses, stamps, error messages; whether they are there,
///   or have changed, is compared;
/// - the order of several announcements of one container, and how often it is announced: events are hints;
/// - lost events, slow or half answers, time-outs: those are put in between by whoever simulates faults;
/// - images on the host: the simulated engine pins `name:tag@digest` where Docker pins `name@digest`;
/// - volumes, files, environment, aliases and processor limits: only Docker has containers to put them into;
/// - following a log: the simulated one never grows;
/// - what the kernel kills for its memory: `Deed.outgrow` is real on Docker and told to the simulated engine;
/// - Podman.
struct Scenario: Sendable, CustomTestStringConvertible {
    let name: String
    let play: @Sendable (Stage) async throws -> Void

    init(_ name: String, _ play: @escaping @Sendable (Stage) async throws -> Void) {
        self.name = name
        self.play = play
    }

    var testDescription: String { name }
}
