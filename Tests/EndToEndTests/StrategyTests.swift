import Model
import Testing

/// Canary, blue-green, approvals and groups on real containers, without an edge.
@Suite struct StrategyTests {
    private func deploy(_ strategy: String, _ more: String...) -> [String] {
        ["strategy: \(strategy)", "max_surge: 1", "timeout: 20s"] + more
    }

    private func running(_ world: World, release: Int) async throws -> Int {
        try await world.containers("shop").count { $0.release == "\(release)" && $0.isRunning }
    }

    @Test func aCanaryGrowsStepByStepOnContainers() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 4).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let canary = SpecText(
                image: "app:2", replicas: 4, deploy: deploy("canary", "steps: [25%, 50%, 100%]", "bake: 2s"))
            try await CapacityWatcher.watch(world, floor: 4, ceiling: 5) {
                try await world.repository.commit(["shop.yaml": canary.yaml(world)])
                for (step, share) in [(1, 25), (2, 50)] {
                    try await world.wait(for: "shop", "step \(step) bakes") {
                        $0.rollout?.step == step && $0.rollout?.weightPercent == share
                    }
                    let status = try await world.slipway("status", "shop")
                    #expect(status.exitCode == 1 && status.text.contains("canary"), "\(status)")
                }
                try await world.converged("shop", on: 2)
            }
            #expect(try await running(world, release: 2) == 4)
            #expect(try await running(world, release: 1) == 0)
        }
    }

    @Test func aBadCanaryIsPutBackAtItsFirstStep() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 4).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let before = try await world.containers("shop").filter(\.isRunning).map(\.id).sorted()
            let bad = SpecText(
                image: "app:answers-500", replicas: 4,
                deploy: deploy("canary", "steps: [25%, 100%]", "bake: 1s"))
            try await CapacityWatcher.watch(world, floor: 4, ceiling: 5) {
                try await world.repository.commit(["shop.yaml": bad.yaml(world)])
                let status = try await world.rolledBack("shop")
                #expect(status.running?.number?.value == 1)
            }
            let after = try await world.containers("shop").filter(\.isRunning).map(\.id).sorted()
            #expect(before == after, "nothing of the good release was touched")
        }
    }

    @Test func aCheckOfTheAnalysisThatFailsPutsACanaryBack() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let checked = SpecText(
                image: "app:2", replicas: 2,
                deploy: deploy(
                    "canary", "steps: [50%, 100%]", "bake: 5s",
                    "analysis: [{command: [test, -e, /no-such-file], every: 1s, failures: 2}]"))
            try await world.repository.commit(["shop.yaml": checked.yaml(world)])
            let status = try await world.rolledBack("shop")
            let text = status.because.map(\.message).joined(separator: "\n")
            #expect(text.contains("failed check 1 of its analysis ×2"), "\(text)")
        }
    }

    @Test func blueGreenWaitsForThePersonWhoPromotes() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let green = SpecText(
                image: "app:2", replicas: 2, deploy: deploy("blue_green", "approval: before_promote"))
            try await CapacityWatcher.watch(world, floor: 2, ceiling: 4) {
                try await world.repository.commit(["shop.yaml": green.yaml(world)])
                try await world.wait(for: "shop", "both stand side by side and a person is waited for") {
                    $0.verdict == .held && $0.because.first?.cause == .approval
                }
                #expect(try await running(world, release: 1) == 2)
                #expect(try await running(world, release: 2) == 2)
                let waiting = try await world.slipway("status", "shop")
                #expect(waiting.exitCode == 3 && waiting.text.contains("slipway promote shop"), "\(waiting)")
                let promoted = try await world.slipway("promote", "shop")
                #expect(promoted.exitCode == 0, "\(promoted)")
                try await world.converged("shop", on: 2)
            }
            #expect(try await running(world, release: 1) == 0)
        }
    }

    @Test func aDeployWaitsForItsApproval() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText().yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let asking = SpecText(image: "app:2", deploy: deploy("rolling", "approval: before_deploy"))
            let commit = try await world.repository.commit(["shop.yaml": asking.yaml(world)])
            try await world.wait(for: "shop", "it waits for a person") {
                $0.verdict == .held && $0.because.first?.cause == .approval
            }
            #expect(try await running(world, release: 2) == 0)
            let approved = try await world.slipway("approve", String(commit.prefix(7)))
            #expect(approved.exitCode == 0, "\(approved)")
            try await world.converged("shop", on: 2)
        }
    }

    @Test func anIrreversibleReleaseIsHeldForAPerson() async throws {
        try await World.with { world in
            try await world.repository.commit(["shop.yaml": SpecText(replicas: 2).yaml(world)])
            try await world.start()
            try await world.converged("shop", on: 1)
            let bad = SpecText(image: "app:answers-500", replicas: 2, top: ["reversible: false"])
            try await world.repository.commit(["shop.yaml": bad.yaml(world)])
            try await world.wait(for: "shop", "it is held, not rolled back") {
                $0.verdict == .held && $0.because.map(\.cause).contains(.irreversible)
            }
            #expect(try await running(world, release: 1) == 2)
            let aborted = try await world.slipway("abort", "shop")
            #expect(aborted.exitCode == 0, "\(aborted)")
            try await world.wait(for: "shop", "the person's word brings the old one back") {
                $0.verdict == .rolledBack && $0.running?.number?.value == 1
            }
        }
    }

    @Test func aGroupIsPromotedTogetherOrNotAtAll() async throws {
        try await World.with { world in
            func files(_ shop: String, _ api: String) -> [String: String] {
                [
                    "shop.yaml": SpecText(image: shop, top: ["group: front"]).yaml(world),
                    "api.yaml": SpecText(name: "api", image: api, top: ["group: front"]).yaml(world)
                ]
            }
            try await world.repository.commit(files("app:1", "app:1"))
            try await world.start()
            try await world.converged("shop", on: 1)
            try await world.converged("api", on: 1)
            try await world.repository.commit(files("app:2", "app:answers-500"))
            _ = try await world.rolledBack("api")
            let shop = try await world.rolledBack("shop")
            #expect(shop.running?.number?.value == 1)
            let text = shop.because.map(\.message).joined(separator: "\n")
            #expect(text.contains("goes back with api of its group"), "\(text)")
            try await world.repository.commit(files("app:2", "app:3"))
            try await world.wait(for: "api", "the fix runs") {
                $0.verdict == .converged && $0.running?.image.contains("app:3") == true
            }
            try await world.wait(for: "shop", "what went back for its sake comes with it") {
                $0.verdict == .converged && $0.running?.image.contains("app:2") == true
            }
        }
    }
}
