import Controller
import Model
import Ports
import Simulation
import Testing

/// The whole controller against simulated parts.
@Suite struct ControllerTests {
    private func spec(_ version: String, replicas: Int = 2) -> [String: String] {
        ["shop.yaml": Workbench.spec("shop", image: "shop:\(version)", replicas: replicas)]
    }

    @Test func deploysAndThenIsSilent() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        #expect(bench.engine.instances.map(\.name) == ["shop-web-v1-1", "shop-web-v1-2"])
        let calls = bench.engine.mutatingCalls
        let writes = bench.store.commits
        let listings = bench.engine.listings
        await bench.wait("three more listings") { _ in bench.engine.listings >= listings + 3 }
        #expect(bench.engine.mutatingCalls == calls, "I10: no mutating call at a fixed point")
        #expect(bench.store.commits == writes, "I10: no write at a fixed point")
        await bench.stop()
    }

    @Test func rollsForwardAndBack() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.converged, release: 2)
        #expect(bench.engine.instances.allSatisfy { $0.image.contains("shop:2") })
        let good = bench.engine.instances.map(\.id)
        bench.engine.setBehavior(.sick, forImagesContaining: "shop:3")
        bench.repository.commit(spec("3"))
        await bench.waitForVerdict(.rolledBack, release: 2)
        #expect(bench.engine.instances.map(\.id) == good)
        let history = try await bench.controller.history(app: nil, limit: 10)
        #expect(history.map(\.outcome) == [.rolledBack, .succeeded, .succeeded])
        #expect(history[0].evidence.contains { $0.contains("simulated last words") })
        #expect(history[0].evidence.contains { $0.contains("answered 500") })
        await bench.stop()
    }

    @Test func aQuarantineOutlivesARestartAndEndsWithARetry() async throws {
        let first = try await Workbench()
        first.engine.setBehavior(.crashes(code: 3), forImagesContaining: "shop:2")
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.rolledBack)
        let launches = first.engine.calls(.launch)
        await first.stop()

        let second = Workbench.make(first.engine, first.store, first.repository, first.clock)
        let state = try first.store.claim()
        let loop = Task { await second.run(from: state) }
        for _ in 0..<400 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        #expect(await second.status().apps.map(\.verdict) == [.rolledBack])
        #expect(first.engine.calls(.launch) == launches, "I8: not started again")
        first.engine.setBehavior(.healthy, forImagesContaining: "shop:2")
        _ = try await second.retry(app: AppName("shop").required)
        for _ in 0..<400 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        #expect(await second.status().apps.map(\.verdict) == [.converged])
        await second.stop()
        await loop.value
    }

    @Test func aLostStoreRestartsNothing() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.converged, release: 2)
        await first.stop()
        let before = first.engine.instances
        let calls = first.engine.mutatingCalls

        let empty = MemoryStore()
        let second = Workbench.make(first.engine, empty, first.repository, first.clock)
        let state = try empty.claim()
        let loop = Task { await second.run(from: state) }
        for _ in 0..<400 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        let status = await second.status()
        #expect(
            status.apps.map(\.verdict) == [.converged],
            "\(status.apps.map(\.because)) \(status.apps.map(\.instances))")
        #expect(status.apps.first?.running?.number?.value == 2)
        #expect(first.engine.instances == before)
        #expect(first.engine.mutatingCalls == calls)
        await second.stop()
        await loop.value
    }

    /// The head of git is broken by the time the store is lost: what runs is found at the commit of its labels.
    @Test func aLostStoreIsRebuiltFromTheCommitOfTheLabels() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        await first.stop()
        let before = first.engine.instances
        first.engine.setBehavior(.sick, forImagesContaining: "shop:2")
        first.repository.commit(spec("2"))

        let empty = MemoryStore()
        let second = Workbench.make(first.engine, empty, first.repository, first.clock)
        let state = try empty.claim()
        let loop = Task { await second.run(from: state) }
        for _ in 0..<600 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        let status = await second.status()
        #expect(status.apps.map(\.verdict) == [.rolledBack])
        #expect(status.apps.first?.running?.number?.value == 1)
        #expect(first.engine.instances == before)
        await second.stop()
        await loop.value
    }

    /// A listing may be minutes old: what it shows and what cannot be seen now is not taken for good.
    @Test func whatIsOnlyListedIsNotTakenForTheLastGoodRelease() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        first.engine.setBehavior(.missing, forImagesContaining: "shop:2")
        first.repository.commit(spec("2"))
        first.engine.refuseInspections(true)
        let before = first.engine.instances

        let second = try await first.restarted(store: MemoryStore())
        await second.pass(.seconds(30))
        #expect(await second.controller.status().apps.map { $0.running == nil } == [true])
        first.engine.refuseInspections(false)
        await second.wait("v1 is found") { $0.apps.first?.running?.number?.value == 1 }
        #expect(second.engine.instances == before)
        await second.stop()
    }

    /// Since yesterday the app has been changed and changed back: what runs is what yesterday's store knows, under
    /// another number.
    @Test func yesterdaysStoreKnowsWhatWasGoneBackToSince() async throws {
        let first = try await Workbench()
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged)
        let yesterday = first.store.backup()
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.converged, release: 2)
        first.repository.commit(spec("1"))
        await first.waitForVerdict(.converged, release: 3)
        first.repository.commit(spec("4"))

        let second = try await first.restarted(store: yesterday)
        await second.waitForVerdict(.converged, release: 4)
        #expect(Set(second.engine.instances.map(\.labels.release.value)) == [4])
        await second.stop()
    }

    @Test(arguments: [false, true]) func yesterdaysStoreRestartsNothing(isHeadBroken: Bool) async throws {
        let first = try await Workbench()
        let commit = try #require(first.repository.commit(spec("1")))
        await first.waitForVerdict(.converged)
        let yesterday = first.store.backup()
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.converged, release: 2)
        await first.stop()
        first.repository.restoreMirror(to: commit)
        let before = first.engine.instances
        let calls = first.engine.mutatingCalls
        if isHeadBroken { first.repository.commit(["shop.yaml": "name: shop\nimage: [broken]\n"]) }

        let second = Workbench.make(first.engine, yesterday, first.repository, first.clock)
        let state = try yesterday.claim()
        let loop = Task { await second.run(from: state) }
        for _ in 0..<400 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        let status = await second.status()
        #expect(status.apps.map(\.verdict) == [isHeadBroken ? .invalid : .converged])
        #expect(status.apps.first?.running?.number?.value == 2)
        #expect(first.engine.instances == before)
        #expect(first.engine.mutatingCalls == calls)
        await second.stop()
        await loop.value
    }

    /// The mirror of yesterday is no reason to go back to yesterday while the remote is down.
    @Test func withTheRemoteDownYesterdaysStoreGoesBackToNothing() async throws {
        let first = try await Workbench()
        let commit = try #require(first.repository.commit(spec("1")))
        await first.waitForVerdict(.converged)
        let yesterday = first.store.backup()
        first.repository.commit(spec("2"))
        await first.waitForVerdict(.converged, release: 2)
        await first.stop()
        first.repository.restoreMirror(to: commit)
        let before = first.engine.instances
        let calls = first.engine.mutatingCalls
        first.repository.fail(with: SourceError(.unreachable, "the remote is down"))

        let second = Workbench.make(first.engine, yesterday, first.repository, first.clock)
        let state = try yesterday.claim()
        let loop = Task { await second.run(from: state) }
        for _ in 0..<400 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        #expect(first.engine.instances == before)
        #expect(first.engine.mutatingCalls == calls)
        first.repository.fail(with: nil)
        for _ in 0..<2_000 {
            first.clock.advance(by: .milliseconds(200))
            for _ in 0..<20 { await Task.yield() }
        }
        let status = await second.status()
        #expect(status.apps.map(\.verdict) == [.converged])
        #expect(first.engine.instances == before)
        await second.stop()
        await loop.value
    }

    @Test func whatWasMadeAndCouldNotBeStartedIsTakenAway() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        let good = bench.engine.instances
        bench.engine.setBehavior(.refusesToStart, forImagesContaining: "shop:2")
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.rolledBack, release: 1)
        await bench.wait("only the good ones are left") { _ in bench.engine.instances == good }
        await bench.stop()
    }

    @Test func aStoreThatRefusesStopsNothingAndStartsNothing() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.store.refuse(with: StoreError(.diskFull, "the disk of the state directory is full"))
        let calls = bench.engine.mutatingCalls
        bench.repository.commit(spec("2"))
        await bench.wait("the store's trouble is told") { $0.because.contains { $0.cause == .store } }
        #expect(bench.engine.mutatingCalls == calls)
        bench.store.refuse(with: nil)
        await bench.waitForVerdict(.converged, release: 2)
        await bench.stop()
    }

    @Test func anEngineThatIsGoneIsWaitedFor() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.engine.setDown(true)
        await bench.waitForVerdict(.unknown)
        bench.repository.commit(spec("2"))
        bench.engine.setDown(false)
        await bench.waitForVerdict(.converged, release: 2)
        await bench.stop()
    }

    @Test func whatIsChangedByHandIsPutBack() async throws {
        let bench = try await Workbench()
        bench.repository.commit([
            "shop.yaml": Workbench.spec("shop", image: "shop:1", more: "resources: {memory: 64M}")
        ])
        await bench.waitForVerdict(.converged)
        let limit = bench.engine.instances.first?.effective.memoryInBytes
        #expect(limit != nil)
        bench.engine.tamper("shop-web-v1-1") { $0.effective.memoryInBytes = 1 << 20 }
        bench.engine.tamper("shop-web-v1-2") { $0.state = .exited(code: 137, outOfMemory: false) }
        await bench.wait("put back") { _ in
            bench.engine.instances.allSatisfy { $0.state == .running && $0.effective.memoryInBytes == limit }
        }
        bench.engine.tamper("shop-web-v1-1") { $0.name = "renamed" }
        await bench.wait("renamed back") { _ in
            bench.engine.instances.map(\.name) == ["shop-web-v1-1", "shop-web-v1-2"]
        }
        await bench.stop()
    }

    @Test func removalNeedsProof() async throws {
        let bench = try await Workbench()
        var files: [String: String] = [:]
        for number in 1...10 {
            files["app\(number).yaml"] = Workbench.spec("app\(number)", image: "shop:1", replicas: 1)
        }
        bench.repository.commit(files)
        await bench.wait("all run") { $0.apps.count == 10 && $0.apps.allSatisfy { $0.verdict == .converged } }

        // One broken file holds every removal.
        var broken = files
        broken["app1.yaml"] = nil
        broken["app2.yaml"] = "name: app2\nimage: [not, a, name]\n"
        bench.repository.commit(broken)
        await bench.waitForVerdict(.invalid, of: "app2")
        #expect(bench.engine.instances.count == 10)

        // Two of ten are within the brake of 20 %.
        files["app1.yaml"] = nil
        files["app2.yaml"] = nil
        bench.repository.commit(files)
        await bench.wait("two are gone") { $0.apps.count == 8 }
        #expect(bench.engine.instances.count == 8)

        // More than the brake, and then all of it.
        for number in 3...7 { files["app\(number).yaml"] = nil }
        let commit = try #require(bench.repository.commit(files))
        await bench.waitForVerdict(.held, of: "app3")
        #expect(bench.engine.instances.count == 8)
        _ = try await bench.controller.approve(commit.short)
        await bench.wait("five more are gone") { $0.apps.count == 3 }
        bench.repository.commit([:])
        await bench.waitForVerdict(.held, of: "app8")
        #expect(bench.engine.instances.count == 3)
        bench.repository.fail(with: SourceError(.branchGone, "the branch is gone"))
        await bench.wait("the source's trouble is told") { $0.sources.first?.because.isEmpty == false }
        #expect(bench.engine.instances.count == 3)
        await bench.stop()
    }

    @Test func dependenciesAreWaitedFor() async throws {
        let bench = try await Workbench()
        bench.engine.setBehavior(.missing, forImagesContaining: "catalog")
        bench.repository.commit([
            "shop.yaml": Workbench.spec("shop", image: "shop:1", more: "depends_on: [catalog]"),
            "catalog.yaml": Workbench.spec("catalog", image: "catalog:1")
        ])
        await bench.waitForVerdict(.waiting, of: "shop")
        let status = await bench.controller.status()
        #expect(status.apps.first { $0.name.rawValue == "shop" }?.because.first?.cause == .dependency)
        #expect(bench.engine.instances.isEmpty)
        bench.engine.setBehavior(.healthy, forImagesContaining: "catalog")
        await bench.waitForVerdict(.converged, of: "shop")
        await bench.stop()
    }

    @Test func strangersWithCopiedLabelsAreLeftAlone() async throws {
        let bench = try await Workbench()
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        var copy = try #require(bench.engine.instances.first)
        copy.id = ContainerID("stranger").required
        copy.name = "shop-web-v1-copy"
        bench.engine.plant(
            copy, network: EngineSnapshot.OwnedNetwork(name: "slipway-retail", project: Workbench.project))
        let listings = bench.engine.listings
        await bench.wait("two listings") { _ in bench.engine.listings >= listings + 2 }
        #expect(bench.engine.instances.contains(copy))
        let status = await bench.controller.status()
        #expect(status.apps.map(\.verdict) == [.converged])
        #expect(status.because.contains { $0.cause == .foreignObject })
        await bench.stop()
    }

    @Test func peopleCanPauseGoBackAndAbort() async throws {
        let bench = try await Workbench()
        let shop = AppName("shop").required
        bench.repository.commit(spec("1"))
        await bench.waitForVerdict(.converged)
        bench.repository.commit(spec("2"))
        await bench.waitForVerdict(.converged, release: 2)

        _ = try await bench.controller.rollback(app: shop, to: nil)
        await bench.waitForVerdict(.held, release: 1)
        await bench.wait("nothing of v2 is left") { _ in
            bench.engine.instances.allSatisfy { $0.image.contains("shop:1") }
        }
        _ = try await bench.controller.pause(app: shop)
        bench.repository.commit(spec("3"))
        await bench.wait("the commit is seen") {
            $0.sources.first?.commit?.subject == "change" && bench.repository.fetches > 3
        }
        #expect(bench.engine.instances.allSatisfy { $0.image.contains("shop:1") })
        _ = try await bench.controller.resume(app: shop)
        await bench.waitForVerdict(.converged, release: 3)

        bench.engine.setBehavior(.sick, forImagesContaining: "shop:4")
        bench.repository.commit(spec("4"))
        await bench.wait("a rollout is under way") { $0.apps.first?.rollout != nil }
        _ = try await bench.controller.abort(app: shop)
        await bench.waitForVerdict(.rolledBack, release: 3)
        let history = try await bench.controller.history(app: shop, limit: 1)
        #expect(history.first?.outcome == .aborted)
        await bench.stop()
    }
}
