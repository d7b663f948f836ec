import Controller
import Model
import Ports
import Simulation
import StateStore
import Synchronization
import Telemetry

/// From a commit in git to the first call to the engine that follows from it.
struct CommitToFirstCall: Measure {
    let name = "commit_to_first_call"
    let summary = "from a commit to the first engine call: real git, real store, simulated engine"
    let unit = Unit.milliseconds
    let aim = "≤ 100 ms"
    let against = "`git fetch` of the same commit by git's own command"
    let needsEngine = false

    func run(_ bench: Bench) async throws -> Samples {
        try await bench.withFolder { folder in
            let git = try await GitWorld(bench, path: "\(folder)/apps.git")
            try await git.commit(SampleSpecs.files(10, image: "registry.example.com/app:0"), parent: false)
            try await bench.command([
                "/usr/bin/git", "clone", "--quiet", "--mirror", git.path, "\(folder)/clone.git"
            ])
            let engine = FakeEngine()
            let store = try await SQLiteStore(directory: "\(folder)/state")
            let controller = Controller(
                configuration: try Running.configuration(
                    try Running.gitRepository(bench, of: git.path, in: folder),
                    installation: try Running.installation()),
                engine: engine, store: store, prober: FakeProber(engine: engine),
                clock: SystemClock(resuming: nil), logger: .disabled)
            let samples = try await Running.with(controller, from: try await store.claim()) { controller in
                try await Running.untilConverged(controller, apps: 10)
                var samples = Samples()
                for round in 1...15 {
                    let spec = SampleSpecs.worker(0, image: "registry.example.com/app:\(round)")
                    try await git.commit(["apps/\(SampleSpecs.name(0)).yaml": spec], parent: true)
                    let time = try await firstCall(engine) { _ = try await controller.sync(source: nil) }
                    let watch = Stopwatch()
                    try await bench.command(["/usr/bin/git", "-C", "\(folder)/clone.git", "fetch", "--quiet"])
                    samples.add(time, baseline: watch.milliseconds)
                    try await Running.untilConverged(controller, apps: 10)
                }
                return samples
            }
            await store.close()
            return samples
        }
    }

    /// Time from now to the first call that changes something on the engine.
    private func firstCall(_ engine: FakeEngine, _ trigger: () async throws -> Void) async throws -> Double {
        let stamp = FirstStamp()
        engine.observeCalls { _ in stamp.set() }
        defer { engine.observeCalls(nil) }
        let start = ContinuousClock.now
        try await trigger()
        try await waitUntil("the first call", timeout: .seconds(30), step: .milliseconds(1)) {
            stamp.value != nil
        }
        guard let end = stamp.value else { throw BenchError("no call") }
        return Stopwatch.milliseconds(start.duration(to: end))
    }
}

/// When something happened for the first time.
final class FirstStamp: Sendable {
    private let instant = Mutex<ContinuousClock.Instant?>(nil)
    var value: ContinuousClock.Instant? { instant.withLock { $0 } }
    func set() {
        let now = ContinuousClock.now
        instant.withLock { if $0 == nil { $0 = now } }
    }
}
