import Controller
import Model
import Ports
import Simulation
import Synchronization
import Testing

/// One-off runs by a real controller on simulated parts.
@Suite struct RunTests {
    private let shop = AppName("shop").required

    private func bench() async throws -> Workbench {
        let bench = try await Workbench()
        bench.repository.commit(["shop.yaml": Workbench.spec("shop", image: "shop:1")])
        await bench.waitForVerdict(.converged, release: 1)
        return bench
    }

    /// Lets the controller work while somebody waits for it.
    private func doing<Value: Sendable>(
        _ bench: Workbench, _ body: @escaping @Sendable (Controller) async throws -> Value
    ) async throws -> Value {
        let controller = bench.controller
        let isDone = Mutex(false)
        let task = Task {
            defer { isDone.withLock { $0 = true } }
            return try await body(controller)
        }
        for _ in 0..<6_000 where !isDone.withLock({ $0 }) { await bench.pass(.milliseconds(100)) }
        task.cancel()
        return try await task.value
    }

    private func runs(_ bench: Workbench) async throws -> [RunStatus] {
        try await bench.controller.runs(of: shop)
    }

    private func jobs(_ bench: Workbench) -> [ObservedInstance] {
        bench.engine.instances.filter { $0.labels.job != nil }
    }

    @Test func itGoesOnByItselfAndIsKeptForAWhile() async throws {
        let bench = try await bench()
        let shop = shop
        let report = try await doing(bench) {
            try await $0.startRun(SessionOrder(command: ["work"], detached: true), of: shop)
        }
        let job = try #require(jobs(bench).first)
        #expect(report.message.contains(job.name) && job.state == .running)
        #expect(job.labels.process == .oneOffRun && job.labels.release == .first)
        #expect(job.name.hasPrefix("shop-run-d"))
        // The app is as it was, and its status says nothing of it.
        await bench.pass(.seconds(5))
        let status = try await bench.controller.status(of: shop)
        #expect(status.verdict == .converged && status.instances.count == 2)
        #expect(!bench.engine.die(job.name, code: 3))
        await bench.pass(.seconds(70))
        #expect(try await runs(bench).map(\.exitCode) == [3])
        // A day later its container is gone.
        await bench.pass(.seconds(1))
        bench.clock.advance(by: .seconds(24 * 3_600))
        await bench.pass(.seconds(5))
        #expect(jobs(bench).isEmpty)
        #expect(try await runs(bench).isEmpty)
        await bench.stop()
    }

    @Test func itIsEndedWhenItsTimeIsOver() async throws {
        let bench = try await bench()
        let shop = shop
        _ = try await doing(bench) {
            try await $0.startRun(
                SessionOrder(command: ["work"], timeoutInSeconds: 20, detached: true), of: shop)
        }
        await bench.pass(.seconds(10))
        #expect(jobs(bench).map(\.state) == [.running])
        await bench.pass(.seconds(15))
        #expect(jobs(bench).allSatisfy { !$0.state.isLive } && jobs(bench).count == 1)
        await bench.stop()
    }

    /// A controller that starts anew leaves alone what goes on by itself, and knows when its time is over.
    @Test func aControllerThatStartsAnewGoesOnWithIt() async throws {
        let bench = try await bench()
        let shop = shop
        _ = try await doing(bench) {
            try await $0.startRun(
                SessionOrder(command: ["work"], timeoutInSeconds: 60, detached: true), of: shop)
        }
        let second = try await bench.restarted(after: .seconds(5))
        await second.waitForVerdict(.converged, release: 1)
        await second.pass(.seconds(20))
        #expect(jobs(second).map(\.state) == [.running])
        await second.pass(.seconds(60))
        #expect(jobs(second).allSatisfy { !$0.state.isLive })
        await second.stop()
    }

    /// Where nobody can be joined to it, nothing of it is left: it is not started, and its container goes.
    @Test func aRunThatNobodyIsJoinedToIsNotStarted() async throws {
        let bench = try await bench()
        let shop = shop
        await #expect(throws: ControlError.self) {
            try await doing(bench) { _ = try await $0.openRun(SessionOrder(command: ["work"]), of: shop) }
        }
        await bench.pass(.seconds(5))
        #expect(jobs(bench).isEmpty)
        let events = try bench.store.events(after: 0, limit: 1_000).map(\.kind)
        #expect(!events.contains(.jobStarted))
        await bench.stop()
    }

    @Test func whatCannotBe() async throws {
        let bench = try await Workbench()
        bench.repository.commit(["shop.yaml": Workbench.spec("shop", image: "shop:1")])
        await bench.waitForVerdict(.progressing)
        let controller = bench.controller
        let shop = shop
        func code(_ order: SessionOrder, _ app: AppName) async -> ControlError.Code? {
            do throws(ControlError) {
                _ = try await controller.startRun(order, of: app)
                return nil
            } catch {
                return error.code
            }
        }
        // Nothing of it has been proven yet.
        #expect(await code(SessionOrder(command: ["work"]), shop) == .conflict)
        #expect(await code(SessionOrder(command: ["work"]), AppName("nope").required) == .notFound)
        await bench.waitForVerdict(.converged, release: 1)
        #expect(await code(SessionOrder(command: []), shop) == .invalid)
        #expect(await code(SessionOrder(command: ["x"], process: ProcessName("worker")), shop) == .notFound)
        await bench.stop()
        #expect(await code(SessionOrder(command: ["x"]), shop) == .unavailable)
    }

    /// The app's removal takes its runs along.
    @Test func anAppThatIsRemovedLeavesNone() async throws {
        let bench = try await bench()
        let shop = shop
        bench.repository.commit([
            "shop.yaml": Workbench.spec("shop", image: "shop:1"),
            "other.yaml": Workbench.spec("other", image: "o:1")
        ])
        await bench.waitForVerdict(.converged, of: "other")
        _ = try await doing(bench) {
            try await $0.startRun(SessionOrder(command: ["work"], detached: true), of: shop)
        }
        bench.repository.commit(["other.yaml": Workbench.spec("other", image: "o:1")])
        await bench.wait("shop is gone") { status in !status.apps.contains { $0.name == shop } }
        #expect(jobs(bench).isEmpty)
        await bench.stop()
    }
}
