import Model
import Planning
import Testing

/// Apps of a release group are planned together: all are promoted, or none.
@Suite struct GroupTests {
    /// Several small worlds, planned as one group.
    private struct Group {
        var members: [AppName: World] = [:]

        init(_ names: [String]) {
            for (index, name) in names.enumerated() {
                let app = AppName(name).require
                members[app] = World(seed: UInt64(index + 1), app: app)
            }
        }

        mutating func commit(
            _ image: String, _ behaviors: [String: World.Behavior], rollsBack: Bool = true
        ) {
            for (name, behavior) in behaviors.sorted(by: { $0.key < $1.key }) {
                let app = AppName(name).require
                let spec = AppSpec(
                    name: app, project: ProjectName("retail").require, image: "\(name)-\(image)",
                    processes: [
                        ProcessSpec(
                            name: ProcessName("web").require, replicas: 2, port: 80,
                            healthcheck: HealthcheckSpec(
                                check: .http(path: "/", host: nil, port: nil), startPeriod: .seconds(10)))
                    ],
                    deploy: DeploySpec(
                        minHealthyTime: .seconds(3), timeout: .minutes(2), rollback: rollsBack),
                    group: "front")
                members[app]?.commit(spec, behavior: behavior)
            }
        }

        /// One pass over all, and then the next thing happens to each.
        mutating func step() {
            let names = members.keys.sorted()
            let plans = Planner.plan(group: "front", names.compactMap { members[$0]?.input })
            for (name, plan) in zip(names, plans) {
                guard var world = members[name] else { continue }
                world.take(plan)
                _ = world.advance(min(plan.wake ?? .distantFuture, world.now + .seconds(1)))
                members[name] = world
            }
            let now = members.values.map(\.now).max() ?? .zero
            for name in names { members[name]?.now = now }
        }

        mutating func run(until condition: (Group) -> Bool) {
            for _ in 0..<1_500 where !condition(self) { step() }
            #expect(
                condition(self),
                "\(members.mapValues { "\($0.lastPlan?.verdict as Any) \($0.lastPlan?.because.map(\.message) ?? [])" })"
            )
        }

        func isAt(_ image: String) -> Bool {
            members.allSatisfy { name, world in
                world.memory.rollout == nil && world.inFlight.isEmpty
                    && world.instances.values.map(\.image) == Array(repeating: "\(name)-\(image)", count: 2)
            }
        }
    }

    private func started() -> Group {
        var group = Group(["api", "web"])
        group.commit("one", ["api": .healthy, "web": .healthy])
        group.run { $0.isAt("one") }
        return group
    }

    @Test func allArePromotedInOnePass() {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .slow])
        var promoted: [Int] = []
        group.run { group in
            let count = group.members.values.count { $0.memory.lastGood?.spec.image.hasSuffix("two") == true }
            if promoted.last != count { promoted.append(count) }
            return group.isAt("two")
        }
        #expect(promoted == [0, 2], "never one without the other")
    }

    @Test func oneThatFailsTakesTheOthersBack() {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .sick])
        group.run { $0.members.values.allSatisfy { $0.outcomes.last == .rolledBack } }
        group.run { $0.isAt("one") }
        let api = group.members[AppName("api").require]
        #expect(api?.memory.quarantine.last?.failure.cause == .group)
        #expect(
            api?.memory.quarantine.last?.failure.message.contains("goes back with web of its group") == true)
        #expect(api?.lastPlan?.verdict == .rolledBack)
        for _ in 0..<50 { group.step() }
        #expect(group.isAt("one"), "neither comes back by itself")

        group.commit("three", ["web": .healthy])
        group.run { group in
            group.members.allSatisfy { name, world in
                world.memory.lastGood?.spec.image == (name.rawValue == "web" ? "web-three" : "api-two")
            }
        }
    }

    /// The fix of the one comes while the other is still on its way back, or stays where it is.
    @Test(arguments: [true, false])
    func aFixIsTriedOnceWithTheOthers(rollsBack: Bool) {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .sick], rollsBack: rollsBack)
        let (api, web) = (AppName("api").require, AppName("web").require)
        group.run { group in
            switch group.members[api]?.memory.rollout?.phase {
            case .rollingBack(let failure), .held(let failure): failure.cause == .group
            case .moving, nil: false
            }
        }
        group.commit("three", ["web": .healthy])
        if rollsBack {
            group.run { $0.members[web]?.lastPlan?.because.first?.message.contains("until api") == true }
        }
        group.run { group in
            group.members.allSatisfy { name, world in
                world.memory.lastGood?.spec.image == (name == web ? "web-three" : "api-two")
                    && world.memory.rollout == nil
            }
        }
        #expect(group.members[web]?.memory.lastGood?.number.value == 3, "the fix is one release")
    }

    /// One is held with a release that git does not want any more, and another one's image is not there yet.
    @Test func whatHasFailedBeforeKeepsNobodyOut() {
        var group = started()
        group.commit("two", ["web": .sick], rollsBack: false)
        let (api, web) = (AppName("api").require, AppName("web").require)
        group.run { $0.members[web]?.outcomes.last == .held }
        group.commit("three", ["api": .healthy, "web": .healthy])
        let prepared = group.members[api]?.prepared
        group.members[api]?.prepared = nil
        for _ in 0..<30 {
            group.step()
            #expect(group.members[api]?.memory.quarantine.isEmpty == true)
            #expect(group.members[api]?.lastPlan?.events.isEmpty == true)
        }
        group.members[api]?.prepared = prepared
        group.run { $0.isAt("three") }
    }

    /// A store that was put back has one under way and knows nothing of the other's; the remote has not been asked yet.
    @Test(arguments: [true, false])
    func noneSucceedsBeforeGitIsHeardOfTheOthers(isMirrorRead: Bool) {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .slow])
        let (api, web) = (AppName("api").require, AppName("web").require)
        let before = group.members[web]?.memory
        group.run {
            $0.members[api]?.lastPlan?.verdict == .progressing && $0.members[web]?.memory.rollout != nil
        }
        if let before { group.members[web]?.memory = before }
        let wanted = group.members[web]?.desired
        if case .spec(var candidate) = wanted {
            candidate.isConfirmed = false
            group.members[web]?.desired =
                isMirrorRead ? .spec(candidate) : .keep([], diagnostics: [], isInvalid: false)
        }
        for _ in 0..<60 {
            group.step()
            #expect(group.members[api]?.memory.lastGood?.spec.image == "api-one")
        }
        if let wanted { group.members[web]?.desired = wanted }
        group.run { $0.isAt("two") }
    }

    @Test func nothingStartsBeforeAllCan() {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .healthy])
        let web = AppName("web").require
        let prepared = group.members[web]?.prepared
        group.members[web]?.prepared = nil
        for _ in 0..<30 { group.step() }
        #expect(
            group.members.values.allSatisfy { $0.instances.values.allSatisfy { $0.image.hasSuffix("one") } })
        let api = group.members[AppName("api").require]
        #expect(api?.lastPlan?.because.first?.cause == .group)
        group.members[web]?.prepared = prepared
        group.run { $0.isAt("two") }
    }

    /// One joins in the middle, and the image of what another one wants next is missing: nobody can go on.
    @Test func whoWaitsForAMissingImageSaysSo() {
        var group = started()
        let (api, blog) = (AppName("api").require, AppName("blog").require)
        group.commit("two", ["api": .healthy, "web": .slow])
        group.run { $0.members[api]?.memory.rollout?.isReadyForGroup == true }
        group.members[blog] = World(seed: 3, app: blog)
        group.commit("three", ["api": .healthy, "blog": .healthy])
        let prepared = group.members[api]?.prepared
        group.members[api]?.prepared = nil
        group.members[api]?.failures[ActionKey(kind: .prepare, object: "api-three")] = ActionFailure(
            attempts: 1, firstAt: .zero, nextAttemptAt: .distantFuture, message: "there is no such tag",
            isReleaseFault: false)
        for _ in 0..<30 { group.step() }
        for member in group.members.values { #expect(member.lastPlan?.verdict == .waiting) }
        #expect(group.members[api]?.lastPlan?.because.map(\.cause) == [.group, .imagePull])
        #expect(group.members[blog]?.lastPlan?.because.first?.cause == .group)
        group.members[api]?.prepared = prepared
        group.members[api]?.failures = [:]
        group.run { group in
            group.members.values.allSatisfy { $0.memory.rollout == nil && $0.memory.lastGood != nil }
        }
        #expect(group.members[api]?.memory.lastGood?.spec.image == "api-three")
    }

    @Test func aMemberThatDoesNotChangeIsNotWaitedFor() {
        var group = started()
        group.commit("two", ["api": .healthy])
        let api = AppName("api").require
        group.run { $0.members[api]?.memory.lastGood?.spec.image == "api-two" }
    }

    @Test func oneThatIsAbortedTakesTheOthersBack() {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .healthy])
        group.run { $0.members.values.allSatisfy { $0.memory.rollout != nil } }
        group.members[AppName("api").require]?.abort()
        group.run { $0.isAt("one") }
        #expect(group.members.values.allSatisfy { $0.outcomes.last != .succeeded })
    }

    @Test func oneThatAPersonHasPausedIsNotLeftBehind() {
        var group = started()
        group.commit("two", ["api": .healthy, "web": .slow])
        let api = AppName("api").require
        group.run { $0.members[api]?.memory.rollout?.isReadyForGroup == true }
        group.members[api]?.memory.isPaused = true
        for _ in 0..<100 { group.step() }
        #expect(group.members.values.allSatisfy { $0.memory.lastGood?.spec.image.hasSuffix("one") == true })
        group.members[api]?.memory.isPaused = false
        group.run { $0.isAt("two") }
    }
}
