import Controller
import Model
import Ports
import Simulation
import Testing

/// What people say to a rollout that waits.
@Suite struct PromotionTests {
    private let shop = AppName("shop").required

    private func spec(_ version: String, _ deploy: String) -> [String: String] {
        [
            "shop.yaml": """
            name: shop
            image: registry.example.com/shop:\(version)
            port: 8080
            replicas: 4
            healthcheck: {path: /health, start_period: 3s}
            deploy: {min_healthy_time: 2s, timeout: 24h, \(deploy)}
            """
        ]
    }

    private func expectConflict(
        _ words: String, location: SourceLocation = #_sourceLocation,
        _ ask: () async throws(ControlError) -> CommandReport
    ) async {
        do throws(ControlError) {
            let report = try await ask()
            Issue.record("not refused: \(report.message)", sourceLocation: location)
        } catch {
            #expect(error.code == .conflict, sourceLocation: location)
            #expect(error.message.contains(words), "\(error.message)", sourceLocation: location)
        }
    }

    private func waitForStep(_ step: Int, _ bench: Workbench) async {
        await bench.wait("step \(step) bakes") { status in
            let app = status.apps.first
            return app?.rollout?.step == step && app?.because.first?.cause == .bake
                && app?.rollout?.nextInSeconds != nil
        }
    }

    @Test func aPromotionEndsTheBakeOfOneStepOrOfAll() async throws {
        let bench = try await Workbench()
        let deploy = "strategy: canary, steps: [25%, 50%, 75%, 100%], bake: 20h"
        bench.repository.commit(spec("1", deploy))
        await bench.waitForVerdict(.converged)
        await expectConflict("no rollout under way") { () throws(ControlError) in
            try await bench.controller.promote(app: shop, full: false)
        }
        let plan = try await bench.controller.plan(
            files: [PlanFile(path: "shop.yaml", content: spec("2", deploy)["shop.yaml"] ?? "")], source: nil)
        #expect(plan.apps.first?.notes.first == "canary 25 → 50 → 75 → 100 %, baking 80h in all")
        bench.repository.commit(spec("2", deploy))
        await waitForStep(1, bench)
        let rollout = await bench.controller.status().apps.first?.rollout
        #expect(rollout?.weightPercent == 25)
        #expect(rollout?.weightKind == .instances)
        let report = try await bench.controller.promote(app: shop, full: false)
        #expect(report.release?.value == 2)
        await waitForStep(2, bench)
        await bench.pass(.seconds(30))
        #expect(await bench.controller.status().apps.first?.rollout?.step == 2)
        _ = try await bench.controller.pause(app: shop)
        await expectConflict("slipway resume shop") { () throws(ControlError) in
            try await bench.controller.promote(app: shop, full: true)
        }
        _ = try await bench.controller.resume(app: shop)
        _ = try await bench.controller.promote(app: shop, full: true)
        await bench.waitForVerdict(.converged, release: 2)
        await bench.stop()
    }

    @Test func aPromotionOverridesNoFailure() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1", "strategy: rolling"))
        await bench.waitForVerdict(.converged)
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        bench.repository.commit(spec("2", "strategy: canary, bake: 20h"))
        await bench.wait("it moves") { $0.apps.first?.rollout?.to?.value == 2 }
        _ = try await bench.controller.promote(app: shop, full: true)
        await bench.waitForVerdict(.rolledBack, release: 1)
        await expectConflict("no rollout under way") { () throws(ControlError) in
            try await bench.controller.promote(app: shop, full: false)
        }
        await bench.stop()
    }

    @Test func aRollingUpdateHasNothingToPromote() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1", "strategy: rolling"))
        await bench.wait("it moves") { $0.apps.first?.rollout != nil }
        await expectConflict("in a single step") { () throws(ControlError) in
            try await bench.controller.promote(app: shop, full: true)
        }
        await bench.waitForVerdict(.converged)
        await bench.stop()
    }

    @Test func aDeployWaitsForItsApproval() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1", "approval: before_deploy"))
        await bench.waitForVerdict(.held)
        #expect(bench.engine.instances.isEmpty)
        await expectConflict("`slipway approve shop` lets it begin") { () throws(ControlError) in
            try await bench.controller.promote(app: shop, full: false)
        }
        _ = try await bench.controller.approve("shop")
        await bench.waitForVerdict(.converged, release: 1)
        await expectConflict("does not wait for approval") { () throws(ControlError) in
            try await bench.controller.approve("shop")
        }
        let commit = try #require(bench.repository.commit(spec("2", "approval: before_deploy")))
        await bench.waitForVerdict(.held, release: 1)
        await #expect(throws: ControlError.self) { try await bench.controller.approve("0123456789") }
        await #expect(throws: ControlError.self) { try await bench.controller.approve("nobody") }
        let report = try await bench.controller.approve(commit.short)
        #expect(report.message.hasSuffix("is approved; it is deployed to shop"))
        await bench.waitForVerdict(.converged, release: 2)
        // The approval was of that spec alone.
        bench.repository.commit(spec("3", "approval: before_deploy"))
        await bench.waitForVerdict(.held, release: 2)
        await bench.stop()
    }

    @Test func aSwitchWaitsForItsApproval() async throws {
        let bench = try await Workbench()
        let deploy = "strategy: blue_green, approval: before_promote"
        bench.repository.commit(spec("1", deploy))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2", deploy))
        await bench.waitForVerdict(.held, release: 1)
        #expect(bench.engine.instances.count == 8)
        let report = try await bench.controller.approve("shop")
        #expect(report.message == "shop: the promotion of v2 is approved")
        await bench.waitForVerdict(.converged, release: 2)
        bench.repository.commit(spec("3", deploy))
        await bench.waitForVerdict(.held, release: 2)
        _ = try await bench.controller.promote(app: shop, full: false)
        await bench.waitForVerdict(.converged, release: 3)
        await bench.stop()
    }

    /// The store keeps what a person said as JSON.
    @Test func aPromotionOfAllStepsOutlivesARestart() async throws {
        let bench = try await Workbench()
        let deploy = "strategy: canary, steps: [50%, 100%], bake: 1s"
        bench.repository.commit(spec("1", deploy))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2", deploy))
        await bench.wait("it moves") { $0.apps.first?.rollout?.to?.value == 2 }
        _ = try await bench.controller.promote(app: shop, full: true)
        await bench.stop()
        let kept = try #require(try bench.store.claim().apps[shop]?.rollout)
        #expect(kept.promotedStep == Int.max)
        let again = try WireCoding.decode(Rollout.self, from: WireCoding.encode(kept))
        #expect(again == kept)
    }

    @Test func whatNeedsAnEdgeIsRefusedWithoutOne() async throws {
        let bench = try await Workbench()
        bench.repository.commit(
            ["shop.yaml": Workbench.spec("shop", image: "shop:1", more: "domains: [shop.example.com]")])
        await bench.waitForVerdict(.invalid)
        #expect(await bench.controller.status().apps.first?.because.first?.cause == .notYetSupported)
        await bench.stop()
    }
}
