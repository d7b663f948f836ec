import Controller
import Model
import Ports
import Simulation
import Testing

/// Projects beside each other, in a whole controller.
@Suite struct ProjectTests {
    private static let retail = ProjectName("retail").required
    private static let press = ProjectName("press").required

    private func policy(
        _ quota: ProjectQuota = ProjectQuota(), defaultProject: ProjectName? = nil
    ) -> ProjectPolicy {
        ProjectPolicy(
            rules: [Self.retail: ProjectRules(quota: quota), Self.press: ProjectRules()],
            defaultProject: defaultProject)
    }

    /// One branch with a folder for each project.
    private func watched(_ repository: FakeRepository) -> [WatchedRepository] {
        [
            WatchedRepository(
                repository: repository, displayName: "simulated", branch: "main", pollInterval: .seconds(30),
                sources: [Self.press, Self.retail].map {
                    WatchedSource(
                        name: SourceName($0.rawValue).required, path: $0.rawValue, project: $0)
                })
        ]
    }

    private func bench(_ policy: ProjectPolicy, _ files: [String: String]) async throws -> Workbench {
        let repository = FakeRepository()
        repository.commit(files)
        return try await Workbench(
            repository: repository, repositories: watched(repository), projects: policy)
    }

    private func app(_ bench: Workbench, _ name: String) async -> AppStatus? {
        await bench.controller.status().apps.first { $0.name.rawValue == name }
    }

    @Test func namesHaveTheProjectInThem() async throws {
        let bench = try await bench(policy(), ["retail/shop.yaml": Workbench.spec("shop", image: "shop:1")])
        await bench.waitForVerdict(.converged)
        #expect(bench.engine.instances.map(\.name) == ["retail.shop-web-v1-1", "retail.shop-web-v1-2"])
        // They are known again by a controller that has nothing but them.
        let starts = bench.engine.mutatingCalls
        let again = try await bench.restarted(
            store: MemoryStore(), repositories: watched(bench.repository), projects: policy())
        await again.waitForVerdict(.converged)
        #expect(again.engine.mutatingCalls == starts)
        await again.stop()
    }

    /// An installation that gets rules for its projects restarts nothing, and goes on with the names that it has.
    @Test(arguments: [false, true]) func rulesThatComeLaterRestartNothing(_ isStoreLost: Bool) async throws {
        let repository = FakeRepository()
        repository.commit(["retail/shop.yaml": Workbench.spec("shop", image: "shop:1")])
        let before = try await Workbench(repository: repository, repositories: watched(repository))
        await before.waitForVerdict(.converged)
        let names = before.engine.instances.map(\.name)
        #expect(names == ["shop-web-v1-1", "shop-web-v1-2"])
        let calls = before.engine.mutatingCalls
        let after = try await before.restarted(
            store: isStoreLost ? MemoryStore() : nil, repositories: watched(repository), projects: policy())
        await after.waitForVerdict(.converged)
        await after.pass(.minutes(2))
        #expect(after.engine.instances.map(\.name) == names)
        #expect(after.engine.mutatingCalls == calls)
        repository.commit(["retail/shop.yaml": Workbench.spec("shop", image: "shop:2")])
        await after.waitForVerdict(.converged, release: 2)
        #expect(after.engine.instances.map(\.name) == ["shop-web-v2-1", "shop-web-v2-2"])
        await after.stop()
    }

    @Test func whoeverGoesOverTheQuotaIsInvalidAndTheOthersStay() async throws {
        func spec(_ name: String, _ replicas: Int) -> String {
            Workbench.spec(name, image: "\(name):1", replicas: replicas)
        }
        let policy = policy(ProjectQuota(replicas: 4))
        let bench = try await bench(policy, ["retail/shop.yaml": spec("shop", 2)])
        await bench.waitForVerdict(.converged)
        bench.repository.commit([
            "retail/shop.yaml": spec("shop", 2), "retail/api.yaml": spec("api", 3),
            "press/site.yaml": spec("site", 3)
        ])
        await bench.waitForVerdict(.converged, of: "site")
        let api = await app(bench, "api")
        #expect(api?.verdict == .invalid)
        #expect(api?.because.first?.object == "retail/api.yaml:1:1")
        #expect(api?.because.first?.message.contains("would have 5 replicas, and its quota is 4") == true)
        #expect(await app(bench, "shop")?.verdict == .converged)
        // What runs and then asks for too much stays as it is.
        bench.repository.commit(["retail/shop.yaml": spec("shop", 5), "press/site.yaml": spec("site", 3)])
        await bench.waitForVerdict(.invalid)
        #expect(bench.engine.instances.filter { $0.name.contains("shop") }.count == 2)
        bench.repository.commit(["retail/shop.yaml": spec("shop", 4), "press/site.yaml": spec("site", 3)])
        await bench.waitForVerdict(.converged, release: 2)
        await bench.stop()
    }

    /// A name belongs to who had it first, over restarts, and its owner in another project is not named.
    @Test func namesOfAppsAreClaimed() async throws {
        let bench = try await bench(policy(), ["retail/shop.yaml": Workbench.spec("shop", image: "shop:1")])
        await bench.waitForVerdict(.converged)
        let both = [
            "retail/shop.yaml": Workbench.spec("shop", image: "shop:1"),
            "press/shop.yaml": Workbench.spec("shop", image: "evil:1")
        ]
        bench.repository.commit(both)
        let after = try await bench.restarted(repositories: watched(bench.repository), projects: policy())
        await after.wait("the second one is refused") { status in
            status.sources.contains { $0.diagnostics.contains { $0.code == "name_taken" } }
        }
        let status = await after.controller.status()
        let found = status.sources.first { $0.name.rawValue == "press" }?.diagnostics.first
        #expect(found?.message == "another project has an app shop; choose another name")
        #expect(status.apps.map(\.project) == [Self.retail])
        #expect(after.engine.instances.allSatisfy { !$0.image.contains("evil") })
        await after.stop()
    }

    /// What an app has for itself is in the store.
    @Test func claimsAreRemembered() async throws {
        let bench = try await bench(policy(), ["retail/shop.yaml": Workbench.spec("shop", image: "shop:1")])
        await bench.waitForVerdict(.converged)
        await bench.stop()
        let memory = try bench.store.load().apps[AppName("shop").required]
        #expect(memory?.claims?.project == Self.retail)
        #expect(memory?.claims?.usage.replicas == 2)
        #expect(memory?.nameScope == Self.retail)
    }
}
