import Model
import Ports
import Testing

@testable import Simulation

@Suite struct CheckerTestsOwnership {
    private let v1 = Make.release(1)
    private let v2 = Make.release(2, Make.spec(image: "shop:2"))

    // MARK: I11

    private func running(_ memory: AppMemory) -> Play {
        var play = Play(DeletionChecker.self)
        play.push([v1.spec])
        play.store(memory)
        for index in 1...3 { play.put("a\(index)", v1) }
        play.pass(60)
        return play
    }

    @Test func `I11: a healthy instance that is wanted is removed`() {
        var play = running(Make.memory(v1))
        play.remove("a1")
        #expect(play.found == ["remove of a1, which is healthy and wanted"])
    }

    @Test func `I11: a rollout, fewer replicas or a sick instance justify it`() {
        var rollout = running(Make.memory(v1, target: v2))
        rollout.remove("a1")
        #expect(rollout.found == [])
        var less = running(Make.memory(Make.release(2, Make.spec(replicas: 2), alike: v1)))
        less.remove("a1")
        #expect(less.found == [])
        var sick = running(Make.memory(v1))
        sick.turn("a1", isReady: false)
        sick.pass(30)
        sick.turn("a1", isReady: true)
        sick.remove("a1")
        #expect(sick.found == [])
    }

    @Test func `I11: an app goes although git has it, or has it in a broken file`() {
        var play = running(Make.memory(v1))
        play.store(Make.memory(v1) { $0.isBeingRemoved = true })
        #expect(play.found == ["shop is removed, and no commit that was read in full lacks it"])
        var broken = running(Make.memory(v1))
        broken.world.broken = [Make.app]
        broken.push([], commit: "b")
        broken.store(Make.memory(v1) { $0.isBeingRemoved = true })
        #expect(broken.found.count == 1)
    }

    @Test func `I11: one app of several may go, and all of them only with a person's word`() {
        let other = Make.spec(Make.name("api"))
        var play = running(Make.memory(v1))
        play.push([other], commit: "b")
        play.store(Make.memory(v1) { $0.isBeingRemoved = true })
        #expect(play.found == [])
        var all = running(Make.memory(v1))
        all.push([], commit: "b")
        all.store(Make.memory(v1) { $0.isBeingRemoved = true })
        #expect(all.found.count == 1)
        var approved = running(Make.memory(v1))
        approved.push([], commit: "b")
        approved.happen(.asked("approve bbbbbbb"))
        approved.store(Make.memory(v1) { $0.isBeingRemoved = true })
        #expect(approved.found == [])
    }

    // MARK: I12, I13

    @Test func `I12: a volume goes`() {
        var play = Play(VolumeChecker.self)
        play.world.volumes = ["shop-data"]
        play.happen(.tick)
        play.world.volumes = ["shop-data", "api-data"]
        play.happen(.tick)
        #expect(play.found == [])
        play.world.volumes = ["api-data"]
        play.happen(.tick)
        #expect(play.found == ["volume shop-data is gone"])
    }

    @Test func `I12: a person may prune`() {
        var play = Play(VolumeChecker.self)
        play.world.volumes = ["shop-data"]
        play.happen(.tick)
        play.world.volumes = []
        play.happen(.fault("host1: somebody prunes volumes"))
        #expect(play.found == [])
    }

    @Test func `I13: a stranger is touched`() {
        var play = Play(StrangerChecker.self)
        play.put("a1", v1)
        play.put("x1", v1, isOurs: false)
        play.remove("a1")
        #expect(play.found == [])
        play.act(.repair(Make.id("x1"), name: "x1", [.unpause]))
        play.route(Make.route([("x1", v1, false)]))
        #expect(play.found.count == 2)
    }

    // MARK: I14

    @Test func `I14: an old controller acts after a new one`() {
        var play = Play(ActorChecker.self)
        play.store(Make.memory(v1), incarnation: 1)
        play.act(.start(Make.id("a1"), name: "a1"), incarnation: 1)
        play.store(Make.memory(v1), incarnation: 2)
        #expect(play.found == [])
        play.happen(.call(EngineCall(number: 9, incarnation: 1, action: .removeNetwork("net")), .began))
        play.store(Make.memory(v1), incarnation: 1)
        #expect(play.found.count == 2)
    }

    @Test func `I14: what the old one had written down before it stood still may still begin`() {
        var play = Play(ActorChecker.self)
        let start = Action.start(Make.id("a1"), name: "a1")
        play.store(Make.memory(v1), intents: [start], incarnation: 1)
        play.store(Make.memory(v1), incarnation: 2)
        play.happen(.call(EngineCall(number: 9, incarnation: 1, action: start), .began))
        #expect(play.found == [])
    }

    @Test func `I14: an intent is good for one call, and another's for none`() {
        var play = Play(ActorChecker.self)
        let start = Action.start(Make.id("a1"), name: "a1")
        play.store(Make.memory(v1), intents: [start], incarnation: 1)
        play.store(Make.memory(v1), intents: [start], incarnation: 2)
        let call = EngineCall(number: 9, incarnation: 1, action: start)
        play.happen(.call(call, .began))
        #expect(play.found == [])
        play.happen(.call(call, .began))
        #expect(play.found.count == 1)
    }

    // MARK: I16

    private func converged(_ change: (inout Play) -> Void) -> [String] {
        var play = Play(OrphanChecker.self)
        play.push([v1.spec])
        play.store(Make.memory(v1))
        for index in 1...3 { play.put("a\(index)", v1) }
        change(&play)
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        play.pass(200)
        return play.found
    }

    @Test func `I16: something is left over, or missing`() {
        #expect(converged { _ in } == [])
        #expect(converged { $0.put("b1", v2) }.first == "shop is converged, and b1 is left over")
        #expect(converged { $0.gone("a1") }.first == "shop is converged, and web has 2 of 3 instances")
    }

    @Test func `I16: strangers and what is kept for the way back do not count`() {
        #expect(converged { $0.put("x1", v2, isOurs: false) } == [])
        let kept = converged { play in
            play.put("b1", v2)
            play.store(Make.memory(v1) { $0.kept = KeptRelease(release: v2, until: .distantFuture) })
        }
        #expect(kept == [])
    }

    @Test func `I16: at the end the store owns exactly what there is`() {
        var play = Play(OrphanChecker.self)
        play.world.status = Make.status(.converged, wanted: v1, running: v1)
        play.put("a1", v1)
        play.world.stored.owned[Make.id("a1")] = OwnedContainer(id: Make.id("a1"), name: "a1", app: Make.app)
        play.happen(.ended)
        #expect(play.found == [])
        play.put("a2", v1)
        play.happen(.ended)
        #expect(play.found == ["container a2 was made and is not recorded as ours"])
    }

    // MARK: I20

    private func launching(_ release: Release, _ change: (inout InstanceOrder) -> Void = { _ in }) -> [String]
    {
        var play = Play(OriginChecker.self)
        play.push([v1.spec])
        play.store(Make.memory(nil, target: release))
        guard var order = Make.order("a1", release, "web") else { return ["no order"] }
        change(&order)
        play.act(.launch(order))
        return play.found
    }

    @Test func `I20: what is started is what the commit says`() {
        #expect(launching(v1) == [])
        #expect(launching(v2) == ["a1: its spec is not that of commit aaaaaaa"])
        #expect(
            launching(Make.release(1, v1.spec, commit: "c")) == ["a1: commit ccccccc was never on the branch"]
        )
        #expect(
            launching(v1) { $0.template.image = "other@" } == ["a1: runs other@, and shop:1@ was resolved"])
        #expect(launching(v1) { $0.labels.spec = Make.digest("e") }.count == 1)
    }

    // MARK: I24

    @Test func `I24: a secret value in a message`() {
        var play = Play(SilenceChecker.self)
        let quiet = Failure(cause: .exited, message: "SENT a letter, SENTINEL of nothing")
        play.store(Make.memory(v1, target: v2, phase: .rollingBack(quiet)))
        #expect(play.found == [])
        let loud = Failure(cause: .exited, message: "exited", evidence: ["password is SENTINEL-abc"])
        play.store(
            Make.memory(v1) {
                $0.lastOutcome = LastOutcome(
                    release: v2.number, outcome: .rolledBack, failure: loud, at: .zero)
            })
        #expect(play.found == ["a secret value stands in a failure"])
    }
}
