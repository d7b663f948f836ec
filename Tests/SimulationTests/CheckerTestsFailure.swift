import Model
import Ports
import Testing

@testable import Simulation

@Suite struct CheckerTestsFailure {
    private let v1 = Make.release(1)
    private let v2 = Make.release(2, Make.spec(image: "shop:2"))

    // MARK: I6

    @Test func `I6: a last good release without a success`() {
        var play = Play(LastGoodChecker.self)
        play.store(Make.memory(v1), records: [Make.record(v1, .succeeded)])
        play.store(Make.memory(v1, target: v2))
        play.store(Make.memory(v2))
        #expect(play.found == ["shop: v2 becomes the last good release without a success"])
    }

    @Test func `I6: with its success in the same write it is well, and a write without news too`() {
        var play = Play(LastGoodChecker.self)
        play.store(Make.memory(v1), records: [Make.record(v1, .succeeded)])
        play.store(Make.memory(v1) { $0.isPaused = true })
        play.store(Make.memory(v2), records: [Make.record(v2, .succeeded)])
        #expect(play.found == [])
    }

    @Test func `I6: a success that is not written down, and one that is forgotten`() {
        var play = Play(LastGoodChecker.self)
        play.store(Make.memory(v1), records: [Make.record(v1, .succeeded)])
        play.store(Make.memory(v1), records: [Make.record(v2, .succeeded)])
        play.store(Make.memory(nil))
        #expect(play.found.count == 2)
    }

    @Test func `I6: after the loss of the store what runs may be taken over`() {
        var play = Play(LastGoodChecker.self)
        let event = EventRecord(
            sequence: 1, at: WallTime(secondsSince1970: 0), kind: .storeRebuilt, app: Make.app,
            release: v1.number,
            message: "found")
        play.put("a1", v1)
        play.store(Make.memory(v1)) { $0.events = [event] }
        #expect(play.found == [])
        var empty = Play(LastGoodChecker.self)
        empty.store(Make.memory(v1)) { $0.events = [event] }
        #expect(empty.found.count == 1)
    }

    // MARK: I7

    private func turningBack() -> Play {
        var play = Play(RollbackChecker.self)
        for index in 1...3 { play.put("a\(index)", v1) }
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure)))
        play.pass(30)
        return play
    }

    @Test func `I7: a way back that ends with too few, or with something left`() {
        var play = turningBack()
        play.remove("a1")
        play.pass(30)
        play.put("b1", v2)
        play.pass(30)
        play.store(Make.memory(v1), records: [Make.record(v2, .rolledBack)])
        #expect(
            play.found == [
                "shop/web: back at v1 with 2 of 3 ready", "shop: back at v1, and b1 still runs"
            ])
    }

    @Test func `I7: exactly the last good release, even if one falls at this moment`() {
        var play = turningBack()
        play.turn("a1", isReady: false)
        play.store(Make.memory(v1), records: [Make.record(v2, .rolledBack)])
        #expect(play.found == [])
    }

    @Test func `I7: no requests for what has failed, and no further step`() {
        var play = turningBack()
        play.put("b1", v2)
        play.route(Make.route([("a1", v1, false), ("b1", v2, false)], split: [1: 90, 2: 10]))
        play.route(Make.route([("a1", v1, false), ("b1", v2, false)], split: [1: 95, 2: 5]))
        #expect(play.found == [])
        play.route(Make.route([("a1", v1, false), ("b1", v2, false)], split: [1: 50, 2: 50]))
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure), step: 1))
        #expect(play.found.count == 2)
    }

    // MARK: I8

    private func failed() -> Play {
        var play = Play(QuarantineChecker.self)
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure)))
        play.pass(10)
        play.store(Make.memory(v1))
        return play
    }

    @Test func `I8: what has failed is started again`() {
        var play = failed()
        play.launch("c1", Make.release(2, v2.spec))
        #expect(play.found == ["shop: launch of c1, whose release has failed"])
    }

    @Test func `I8: another spec, or a person's word, lets it start`() {
        var play = failed()
        play.launch("c1", Make.release(3, Make.spec(image: "shop:3")))
        play.happen(.asked("retry shop"))
        play.launch("b1", v2)
        #expect(play.found == [])
    }

    @Test func `I8: the last good release's own instances may be started, whoever made them`() {
        var play = failed()
        let same = Make.release(2, v2.spec, alike: v1)
        play.put("b1", same, state: .exited(code: 1, outOfMemory: false))
        play.act(.start(Make.id("b1"), name: "b1"))
        #expect(play.found == [])
    }

    // MARK: I9

    @Test func `I9: a rollout that never ends`() {
        var play = Play(BoundedChecker.self)
        play.store(Make.memory(v1, target: v2), records: [Make.record(v2, nil)])
        play.pass(700)
        #expect(play.found == [])
        play.pass(200)
        #expect(play.found.count == 1)
    }

    @Test func `I9: progress, a pause and a broken engine stop the clock`() {
        var play = Play(BoundedChecker.self)
        play.store(Make.memory(v1, target: v2), records: [Make.record(v2, nil)])
        play.pass(500)
        play.put("b1", v2)
        play.pass(500)
        play.store(Make.memory(v1, target: v2) { $0.isPaused = true })
        play.pass(900)
        play.store(Make.memory(v1, target: v2))
        play.happen(.fault("host1: the engine restarts and is away for 20m"))
        play.pass(1_200)
        #expect(play.found == [])
    }

    @Test func `I9: a crash loop is no progress`() {
        var play = Play(BoundedChecker.self)
        play.store(Make.memory(v1, target: v2), records: [Make.record(v2, nil)])
        for _ in 0..<60 {
            play.put("b1", v2)
            play.pass(10)
            play.gone("b1")
            play.pass(10)
        }
        #expect(play.found.count == 1)
    }

    @Test func `I9: a rollout that vanishes without an end`() {
        var play = Play(BoundedChecker.self)
        play.store(Make.memory(v1, target: v2), records: [Make.record(v2, nil)])
        play.store(Make.memory(v1))
        #expect(play.found == ["shop: the rollout of v2 was dropped without an end in the history"])
        var good = Play(BoundedChecker.self)
        good.store(Make.memory(v1, target: v2), records: [Make.record(v2, nil)])
        good.store(Make.memory(v2), records: [Make.record(v2, .succeeded)])
        #expect(good.found == [])
    }

    // MARK: I25

    @Test func `I25: a success after a failure`() {
        var play = Play(HonestyChecker.self)
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure)))
        play.store(Make.memory(v2), records: [Make.record(v2, .succeeded)])
        #expect(play.found == ["shop: v2 had failed and is recorded as a success"])
    }

    @Test func `I25: a failure that a store put back knows nothing of is known to nobody`() {
        func succeed(_ stored: AppMemory, history: [RolloutRecord] = []) -> [String] {
            var play = Play(HonestyChecker.self)
            play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure)))
            play.world.stored.apps = [Make.app: stored]
            play.world.rollouts = history
            play.happen(.fault("another store is in its place"))
            play.store(Make.memory(v2), records: [Make.record(v2, .succeeded)])
            return play.found
        }
        let lie = ["shop: v2 had failed and is recorded as a success"]
        #expect(succeed(Make.memory(v1, target: v2)) == [])
        #expect(succeed(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure))) == lie)
        #expect(succeed(Make.memory(v1), history: [Make.record(v2, .rolledBack)]) == lie)
    }

    @Test func `I25: converged while something else is wanted`() {
        var play = Play(HonestyChecker.self)
        play.store(Make.memory(v1))
        play.push([v2.spec])
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        play.pass(60)
        #expect(play.found == [])
        play.pass(60)
        #expect(!play.found.isEmpty)
    }

    @Test func `I25: each change of mind takes a poll to arrive`() {
        var play = Play(HonestyChecker.self)
        play.store(Make.memory(v1))
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        for (index, commit) in "bcdef".enumerated() {
            play.push([Make.spec(image: "shop:\(index + 2)")], commit: commit)
            play.pass(40)
        }
        #expect(play.found == [])
    }

    @Test func `I25: converged while it is turned back, and a verdict without a reason`() {
        var play = Play(HonestyChecker.self)
        play.push([v1.spec])
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure)))
        play.world.status = Make.status(.converged, wanted: v2, running: v1)
        play.pass(6)
        #expect(play.found.count == 1)
        play.pass(20)
        #expect(play.found.contains("shop is shown as converged, and v2 is being turned back"))
        play.world.status = Make.status(.rolledBack, wanted: v2, running: v1)
        play.pass(6)
        #expect(play.found.last == "shop is rolled_back, and nothing says why")
    }

    @Test func `I25: rolled back is what it says`() {
        var play = Play(HonestyChecker.self)
        play.push([v2.spec])
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(Make.failure)))
        play.store(Make.memory(v1), records: [Make.record(v2, .rolledBack)])
        play.world.status = Make.status(
            .rolledBack, wanted: v2, running: v1, because: Make.because(.quarantined))
        play.pass(300)
        #expect(play.found == [])
    }
}
