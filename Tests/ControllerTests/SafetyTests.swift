import Controller
import Model
import Ports
import Simulation
import Testing

/// Moments at which a careless controller loses, repeats or misreads something.
@Suite struct ControllerSafetyTests {
    private func spec(_ version: String, replicas: Int = 2, more: String = "") -> [String: String] {
        ["shop.yaml": Workbench.spec("shop", image: "shop:\(version)", replicas: replicas, more: more)]
    }

    // MARK: Git

    @Test func anAppThatMovesBetweenSourcesIsNotRemoved() async throws {
        let repository = FakeRepository()
        let shop = Workbench.spec("shop", image: "shop:1"), other = Workbench.spec("other", image: "shop:1")
        repository.commit([
            "a/shop.yaml": shop, "a/other.yaml": other,
            "b/third.yaml": Workbench.spec("third", image: "shop:1")
        ])
        let bench = try await Workbench(
            repository: repository,
            repositories: [Workbench.watched(repository, [("one", "a"), ("two", "b")])])
        await bench.wait("all run") { $0.apps.count == 3 && $0.apps.allSatisfy { $0.verdict == .converged } }
        let before = bench.engine.instances.map(\.id)
        repository.commit([
            "b/shop.yaml": shop, "a/other.yaml": other,
            "b/third.yaml": Workbench.spec("third", image: "shop:1")
        ])
        await bench.wait("it has moved") {
            $0.apps.contains { $0.name.rawValue == "shop" && $0.source?.rawValue == "two" }
        }
        await bench.pass(.seconds(70))
        #expect(bench.engine.instances.map(\.id) == before)
        #expect(bench.engine.calls(.remove) == 0)
        await bench.stop()
    }

    @Test func anAppThatMovesBetweenFilesIsNotRemoved() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        let before = bench.engine.instances.map(\.id)
        bench.repository.commit(["team/renamed.yaml": spec("1")["shop.yaml"] ?? ""])
        await bench.wait("it has moved") { $0.apps.first?.path == "team/renamed.yaml" }
        #expect(bench.engine.instances.map(\.id) == before)
        await bench.stop()
    }

    @Test func aSourceThatIsNotReadYetKeepsItsApps() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        let before = first.engine.instances.map(\.id)
        // At the next start the source is not to be reached, and another one declares an app of the same name.
        let other = FakeRepository()
        other.commit(spec("stolen"))
        let store = MemoryStore()
        var state = StoreBatch()
        state.apps = try first.store.load().apps
        state.owned = Array(try first.store.load().owned.values)
        try store.commit(state)
        first.repository.fail(with: SourceError(.unreachable, "the remote is down"))
        let second = try await first.restarted(
            store: store,
            repositories: [
                Workbench.watched(first.repository, [("main", "")]), Workbench.watched(other, [("thief", "")])
            ])
        await second.pass(.seconds(60))
        #expect(second.engine.instances.map(\.id) == before)
        #expect(await second.controller.status().apps.first?.source?.rawValue == "main")
        first.repository.fail(with: nil)
        await second.waitForVerdict(.converged)
        #expect(second.engine.instances.map(\.id) == before)
        await second.stop()
    }

    @Test func aSourceThatLooksElsewhereRemovesNothing() async throws {
        let first = try await Workbench()
        var files = ["a/shop.yaml": Workbench.spec("shop", image: "shop:1")]
        for number in 1...8 {
            files["b/app\(number).yaml"] = Workbench.spec("app\(number)", image: "shop:1", replicas: 1)
        }
        first.repository.commit(files)
        await first.wait("all run") { $0.apps.count == 9 && $0.apps.allSatisfy { $0.verdict == .converged } }
        let second = try await first.restarted(
            repositories: [Workbench.watched(first.repository, [("main", "b")])])
        await second.pass(.seconds(60))
        #expect(second.engine.calls(.remove) == 0)
        let shop = await second.controller.status().apps.first { $0.name.rawValue == "shop" }
        #expect(shop?.because.map(\.cause) == [.source])
        await second.stop()
    }

    // MARK: Rollouts

    @Test func timeWithoutAControllerIsNotHeldAgainstARelease() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        first.repository.commit(spec("2"))
        await first.wait("a rollout is under way") { $0.apps.first?.rollout != nil }
        let second = try await first.restarted(after: .minutes(30))
        await second.waitForVerdict(.converged, release: 2)
        #expect(second.store.outcomes == [.succeeded, .succeeded])
        await second.stop()
    }

    @Test func aCheckThatIsNewIsAsked() async throws {
        let bench = try await Workbench()
        func file(_ more: String) -> [String: String] {
            [
                "shop.yaml":
                    "name: shop\nimage: registry.example.com/shop:1\ndeploy: {min_healthy_time: 2s, timeout: 1m}\n\(more)"
            ]
        }
        bench.repository.commit(file(""))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(file("healthcheck: {command: [\"true\"]}\n"))
        await bench.waitForVerdict(.converged, release: 2)
        #expect(bench.engine.calls(.launch) == 1)
        #expect(await bench.controller.metrics().probesPassed > 0)
        await bench.stop()
    }

    @Test func theNetworkOfTheOldProjectStaysUntilNobodyNeedsIt() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        bench.repository.commit(spec("2", more: "project: other"))
        await bench.wait("a rollout is under way") { $0.apps.first?.rollout != nil }
        let listings = bench.engine.listings
        _ = try? await bench.controller.sync(source: nil)
        bench.engine.setDown(true)
        await bench.pass(.seconds(1))
        bench.engine.setDown(false)
        await bench.wait("a listing") { _ in bench.engine.listings > listings }
        await bench.waitForVerdict(.rolledBack)
        #expect(bench.engine.networkNames.contains("slipway-retail"))
        bench.repository.commit(spec("3", more: "project: other"))
        await bench.waitForVerdict(.converged, release: 3)
        await bench.wait("the old network goes") { _ in bench.engine.networkNames == ["slipway-other"] }
        await bench.stop()
    }

    @Test func aContainerThatSomebodyRemovesIsNotTheReleasesFault() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2"))
        await bench.wait("an instance of the new release") { _ in
            bench.engine.instances.contains { $0.name == "shop-web-v2-1" }
        }
        let engine = bench.engine
        engine.observeCalls { kind in
            // Between the decision to start it again and the call.
            if kind == .start { engine.removeByHand("shop-web-v2-1") }
        }
        engine.stopByHand("shop-web-v2-1")
        await bench.wait("the start was tried") { _ in engine.calls(.start) > 0 }
        await bench.waitForVerdict(.converged, release: 2)
        let history = try await bench.controller.history(app: nil, limit: 10)
        #expect(history.map(\.outcome) == [.succeeded, .succeeded])
        await bench.stop()
    }

    @Test func theLastWordsOfAHeldReleaseStandInTheHistory() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        let text = (spec("2")["shop.yaml"] ?? "").replacing(
            "timeout: 1m", with: "timeout: 1m, rollback: false")
        bench.repository.commit(["shop.yaml": text])
        await bench.waitForVerdict(.held)
        await bench.pass(.seconds(2))
        let history = try await bench.controller.history(app: nil, limit: 1)
        #expect(history.first?.outcome == .held)
        #expect(history.first?.evidence.contains { $0.contains("simulated last words") } == true)
        await bench.stop()
    }

    @Test func goingBackTwiceDoesNotGoForward() async throws {
        let bench = try await Workbench()
        let shop = AppName("shop").required
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.converged, release: 2)
        _ = try await bench.controller.rollback(app: shop, to: nil)
        await bench.waitForVerdict(.held, release: 1)
        await #expect(throws: ControlError.self) {
            _ = try await bench.controller.rollback(app: shop, to: nil)
        }
        await bench.stop()
    }

    // MARK: Engine and store

    @Test func whatHasNoEffectIsNotAskedForAgainAndAgain() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.engine.setIneffective([.repair])
        bench.engine.tamper("shop-web-v1-1") { $0.effective.memoryInBytes = 1 << 20 }
        await bench.pass(.seconds(60))
        #expect(bench.engine.calls(.repair) < 12)
        let because = await bench.controller.status().apps.first?.because
        #expect(because?.contains { $0.message.contains("without effect") } == true)
        await bench.stop()
    }

    /// Seed 3242 of the simulation: the last good release has the same template, and ran none of it.
    @Test func `instances that end after each start are no fault of the engine, and the deadline comes`()
        async throws
    {
        let bench = try await Workbench()
        bench.engine.setBehavior(.crashes(code: 1), forImagesContaining: "shop:1")
        func commit(replicas: Int) {
            let text = Workbench.spec("shop", image: "shop:1", replicas: replicas, more: "restart: \"no\"")
            bench.repository.commit(["shop.yaml": text])
        }
        commit(replicas: 0)
        await bench.waitForVerdict(.converged)
        commit(replicas: 2)
        await bench.waitForVerdict(.rolledBack, release: 1)
        let because = await bench.controller.status().apps.first?.because.map(\.message) ?? []
        #expect(because.contains { $0.contains("no progress for 1m") }, "\(because)")
        await bench.stop()
    }

    @Test func `a disk that is full for longer than the timeout is held against no release`() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2"))
        await bench.wait("a rollout is under way") { $0.apps.first?.rollout != nil }
        bench.store.refuse(with: StoreError(.diskFull, "full"))
        await bench.pass(.minutes(5))
        bench.store.refuse(with: nil)
        await bench.waitForVerdict(.converged, release: 2)
        #expect(bench.store.outcomes == [.succeeded, .succeeded])
        await bench.stop()
    }

    @Test func `a store that is lost while nothing is alive waits for nobody`() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        await first.stop()
        for instance in first.engine.instances { first.engine.stopByHand(instance.name) }
        // Git wants something else by now, so nothing of what is there can be adopted.
        first.repository.commit(spec("2"))
        let second = try await first.restarted(store: MemoryStore())
        await second.waitForVerdict(.converged, release: 2)
        #expect(second.engine.instances.allSatisfy { $0.labels.release.value == 2 })
        await second.stop()
    }

    @Test func aStoreThatRefusesLosesNoEventAndIsFoundWellAgain() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.store.refuse(with: StoreError(.diskFull, "full"))
        bench.repository.fail(with: SourceError(.unreachable, "the remote is down"))
        await bench.wait("both are told") { status in
            status.because.contains { $0.cause == .store } && status.sources.first?.because.isEmpty == false
        }
        bench.store.refuse(with: nil)
        await bench.wait("the store is well") { status in !status.because.contains { $0.cause == .store } }
        let events = try bench.store.events(after: 0, limit: 1_000)
        #expect(events.contains { $0.kind == .sourceFailed })
        #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
        await bench.stop()
    }
}
