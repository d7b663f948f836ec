import Model
import Ports
import Testing

@testable import Simulation

@Suite struct CheckerTestsPromotion {
    private let v1 = Make.release(1)
    private let v2 = Make.release(2, Make.spec(image: "shop:2"))

    private func succeed(_ play: inout Play, _ release: Release) {
        play.store(Make.memory(release), records: [Make.record(release, .succeeded)])
    }

    // MARK: I3

    private func moving(to release: Release) -> Play {
        var play = Play(PromotionChecker.self)
        play.store(Make.memory(v1, target: release), records: [Make.record(release, nil)])
        return play
    }

    @Test func `I3: good before all have been healthy for long enough`() {
        var play = moving(to: v2)
        for index in 1...3 { play.put("b\(index)", v2) }
        play.pass(9)
        succeed(&play, v2)
        #expect(play.found == ["shop/web: v2 is called good with 0 of 3 instances that were healthy for 10s"])
    }

    @Test func `I3: good when they have been, and one too few never is`() {
        var play = moving(to: v2)
        for index in 1...3 { play.put("b\(index)", v2) }
        play.pass(10)
        succeed(&play, v2)
        #expect(play.found == [])
        var other = moving(to: v2)
        for index in 1...2 { other.put("b\(index)", v2) }
        other.pass(30)
        succeed(&other, v2)
        #expect(other.found.count == 1)
    }

    @Test func `I3: a restart begins the time anew`() {
        var play = moving(to: v2)
        for index in 1...3 { play.put("b\(index)", v2) }
        play.pass(30)
        play.turn("b1", isReady: false)
        play.world.instances[Make.id("b1")]?.startedAt = play.world.now
        play.pass(1)
        play.turn("b1", isReady: true)
        play.pass(8)
        succeed(&play, v2)
        #expect(play.found.count == 1)
    }

    @Test func `I3: a break that is shorter than what the probes notice is none`() {
        var play = moving(to: v2)
        for index in 1...3 { play.put("b\(index)", v2) }
        play.pass(8)
        play.turn("b1", isReady: false)
        play.pass(2)
        play.turn("b1", isReady: true)
        play.pass(2)
        succeed(&play, v2)
        #expect(play.found == [])
    }

    @Test func `I3: a step of a canary needs its share of instances`() {
        let canary = Make.release(
            2,
            Make.spec(image: "shop:2", deploy: DeploySpec(strategy: .canary, steps: [50, 100], bake: .zero)))
        var play = moving(to: canary)
        play.put("b1", canary)
        play.pass(20)
        play.store(Make.memory(v1, target: canary, step: 1))
        #expect(play.found == ["shop/web: v2 passes step 1 with 1 of 2 instances that were healthy for 10s"])
        var good = moving(to: canary)
        good.put("b1", canary)
        good.put("b2", canary)
        good.pass(20)
        good.store(Make.memory(v1, target: canary, step: 1))
        #expect(good.found == [])
    }

    // MARK: I4

    private let canary = Make.release(
        2,
        Make.spec(
            image: "shop:2", deploy: DeploySpec(strategy: .canary, steps: [50, 100], bake: .seconds(60))))

    private func baking(_ release: Release) -> Play {
        var play = Play(BakeChecker.self)
        play.push([release.spec])
        play.store(Make.memory(v1, target: release), records: [Make.record(release, nil)])
        for index in 1...3 { play.put("b\(index)", release) }
        return play
    }

    @Test func `I4: a step that ends before its bake`() {
        var play = baking(canary)
        play.pass(59)
        play.store(Make.memory(v1, target: canary, step: 1))
        #expect(play.found == ["shop: v2 goes on from step 1 after 59s of a bake of 1m"])
        var good = baking(canary)
        good.pass(60)
        good.store(Make.memory(v1, target: canary, step: 1))
        good.pass(60)
        succeed(&good, canary)
        #expect(good.found == [])
    }

    @Test func `I4: the last start is what counts`() {
        var play = baking(canary)
        play.pass(40)
        for index in 1...3 { play.world.instances[Make.id("b\(index)")]?.startedAt = play.world.now }
        play.pass(30)
        play.store(Make.memory(v1, target: canary, step: 1))
        #expect(play.found.count == 1)
    }

    @Test func `I4: the traffic has to be there as well`() {
        var play = baking(canary)
        play.put("a1", v1)
        play.route(Make.route([("a1", v1, false), ("b1", canary, false)], split: [1: 100, 2: 0]))
        play.pass(50)
        play.route(Make.route([("a1", v1, false), ("b1", canary, false)], split: [1: 50, 2: 50]))
        play.pass(30)
        play.store(Make.memory(v1, target: canary, step: 1))
        #expect(play.found.count == 1)
    }

    @Test func `I4: a person may end a bake`() {
        var play = baking(canary)
        play.pass(10)
        play.happen(.asked("promote shop"))
        play.store(Make.memory(v1, target: canary, step: 1))
        #expect(play.found == [])
    }

    @Test func `I4: what needs a person's word waits for it`() {
        let deploy = DeploySpec(strategy: .blueGreen, approval: .beforePromote)
        let green = Make.release(2, Make.spec(image: "shop:2", deploy: deploy))
        var play = baking(green)
        play.store(Make.memory(v1, target: green, step: 1))
        succeed(&play, green)
        #expect(play.found == ["shop: v2 is called good before a person has approved it"])
        var asked = baking(green)
        asked.happen(.asked("approve shop"))
        asked.store(Make.memory(v1, target: green, step: 1))
        succeed(&asked, green)
        #expect(asked.found == [])
    }

    @Test func `I4: nothing is started before the deploy is approved`() {
        let deploy = DeploySpec(approval: .beforeDeploy)
        let careful = Make.release(2, Make.spec(image: "shop:2", deploy: deploy))
        var play = baking(careful)
        play.launch("b4", careful)
        #expect(play.found == ["shop: b4 is started before a person has approved the deploy"])
        var asked = baking(careful)
        asked.happen(.asked("approve aaaaaaa"))
        asked.launch("b4", careful)
        #expect(asked.found == [])
    }

    // MARK: I26

    private func group(_ change: (inout Play, AppMemory, Release, Release) -> Void) -> [String] {
        var play = Play(TogetherChecker.self)
        let shop = Make.release(2, Make.spec(image: "shop:2", group: "store"))
        let api = Make.release(2, Make.spec(Make.name("api"), image: "api:2", group: "store"))
        let moving = Make.memory(nil, target: api)
        play.push([shop.spec, api.spec])
        play.store(Make.memory(v1, target: shop)) { $0.apps[api.app] = moving }
        change(&play, moving, shop, api)
        return play.found
    }

    @Test func `I26: one of a group is good without the other`() {
        let found = group { play, _, shop, _ in
            play.store(Make.memory(shop), records: [Make.record(shop, .succeeded)])
        }
        #expect(found == ["shop: v2 is called good without api of group store"])
    }

    @Test func `I26: both at once are well`() {
        let found = group { play, _, shop, api in
            play.store(
                Make.memory(shop), records: [Make.record(shop, .succeeded), Make.record(api, .succeeded)]
            ) { $0.apps[api.app] = Make.memory(api) }
        }
        #expect(found == [])
    }

    @Test func `I26: git has taken one out of the group meanwhile`() {
        let found = group { play, _, shop, api in
            play.push([shop.spec, Make.spec(api.app, image: "api:2")])
            play.store(Make.memory(shop), records: [Make.record(shop, .succeeded)])
        }
        #expect(found == [])
    }

    @Test func `I26: one is good after the other has failed`() {
        let found = group { play, _, shop, api in
            play.store { $0.apps[api.app] = Make.memory(nil, target: api, phase: .rollingBack(Make.failure)) }
            play.store(Make.memory(shop), records: [Make.record(shop, .succeeded)])
        }
        #expect(found == ["shop: v2 is called good after another of group store has failed"])
    }
}
