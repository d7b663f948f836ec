import Model
import Ports
import Testing

@testable import Simulation

/// What nobody could have known is held against nobody, and what could is.
@Suite struct CheckerTestsUncertainty {
    private let v1 = Make.release(1)
    private let v2 = Make.release(2, Make.spec(image: "shop:2"))

    /// Three ready instances of v1, seen for long.
    private func running(_ checker: any Checker.Type, _ memory: AppMemory) -> Play {
        var play = Play(checker)
        play.store(memory)
        for index in 1...3 { play.put("a\(index)", v1) }
        play.pass(120)
        return play
    }

    @Test func `I1: who has only just come up was last seen starting`() {
        var play = running(FloorChecker.self, Make.memory(v1))
        play.gone("a3")
        play.pass(60)
        play.put("a4", v1)
        play.remove("a4")
        #expect(play.found == [])
        play.put("a5", v1)
        play.pass(60)
        play.remove("a5")
        #expect(play.found.count == 1)
    }

    @Test func `I1: a route that is decided on while one is sick may come when it is well again`() {
        var play = running(FloorChecker.self, Make.memory(v1))
        let all = [("a1", v1, false), ("a2", v1, false), ("a3", v1, false)]
        play.route(Make.route(all))
        play.turn("a3", isReady: false)
        play.pass(5)
        play.turn("a3", isReady: true)
        play.route(Make.route(Array(all.prefix(2))))
        #expect(play.found == [])
        play.route(Make.route(all))
        play.pass(60)
        play.route(Make.route(Array(all.prefix(2))))
        #expect(play.found.count == 1)
    }

    @Test func `I1: what falls with its engine is no removal's doing`() {
        var play = running(FloorChecker.self, Make.memory(v1, target: v2))
        for index in 1...3 { play.put("b\(index)", v2) }
        play.pass(30)
        play.act(.remove(Make.id("a1"), name: "a1", grace: .seconds(10))) { play in
            for id in play.world.instances.keys { play.world.instances[id]?.isHealthy = false }
            play.happen(.fault("host1: the engine restarts and is away for 60s"))
        }
        #expect(play.found == [])
    }

    @Test func `I1: with the good release forgotten, what failed may go, and what was good may not`() {
        var play = running(FloorChecker.self, Make.memory(v1))
        play.put("b1", v2)
        play.pass(60)
        play.store(Make.memory(v1) { $0.lastGood = nil })
        play.remove("b1")
        #expect(play.found == [])
        play.remove("a1")
        #expect(play.found.count == 1)
    }

    @Test func `I2: what another store cannot account for is nobody's`() {
        var play = running(CeilingChecker.self, Make.memory(v1, target: v2))
        play.launch("b1", v2)
        play.happen(.fault("another store is in its place"))
        for index in 2...5 { play.launch("b\(index)", v2) }
        #expect(play.found == [])
        play.launch("b6", v2)
        #expect(play.found.count == 1)
    }
}
