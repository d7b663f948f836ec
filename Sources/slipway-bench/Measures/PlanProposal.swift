import Controller
import GitSource
import Model
import Ports
import Simulation
import Telemetry

/// From a pull request's reference to its plan: the merge, the comparison, and the decision over all apps.
struct PlanProposal: Measure {
    let name = "plan_proposal_10_of_1k"
    let summary = "planning a pull request that changes 10 of 1,000 apps, without a registry"
    let unit = Unit.milliseconds
    let aim = "< 1,000 ms"
    let against = "git's own merge of the same two: fetch and `git merge-tree --write-tree`"
    let needsEngine = false
    private let count = 1_000

    func run(_ bench: Bench) async throws -> Samples {
        try await bench.withFolder { folder in
            let world = try await GitWorld(bench, path: "\(folder)/apps.git")
            try await world.commit(
                SampleSpecs.files(count, image: "registry.example.com/app:1"), parent: false)
            let repository = try Running.gitRepository(bench, of: world.path, in: folder)
            let (engine, clock, store) = (FakeEngine(), ManualClock(), MemoryStore())
            let controller = Controller(
                configuration: try Running.configuration(
                    repository, installation: try Running.installation()), engine: engine, store: store,
                prober: FakeProber(engine: engine), clock: clock, logger: .disabled)
            return try await Running.with(controller, from: try store.claim()) { controller in
                try await waitUntil("\(count) rollouts", timeout: .seconds(600), step: .milliseconds(20)) {
                    await controller.metrics().rolloutsEnded[.succeeded, default: 0] == count
                }
                return try await measure(bench, world, repository, controller, in: folder)
            }
        }
    }

    private func measure(
        _ bench: Bench, _ world: GitWorld, _ repository: GitRepository, _ controller: Controller,
        in folder: String
    ) async throws -> Samples {
        var samples = Samples()
        let main = try await git(bench, world, "rev-parse", "main")
        for round in 0..<11 {
            try await git(bench, world, "update-ref", "refs/heads/work", main)
            var files: [String: String] = [:]
            for number in 0..<10 {
                files["apps/\(SampleSpecs.name(number * 97)).yaml"] = SampleSpecs.worker(
                    number * 97, image: "registry.example.com/app:\(round + 2)")
            }
            try await world.commit(files, parent: true)
            let head = try await git(bench, world, "rev-parse", "main")
            try await git(bench, world, "update-ref", "refs/pull/\(round + 1)/head", head)
            try await git(bench, world, "update-ref", "refs/heads/main", main)
            let clock = ContinuousClock()
            let start = clock.now
            let proposal = try await repository.proposal("refs/pull/\(round + 1)/head", into: "main")
            let plan = try await controller.plan(source: nil, head: proposal.merged.rawValue, base: nil)
            let time = milliseconds(clock.now - start)
            guard plan.apps.count(where: { $0.change == .update }) == 10, plan.apps.count == count else {
                throw BenchError("the plan does not change ten of a thousand apps")
            }
            let begin = clock.now
            try await bench.command([
                "/usr/bin/git", "-C", world.path, "fetch", "--quiet", world.path,
                "refs/pull/\(round + 1)/head"
            ])
            try await git(bench, world, "merge-tree", "--write-tree", "main", head)
            if round > 0 { samples.add(time, baseline: milliseconds(clock.now - begin)) }
        }
        return samples
    }

    private func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1_000 + Double(duration.components.attoseconds) / 1e15
    }

    @discardableResult
    private func git(_ bench: Bench, _ world: GitWorld, _ arguments: String...) async throws -> String {
        let text = try await bench.command(["/usr/bin/git", "-C", world.path] + arguments)
        return String(text.prefix { !$0.isNewline })
    }
}
