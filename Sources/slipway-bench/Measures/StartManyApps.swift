import Controller
import Model
import Simulation
import StateStore
import Telemetry

/// The start of a controller that has never run, over a repository of 1,000 specs.
struct StartManyApps: Measure {
    let name = "start_1k_apps"
    let summary =
        "first start over 1,000 specs to the first planned action: real git, real store, simulated engine"
    let unit = Unit.milliseconds
    let aim = "≤ 1,000 ms"
    let against = "`git clone` of the same repository with its files written out"
    let needsEngine = false

    func run(_ bench: Bench) async throws -> Samples {
        try await bench.withFolder { folder in
            let git = try await GitWorld(bench, path: "\(folder)/apps.git")
            try await git.commit(SampleSpecs.files(1_000, image: "registry.example.com/app:1"), parent: false)
            var samples = Samples()
            for round in 0..<5 {
                let time = try await start(bench, git, "\(folder)/\(round)")
                let watch = Stopwatch()
                try await bench.command([
                    "/usr/bin/git", "clone", "--quiet", git.path, "\(folder)/clone-\(round)"
                ])
                samples.add(time, baseline: watch.milliseconds)
            }
            return samples
        }
    }

    private func start(_ bench: Bench, _ git: GitWorld, _ folder: String) async throws -> Double {
        try await bench.command(["/usr/bin/env", "mkdir", folder])
        let engine = FakeEngine()
        let stamp = FirstStamp()
        engine.observeCalls { _ in stamp.set() }
        let start = ContinuousClock.now
        let store = try await SQLiteStore(directory: "\(folder)/state")
        let controller = Controller(
            configuration: try Running.configuration(
                try Running.gitRepository(bench, of: git.path, in: folder),
                installation: try Running.installation()),
            engine: engine, store: store, prober: FakeProber(engine: engine),
            clock: SystemClock(resuming: nil),
            logger: .disabled)
        let end = try await Running.with(controller, from: try await store.claim()) { controller in
            try await waitUntil("the first action", timeout: .seconds(120)) { stamp.value != nil }
            guard await controller.status().apps.count == 1_000, let end = stamp.value else {
                throw BenchError("not all apps were planned with the first action")
            }
            return end
        }
        await store.close()
        return Stopwatch.milliseconds(start.duration(to: end))
    }
}
