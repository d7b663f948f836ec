import Glibc
import Model
import Planning
import Testing

/// Everything at any moment: commits forward and back, accidents, people, faults, restarts of the controller.
///
/// `SLIPWAY_SEEDS=5000 swift test -c release --filter ChanceTests` runs more of it, `SLIPWAY_SEEDS=42-42` one seed.
@Suite struct ChanceTests {
    private static var seeds: ClosedRange<Int> {
        let text = unsafe getenv("SLIPWAY_SEEDS").map { unsafe String(cString: $0) }
        let numbers = (text ?? "150").split(separator: "-").compactMap { Int($0) }
        guard let first = numbers.first, let last = numbers.last else { return 1...150 }
        return numbers.count == 1 ? 1...max(1, last) : first...max(first, last)
    }

    private func spec(_ world: inout World, _ image: String, volume: Bool, rollback: Bool) -> AppSpec {
        let portions: [Portion?] = [nil, .count(1), .percent(50), .count(2), .percent(0)]
        let replicas = volume ? Int(world.random.next() % 4 == 0 ? 0 : 1) : Int(world.random.next() % 5)
        var web = ProcessSpec(
            name: ProcessName("web").require, replicas: replicas, port: 80,
            healthcheck: HealthcheckSpec(
                check: .http(path: "/\(world.random.next() % 2)", host: nil, port: nil),
                startPeriod: .seconds(10)))
        if volume { web.volumes = [MountSpec(volume: VolumeName("data").require, target: "/data")] }
        var processes = [web]
        let strategies: [DeployStrategy?] = [
            nil, nil, nil, .recreate, .canary, .canary, .blueGreen, .blueGreen
        ]
        let strategy = volume ? nil : strategies[Int(world.random.next() % 8)]
        let isStepped = strategy == .canary || strategy == .blueGreen
        let approvals: [Approval?] = [nil, nil, nil, nil, .beforeDeploy, isStepped ? .beforePromote : nil]
        let hasDomains = world.routes != nil && world.random.next() % 8 != 0
        if hasDomains { processes[0].domains = [DomainSpec(host: "shop.example.com")] }
        let rate = AnalysisSpec(
            check: .metric(
                .errorRate, max: .share(500), comparesWithLastGood: false, tolerance: nil, minRequests: 40),
            onInsufficient: world.random.next() % 2 == 0 ? .proceed : nil)
        let workers = Int(world.random.next() % 3)
        if workers > 0 {
            processes.append(ProcessSpec(name: ProcessName("worker").require, replicas: workers))
        }
        return AppSpec(
            name: AppName("shop").require, project: ProjectName("retail").require, image: image,
            processes: processes, volumes: volume ? [VolumeName("data").require: VolumeSpec()] : [:],
            deploy: DeploySpec(
                strategy: strategy,
                maxSurge: portions[Int(world.random.next() % 5)],
                maxUnavailable: world.random.next() % 3 == 0 ? .count(1) : nil,
                minHealthyTime: world.random.next() % 6 == 0 ? .zero : .seconds(3), timeout: .minutes(2),
                rollback: rollback, approval: approvals[Int(world.random.next() % 6)],
                steps: strategy == .canary && world.random.next() % 2 == 0 ? [20, 100] : nil,
                bake: isStepped ? .seconds(Int64(world.random.next() % 20)) : nil,
                analysis: isStepped && hasDomains ? [rate] : nil),
            reversible: world.random.next() % 10 == 0 ? false : nil)
    }

    private func happen(_ world: inout World, _ specs: inout [(AppSpec, World.Behavior)], volume: Bool) {
        switch world.random.next() % 20 {
        case 0...4:
            let behaviors: [World.Behavior] = [.sick, .crashes, .slow, .healthy, .healthy, .failing]
            let behavior = behaviors[Int(world.random.next() % 6)]
            // Some commits change the settings only, not the image.
            let old = world.random.next() % 4 == 0 ? specs.last : nil
            let image = old?.0.image ?? "image-\(specs.count)"
            let next = spec(&world, image, volume: volume, rollback: world.random.next() % 8 != 0)
            specs.append((next, old?.1 ?? behavior))
            world.commit(next, behavior: old?.1 ?? behavior)
        case 5:
            let (old, behavior) = specs[Int(world.random.next() % UInt64(specs.count))]
            world.commit(old, behavior: behavior)
        case 6, 7, 8: world.accident()
        case 9: world.restartController()
        case 10: world.pause()
        case 11: world.resume()
        case 12: world.abort()
        case 13: world.retry()
        case 14: world.faultsPerHundred = world.random.next() % 2 == 0 ? 30 : 0
        case 15, 16: world.promote()
        case 17:
            world.isEdgeAway.toggle()
            world.edgeLastRead = world.random.next() % 2 == 0 ? world.routes : nil
        case 18: if world.routes != nil { world.routes = [:] }
        default:
            let before = world.desired
            world.desired = .keep(
                [Blocker(cause: .source, object: "main", message: "away")], diagnostics: [], isInvalid: false)
            for _ in 0..<5 { _ = world.step() }
            world.desired = before
        }
    }

    @Test func theRulesHoldAndItComesToRest() {
        for seed in Self.seeds { run(seed: UInt64(seed)) }
    }

    private func run(seed: UInt64) {
        var world = World(seed: seed)
        if seed % 3 != 0 { world.routes = [:] }
        let volume = seed % 4 == 0
        var specs: [(AppSpec, World.Behavior)] = []
        let first = spec(&world, "image-0", volume: volume, rollback: true)
        specs.append((first, .healthy))
        world.commit(first, behavior: .healthy)
        for _ in 0..<14 {
            for _ in 0..<(world.random.next() % 30) { _ = world.step() }
            happen(&world, &specs, volume: volume)
        }
        world.faultsPerHundred = 0
        world.isEdgeAway = false
        world.resume()
        for _ in 0..<20 {
            world.settle()
            if case .held = world.memory.rollout?.phase {
                world.abort(held: true)
            } else if world.lastPlan?.verdict == .held {
                world.promote()
            } else {
                break
            }
        }
        let verdict = world.lastPlan?.verdict
        #expect(world.violations == [], "seed \(seed)")
        let isOver = world.memory.rollout == nil
        #expect(
            isOver,
            "seed \(seed): \(world.lastPlan?.phase ?? "") \(world.lastPlan?.because.map(\.message) ?? []) \(world.memory.rollout?.phase as Any)"
        )
        #expect(
            verdict == .converged || verdict == .rolledBack || verdict == .held,
            "seed \(seed) ended as \(String(describing: verdict)) \(world.lastPlan?.because.map(\.message) ?? [])"
        )
        if let good = world.memory.lastGood {
            for process in Set(world.instances.values.map(\.labels.process)).union(
                good.spec.processes.map(\.name))
            {
                let mine = world.instances.values.filter { $0.labels.process == process }
                #expect(
                    mine.count == good.spec.process(process)?.effectiveReplicas ?? 0,
                    "I16: \(process), seed \(seed) \(verdict as Any) \(world.instances.values.map(\.name).sorted()) \(world.lastPlan?.because.map(\.message) ?? [])"
                )
                #expect(
                    mine.allSatisfy { $0.labels.template == good.templates[process]?.digest },
                    "I16, seed \(seed)")
            }
        }
        let actions = world.actions
        for _ in 0..<30 { _ = world.step() }
        #expect(world.actions == actions, "I10: idle is silent, seed \(seed)")
        world.desired = .remove
        for _ in 0..<200 where !world.isForgotten { _ = world.step() }
        #expect(
            world.isForgotten && world.instances.isEmpty,
            "removed, seed \(seed) \(world.instances.values.map(\.name).sorted()) \(world.lastPlan?.actions as Any) \(world.routes as Any)"
        )
    }
}
