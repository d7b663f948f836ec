import Model
import Ports
import Testing

@testable import Simulation

@Suite struct CheckerTestsCapacity {
    private let v1 = Make.release(1)
    private let v2 = Make.release(2, Make.spec(image: "shop:2"))

    /// Three ready instances of v1, seen for long.
    private func running(_ checker: any Checker.Type, _ memory: AppMemory, _ release: Release? = nil) -> Play
    {
        var play = Play(checker)
        play.store(memory)
        for index in 1...3 { play.put("a\(index)", release ?? v1) }
        play.pass(120)
        return play
    }

    // MARK: I1

    @Test func `I1: an old one that goes before its successor is ready is a breach`() {
        var play = running(FloorChecker.self, Make.memory(v1, target: v2))
        play.put("b1", v2, isReady: false)
        play.remove("a1")
        #expect(play.found == ["shop/web: 2 ready after remove of a1, and the floor is 3"])
    }

    @Test func `I1: an old one that goes when its successor is ready is none`() {
        var play = running(FloorChecker.self, Make.memory(v1, target: v2))
        play.put("b1", v2)
        play.remove("a1")
        #expect(play.found == [])
    }

    @Test func `I1: the spec may allow one to be missing, and two are too many`() {
        let spec = Make.spec(image: "shop:2", deploy: DeploySpec(maxUnavailable: .count(1)))
        var play = running(FloorChecker.self, Make.memory(v1, target: Make.release(2, spec)))
        play.remove("a1")
        #expect(play.found == [])
        play.remove("a2")
        #expect(play.found.count == 1)
    }

    @Test func `I1: taking one down after another has long fallen is a breach`() {
        var play = running(FloorChecker.self, Make.memory(v1))
        play.turn("a1", isReady: false)
        play.pass(60)
        play.act(.restart(Make.id("a2"), name: "a2", grace: .seconds(1))) { $0.turn("a2", isReady: false) }
        #expect(play.found.count == 1)
    }

    @Test func `I1: one that falls at the same moment could not be known`() {
        var play = running(FloorChecker.self, Make.memory(v1, target: v2))
        play.put("b1", v2)
        play.pass(30)
        play.turn("a2", isReady: false)
        play.remove("a1")
        #expect(play.found == [])
    }

    @Test func `I1: who has only just recovered was last seen sick`() {
        var play = running(FloorChecker.self, Make.memory(v1))
        play.turn("a1", isReady: false)
        play.pass(8)
        play.turn("a1", isReady: true)
        play.remove("a1")
        #expect(play.found == [])
        play.pass(60)
        play.remove("a2")
        #expect(play.found.count == 1)
    }

    @Test func `I1: fewer are wanted on purpose`() {
        let less = Make.release(2, Make.spec(replicas: 1), alike: v1)
        var play = running(FloorChecker.self, Make.memory(less))
        play.remove("a3")
        play.remove("a2")
        #expect(play.found == [])
        play.remove("a1")
        #expect(play.found.count == 1)
    }

    @Test func `I1: what is stopped first has no floor, and neither has an app that is removed`() {
        let recreate = Make.release(2, Make.spec(image: "shop:2", deploy: DeploySpec(strategy: .recreate)))
        var play = running(FloorChecker.self, Make.memory(v1, target: recreate))
        play.remove("a1")
        play.store(Make.memory(v1) { $0.isBeingRemoved = true })
        play.remove("a2")
        #expect(play.found == [])
    }

    @Test func `I1: a route that leaves too few counts like a stop`() {
        var play = running(FloorChecker.self, Make.memory(v1))
        play.route(Make.route([("a1", v1, false), ("a2", v1, false), ("a3", v1, false)]))
        #expect(play.found == [])
        play.route(Make.route([("a1", v1, false), ("a2", v1, false), ("a3", v1, true)]))
        #expect(play.found.count == 1)
        #expect(play.found.first?.hasPrefix("shop/web: 2 ready after a new route") == true)
    }

    @Test func `I1: whoever has no requests any more is not missed`() {
        var play = running(FloorChecker.self, Make.memory(v2, target: nil), v2)
        play.put("b1", v1)
        play.route(Make.route([("a1", v2, false), ("a2", v2, false), ("a3", v2, false), ("b1", v1, true)]))
        play.remove("b1")
        #expect(play.found == [])
    }

    // MARK: I2

    @Test func `I2: one more than the surge allows is a breach, what is on its way included`() {
        var play = running(CeilingChecker.self, Make.memory(v1, target: v2))
        play.launch("b1", v2, isReady: false)
        #expect(play.found == [])
        play.launch("b2", v2)
        #expect(play.found.count == 1)
    }

    @Test func `I2: the same order again is no further instance`() {
        var play = running(CeilingChecker.self, Make.memory(v1, target: v2))
        play.launch("b1", v2)
        play.launch("b1", v2)
        #expect(play.found == [])
    }

    @Test func `I2: blue and green stand side by side, and no more`() {
        let green = Make.release(2, Make.spec(image: "shop:2", deploy: DeploySpec(strategy: .blueGreen)))
        var play = running(CeilingChecker.self, Make.memory(v1, target: green))
        for index in 1...3 { play.launch("b\(index)", green) }
        #expect(play.found == [])
        play.launch("b4", green)
        #expect(play.found.count == 1)
    }

    @Test func `I2: two releases write to one volume`() {
        let old = Make.release(1, Make.spec(replicas: 1, volume: true))
        let new = Make.release(2, Make.spec(image: "shop:2", replicas: 1, volume: true))
        var play = Play(CeilingChecker.self)
        play.store(Make.memory(old, target: new))
        play.put("a1", old)
        play.pass(60)
        play.launch("b1", new)
        #expect(play.found.contains("shop/web: b1 has the volume of one writer open beside a1"))
        var careful = Play(CeilingChecker.self)
        careful.store(Make.memory(old, target: new))
        careful.put("a1", old)
        careful.pass(60)
        careful.remove("a1")
        careful.launch("b1", new)
        #expect(careful.found == [])
    }

    @Test func `I2: what a person starts by hand is seen a little later`() {
        var play = running(CeilingChecker.self, Make.memory(v1, target: v2))
        play.put("c1", v1)
        play.launch("b1", v2)
        #expect(play.found == [])
        play.pass(30)
        play.launch("b2", v2)
        #expect(play.found.count == 1)
    }

    // MARK: I21

    @Test func `I21: limits count only where one commit has overtaken another`() {
        var play = running(SupersedeChecker.self, Make.memory(v1, target: v2))
        play.launch("b1", v2)
        play.launch("b2", v2)
        #expect(play.found == [])
        let v3 = Make.release(3, Make.spec(image: "shop:3"))
        play.store(Make.memory(v1, target: v3), records: [Make.record(v2, .superseded), Make.record(v3, nil)])
        play.launch("c1", v3)
        #expect(play.found.count == 1)
    }

    @Test func `I21: what was overtaken is not started again`() {
        var play = Play(SupersedeChecker.self)
        let v3 = Make.release(3, Make.spec(image: "shop:3"))
        play.store(Make.memory(v1, target: v2))
        play.store(Make.memory(v1, target: v3), records: [Make.record(v2, .superseded), Make.record(v3, nil)])
        play.pass(1)
        play.launch("c1", v3)
        #expect(play.found == [])
        play.launch("b1", v2)
        #expect(play.found == ["b1 is started although v2 was overtaken"])
    }

    // MARK: I5

    @Test func `I5: requests to one that is not ready`() {
        var play = running(TrafficChecker.self, Make.memory(v1, target: v2))
        play.put("b1", v2, isReady: false)
        play.route(Make.route([("a1", v1, false), ("b1", v2, false)]))
        #expect(play.found == ["shop/web: b1 takes requests from now on and is not ready"])
    }

    @Test func `I5: one that has just fallen may have been seen ready last`() {
        var play = running(TrafficChecker.self, Make.memory(v1))
        play.turn("a1", isReady: false)
        play.pass(2)
        play.route(Make.route([("a1", v1, false), ("a2", v1, false)]))
        #expect(play.found == [])
    }

    @Test func `I5: shares add up to a hundred, and go where somebody is`() {
        var play = running(TrafficChecker.self, Make.memory(v1, target: v2))
        play.put("b1", v2)
        play.route(Make.route([("a1", v1, false), ("b1", v2, false)], split: [1: 75, 2: 25]))
        #expect(play.found == [])
        play.route(Make.route([("a1", v1, false), ("b1", v2, false)], split: [1: 75, 2: 50]))
        play.route(Make.route([("a1", v1, false)], split: [1: 75, 2: 25]))
        #expect(play.found.count == 2)
    }

    @Test func `I5: one that is fallen stays in the route for too long`() {
        var play = running(TrafficChecker.self, Make.memory(v1))
        play.route(Make.route([("a1", v1, false), ("a2", v1, false)]))
        play.turn("a1", isReady: false)
        play.pass(20)
        #expect(play.found == [])
        play.pass(40)
        #expect(play.found.count == 1)
    }

    @Test func `I5: stopped while it takes requests, or before it has drained`() {
        var play = running(TrafficChecker.self, Make.memory(v2))
        play.route(Make.route([("a1", v1, false), ("a2", v1, false), ("a3", v1, false)]))
        play.remove("a1")
        #expect(play.found == ["shop/web: remove of a1 while it still takes requests"])
        play.route(Make.route([("a2", v1, true), ("a3", v1, true)]))
        let key = RouteKey(app: Make.app, process: Make.process("web"))
        play.world.routes[key]?.sessions = [Make.id("a2"): 4, Make.id("a3"): 4]
        play.pass(3)
        play.remove("a2")
        #expect(play.found.count == 2)
        play.pass(8)
        play.remove("a3")
        #expect(play.found.count == 2)
    }
}
